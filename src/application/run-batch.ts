import { type Batch, type BatchItem, type ItemResult, nextStep, operationIdOf, toItemResult } from '../domain/batch.ts';
import {
  claimTimeoutMs,
  isFollowed,
  isUnfinished,
  isWaitingToCatchUp,
  type Operation,
  type OperationRef,
  refOf,
} from '../domain/operation.ts';
import type { ProjectId } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import { toChunks } from '../lib/async.ts';
import type { BatchChange } from './batch-store.ts';
import type { UseCaseContext } from './context.ts';

/** How many operations are requested, or read, at once. */
const chunkSize = 200;
/** How often a batch checks whether the projects of a wave have caught up, ms. */
const catchUpCheckMs = 5_000;

/**
 * Continues a confirmed batch where its record is: requests and confirms the operations that may begin, collects how they
 * ended, and begins the next wave or ends the batch. May be called any number of times, by any process. Each operation has an
 * id of its own in the batch, so a repetition gives the same operation. Throws `StoreUnavailableError`.
 */
export async function runBatch(context: UseCaseContext, id: string): Promise<void> {
  for (;;) {
    context.stopSignal.throwIfAborted();
    const batch = await context.batches.read(id);
    if (batch === null || batch.state !== 'confirmed') return context.notifications.batchChanged(id);
    const now = await context.serverClock.now();
    // A batch that was confirmed long ago does not begin any more, like an operation that no worker has claimed.
    const isLate = batch.started === 0 && now > (batch.resolvedAt ?? 0) + claimTimeoutMs;
    if (batch.started < batch.released && !isLate) await startItems(context, batch);
    const change = await findChange(context, batch, { isLate });
    if (Object.keys(change).length === 0) return scheduleCheck(context, batch);
    const { kind } = await context.batches.update(batch, change);
    if (kind === 'conflict') continue;
    await context.notifications.batchChanged(id);
    if (change.state !== undefined) {
      context.log.info({ batch: id, by: batch.by, state: change.state }, 'batch ended or stopped');
      return;
    }
  }
}

/** Requests and confirms the operations of the items that may begin, and adds their jobs. */
async function startItems(context: UseCaseContext, batch: Batch): Promise<void> {
  for (const chunk of toChunks(batch.items.slice(batch.started, batch.released), chunkSize)) {
    context.stopSignal.throwIfAborted();
    const confirmed = await Promise.all(chunk.map((item) => startItem(context, batch, item)));
    await context.jobs.executeAll(confirmed.flatMap((ref) => ref ?? []));
  }
}

/** Returns null if the operation needs no job: it has ended, or its project was removed. */
async function startItem(context: UseCaseContext, batch: Batch, item: BatchItem): Promise<OperationRef | null> {
  const { by } = batch;
  const operation = await requestItem(context, batch, { item, refusal: null });
  if (operation === null) return null;
  const ref = refOf(operation);
  if (operation.state !== 'requested') return isUnfinished(operation) ? ref : null;
  const resolved = await context.operations.resolve({ ref, decision: 'confirm', by, dialog: null });
  return resolved.kind !== 'refused' && resolved.operation.state === 'confirmed' ? ref : null;
}

/**
 * Requests the operation of an item, or refuses it at once. If it exists already, that changes nothing. Returns the operation as
 * it is now, or null if its project was removed.
 */
async function requestItem(
  { operations, settings }: UseCaseContext,
  batch: Batch,
  { item, refusal }: { readonly item: BatchItem; readonly refusal: Refusal | null },
): Promise<Operation | null> {
  const { id, action, by, reason, origin, channel, threadTs, catchUpMs } = batch;
  const { project, projectVersion, pauseUntil } = item;
  const stored = await operations.request({
    id: operationIdOf(batch, project),
    project,
    action,
    by,
    reason,
    tasks: [],
    origin,
    channel,
    threadTs,
    batch: id,
    refusal,
    catchUpMs,
    pauseUntil,
    projectVersion,
    ttlMs: settings.confirmationTtlMs,
  });
  return stored.kind === 'refused' ? null : stored.operation;
}

/** What changes in the record of the batch now. */
async function findChange(
  context: UseCaseContext,
  batch: Batch,
  options: { readonly isLate: boolean },
): Promise<BatchChange> {
  const started = batch.released;
  const { results, unclaimed, catchingUp } = await collectResults(context, { ...batch, started }, options);
  const found = Object.keys(results).length > 0;
  const current: Batch = { ...batch, started, results: { ...batch.results, ...results } };
  const change: BatchChange = {
    ...(started === batch.started ? {} : { started }),
    ...(found ? { results: current.results } : {}),
    ...(isSame(unclaimed, batch.unclaimed) ? {} : { unclaimed }),
    ...(isSame(catchingUp, batch.catchingUp) ? {} : { catchingUp }),
  };
  const step = nextStep(current, {
    now: await context.serverClock.now(),
    hasCaughtUp: await hasCaughtUp(context, current),
  });
  switch (step.kind) {
    case 'wait':
      return change;
    case 'end_wave':
      return { ...change, waveEndedAt: await context.serverClock.now() };
    case 'begin_wave': {
      const { released, items, waves } = batch;
      const next = Math.min(items.length, released + (waves?.size ?? items.length));
      return { ...change, released: next, waveFrom: released, waveEndedAt: null };
    }
    case 'stop':
      return { ...change, state: 'stopped' };
    case 'finish':
      return { ...change, state: 'done' };
    default:
      return step satisfies never;
  }
}

