import type { Batch } from '../domain/batch.ts';
import { emptyFilter, type ListFilter } from '../domain/list-filter.ts';
import { type ObservationStatus, observationStatus } from '../domain/observation-status.ts';
import type { Operation } from '../domain/operation.ts';
import { totalCount } from '../domain/project-state.ts';
import type { UseCaseContext } from './context.ts';
import { StoreUnavailableError } from './errors.ts';
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
  /** The batches that were requested last and wait for OK, newest first. */
  readonly batches: readonly Batch[];
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

type ReadContext = Pick<UseCaseContext, 'projects' | 'operations' | 'batches' | 'observations' | 'serverClock'>;

/** Reads what all Homes show, with one call per subject. Of all projects only the ids are read. If the counts lack one, the records are read too. */
export async function readHome(context: ReadContext, limits: HomeLimits): Promise<HomeFacts> {
  const [all, ids, labels, operations, batches, lastCycle, now] = await Promise.all([
    readHomeProjects(context, emptyFilter, limits),
    context.projects.listIds(),
    context.projects.listLabels(limits.labels),
    context.operations.listNewest(),
    readRequestedBatches(context),
    context.observations.readLastCycle(),
    context.serverClock.now(),
  ]);
  const isEachCounted = totalCount(all.worst.counts.states) >= ids.length;
  return {
    all,
    unreadableProjects: isEachCounted ? 0 : (await context.projects.readManyOrUnreadable(ids)).unreadable.length,
    observation: observationStatus(lastCycle, now),
    observedAt: lastCycle?.completedAt ?? null,
    labels,
    operations,
    batches,
    now,
  };
}

/** How many open batches are read. */
const maxBatches = 50;

/** Leaves out a batch that cannot be read: the sweep logs it. */
async function readRequestedBatches({ batches }: ReadContext): Promise<Batch[]> {
  const ids = (await batches.listOpen()).slice(-maxBatches);
  const read = await Promise.all(
    ids.map((id) =>
      batches.read(id).catch((error: unknown) => {
        if (error instanceof StoreUnavailableError) throw error;
        return null;
      }),
    ),
  );
  const requested = read.filter((batch) => batch?.state === 'requested');
  return requested.flatMap((batch) => batch ?? []).sort((a, b) => b.requestedAt - a.requestedAt);
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

/** A dialog of one project or of several. */
export type OpenDialog = { readonly operation: Operation } | { readonly batch: Batch };

/** The dialogs that this person can still answer, newest first. A batch has one dialog for all its operations. */
export function openDialogs(
  { operations, batches, now }: Pick<HomeFacts, 'operations' | 'batches' | 'now'>,
  user: string,
): OpenDialog[] {
  const isOpen = ({ state, by, expiresAt }: Pick<Operation | Batch, 'state' | 'by' | 'expiresAt'>) =>
    state === 'requested' && by === user && expiresAt > now;
  const ofProjects = operations.filter((operation) => operation.batch === null && isOpen(operation));
  const dialogs = [
    ...ofProjects.map((operation) => ({ operation, requestedAt: operation.requestedAt })),
    ...batches.filter(isOpen).map((batch) => ({ batch, requestedAt: batch.requestedAt })),
  ];
  return dialogs.sort((a, b) => b.requestedAt - a.requestedAt);
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
