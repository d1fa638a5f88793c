import { type Batch, type ItemResult, operationIdOf, toItemResult } from '../domain/batch.ts';
import { isUnfinished, type Operation, refOf } from '../domain/operation.ts';
import { toChunks } from '../lib/async.ts';
import type { UseCaseContext } from './context.ts';

/** How many operations are read at once. */
const chunkSize = 200;

/**
 * Takes over into the record of a batch what has happened to its projects after the end of their operations: a restore, a
 * failure, a moved end of a pause. Then its messages are due. The operations stay open until the record of the batch is
 * written, so the sweep repeats this after a crash. May be called any number of times, by any process. Throws
 * `StoreUnavailableError`.
 */
export async function refreshBatch(context: UseCaseContext, id: string): Promise<void> {
  for (;;) {
    context.stopSignal.throwIfAborted();
    const batch = await context.batches.read(id);
    if (batch === null) return;
    const operations = await readEnded(context, batch);
    const results = findChanges(batch, operations);
    if (Object.keys(results).length > 0) {
      const { kind } = await context.batches.update(batch, { results: { ...batch.results, ...results } });
      if (kind === 'conflict') continue;
    }
    await markAllNotified(context, operations);
    return context.notifications.batchChanged(id);
  }
}

/** The operations whose result the batch has. */
async function readEnded({ operations }: UseCaseContext, batch: Batch): Promise<Operation[]> {
  const refs = batch.items
    .filter(({ project }) => batch.results[project] !== undefined)
    .map(({ project }) => ({ project, operation: operationIdOf(batch, project) }));
  const read: Operation[] = [];
  for (const chunk of toChunks(refs, chunkSize))
    read.push(...(await operations.readMany(chunk)).flatMap((operation) => operation ?? []));
  return read.filter((operation) => !isUnfinished(operation));
}

function findChanges({ results }: Batch, operations: readonly Operation[]): Record<string, ItemResult> {
  const changed = operations.filter((operation) => !isResultOf(operation, results[operation.project]));
  return Object.fromEntries(changed.map((operation) => [operation.project, toItemResult(operation)]));
}

/** The rest of an ended operation does not change. */
function isResultOf(operation: Operation, stored: ItemResult | undefined): boolean {
  const { stateEndedAt, failedAt, limitChange } = toItemResult(operation);
  return (
    stored !== undefined &&
    stored.stateEndedAt === stateEndedAt &&
    stored.failedAt === failedAt &&
    stored.limitChange?.at === limitChange?.at
  );
}

async function markAllNotified({ operations }: UseCaseContext, ended: readonly Operation[]): Promise<void> {
  const outdated = ended.filter(({ seq, notifiedSeq }) => seq > notifiedSeq);
  for (const chunk of toChunks(outdated, chunkSize))
    await Promise.all(
      chunk.map((operation) =>
        operations.markNotified(refOf(operation), { seq: operation.seq, message: null, dialogUses: 0 }),
      ),
    );
}
