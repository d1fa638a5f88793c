import { detectDrift } from '../domain/drift.ts';
import { evaluateObservation, type ProjectObservation } from '../domain/evaluate-conditions.ts';
import type { FailureCauses } from '../domain/failure-causes.ts';
import type { Failure, Link } from '../domain/link.ts';
import { countFailures, type ObservedProject, oldestFailure, type ProjectStats } from '../domain/observation.ts';
import { staleAfterMs } from '../domain/observation-status.ts';
import type { WorkerCounts } from '../domain/precheck.ts';
import { botActor, type Project, type ProjectId } from '../domain/project.ts';
import { oldestUnprocessedAt } from '../domain/source-log-retention.ts';
import { minuteOf, sampleIntervalMs, toSamples } from '../domain/trend.ts';
import { forEachIsolated, toChunks } from '../lib/async.ts';
import { updateAlerts, updateAlertsFromState } from './alerts.ts';
import type { UseCaseContext } from './context.ts';
import { logSkippedProject } from './errors.ts';
import { readFailureCauses } from './failure-causes.ts';
import { followIntervalMs, followOperation } from './follow-up.ts';
import { readProjectsAndUnreadable } from './list-projects.ts';
import { countRemovedFailures, observeProject, observeProjects } from './queries.ts';
import { endSkips } from './skipped-tasks.ts';

const chunkSize = 100;

/** Receives the observations of a cycle, a chunk of projects at a time, each project once. */
export type OnObserved = (observed: readonly ObservedProject[]) => void;

/**
 * One cycle of the observer. Observes every link of every project. Makes a Running project Failed if a task has failed for
 * good after its link's watermark. Detects drift, and updates the alerts. Every write compares the version that the
 * observer read, or the draining operation, so a claim always wins. Records that the cycle has completed. Throws
 * `StoreUnavailableError`, and an `AbortError` if the process stops.
 */
export async function runObserver(context: UseCaseContext, onObserved: OnObserved = () => {}): Promise<void> {
  const startedAt = context.clock.monotonicNow();
  const sampling = await claimSampling(context);
  const { projects, unreadable } = await readProjectsAndUnreadable(context);
  // Projects with the same connections are observed one chunk after the other. A slow connection delays only its projects.
  let unobservedProjects = unreadable.length;
  const onChunkObserved: OnObserved = (observed) => {
    unobservedProjects += observed.filter(({ stats }) => stats.links.some(({ kind }) => kind === 'unreachable')).length;
    onObserved(observed);
  };
  const cycle = { onObserved: onChunkObserved, sampling, minFollowIntervalMs: followIntervalMs(projects) };
  await Promise.all([...groupByConnections(projects).values()].map((group) => observeGroup(context, group, cycle)));
  const { observeEveryMs: intervalMs } = context.settings;
  const durationMs = context.clock.monotonicNow() - startedAt;
  await context.observations.recordCycle({
    staleAfterMs: staleAfterMs({ intervalMs, durationMs }),
    unobservedProjects,
  });
}

interface CycleOptions {
  readonly onObserved: OnObserved;
  readonly sampling: Sampling;
  /** How often the message of each followed operation may be edited at most, ms. */
  readonly minFollowIntervalMs: number;
}

/** The minute of a cycle, and whether the cycle is the first one of it, which records the trends. */
interface Sampling {
  /** Epoch ms of the bot's Redis server. */
  readonly minute: number;
  readonly isDue: boolean;
}

/** If this process dies after it has claimed the minute, its samples are missing. */
async function claimSampling({ deduplication, serverClock }: UseCaseContext): Promise<Sampling> {
  const minute = minuteOf(await serverClock.now());
  return { minute, isDue: await deduplication.claimOnce(`trend:${minute}`, 2 * sampleIntervalMs) };
}

async function observeGroup(
  context: UseCaseContext,
  projects: readonly Project[],
  { onObserved, sampling, minFollowIntervalMs }: CycleOptions,
): Promise<void> {
  const workers = await countWorkers(context, projects);
  for (const chunk of toChunks(projects, chunkSize)) {
    context.stopSignal.throwIfAborted();
    const [observed, now] = await Promise.all([observeProjects(context, chunk), context.serverClock.now()]);
    onObserved(observed);
    await forEachIsolated(observed, {
      work: async ({ project, stats }) => {
        const { pausedReminderMs } = context.settings;
        const observation = { project, stats, now, workers: workers.get(project.id) ?? [], pausedReminderMs };
        await evaluateProject(context, observation);
        await followOperation(context, { ...observation, minIntervalMs: minFollowIntervalMs });
        await endSkips(context, project);
      },
      onError: (error, { project }) => logSkippedProject(context, project, error),
    });
    if (sampling.isDue) await context.trends.record(toSamples(observed, sampling.minute));
  }
}

