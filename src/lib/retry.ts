export interface RetryOptions {
  /** Logged once, when the first attempt fails. */
  readonly message: string;
  /** Returns whether another attempt may succeed. Every other error is thrown. */
  readonly isRetryable: (error: unknown) => boolean;
  readonly log: { warn(fields: object, message: string): void };
  readonly clock: { sleep(ms: number, signal: AbortSignal): Promise<void> };
  readonly signal: AbortSignal;
}

/** Repeats the attempt with backoff until it succeeds. Resolves without success when `signal` is aborted. */
export async function retryUntilAvailable(attempt: () => Promise<void>, options: RetryOptions): Promise<void> {
  const { message, isRetryable, log, clock, signal } = options;
  for (let attempts = 1; !signal.aborted; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) return;
      if (!isRetryable(error)) throw error;
      if (attempts === 1) log.warn({ error }, message);
    }
    await clock.sleep(backoffMs({ attempts, initialMs: 250, maxMs: 5_000 }), signal);
  }
}

export interface BackoffOptions {
  /** Attempts so far. */
  readonly attempts: number;
  readonly initialMs: number;
  readonly maxMs: number;
  /** From 0 to 1: which part of the 50 % to subtract. Default 0. */
  readonly jitter?: number;
  /** The minimum delay, as the server asked for in `Retry-After`. Default 0. */
  readonly retryAfterMs?: number;
}

/** Capped exponential backoff with up to 50 % jitter, in ms. No delay before the first attempt. */
export function backoffMs({ attempts, initialMs, maxMs, jitter = 0, retryAfterMs = 0 }: BackoffOptions): number {
  if (attempts === 0) return retryAfterMs;
  const exponentialMs = initialMs * 2 ** Math.min(attempts - 1, 20);
  return Math.max(retryAfterMs, Math.min(maxMs, exponentialMs) * (1 - jitter / 2));
}
