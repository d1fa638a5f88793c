import type { HistoryEntry } from '../domain/history.ts';
import { type Action, allowedAction } from '../domain/lifecycle.ts';
import { type ObservedProject, type ProjectStats, toProjectStats } from '../domain/observation.ts';
import { isOpen, type Operation } from '../domain/operation.ts';
import { type PrecheckFacts, type PrecheckItem, precheckItems, precheckPassed } from '../domain/precheck.ts';
import { type Project, watermarkOf } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import { closestMatch } from '../lib/closest-match.ts';
import type { UseCaseContext } from './context.ts';
import type { LinkWithWatermark } from './ports.ts';

/** Live figures of these projects: one look at all their links together. */
export async function observeProjects(
  deps: Pick<UseCaseContext, 'links' | 'clock'>,
  projects: readonly Project[],
): Promise<ObservedProject[]> {
  const observations = await deps.links.observe(projects.flatMap(linksWithWatermarks));
  let next = 0;
  return projects.map((project) => {
    const own = observations.slice(next, next + project.definition.links.length);
    next += own.length;
    return { project, stats: toProjectStats(own, deps.clock.now()) };
  });
}

export async function observeProject(
  deps: Pick<UseCaseContext, 'links' | 'clock'>,
  project: Project,
): Promise<ProjectStats> {
  return toProjectStats(await deps.links.observe(linksWithWatermarks(project)), deps.clock.now());
}

/** The links of a project with the watermarks after which failures count. */
function linksWithWatermarks(project: Project): LinkWithWatermark[] {
  return project.definition.links.map((link) => ({ link, watermark: watermarkOf(project, link) }));
}

export interface ProjectDetails extends ObservedProject {
  readonly precheck: readonly PrecheckItem[];
  /** Newest first, at most five. */
  readonly operations: readonly Operation[];
}

/** Everything that `show` tells of a project, read live. */
export async function getProjectDetails(
  deps: Pick<UseCaseContext, 'projects' | 'operations' | 'links' | 'clock'>,
  id: string,
): Promise<{ readonly kind: 'found'; readonly details: ProjectDetails } | Refused> {
  const found = await findProject(deps, id);
  if (found.kind === 'refused') return found;
  const { project } = found;
  const [stats, facts, operations] = await Promise.all([
    observeProject(deps, project),
    precheckFacts(deps, project),
    deps.operations.listRecent(project.id, 5),
  ]);
  const precheck = precheckItems({ ...facts, links: stats.links });
  return { kind: 'found', details: { project, stats, operations, precheck } };
}

/** The action that is allowed now: by the state, and for Start by the precheck as it was just read. */
export function availableAction({ project, precheck }: ProjectDetails): Action | null {
  const action = allowedAction(project.state);
  return action === 'start' && !precheckPassed(precheck) ? null : action;
}

/** The precheck of a project, read live: what must hold before it may be started. */
export async function precheckProject(
  deps: Pick<UseCaseContext, 'links' | 'clock'>,
  project: Project,
): Promise<{ readonly items: PrecheckItem[]; readonly stats: ProjectStats }> {
  const [figures, facts] = await Promise.all([observeProject(deps, project), precheckFacts(deps, project)]);
  return { stats: figures, items: precheckItems({ ...facts, links: figures.links }) };
}

export type Refused = { readonly kind: 'refused'; readonly refusal: Refusal };

/** The project with this id, or the refusal that names the nearest one. */
export async function findProject(
  deps: Pick<UseCaseContext, 'projects'>,
  id: string,
): Promise<{ readonly kind: 'found'; readonly project: Project } | Refused> {
  const project = await deps.projects.read(id);
  if (project !== null) return { kind: 'found', project };
  const similar = closestMatch(id, await deps.projects.listIds());
  return { kind: 'refused', refusal: { code: 'unknown_project', project: id, similar } };
}

/** What happened to a project, newest first. One that was removed still has its history. */
export async function getHistory(
  deps: Pick<UseCaseContext, 'projects' | 'auditLog'>,
  id: string,
  limit: number,
): Promise<{ readonly kind: 'found'; readonly entries: readonly HistoryEntry[] } | Refused> {
  const entries: HistoryEntry[] = [];
  while (entries.length < limit) {
    const before = entries.at(-1)?.id;
    const pageSize = Math.min(maxHistoryPage, limit - entries.length);
    const page = await deps.auditLog.read(id, { limit: pageSize, ...(before === undefined ? {} : { before }) });
    entries.push(...page);
    if (page.length < pageSize) break;
  }
  if (entries.length > 0) return { kind: 'found', entries };
  const found = await findProject(deps, id);
  return found.kind === 'refused' ? found : { kind: 'found', entries };
}

/** How many entries of a history are read in one go. */
const maxHistoryPage = 500;

/** The operation that is open on a project now, or null. One whose dialog has run out is open no more. */
export async function findOpenOperation(
  deps: Pick<UseCaseContext, 'operations' | 'serverClock'>,
  project: Project,
): Promise<Operation | null> {
  if (project.activeOperation !== null) {
    const active = await deps.operations.read({ project: project.id, operation: project.activeOperation });
    if (active !== null && isOpen(active)) return active;
  }
  const [found, now] = await Promise.all([deps.operations.listOpen(project.id), deps.serverClock.now()]);
  const open = found.filter(
    (operation) => isOpen(operation) && (operation.state !== 'requested' || operation.expiresAt > now),
  );
  const newest = open.sort((a, b) => b.requestedAt - a.requestedAt);
  return newest.find(({ state }) => state !== 'requested') ?? newest[0] ?? null;
}

async function precheckFacts(
  deps: Pick<UseCaseContext, 'links'>,
  { definition }: Project,
): Promise<Omit<PrecheckFacts, 'links'>> {
  const names = [...new Set(definition.links.map((link) => link.connection))];
  const [connections, workers] = await Promise.all([
    deps.links.readConnections(names),
    deps.links.countWorkers(definition.links),
  ]);
  return { connections, workers };
}
