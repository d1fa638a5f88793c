import { beginFollowUp } from '../domain/follow-up.ts';
import { isAction } from '../domain/lifecycle.ts';
import { type Failure, type Link, linkId } from '../domain/link.ts';
import { type Operation, type Outcome, refOf } from '../domain/operation.ts';
import type { Project } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import { logRetainedUntil, oldestUnprocessedAt } from '../domain/source-log-retention.ts';
import type { UseCaseContext } from './context.ts';
import type { Completion, ProjectChange } from './operation-store.ts';
import { observeProject } from './queries.ts';
import type { ReconciledLinks } from './reconcile.ts';

/** The observation of a project at the end of an operation. Times are epoch ms of the bot's Redis server. */
export interface FinalStats {
  /** Tasks that workers still process. Null if unknown. */
  readonly inFlight: number | null;
  readonly oldestUnprocessedAt: number;
  readonly now: number;
}

/** Observes the links at the end of an operation. Not after Start and Restore: their outcomes report no task in flight. */
export async function readFinalStats(
  context: UseCaseContext,
  project: Project,
  { action }: Operation,
): Promise<FinalStats> {
  const now = await context.serverClock.now();
  if (action === 'start' || action === 'restore') return { inFlight: null, oldestUnprocessedAt: now, now };
  const { inFlight, latencyMs } = await observeProject(context, project);
  return { inFlight, oldestUnprocessedAt: oldestUnprocessedAt({ now, latencyMs }), now };
}

/** What an execution did to the links. */
export interface ExecutionResult extends ReconciledLinks {
  readonly retried: RetriedTasks;
}

/** The failed tasks that this execution moved back to wait. Uncertain if another execution or a lost reply may have more. */
export interface RetriedTasks {
  readonly tasks: number;
  readonly isUncertain: boolean;
}

export interface Success {
  readonly result: ExecutionResult;
  readonly finalStats: FinalStats;
  readonly projectChange: ProjectChange;
}

/** Completes an operation as `done`: every link that has a queue has the desired state. */
export function succeeded(operation: Operation, { result, finalStats, projectChange }: Success): Completion {
  const isPaused = projectChange.kind === 'set' && projectChange.state === 'paused';
  const outcome = outcomeOf(operation, result, isPaused ? finalStats.inFlight : null);
  const logUntil = isPaused ? logRetainedUntil(result.project.definition, finalStats.oldestUnprocessedAt) : null;
  return {
    ref: refOf(operation),
    expectedVersion: result.project.version,
    operationState: 'done',
    projectChange,
    linksReconciled: true,
    pendingLinks: result.missing.map(linkId),
    oldestUnprocessedAt: isPaused ? finalStats.oldestUnprocessedAt : null,
    outcome: { ...outcome, ...(logUntil === null ? {} : { logRetainedUntil: logUntil }) },
    followUp: beginFollowUp(operation.action, outcome),
    refusal: null,
    failure: null,
    retriedTasks: [],
  };
}

/**
 * Completes an operation as `failed`: links did not get the desired state within the timeout. An action makes the project
 * Failed, which desires its links paused. A correction keeps the project's state. In both cases reconciling continues without
 * an operation.
 */
export function partiallyFailed(
  { links }: Pick<UseCaseContext, 'links'>,
  operation: Operation,
  { result, finalStats }: Omit<Success, 'projectChange'>,
): Completion {
  const { project, unreconciled } = result;
  const [link] = unreconciled;
  const failsProject = isAction(operation.action) && link !== undefined;
  return {
    ref: refOf(operation),
    expectedVersion: project.version,
    operationState: 'failed',
    projectChange: failsProject ? { kind: 'set', state: 'failed' } : { kind: 'keep' },
    linksReconciled: false,
    pendingLinks: [],
    oldestUnprocessedAt: finalStats.oldestUnprocessedAt,
    outcome: outcomeOf(operation, result, operation.action === 'pause' ? finalStats.inFlight : null),
    followUp: null,
    refusal: null,
    failure: failsProject ? linkFailure(links, link, finalStats.now) : null,
    retriedTasks: [],
  };
}

/** Completes a retry: as `failed` if links did not answer within the timeout. Their tasks stay skipped. */
export function retryCompleted(
  operation: Operation,
  {
    project,
    unreachable,
    retried,
  }: { readonly project: Project; readonly unreachable: readonly Link[]; readonly retried: RetriedTasks },
): Completion {
  const unreachableIds = new Set(unreachable.map(linkId));
  return {
    ref: refOf(operation),
    expectedVersion: project.version,
    operationState: unreachable.length === 0 ? 'done' : 'failed',
    projectChange: { kind: 'none' },
    linksReconciled: false,
    pendingLinks: [],
    oldestUnprocessedAt: null,
    outcome: outcomeOf(operation, { project, unreconciled: unreachable, missing: [], retried }, null),
    followUp: null,
    refusal: null,
    failure: null,
    retriedTasks: operation.tasks.filter(({ link }) => !unreachableIds.has(linkId(link))),
  };
}

function linkFailure(links: UseCaseContext['links'], link: Link, at: number): Failure {
  const isNotConfigured = links.connectionState(link.connection) === 'not_configured';
  return { kind: 'link_unreachable', link, at, ...(isNotConfigured ? { isNotConfigured } : {}) };
}

/**
 * Returns the project to its state before the claim. No link was resumed. A Restore may have paused links that ran
 * unexpectedly: the refusal names them.
 */
export function rolledBack(project: Project, operation: Operation, refusal: Refusal): Completion {
  return {
    ref: refOf(operation),
    expectedVersion: project.version,
    operationState: refusal.code === 'links_unreachable' ? 'failed' : 'refused',
    projectChange: { kind: 'roll_back' },
    linksReconciled: false,
    pendingLinks: [],
    oldestUnprocessedAt: null,
    outcome: null,
    followUp: null,
    refusal,
    failure: null,
    retriedTasks: [],
  };
}

function outcomeOf(
  { progress }: Operation,
  { project, unreconciled, missing, retried }: ExecutionResult,
  inFlight: number | null,
): Outcome {
  const linksTotal = project.definition.links.length;
  return {
    linksTotal,
    linksDone: linksTotal - unreconciled.length - missing.length,
    unreconciled: [...unreconciled],
    missing: [...missing],
    inFlight,
    ...(progress?.backlog === undefined ? {} : { backlog: progress.backlog }),
    ...(retried.isUncertain
      ? { retriedTasks: Math.max(retried.tasks, progress?.tasksToRetry ?? 0), retriedTasksUncertain: true }
      : { retriedTasks: retried.tasks }),
    removedTasks: progress?.removedTasks ?? 0,
    ...(progress?.tasks === undefined ? {} : { tasks: progress.tasks }),
  };
}
