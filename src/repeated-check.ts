import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from './application/context.ts';
import { StoreUnavailableError } from './application/errors.ts';

export interface RepeatedCheckOptions {
  readonly intervalMs: number;
  /** Ends the checks. */
  readonly stopSignal: AbortSignal;
  readonly log: Logger;
}

/** After Redis did not answer, a check is repeated after this time at the latest. */
const retryIntervalMs = 5_000;

/** Repeats a check until the process stops. Never throws. An outage of Redis is reported by its connection. */
export async function repeatCheck(
  check: () => Promise<void>,
  { intervalMs, stopSignal, log }: RepeatedCheckOptions,
): Promise<void> {
  while (!stopSignal.aborted) {
    let nextMs = intervalMs;
    await check().catch((error: unknown) => {
      nextMs = Math.min(intervalMs, retryIntervalMs);
      if (!(error instanceof StoreUnavailableError)) log.error({ error }, 'repeated check failed');
    });
    await delay(nextMs, undefined, { signal: stopSignal, ref: false }).catch(() => {});
  }
}