/** Counts the workers of all Running and Failed projects together, since each query reads the list of all clients of a Redis. */
async function countWorkers(
  context: UseCaseContext,
  projects: readonly Project[],
): Promise<ReadonlyMap<string, WorkerCounts>> {
  const counted = projects.filter(({ state }) => state === 'running' || state === 'failed');
  const counts = [...(await context.links.countWorkers(counted.flatMap(({ definition }) => definition.links)))];
  return new Map(counted.map(({ id, definition }) => [id, counts.splice(0, definition.links.length)]));
}

async function evaluateProject(
  context: UseCaseContext,
  observed: Omit<ProjectObservation, 'removedTasks' | 'causes'>,
): Promise<void> {
  const { project, stats, now } = observed;
  const failure = project.state === 'running' ? oldestFailure(stats.links) : null;
  const removedTasks = failure === null ? 0 : await countRemovedFailures(context, observed);
  if (failure !== null && pausesOnFailure(project)) {
    return markFailed(context, project, { failure: { ...failure, removedTasks }, stats, now });
  }
  const { unexpectedlyRunning, unexpectedlyPaused, created } = detectDrift(project, stats.links);
  const corrected = await autoCorrect(context, project, {
    links: [...unexpectedlyRunning, ...unexpectedlyPaused],
    cause: 'late_write',
  });
  if (corrected.kind === 'scheduled') return;
  const observation = { ...observed, removedTasks, causes: await observeCauses(context, observed) };
  await updateAlerts(context, project, { conditions: evaluateObservation(observation), now });
  await autoCorrect(context, project, { links: created, cause: 'queue_created' });
}

/** The causes of the failed tasks of a project with an alert about them. Reads them again only if their number has changed. */
async function observeCauses(
  context: UseCaseContext,
  { project, stats }: Pick<ProjectObservation, 'project' | 'stats'>,
): Promise<FailureCauses | null> {
  const { state, alerts } = project;
  if (state !== 'running' && state !== 'failed') return null;
  const condition = alerts[state === 'failed' ? 'project_failed' : 'tasks_failed']?.alert.condition;
  const known = condition !== undefined && 'causes' in condition ? condition.causes : undefined;
  const isSame = known?.tasks === countFailures(stats.links) && known.since === oldestFailure(stats.links)?.at;
  return isSame ? known : readFailureCauses(context, { project, stats });
}

/** Whether a failed task makes the project Failed. */
export function pausesOnFailure({ state, definition }: Project): boolean {
  return state === 'running' && definition.onFailure === 'pause';
}

/** Whether the observer is about to make the project Failed, because it has a failed task. */
export function isFailing({ project, stats }: ObservedProject): boolean {
  return pausesOnFailure(project) && countFailures(stats.links) > 0;
}

/**
 * Makes a Running project Failed if a task has failed for good after its link's watermark, as a cycle does. For a project
 * whose links had such a task a moment ago. Throws `StoreUnavailableError`.
 */
export async function checkForFailure(context: UseCaseContext, id: ProjectId): Promise<void> {
  const project = await context.projects.read(id);
  if (project === null || !pausesOnFailure(project)) return;
  const [stats, now] = await Promise.all([observeProject(context, project), context.serverClock.now()]);
  const failure = oldestFailure(stats.links);
  if (failure === null) return;
  const removedTasks = await countRemovedFailures(context, { project, stats });
  await markFailed(context, project, { failure: { ...failure, removedTasks }, stats, now });
}

async function markFailed(
  context: UseCaseContext,
  project: Project,
  {
    failure,
    stats,
    now,
  }: {
    readonly failure: Failure & { readonly kind: 'task_failed' };
    readonly stats: ProjectStats;
    readonly now: number;
  },
): Promise<void> {
  const { id } = project;
  const marked = await context.projects.markFailed(id, project.version, {
    failure,
    by: botActor,
    oldestUnprocessedAt: oldestUnprocessedAt({ now, latencyMs: stats.latencyMs }),
  });
  if (marked.kind === 'conflict') return;
  context.log.warn({ project: id, link: failure.link.queue, taskId: failure.taskId }, 'project failed');
  await context.jobs.reconcile(id);
  await updateAlertsFromState(context, id, await readFailureCauses(context, { project, stats }));
  if (marked.operationToNotify !== null) {
    await context.notifications.operationChanged({ project: id, operation: marked.operationToNotify });
  }
}

/**
 * Reconciles links without an operation in two cases: an execution under way may have written late, or a missing queue was
 * created. For all other drift the observer raises an alert, and the operators decide.
 */
async function autoCorrect(
  context: UseCaseContext,
  { id, version }: Project,
  difference: { readonly links: readonly Link[]; readonly cause: 'late_write' | 'queue_created' },
): Promise<{ readonly kind: 'scheduled' | 'not_scheduled' }> {
  const { links, cause } = difference;
  if (links.length === 0) return { kind: 'not_scheduled' };
  const scheduled = await context.projects.scheduleCorrection(id, version, difference);
  if (scheduled.kind === 'conflict') return { kind: 'not_scheduled' };
  context.log.warn({ project: id, links: links.length, cause }, 'correction scheduled');
  await context.jobs.reconcile(id);
  return { kind: 'scheduled' };
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
