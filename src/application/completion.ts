import { isAction } from '../domain/lifecycle.ts';
import { type Link, linkId } from '../domain/link.ts';
import { oldestUnprocessedAt } from '../domain/log-retention.ts';
import { type Operation, type Outcome, refOf } from '../domain/operation.ts';
import type { Project } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { ProjectState } from '../domain/state.ts';
import type { UseCaseContext } from './context.ts';
import { observeProject } from './queries.ts';
import type { ReconcileResult } from './reconcile.ts';
import type { Completion } from './stores.ts';

/** What was seen of a project at the end of an operation. */
export interface FinalStats {
  readonly inFlight: number | null;
  readonly oldestUnprocessedAt: number;
  readonly now: number;
}

export async function readFinalStats(
  deps: UseCaseContext,
  project: Project,
  { action }: Operation,
): Promise<FinalStats> {
  const now = await deps.serverClock.now();
  if (action === 'start' || action === 'restore') return { inFlight: null, oldestUnprocessedAt: now, now };
  const { inFlight, latencyMs } = await observeProject(deps, project);
  return { inFlight, oldestUnprocessedAt: oldestUnprocessedAt({ now, latencyMs }), now };
}

export interface Success {
  readonly result: ReconcileResult;
  readonly finalStats: FinalStats;
  /** `unchanged`: as it is. */
  readonly state: ProjectState | 'unchanged';
}

/** Every link that exists is what the state wants. */
export function succeeded(operation: Operation, { result, finalStats, state }: Success): Completion {
  const isPaused = state === 'paused';
  const outcome = outcomeOf(result, isPaused ? finalStats.inFlight : null);
  return {
    ref: refOf(operation),
    operationState: 'done',
    projectState: state,
    linksSynced: true,
    pendingLinks: result.missing.map(linkId),
    oldestUnprocessedAt: isPaused ? finalStats.oldestUnprocessedAt : null,
    refusal: null,
    failure: null,
    expectedVersion: result.project.version,
    outcome: { ...outcome, retriedTasks: Math.max(outcome.retriedTasks, operation.progress?.tasksToRetry ?? 0) },
  };
}

/**
 * What could not be reached makes the project Failed; its links are wanted paused then, and converge goes on trying. A
 * correction that did not reach every link leaves the state as it is, and converge goes on as well.
 */
export function partiallyFailed(operation: Operation, result: ReconcileResult, finalStats: FinalStats): Completion {
  const [link] = result.unreachable as readonly [Link, ...Link[]];
  const keepsState = !isAction(operation.action);
  return {
    ref: refOf(operation),
    operationState: 'failed',
    projectState: keepsState ? 'unchanged' : 'failed',
    linksSynced: false,
    pendingLinks: [],
    oldestUnprocessedAt: finalStats.oldestUnprocessedAt,
    refusal: null,
    expectedVersion: result.project.version,
    outcome: outcomeOf(result, operation.action === 'pause' ? finalStats.inFlight : null),
    failure: keepsState ? null : { kind: 'link_unreachable', link, at: finalStats.now },
  };
}

/** Nothing was touched: the project is again what it was before the claim. */
export function rolledBack(project: Project, operation: Operation, refusal: Refusal): Completion {
  return {
    ref: refOf(operation),
    expectedVersion: project.version,
    operationState: refusal.code === 'links_unreachable' ? 'failed' : 'refused',
    projectState: 'previous',
    linksSynced: false,
    pendingLinks: [],
    oldestUnprocessedAt: null,
    outcome: null,
    refusal,
    failure: null,
  };
}

function outcomeOf({ project, unreachable, missing, retriedTasks }: ReconcileResult, inFlight: number | null): Outcome {
  const linksTotal = project.definition.links.length;
  return {
    linksTotal,
    inFlight,
    retriedTasks,
    linksDone: linksTotal - unreachable.length - missing.length,
    unreachable: [...unreachable],
    missing: [...missing],
  };
}
