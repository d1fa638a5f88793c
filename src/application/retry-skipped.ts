import { groupByLink, type Link } from '../domain/link.ts';
import { operationReconcileTimeoutMs } from '../domain/operation.ts';
import type { UseCaseContext } from './context.ts';
import type { ClaimedOperation } from './operation-store.ts';
import type { RetryFailedResult } from './ports.ts';
import { createLinksUnreachableError } from './reconcile.ts';

export interface RetryResult {
  readonly results: readonly RetryFailedResult[];
  /** The links that did not answer in time. */
  readonly unreachable: readonly Link[];
}

/**
 * Moves the tasks of a retry back to wait. May be called any number of times: a task that is not failed any more, or that has failed
 * again, stays where it is. Throws `LinksUnreachableError` while there is time for another worker to reach the links.
 */
export async function retrySkipped(
  context: UseCaseContext,
  { operation: { tasks, startedAt }, now }: ClaimedOperation,
): Promise<RetryResult> {
  const requests = groupByLink(tasks).map(({ link, items }) => ({
    link,
    failures: items.map(({ taskId, at }) => ({ taskId, at })),
  }));
  const results = await context.links.retryTasks(requests);
  const unreachable = requests.map(({ link }) => link).filter((_link, index) => results[index]?.kind !== 'retried');
  const hasTime = now - (startedAt ?? 0) < operationReconcileTimeoutMs;
  if (unreachable.length > 0 && hasTime) throw createLinksUnreachableError(context, unreachable);
  return { results, unreachable };
}
