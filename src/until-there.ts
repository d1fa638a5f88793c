import type { Log } from './application/deps.ts';
import type { Clock } from './application/ports.ts';

export interface Waiting {
  /** Said once, when the first attempt finds that it has to wait. */
  readonly sentence: string;
  /** Whether trying again may help; every other error is thrown. */
  readonly isAway: (error: unknown) => boolean;
  readonly log: Pick<Log, 'warn'>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly signal: AbortSignal;
}

const firstWaitMs = 250;
const longestWaitMs = 5_000;

/** Tries until what the attempt needs is there, or nobody waits any longer: then it resolves too. */
export async function untilThere(attempt: () => Promise<void>, waiting: Waiting): Promise<void> {
  const { sentence, isAway, log, clock, signal } = waiting;
  for (let waitMs = firstWaitMs; !signal.aborted; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) return;
      if (!isAway(error)) throw error;
      if (waitMs === firstWaitMs) log.warn({ error }, sentence);
    }
    await clock.sleep(waitMs, signal);
  }
}
