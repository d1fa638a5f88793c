import { collectMs } from '../domain/batch.ts';
import type { OperationRef } from '../domain/operation.ts';
import type { UseCaseContext } from './context.ts';
import type { ClaimCheck } from './operation-store.ts';

/**
 * Without a worker, ends an operation that was not claimed in time, and lets its message say early that no worker has claimed
 * it. May be called any number of times, by any process. Throws `StoreUnavailableError`.
 */
export async function checkClaim(
  { operations, notifications, jobs, log }: Pick<UseCaseContext, 'operations' | 'notifications' | 'jobs' | 'log'>,
  ref: OperationRef,
): Promise<ClaimCheck> {
  const check = await operations.checkClaim(ref);
  if (check.kind === 'unchanged') return check;
  log.warn({ project: ref.project, operationId: ref.operation, result: check.kind }, 'no worker claimed the operation');
  const batch = check.kind === 'refused' ? check.operation.batch : null;
  await (batch === null ? notifications.operationChanged(ref) : jobs.batchOperationEnded(batch, collectMs(0)));
  // Without a worker these jobs would stay in the queue.
  if (check.kind === 'refused') await jobs.removeExecute(ref);
  return check;
}
