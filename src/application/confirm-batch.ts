import type { Batch } from '../domain/batch.ts';
import type { NewDialog } from '../domain/operation.ts';
import type { Actor } from '../domain/project.ts';
import type { BatchResolution } from './batch-store.ts';
import type { UseCaseContext } from './context.ts';
import { StoreUnavailableError } from './errors.ts';

export interface BatchConfirmation {
  readonly id: string;
  readonly by: Actor;
  readonly dialog: NewDialog | null;
}

type ConfirmContext = Pick<UseCaseContext, 'batches' | 'jobs' | 'notifications' | 'log'>;

/**
 * OK: resolves the batch in one atomic step, then adds its job. A repeated call gets the first result. If the job cannot be
 * added, the sweep adds it. Throws `StoreUnavailableError` if the batch could not be resolved.
 */
export async function confirmBatch(context: ConfirmContext, confirmation: BatchConfirmation): Promise<BatchResolution> {
  const result = await context.batches.resolve({ ...confirmation, decision: 'confirm' });
  logResolution(context, confirmation, result);
  if ('batch' in result) await wakeBatch(context, result.batch);
  return result;
}

/** Cancel: resolves the batch, and nothing is changed. Throws `StoreUnavailableError`. */
export async function cancelBatch(context: ConfirmContext, confirmation: BatchConfirmation): Promise<BatchResolution> {
  const result = await context.batches.resolve({ ...confirmation, decision: 'cancel' });
  logResolution(context, confirmation, result);
  if ('batch' in result) await context.notifications.batchChanged(result.batch.id);
  return result;
}

/** Go On and Stop, of a batch in waves. `not_stopped`: it goes on already, or has ended. */
export type WaveDecision =
  | { readonly kind: 'decided'; readonly batch: Batch }
  | { readonly kind: 'not_stopped'; readonly batch: Batch }
  | { readonly kind: 'unknown' };

/** The first decision wins. May be repeated. Throws `StoreUnavailableError`. */
export async function decideWave(
  context: ConfirmContext,
  { id, by, decision }: { readonly id: string; readonly by: Actor; readonly decision: 'go_on' | 'stop' },
): Promise<WaveDecision> {
  for (;;) {
    const batch = await context.batches.read(id);
    if (batch === null) return { kind: 'unknown' };
    if (batch.state !== 'stopped') return { kind: 'not_stopped', batch };
    const { released, items, waves } = batch;
    const next = Math.min(items.length, released + (waves?.size ?? items.length));
    const change =
      decision === 'stop'
        ? ({ state: 'done', stoppedBy: by } as const)
        : ({ state: 'confirmed', released: next, waveFrom: released, waveEndedAt: null } as const);
    if ((await context.batches.update(batch, change)).kind === 'conflict') continue;
    context.log.info({ batch: id, by, decision }, 'waves decided');
    const changed = { ...batch, ...change };
    await wakeBatch(context, changed);
    return { kind: 'decided', batch: changed };
  }
}

async function wakeBatch({ jobs, notifications, log }: ConfirmContext, { id, state }: Batch): Promise<void> {
  if (state !== 'confirmed') return notifications.batchChanged(id);
  await jobs.continueBatch(id).catch((error: unknown) => {
    if (!(error instanceof StoreUnavailableError)) throw error;
    log.warn({ batch: id }, 'job not added, the sweep will add it');
  });
  await notifications.batchChanged(id);
}

function logResolution({ log }: ConfirmContext, { id, by }: BatchConfirmation, result: BatchResolution): void {
  log.info(
    { batch: id, by, kind: result.kind, state: 'batch' in result ? result.batch.state : null },
    'batch resolved',
  );
}
