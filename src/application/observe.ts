import { detectDrift } from '../domain/drift.ts';
import { evaluateObservation, type ProjectObservation } from '../domain/evaluate-conditions.ts';
import type { Link, TaskFailure } from '../domain/link.ts';
import { oldestUnprocessedAt } from '../domain/log-retention.ts';
import { type ObservedProject, oldestFailure, type ProjectStats } from '../domain/observation.ts';
import type { WorkerCounts } from '../domain/precheck.ts';
import { botActor, type Project } from '../domain/project.ts';
import { toChunks } from '../lib/async.ts';
import { updateAlerts, updateAlertsFromState } from './alerts.ts';
import type { UseCaseContext } from './context.ts';
import { observeProjects } from './queries.ts';
import { forEachIsolated } from './run-cycle.ts';

const chunkSize = 100;

/** Is told what a round saw, some projects at a time; each project once. */
export type OnObserved = (observed: readonly ObservedProject[]) => void;

/**
 * One round of the observer: looks at every link, makes a Running project Failed when a task failed for good after its
 * link's watermark, finds drift, and writes down what channels are to know. It loses against any claim.
 */
export async function observeAll(deps: UseCaseContext, onObserved: OnObserved = () => {}): Promise<void> {
  const projects = await deps.projects.readMany(await deps.projects.listIds());
  // Projects on the same connections go one after the other; a slow connection holds up none but its own.
  await Promise.all([...groupByConnections(projects).values()].map((group) => observeGroup(deps, group, onObserved)));
}

async function observeGroup(deps: UseCaseContext, projects: readonly Project[], onObserved: OnObserved): Promise<void> {
  const workers = await countWorkers(deps, projects);
  for (const chunk of toChunks(projects, chunkSize)) {
    deps.stopSignal.throwIfAborted();
    const [observed, now] = await Promise.all([observeProjects(deps, chunk), deps.serverClock.now()]);
    onObserved(observed);
    await forEachIsolated(deps, observed, {
      projectOf: ({ project }) => project,
      work: ({ project, stats }) =>
        evaluateProject(deps, { project, stats, now, workers: workers.get(project.id) ?? [] }),
    });
  }
}

/** Who works on the links of Running projects: one question for all of them, since each takes a list of all clients. */
async function countWorkers(
  deps: UseCaseContext,
  projects: readonly Project[],
): Promise<ReadonlyMap<string, WorkerCounts>> {
  const running = projects.filter(({ state }) => state === 'running');
  const counts = [...(await deps.links.countWorkers(running.flatMap(({ definition }) => definition.links)))];
  return new Map(running.map(({ id, definition }) => [id, counts.splice(0, definition.links.length)]));
}

async function evaluateProject(deps: UseCaseContext, observation: ProjectObservation): Promise<void> {
  const { project, stats, now } = observation;
  const failure = project.state === 'running' ? oldestFailure(stats.links) : null;
  if (failure !== null && project.definition.onFailure === 'pause') {
    return markFailed(deps, project, { failure, figures: stats, now });
  }
  if (project.drainingOperation !== null && stats.inFlight === 0)
    await markDrained(deps, project, project.drainingOperation);
  const { unexpectedlyRunning, unexpectedlyPaused, created } = detectDrift(project, stats.links);
  if (await autoCorrect(deps, project, { links: [...unexpectedlyRunning, ...unexpectedlyPaused], cause: 'late_write' }))
    return;
  await updateAlerts(deps, project, { conditions: evaluateObservation(observation), now });
  await autoCorrect(deps, project, { links: created, cause: 'queue_created' });
}

async function markFailed(
  deps: UseCaseContext,
  project: Project,
  { failure, figures: stats, now }: { failure: TaskFailure; figures: ProjectStats; now: number },
): Promise<void> {
  const failed = await deps.projects.markFailed(project.id, project.version, {
    failure,
    by: botActor,
    oldestUnprocessedAt: oldestUnprocessedAt({ now, latencyMs: stats.latencyMs }),
  });
  if (failed.kind === 'conflict') return;
  deps.log.warn({ project: project.id, link: failure.link.queue, taskId: failure.taskId }, 'project failed');
  await deps.jobs.reconcile(project.id);
  await updateAlertsFromState(deps, project.id);
  if (failed.operationToNotify !== null)
    await deps.notifications.operationChanged({ project: project.id, operation: failed.operationToNotify });
}

/**
 * Sees without asking to what is our own doing, a write of an execution that came late, and to queues that have just
 * appeared, which is an alert as well. All other drift is somebody else's.
 */
async function autoCorrect(
  deps: UseCaseContext,
  { id, version }: Project,
  difference: { readonly links: readonly Link[]; readonly cause: 'late_write' | 'queue_created' },
): Promise<boolean> {
  if (difference.links.length === 0) return false;
  const scheduled = await deps.projects.scheduleCorrection(id, version, difference);
  if (scheduled.kind === 'conflict') return false;
  deps.log.warn(
    { project: id, links: difference.links.length, cause: difference.cause },
    'links driven without being asked',
  );
  await deps.jobs.reconcile(id);
  return true;
}

async function markDrained(deps: UseCaseContext, project: Project, operationId: string): Promise<void> {
  const ref = { project: project.id, operation: operationId };
  const operation = await deps.operations.read(ref);
  if (operation === null || operation.outcome === null) return;
  const marked = await deps.operations.markDrained(ref, { ...operation.outcome, inFlight: 0 });
  if (marked.kind === 'written') await deps.notifications.operationChanged(ref);
}

function groupByConnections(projects: readonly Project[]): Map<string, Project[]> {
  const groups = new Map<string, Project[]>();
  for (const project of projects) {
    const key = [...new Set(project.definition.links.map((link) => link.connection))].sort().join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [project]);
    else group.push(project);
  }
  return groups;
}
