import { collectMs } from '../domain/batch.ts';
import { catchUpCheckMs } from '../domain/catch-up.ts';
import { isRetrying, transitions } from '../domain/lifecycle.ts';
import {
  firstPostDelayMs,
  type Operation,
  type OperationRef,
  operationReconcileTimeoutMs,
  type Progress,
  refOf,
} from '../domain/operation.ts';
import { adoptLinks } from './adopt-links.ts';
import { updateAlertsFromRecord, updateAlertsFromState } from './alerts.ts';
import { continueWait } from './catch-up.ts';
import {
  partiallyFailed,
  type RetriedTasks,
  readFinalStats,
  retryCompleted,
  rolledBack,
  succeeded,
} from './completion.ts';
import type { UseCaseContext } from './context.ts';
import { RetryLaterError } from './errors.ts';
import { endExecution } from './executions.ts';
import { maxValidityMs } from './fencing.ts';
import type {
  ClaimedOperation,
  ClaimResult,
  CommittedOperation,
  Completion,
  ProjectChange,
} from './operation-store.ts';
import type { RetryFailedResult } from './ports.ts';
import { needsPreflight, runPreflight } from './preflight.ts';
import { createLinksUnreachableError, type ReconcileOptions, reconcile } from './reconcile.ts';
import { retrySkipped } from './retry-skipped.ts';

/**
 * Executes a confirmed operation. May be called any number of times, by any number of workers: the claim makes it the active
 * operation of its project, a repeated call continues where the records are, and a finished operation stays finished.
 * Throws `StoreUnavailableError`, `LinksUnreachableError` while there is time for another worker to reach the links, or
 * `RetryLaterError` while a pause waits until its project has caught up. The job is tried again then.
 */
export async function execute(context: UseCaseContext, ref: OperationRef): Promise<void> {
  const { notifications, log } = context;
  const ids = logFields(ref);
  const executionId = context.ids.next();
  const claim = await claimOperation(context, ref, executionId);
  if (claim.kind === 'unknown') return;
  if (claim.kind === 'finished') return notifyEnd(context, claim.operation);
  if (claim.kind === 'waiting') return executeAfterWait(context, claim.operation);
  if (claim.kind === 'refused') {
    log.info(
      { ...ids, by: claim.operation.by, code: claim.operation.refusal?.code },
      'operation refused by the worker',
    );
    return notifyEnd(context, claim.operation);
  }
  const { action, by, batch, startedAt, seq, notifiedSeq } = claim.operation;
  // Workers that do not reach the links return the job about once a second.
  if (startedAt === claim.now) log.info({ ...ids, action, by }, 'operation started');
  // The first commands to the links are sent before the message is updated. Neither waits for the other.
  const completed = runToCompletion(context, claim, executionId);
  const isOutdated = seq > notifiedSeq && batch === null;
  const notified = isOutdated ? notifications.operationChanged(ref, firstPostDelayMs) : undefined;
  let committed: CommittedOperation | null = null;
  try {
    committed = await completed;
  } finally {
    if (committed === null) await endExecution(context, { ...ref, executionId });
    await notified;
  }
  await notifyEnd(context, committed?.operation ?? claim.operation);
  if (committed === null) await updateAlertsFromState(context, ref.project);
  else
    await updateAlertsFromRecord(context, committed.project, { now: await finishedAtOf(context, committed.operation) });
  // If the project became Failed just before, its job `reconcile` left the links to this operation. A retry changes no pause flag.
  if (action === 'retry') await context.jobs.reconcile(ref.project);
}

/** Observes the project of a pause that waits until its project has caught up. The job is tried again while it waits. */
async function executeAfterWait(context: UseCaseContext, operation: Operation): Promise<void> {
  const update = await continueWait(context, operation);
  switch (update.kind) {
    case 'waiting':
      throw new RetryLaterError(catchUpCheckMs);
    case 'ended':
    case 'not_waiting':
      return execute(context, refOf(operation));
    case 'cancelled':
    case 'refused':
      context.log.info(
        { ...logFields(refOf(operation)), code: update.operation.refusal?.code },
        'wait of a pause ended',
      );
      return notifyEnd(context, update.operation);
    case 'unknown':
      return;
    default:
      return update satisfies never;
  }
}

/** An operation of a batch has no message of its own. */
async function notifyEnd(context: UseCaseContext, operation: Operation): Promise<void> {
  const { batch, resolvedAt } = operation;
  if (batch === null) return context.notifications.operationChanged(refOf(operation));
  const elapsedMs = resolvedAt === null ? 0 : (await finishedAtOf(context, operation)) - resolvedAt;
  await context.jobs.batchOperationEnded(batch, collectMs(elapsedMs));
}

/** The current time if the operation was read before its end. */
async function finishedAtOf({ serverClock }: UseCaseContext, { finishedAt }: Operation): Promise<number> {
  return finishedAt ?? serverClock.now();
}

/** If the reply is lost, the claim may have entered the execution. Another execution follows. */
async function claimOperation(context: UseCaseContext, ref: OperationRef, executionId: string): Promise<ClaimResult> {
  try {
    return await context.operations.claim(ref, executionId);
  } catch (error) {
    await endExecution(context, { ...ref, executionId });
    throw error;
  }
}

/**
 * Runs a claimed operation until its completion is committed or it is no longer active. Reads everything again after the
 * preflight and after a conflict: another execution of the same operation may be further. Returns null if no commit of this
 * execution ended it.
 */
