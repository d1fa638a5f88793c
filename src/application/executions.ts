import { retryUntilAvailable } from '../lib/retry.ts';
import type { UseCaseContext } from './context.ts';
import { StoreUnavailableError } from './errors.ts';

interface Execution {
  readonly project: string;
  /** Absent without an operation. */
  readonly operation?: string;
  readonly executionId: string;
}

/**
 * Waits for Redis, unless the process stops: an execution that did not end counts as under way for minutes, and a change that
 * a person makes to a link meanwhile would count as its late write.
 */
export async function endExecution(
  { operations, log, clock, stopSignal }: UseCaseContext,
  { project, operation, executionId }: Execution,
): Promise<void> {
  const ids = operation === undefined ? { project } : { project, operationId: operation };
  const end = () => operations.endExecution(project, executionId);
  const written = stopSignal.aborted
    ? end()
    : retryUntilAvailable(end, {
        message: 'end of an execution not written yet',
        isRetryable: (error) => error instanceof StoreUnavailableError,
        log: { warn: (fields, message) => log.warn({ ...ids, ...fields }, message) },
        clock,
        signal: stopSignal,
      });
  await written.catch((error: unknown) => log.error({ ...ids, error }, 'end of an execution not written'));
}
