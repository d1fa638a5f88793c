import { type Batch, collectMs, operationIdOf } from '../domain/batch.ts';
import { checkCatchUp } from '../domain/check-catch-up.ts';
import { type Operation, type OperationRef, refOf } from '../domain/operation.ts';
import type { Actor } from '../domain/project.ts';
import { toChunks } from '../lib/async.ts';
import type { UseCaseContext } from './context.ts';
import { isFailing } from './observer.ts';
import type { WaitUpdate } from './operation-store.ts';
import { observeProject, type Refused } from './queries.ts';

/**
 * Observes the project of a pause that waits until its project has caught up, and records what follows: it waits further, a
 * worker may claim it, or it is refused. Everything is in the record, so any worker may continue the wait at any step. Throws
 * `StoreUnavailableError`.
 */
export async function continueWait(context: UseCaseContext, operation: Operation): Promise<WaitUpdate> {
  const ref = refOf(operation);
  const project = await context.projects.read(ref.project);
  // The step below refuses the operation of a removed project.
  const stats = project === null ? emptyStats : await observeProject(context, project);
  const now = await context.serverClock.now();
  const { observation, isCaughtUp, isShown } = checkCatchUp(operation.waitObservation, { stats, now });
  const isReached = isCaughtUp && project !== null && !isFailing({ project, stats });
  const update = await context.operations.updateWait(ref, {
    event: isReached ? 'caught_up' : 'observed',
    observation,
    isShown,
  });
  if (update.kind === 'waiting' && isShown && operation.batch === null)
    await context.notifications.operationChanged(ref);
  if (update.kind === 'ended')
    context.log.info({ ...logFields(ref), by: operation.by }, 'project has caught up, so its pause begins');
  return update;
}

const emptyStats = { observedAt: 0, latencyMs: null, backlog: null, inFlight: null, links: [] };

export interface WaitDecision {
  readonly ref: OperationRef;
  /** Any operator. The person is authorized already. */
  readonly by: Actor;
  readonly event: 'pause_now' | 'cancel';
}

/**
 * Pause Now or Cancel, for a pause that waits. The first decision counts. If the job cannot be added, the sweep adds it. Throws
 * `StoreUnavailableError`.
 */
export async function decideWait(
  context: Pick<UseCaseContext, 'operations' | 'jobs' | 'notifications' | 'log'>,
  { ref, by, event }: WaitDecision,
): Promise<{ readonly kind: 'decided'; readonly operation: Operation } | Refused> {
  const update = await context.operations.updateWait(ref, { event, by });
  if (update.kind === 'unknown') return { kind: 'refused', refusal: { code: 'unknown_operation' } };
  const { operation, kind } = update;
  context.log.info({ ...logFields(ref), by, event, kind, state: operation.state }, 'wait of a pause decided');
  if (kind === 'not_waiting' && !isRepeated(operation, { by, event }))
    return { kind: 'refused', refusal: { code: 'not_waiting', project: ref.project } };
  if (kind === 'ended') {
    // Its job is delayed until the next check. Without it the worker begins at once.
    await context.jobs.removeExecute(ref);
    await context.jobs.execute(ref);
  }
  await notifyWait(context, operation);
  return { kind: 'decided', operation };
}

export type CancelledWaits =
  | { readonly kind: 'cancelled'; readonly batch: Batch }
  /** None of its pauses waits any more. */
  | { readonly kind: 'not_waiting'; readonly batch: Batch }
  | { readonly kind: 'unknown' };

/**
 * Cancel in the message of a batch: cancels those of its pauses that wait until their projects have caught up. The others stay as
 * they are. The person is authorized already. May be repeated. Throws `StoreUnavailableError`.
 */
export async function cancelWaits(
  context: Pick<UseCaseContext, 'batches' | 'operations' | 'jobs' | 'log'>,
  { id, by }: { readonly id: string; readonly by: Actor },
): Promise<CancelledWaits> {
  const { batches, operations, jobs, log } = context;
  const batch = await batches.read(id);
  if (batch === null) return { kind: 'unknown' };
  const updates: WaitUpdate[] = [];
  for (const items of toChunks(batch.items, chunkSize)) {
    const refs = items.map(({ project }) => ({ project, operation: operationIdOf(batch, project) }));
    const waits = (await operations.readMany(refs)).flatMap((operation) =>
      operation === null || operation.waitsUntil === null ? [] : [refOf(operation)],
    );
    updates.push(...(await Promise.all(waits.map((ref) => operations.updateWait(ref, { event: 'cancel', by })))));
  }
  const own = updates.filter(
    (update) => update.kind !== 'unknown' && isRepeated(update.operation, { by, event: 'cancel' }),
  );
  if (own.length === 0) return { kind: 'not_waiting', batch };
  log.info({ batch: id, by, waits: updates.length, cancelled: own.length }, 'waits of a batch cancelled');
  await jobs.batchOperationEnded(id, collectMs(0));
  return { kind: 'cancelled', batch };
}

/** How many operations are read, or cancelled, at once. */
const chunkSize = 200;

/** The reply to the first press may have been lost. */
function isRepeated({ state, waitEndedBy }: Operation, { by, event }: Pick<WaitDecision, 'by' | 'event'>): boolean {
  return waitEndedBy === by && (state === 'cancelled') === (event === 'cancel');
}

async function notifyWait(
  { notifications, jobs }: Pick<UseCaseContext, 'jobs' | 'notifications'>,
  operation: Operation,
): Promise<void> {
  if (operation.batch === null) return notifications.operationChanged(refOf(operation));
  await jobs.batchOperationEnded(operation.batch, collectMs(0));
}

function logFields({ project, operation }: OperationRef) {
  return { project, operationId: operation };
}
