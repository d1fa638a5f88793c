import type { Logger } from '../application/context.ts';
import type { Clock } from '../application/ports.ts';

export interface RetryOptions {
  /** Said once, when the first attempt finds that it has to wait. */
  readonly message: string;
  /** Whether trying again may help; every other error is thrown. */
  readonly isRetryable: (error: unknown) => boolean;
  readonly log: Pick<Logger, 'warn'>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly signal: AbortSignal;
}

const initialDelayMs = 250;
const maxDelayMs = 5_000;

/** Tries until what the attempt needs is there, or nobody waits any longer: then it resolves too. */
export async function retryUntilAvailable(attempt: () => Promise<void>, waiting: RetryOptions): Promise<void> {
  const { message, isRetryable, log, clock, signal } = waiting;
  for (let delayMs = initialDelayMs; !signal.aborted; delayMs = Math.min(delayMs * 2, maxDelayMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) return;
      if (!isRetryable(error)) throw error;
      if (delayMs === initialDelayMs) log.warn({ error }, message);
    }
    await clock.sleep(delayMs, signal);
  }
}
