import { emptyFilter, type ListFilter } from '../domain/list-filter.ts';
import { type ObservationStatus, observationStatus } from '../domain/observation-status.ts';
import type { Operation } from '../domain/operation.ts';
import { totalCount } from '../domain/project-state.ts';
import type { UseCaseContext } from './context.ts';
import { type ListPage, listPage } from './list-projects.ts';

/** What all Homes show, and what each person sees of it. Times are epoch ms of the bot's Redis server. */
export interface HomeFacts {
  readonly all: HomeProjects;
  /** How many projects have a record that cannot be read. They are in no count. */
  readonly unreadableProjects: number;
  readonly observation: ObservationStatus;
  /** When the last observe cycle completed. Null if none has. */
  readonly observedAt: number | null;
  /** The labels that exist, those with the most projects first. */
  readonly labels: readonly string[];
  /** The operations that were requested last, newest first, also open dialogs. */
  readonly operations: readonly Operation[];
  readonly now: number;
}

/** The projects that match the filter of a Home. */
export interface HomeProjects {
  /** The most urgent ones. */
  readonly worst: ListPage;
  /** Those that are Paused and need no attention. */
  readonly paused: ListPage;
}

export interface HomeLimits {
  /** How many projects a section shows. */
  readonly projects: number;
  /** How many labels are offered. */
  readonly labels: number;
}

type ReadContext = Pick<UseCaseContext, 'projects' | 'operations' | 'observations' | 'serverClock'>;

/** Reads what all Homes show, with one call per subject. Of all projects only their ids are read. */
export async function readHome(context: ReadContext, limits: HomeLimits): Promise<HomeFacts> {
  const [all, ids, labels, operations, lastCycle, now] = await Promise.all([
    readHomeProjects(context, emptyFilter, limits),
    context.projects.listIds(),
    context.projects.listLabels(limits.labels),
    context.operations.listNewest(),
    context.observations.readLastCycle(),
    context.serverClock.now(),
  ]);
  return {
    all,
    unreadableProjects: Math.max(0, ids.length - totalCount(all.worst.counts.states)),
    observation: observationStatus(lastCycle, now),
    observedAt: lastCycle?.completedAt ?? null,
    labels,
    operations,
    now,
  };
}

export async function readHomeProjects(
  context: Pick<UseCaseContext, 'projects'>,
  filter: ListFilter,
  { projects: size }: Pick<HomeLimits, 'projects'>,
): Promise<HomeProjects> {
  const [worst, paused] = await Promise.all([
    listPage(context, { filter, page: 0, size }),
    listPage(context, { filter: { ...filter, states: ['paused'] }, isQuiet: true, page: 0, size }),
  ]);
  return { worst, paused };
}

/** The dialogs that this person can still answer, newest first. A batch has one dialog for all its operations. */
export function openDialogs({ operations, now }: Pick<HomeFacts, 'operations' | 'now'>, user: string): Operation[] {
  return operations.filter(
    ({ state, by, batch, expiresAt }) => state === 'requested' && by === user && batch === null && expiresAt > now,
  );
}

/** The operations that a person has confirmed, newest first. */
export function confirmedOperations({ operations }: Pick<HomeFacts, 'operations'>): Operation[] {
  const shown: ReadonlySet<Operation['state']> = new Set(['confirmed', 'running', 'done', 'refused', 'failed']);
  return operations.filter(({ state }) => shown.has(state));
}

/** Asks for an update of the Homes if anybody has opened one lately. Never throws: the sweep asks again. */
export async function updateHomes({
  homes,
  notifications,
  log,
}: Pick<UseCaseContext, 'homes' | 'notifications' | 'log'>): Promise<void> {
  try {
    if ((await homes.listViewers()).length > 0) await notifications.homesChanged();
  } catch (error) {
    log.warn({ error }, 'update of Homes not requested');
  }
}
