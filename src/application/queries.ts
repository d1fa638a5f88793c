import { type Action, allowedAction } from '../domain/lifecycle.ts';
import { countFailures, type ObservedProject, type ProjectStats, toProjectStats } from '../domain/observation.ts';
import { type ObservationStatus, observationStatus } from '../domain/observation-status.ts';
import { isUnfinished, type Operation } from '../domain/operation.ts';
import { type PrecheckFacts, type PrecheckItem, precheckItems, precheckPassed } from '../domain/precheck.ts';
import { type Project, watermarkOf } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { TrendSample } from '../domain/trend.ts';
import { closestMatches } from '../lib/closest-match.ts';
import type { UseCaseContext } from './context.ts';
import type { LinkWithWatermark } from './ports.ts';

/** How many ids are suggested for an unknown one. */
const maxSimilar = 5;

export type Refused = { readonly kind: 'refused'; readonly refusal: Refusal };

/** Returns the project with this id, or a refusal that suggests the closest ids. Throws `StoreUnavailableError`. */
export async function findProject(
  context: Pick<UseCaseContext, 'projects'>,
  id: string,
): Promise<{ readonly kind: 'found'; readonly project: Project } | Refused> {
  const project = await context.projects.read(id);
  if (project !== null) return { kind: 'found', project };
  const similar = closestMatches(id, await context.projects.listIds(), maxSimilar);
  return { kind: 'refused', refusal: { code: 'unknown_project', project: id, similar } };
}

/** Returns whether a syncbot worker observes the links now. Throws `StoreUnavailableError`. */
export async function readObservationStatus({
  observations,
  serverClock,
}: Pick<UseCaseContext, 'observations' | 'serverClock'>): Promise<ObservationStatus> {
  const [lastCycle, now] = await Promise.all([observations.readLastCycle(), serverClock.now()]);
  return observationStatus(lastCycle, now);
}

/** Observes all links of these projects together. Returns the projects in their order. Never throws. */
export async function observeProjects(
  context: Pick<UseCaseContext, 'links' | 'clock'>,
  projects: readonly Project[],
): Promise<ObservedProject[]> {
  const observations = await context.links.observe(projects.flatMap(linksWithWatermarks));
  let next = 0;
  return projects.map((project) => {
    const own = observations.slice(next, next + project.definition.links.length);
    next += own.length;
    return { project, stats: toProjectStats(own, context.clock.now()) };
  });
}

/** Observes the links of one project. Never throws. */
export async function observeProject(
  context: Pick<UseCaseContext, 'links' | 'clock'>,
  project: Project,
): Promise<ProjectStats> {
  return toProjectStats(await context.links.observe(linksWithWatermarks(project)), context.clock.now());
}

/**
 * Counts the failed tasks of a project that were removed since its watermarks: a lower bound. Reads the events only of links
 * that may have such tasks: BullMQ removes all failed tasks, or keeps some. Never throws.
 */
export async function countRemovedFailures(
  context: Pick<UseCaseContext, 'links'>,
  { project, stats }: ObservedProject,
): Promise<number> {
  const links = stats.links.filter(
    (each) => countFailures([each]) > 0 || (each.kind === 'read' && each.failedRetention?.kind === 'none'),
  );
  const counts = await context.links.countRemovedFailures(
    links.map(({ link }) => ({ link, watermark: watermarkOf(project, link) })),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function linksWithWatermarks(project: Project): LinkWithWatermark[] {
  return project.definition.links.map((link) => ({ link, watermark: watermarkOf(project, link) }));
}

/** Runs the precheck of a project. Never throws. */
export async function precheckProject(
  context: Pick<UseCaseContext, 'links' | 'clock'>,
  project: Project,
): Promise<{ readonly items: PrecheckItem[]; readonly stats: ProjectStats }> {
  const [stats, facts] = await Promise.all([observeProject(context, project), precheckFacts(context, project)]);
  return { items: precheckItems({ ...facts, links: stats.links }), stats };
}

async function precheckFacts(
  context: Pick<UseCaseContext, 'links'>,
  { definition }: Project,
): Promise<Omit<PrecheckFacts, 'links'>> {
  const names = [...new Set(definition.links.map((link) => link.connection))];
  const [connections, workers] = await Promise.all([
    context.links.readConnections(names),
    context.links.countWorkers(definition.links),
  ]);
  return { connections, workers };
}

export interface ProjectDetails extends ObservedProject {
  readonly precheck: readonly PrecheckItem[];
  /** Newest first, at most five. */
  readonly operations: readonly Operation[];
  /** The samples of the last hour, the oldest first. */
  readonly samples: readonly TrendSample[];
}

/** Reads everything that `show` displays of a project. Throws `StoreUnavailableError`. */
export async function getProjectDetails(
  context: Pick<UseCaseContext, 'projects' | 'operations' | 'trends' | 'links' | 'clock'>,
  id: string,
): Promise<{ readonly kind: 'found'; readonly details: ProjectDetails } | Refused> {
  const found = await findProject(context, id);
  if (found.kind === 'refused') return found;
  const { project } = found;
  const [{ items, stats }, operations, samples] = await Promise.all([
    precheckProject(context, project),
    context.operations.listRecent(project.id, 5),
    context.trends.read(project.id),
  ]);
  return { kind: 'found', details: { project, stats, precheck: items, operations, samples } };
}

/** The action that the state allows, or null. Start also needs a passed precheck. */
export function availableAction({ project, precheck }: ProjectDetails): Action | null {
  const action = allowedAction(project.state);
  return action === 'start' && !precheckPassed(precheck) ? null : action;
}

/** Returns the open operation of a project, or null. An operation whose dialog has expired is not open. */
export async function findOpenOperation(
  context: Pick<UseCaseContext, 'operations' | 'serverClock'>,
  project: Project,
): Promise<Operation | null> {
  if (project.activeOperation !== null) {
    const active = await context.operations.read({ project: project.id, operation: project.activeOperation });
    if (active !== null && isUnfinished(active)) return active;
  }
  const [found, now] = await Promise.all([context.operations.listOpen(project.id), context.serverClock.now()]);
  const newest = found
    .filter((operation) => isUnfinished(operation) && (operation.state !== 'requested' || operation.expiresAt > now))
    .sort((a, b) => b.requestedAt - a.requestedAt);
  return newest.find(({ state }) => state !== 'requested') ?? newest[0] ?? null;
}