function isSame(a: Batch['unclaimed'], b: Batch['unclaimed']): boolean {
  return a?.projects === b?.projects && a?.until === b?.until;
}

interface Collected extends Pick<Batch, 'unclaimed' | 'catchingUp'> {
  readonly results: Record<string, ItemResult>;
}

/**
 * The results of the operations that have ended and whose result the batch does not have yet, and how many wait for a worker
 * longer than `claimNoticeMs`, or until their projects have caught up.
 */
async function collectResults(
  context: UseCaseContext,
  batch: Batch,
  { isLate }: { readonly isLate: boolean },
): Promise<Collected> {
  const open = batch.items.slice(0, batch.started).filter(({ project }) => batch.results[project] === undefined);
  const results: [string, ItemResult][] = [];
  const deadlines: number[] = [];
  const waits: number[] = [];
  for (const chunk of toChunks(open, chunkSize)) {
    const refs = chunk.map(({ project }) => ({ project, operation: operationIdOf(batch, project) }));
    const found = await context.operations.readMany(refs);
    const operations = isLate ? await refuseLateItems(context, batch, { items: chunk, found }) : found;
    for (const [index, { project }] of chunk.entries()) {
      const operation = operations[index] ?? null;
      if (operation === null) results.push([project, withoutOperation(project)]);
      else if (!isUnfinished(operation)) results.push([project, toItemResult(operation)]);
      else if (isWaitingToCatchUp(operation)) waits.push(operation.waitsUntil ?? 0);
      else if (operation.state === 'confirmed' && operation.claimDelayedAt !== null)
        deadlines.push(operation.executeBy ?? 0);
    }
    await Promise.all(operations.map((operation) => markNotified(context, operation)));
  }
  return { results: Object.fromEntries(results), unclaimed: countWaiting(deadlines), catchingUp: countWaiting(waits) };
}

/** `until`: when the last one of them ends to wait. */
function countWaiting(deadlines: readonly number[]): Batch['unclaimed'] {
  return deadlines.length === 0 ? null : { projects: deadlines.length, until: Math.max(...deadlines) };
}

/**
 * Refuses the operations that a batch has not requested in time. Another process may be suspended right before it requests them:
 * then it finds them refused, and does not begin them.
 */
async function refuseLateItems(
  context: UseCaseContext,
  batch: Batch,
  { items, found }: { readonly items: readonly BatchItem[]; readonly found: readonly (Operation | null)[] },
): Promise<(Operation | null)[]> {
  const refuse = (item: BatchItem) => {
    const refusal: Refusal = { code: 'claim_timeout', action: batch.action, project: item.project };
    return requestItem(context, batch, { item, refusal });
  };
  return Promise.all(items.map((item, index) => found[index] ?? refuse(item)));
}

/** Its project was removed. */
function withoutOperation(project: ProjectId): ItemResult {
  const refusal: Refusal = { code: 'removed', project };
  return { state: 'refused', refusal, linksDone: null, stateEndedAt: null, failedAt: null, limitChange: null };
}

/** The message of the batch shows the operation, so it needs no message of its own. */
async function markNotified({ operations }: UseCaseContext, operation: Operation | null): Promise<void> {
  if (operation === null || isUnfinished(operation) || operation.seq <= operation.notifiedSeq) return;
  const { project, id, seq } = operation;
  await operations.markNotified({ project, operation: id }, { seq, message: null, dialogUses: 0 });
}

/** Whether the projects of a wave that has ended have no work to catch up with. */
async function hasCaughtUp({ operations }: UseCaseContext, batch: Batch): Promise<boolean> {
  const { waves, waveEndedAt, waveFrom, started, items } = batch;
  if (waves?.wait !== 'caughtUp' || waveEndedAt === null) return false;
  const refs = items
    .slice(waveFrom, started)
    .map(({ project }) => ({ project, operation: operationIdOf(batch, project) }));
  return (await operations.readMany(refs)).every((operation) => operation === null || !isFollowed(operation));
}

/** The next check of a batch that waits for its wave. The end of an operation wakes a batch that waits for operations. */
async function scheduleCheck({ jobs, serverClock }: UseCaseContext, batch: Batch): Promise<void> {
  const { waves, waveEndedAt } = batch;
  if (waves === null || waveEndedAt === null) return;
  const remainingMs = waves.wait === 'caughtUp' ? catchUpCheckMs : waveEndedAt + waves.wait - (await serverClock.now());
  await jobs.continueBatch(batch.id, Math.max(0, Math.min(remainingMs, catchUpCheckMs)));
}
