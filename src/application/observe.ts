import { driftOf } from '../domain/drift.ts';
import { findingsOf, type Looked } from '../domain/findings.ts';
import { oldestChangeAt } from '../domain/log-retention.ts';
import { maskReason } from '../domain/mask.ts';
import { type Figures, type ObservedProject, oldestFailure } from '../domain/observation.ts';
import type { WorkerCounts } from '../domain/precheck.ts';
import { botActor, type Failure, type Link, type Project } from '../domain/project.ts';
import { chunksOf } from './chunks.ts';
import type { Deps } from './deps.ts';
import { eachApart } from './each-apart.ts';
import { observeProjects } from './look.ts';
import { noteFindings, noteState } from './watch.ts';

const projectsAtOnce = 100;

/** Is told what a round saw, some projects at a time; each project once. */
export type OnLooked = (observed: readonly ObservedProject[]) => void;

/**
 * One round of the observer: looks at every link, makes a Running project Failed when a task failed for good after its
 * link's watermark, finds drift, and writes down what channels are to know. It loses against any claim.
 */
export async function observeAll(deps: Deps, onLooked: OnLooked = () => {}): Promise<void> {
  const projects = await deps.store.readMany(await deps.store.ids());
  // Projects on the same connections go one after the other; a slow connection holds up none but its own.
  await Promise.all([...byConnections(projects).values()].map((group) => observeGroup(deps, group, onLooked)));
}

async function observeGroup(deps: Deps, projects: readonly Project[], onLooked: OnLooked): Promise<void> {
  const workers = await workersOf(deps, projects);
  for (const chunk of chunksOf(projects, projectsAtOnce)) {
    deps.stopping.throwIfAborted();
    const [observed, now] = await Promise.all([observeProjects(deps, chunk), deps.store.now()]);
    onLooked(observed);
    await eachApart(deps, observed, {
      projectOf: ({ project }) => project,
      work: ({ project, figures }) => judge(deps, { project, figures, now, workers: workers.get(project.id) ?? [] }),
    });
  }
}

/** Who works on the links of Running projects: one question for all of them, since each takes a list of all clients. */
async function workersOf(deps: Deps, projects: readonly Project[]): Promise<ReadonlyMap<string, WorkerCounts>> {
  const running = projects.filter(({ state }) => state === 'running');
  const counts = [...(await deps.links.workers(running.flatMap(({ definition }) => definition.links)))];
  return new Map(running.map(({ id, definition }) => [id, counts.splice(0, definition.links.length)]));
}

async function judge(deps: Deps, looked: Looked): Promise<void> {
  const { project, figures, now } = looked;
  const failure = project.state === 'running' ? failureOf(figures) : null;
  if (failure !== null && project.definition.onFailure === 'pause') {
    return declareFailed(deps, project, { failure, figures, now });
  }
  if (project.draining !== null && figures.inFlight === 0) await declareQuiet(deps, project, project.draining);
  const { loose, pausedOutside, appeared } = driftOf(project, figures.links);
  if (await drivenBack(deps, project, { links: [...loose, ...pausedOutside], cause: 'late_write' })) return;
  await noteFindings(deps, project, { findings: findingsOf(looked), now });
  await drivenBack(deps, project, { links: appeared, cause: 'appeared' });
}

function failureOf(figures: Figures): Failure | null {
  const failed = oldestFailure(figures.links);
  if (failed === null) return null;
  const { taskId, reason, at } = failed.task;
  return { link: failed.link, taskId, reason: maskReason(reason), at };
}

async function declareFailed(
  deps: Deps,
  project: Project,
  { failure, figures, now }: { failure: Failure; figures: Figures; now: number },
): Promise<void> {
  const failed = await deps.store.fail(project.id, project.version, {
    failure,
    by: botActor,
    logFrom: oldestChangeAt({ now, latencyMs: figures.latencyMs }),
  });
  if (failed.kind === 'moved') return;
  deps.log.warn({ project: project.id, link: failure.link.queue, taskId: failure.taskId }, 'project failed');
  await deps.queue.converge(project.id);
  await noteState(deps, project.id);
  if (failed.toTell !== null) await deps.notifier.tell({ project: project.id, operation: failed.toTell });
}

/**
 * Sees without asking to what is our own doing, a write of an execution that came late, and to queues that have just
 * appeared, which is an alert as well. All other drift is somebody else's.
 */
async function drivenBack(
  deps: Deps,
  { id, version }: Project,
  difference: { readonly links: readonly Link[]; readonly cause: 'late_write' | 'appeared' },
): Promise<boolean> {
  if (difference.links.length === 0 || !(await deps.store.correct(id, version, difference))) return false;
  deps.log.warn(
    { project: id, links: difference.links.length, cause: difference.cause },
    'links driven without being asked',
  );
  await deps.queue.converge(id);
  return true;
}

async function declareQuiet(deps: Deps, project: Project, operationId: string): Promise<void> {
  const ref = { project: project.id, operation: operationId };
  const operation = await deps.store.readOperation(ref);
  if (operation === null || operation.outcome === null) return;
  if (await deps.store.quiet(ref, { ...operation.outcome, inFlight: 0 })) await deps.notifier.tell(ref);
}

function byConnections(projects: readonly Project[]): Map<string, Project[]> {
  const groups = new Map<string, Project[]>();
  for (const project of projects) {
    const key = [...new Set(project.definition.links.map((link) => link.connection))].sort().join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [project]);
    else group.push(project);
  }
  return groups;
}