async function runToCompletion(
  context: UseCaseContext,
  claim: Claim,
  executionId: string,
): Promise<CommittedOperation | null> {
  const ref = refOf(claim.operation);
  const settledAt = settledAtOf(context, claim);
  const canRetry = isRetrying(claim.operation.action);
  // Only the first execution that passes the preflight knows that no other one has retried tasks before.
  let retried: RetriedTasks = { tasks: 0, isUncertain: canRetry };
  for (let current: CurrentOperation = claim; current.kind === 'claimed'; current = await reload(context, ref)) {
    const { project, operation } = current;
    let completion: Completion;
    if (operation.action === 'adopt') {
      await context.clock.sleep(Math.max(0, settledAt - context.clock.monotonicNow()), context.stopSignal);
      context.stopSignal.throwIfAborted();
      completion = await adoptLinks(context, project, operation);
    } else if (needsPreflight(operation)) {
      const preflight = await runPreflight(context, project, operation);
      if (preflight.kind !== 'refused') {
        retried = { tasks: 0, isUncertain: preflight.kind === 'repeated' };
        continue;
      }
      completion = rolledBack(project, operation, preflight.refusal);
    } else if (operation.action === 'retry') {
      const { results, unreachable } = await retrySkipped(context, current);
      retried = addRetried(retried, results);
      completion = retryCompleted(operation, { project, unreachable, retried });
    } else {
      const reconciled = await reconcile(context, {
        ...reconcileOptions(context, current),
        settledAt,
        onRetried: (results) => {
          retried = addRetried(retried, results);
        },
      });
      if (reconciled.kind === 'not_found' || reconciled.kind === 'not_owner') return null;
      if (reconciled.kind === 'unreachable') throw createLinksUnreachableError(context, reconciled.unreconciled);
      const result = { ...reconciled, retried };
      const finalStats = await readFinalStats(context, result.project, operation);
      completion =
        result.kind === 'reconciled'
          ? succeeded(operation, { result, finalStats, projectChange: changeOnSuccess(operation) })
          : partiallyFailed(context, operation, { result, finalStats });
    }
    const isOnlyExecution = canRetry && !retried.isUncertain;
    const committed = await context.operations.commit({ ...completion, executionId, isOnlyExecution });
    if (committed.kind === 'committed' && committed.operationToNotify !== null)
      await context.notifications.operationChanged({ project: ref.project, operation: committed.operationToNotify });
    if (committed.kind === 'conflict') continue;
    if (committed.kind === 'other_executions') {
      retried = { ...retried, isUncertain: true };
      continue;
    }
    const { action, by, state, refusal } = committed.operation;
    context.log.info({ ...logFields(ref), action, by, state, code: refusal?.code }, 'operation ended');
    return committed.kind === 'committed' ? committed : null;
  }
  return null;
}

/** A link that does not answer may have retried tasks: its reply may be lost. */
function addRetried({ tasks, isUncertain }: RetriedTasks, results: readonly RetryFailedResult[]): RetriedTasks {
  return {
    tasks: results.reduce((total, result) => total + result.tasks, tasks),
    isUncertain: isUncertain || results.some(({ kind }) => kind === 'unreachable'),
  };
}

/**
 * When no command of an earlier version can reach the links any more, a moment of the monotonic clock. Such a command was
 * decided before the operation started.
 */
function settledAtOf({ clock }: UseCaseContext, { operation: { startedAt }, now, hasOtherExecutions }: Claim): number {
  return hasOtherExecutions ? clock.monotonicNow() + (startedAt ?? now) + maxValidityMs - now : 0;
}

type Claim = Extract<ClaimResult, { readonly kind: 'claimed' }>;
type CurrentOperation = (ClaimedOperation & { readonly kind: 'claimed' }) | { readonly kind: 'not_active' };

async function reload(
  { projects, operations, serverClock }: UseCaseContext,
  ref: OperationRef,
): Promise<CurrentOperation> {
  const [project, operation, now] = await Promise.all([
    projects.read(ref.project),
    operations.read(ref),
    serverClock.now(),
  ]);
  const isActive = project !== null && operation !== null && project.activeOperation === ref.operation;
  return isActive ? { kind: 'claimed', project, operation, now } : { kind: 'not_active' };
}

function reconcileOptions(context: UseCaseContext, { project, operation, now }: ClaimedOperation): ReconcileOptions {
  const ref = refOf(operation);
  const elapsedMs = now - (operation.startedAt ?? 0);
  return {
    project: ref.project,
    knownProject: project,
    operationId: ref.operation,
    timeoutMs: Math.max(0, operationReconcileTimeoutMs - elapsedMs),
    onProgress: ({ done, total }) => void reportProgress(context, operation, { ...operation.progress, done, total }),
  };
}

/** Re-apply keeps the state. */
function changeOnSuccess({ action }: Operation): ProjectChange {
  const { to } = transitions[action];
  return to === null ? { kind: 'keep' } : { kind: 'set', state: to };
}

async function reportProgress(context: UseCaseContext, operation: Operation, progress: Progress): Promise<void> {
  const ref = refOf(operation);
  try {
    await context.operations.setProgress(ref, progress);
    if (operation.batch === null) await context.notifications.operationChanged(ref);
  } catch (error) {
    context.log.warn({ ...logFields(ref), error }, 'progress not written');
  }
}

function logFields({ project, operation }: OperationRef) {
  return { project, operationId: operation };
}
