import type { HistoryEntry } from '../domain/history.ts';
import { allowedAction } from '../domain/lifecycle.ts';
import { type Figures, figuresOf, type ObservedProject } from '../domain/observation.ts';
import { isOpen, type Operation } from '../domain/operation.ts';
import { type PrecheckFacts, precheckItems, precheckPassed } from '../domain/precheck.ts';
import { type Action, type Project, watermarkOf } from '../domain/project.ts';
import type { PrecheckItem, Refusal } from '../domain/refusal.ts';
import { closest } from '../domain/similar.ts';
import type { Deps } from './deps.ts';
import type { LinkWithWatermark } from './ports.ts';

/** Live figures of these projects: one look at all their links together. */
export async function observeProjects(
  deps: Pick<Deps, 'links' | 'clock'>,
  projects: readonly Project[],
): Promise<ObservedProject[]> {
  const readings = await deps.links.observe(projects.flatMap(watchedLinks));
  let next = 0;
  return projects.map((project) => {
    const own = readings.slice(next, next + project.definition.links.length);
    next += own.length;
    return { project, figures: figuresOf(own, deps.clock.now()) };
  });
}

export async function observeProject(deps: Pick<Deps, 'links' | 'clock'>, project: Project): Promise<Figures> {
  return figuresOf(await deps.links.observe(watchedLinks(project)), deps.clock.now());
}

/** The links of a project with the watermarks after which failures count. */
function watchedLinks(project: Project): LinkWithWatermark[] {
  return project.definition.links.map((link) => ({ link, watermark: watermarkOf(project, link) }));
}

export interface ProjectDetails extends ObservedProject {
  readonly precheck: readonly PrecheckItem[];
  /** Newest first, at most five. */
  readonly operations: readonly Operation[];
}

/** Everything that `show` tells of a project, read live. */
export async function showProject(
  deps: Pick<Deps, 'store' | 'links' | 'clock'>,
  id: string,
): Promise<{ readonly kind: 'found'; readonly details: ProjectDetails } | Refused> {
  const found = await findProject(deps, id);
  if (found.kind === 'refused') return found;
  const { project } = found;
  const [figures, facts, operations] = await Promise.all([
    observeProject(deps, project),
    precheckSurroundings(deps, project),
    deps.store.recentOperations(project.id, 5),
  ]);
  const precheck = precheckItems({ ...facts, links: figures.links });
  return { kind: 'found', details: { project, figures, operations, precheck } };
}

/** The action that is allowed now: by the state, and for Start by the precheck as it was just read. */
export function possibleAction({ project, precheck }: ProjectDetails): Action | null {
  const action = allowedAction(project.state);
  return action === 'start' && !precheckPassed(precheck) ? null : action;
}

/** The precheck of a project, read live: what must hold before it may be started. */
export async function precheckProject(
  deps: Pick<Deps, 'links' | 'clock'>,
  project: Project,
): Promise<{ readonly items: PrecheckItem[]; readonly figures: Figures }> {
  const [figures, facts] = await Promise.all([observeProject(deps, project), precheckSurroundings(deps, project)]);
  return { figures, items: precheckItems({ ...facts, links: figures.links }) };
}

export type Refused = { readonly kind: 'refused'; readonly refusal: Refusal };

/** The project with this id, or the refusal that names the nearest one. */
export async function findProject(
  deps: Pick<Deps, 'store'>,
  id: string,
): Promise<{ readonly kind: 'found'; readonly project: Project } | Refused> {
  const project = await deps.store.read(id);
  if (project !== null) return { kind: 'found', project };
  const similar = closest(id, await deps.store.ids());
  return { kind: 'refused', refusal: { code: 'unknown_project', project: id, similar } };
}

/** What happened to a project, newest first. One that was removed still has its history. */
export async function projectHistory(
  deps: Pick<Deps, 'store'>,
  id: string,
  limit: number,
): Promise<{ readonly kind: 'found'; readonly entries: readonly HistoryEntry[] } | Refused> {
  const entries: HistoryEntry[] = [];
  while (entries.length < limit) {
    const before = entries.at(-1)?.id;
    const wanted = Math.min(historyAtOnce, limit - entries.length);
    const page = await deps.store.history(id, { limit: wanted, ...(before === undefined ? {} : { before }) });
    entries.push(...page);
    if (page.length < wanted) break;
  }
  if (entries.length > 0) return { kind: 'found', entries };
  const found = await findProject(deps, id);
  return found.kind === 'refused' ? found : { kind: 'found', entries };
}

/** How many entries of a history are read in one go. */
const historyAtOnce = 500;

/** The operation that is open on a project now, or null. One whose dialog has run out is open no more. */
export async function openOperation(deps: Pick<Deps, 'store'>, project: Project): Promise<Operation | null> {
  if (project.holder !== null) {
    const holder = await deps.store.readOperation({ project: project.id, operation: project.holder });
    if (holder !== null && isOpen(holder)) return holder;
  }
  const [found, now] = await Promise.all([deps.store.openOperations(project.id), deps.store.now()]);
  const open = found.filter(
    (operation) => isOpen(operation) && (operation.state !== 'requested' || operation.expiresAt > now),
  );
  const newest = open.sort((a, b) => b.requestedAt - a.requestedAt);
  return newest.find(({ state }) => state !== 'requested') ?? newest[0] ?? null;
}

async function precheckSurroundings(
  deps: Pick<Deps, 'links'>,
  { definition }: Project,
): Promise<Omit<PrecheckFacts, 'links'>> {
  const names = [...new Set(definition.links.map((link) => link.connection))];
  const [connections, workers] = await Promise.all([
    deps.links.connections(names),
    deps.links.workers(definition.links),
  ]);
  return { connections, workers };
}
