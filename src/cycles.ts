import type { Logger, UseCaseContext } from './application/context.ts';
import { StoreUnavailableError } from './application/errors.ts';
import { type OnObserved, runObserver } from './application/observer.ts';
import { sweep } from './application/sweep.ts';
import { runThrottledCycle } from './application/throttled-cycle.ts';
import type { ObservedProject } from './domain/observation.ts';
import type { CycleResult } from './infra/bullmq/jobs.ts';
import type { BotQueues, CycleIntervals } from './infra/bullmq/queues.ts';
import type { RedisClient } from './infra/redis/client.ts';
import { retryUntilAvailable } from './lib/retry.ts';

const cycleTimeoutMs = 60_000;
/** A cycle ends itself after `cycleTimeoutMs`, then pauses for as long. Its job fails only if it exceeds both. */
export const cycleJobTimeoutMs = 2 * cycleTimeoutMs + 1_000;

export interface CyclesOptions {
  readonly context: UseCaseContext;
  readonly queues: Pick<BotQueues, 'scheduleCycles' | 'correctDueTimes'>;
  readonly sweepIntervalMs: number;
  /** Runs one observe cycle and receives what it observed. */
  readonly instrumentCycle?: (observe: (onObserved: OnObserved) => Promise<void>) => Promise<void>;
  readonly log: Logger;
}

/** The cycles `observe` and `sweep`: runs them, and keeps them scheduled on the bot's queues. */
export class Cycles {
  readonly #options: CyclesOptions;

  constructor(options: CyclesOptions) {
    this.#options = options;
  }

  async runObserve(): Promise<CycleResult> {
    const { context, instrumentCycle = (observe) => observe(() => {}) } = this.#options;
    const options = { intervalMs: context.settings.observeEveryMs, timeoutMs: cycleTimeoutMs };
    let result: CycleResult = 'complete';
    await runThrottledCycle(context, options, (throttled) =>
      instrumentCycle((onObserved) =>
        runObserver(throttled, (observed) => {
          if (observed.some(hasUnreachableLink)) result = 'links_unreachable';
          onObserved(observed);
        }),
      ),
    );
    return result;
  }

  runSweep(): Promise<void> {
    const { context, sweepIntervalMs } = this.#options;
    return runThrottledCycle(context, { intervalMs: sweepIntervalMs, timeoutMs: cycleTimeoutMs }, sweep);
  }

  /** Schedules them now, and each time the client connects: after a failover Redis may have lost the schedulers. */
  async keepScheduled(client: RedisClient): Promise<void> {
    client.on('ready', () => this.reschedule());
    await this.#schedule();
  }

  /** Schedules them with the current intervals. Never throws. */
  reschedule(): void {
    this.#schedule().catch((error: unknown) => this.#options.log.error({ error }, 'cycles not scheduled'));
  }

  /** Runs jobs now that are due later than their interval by the clock of Redis. Throws `StoreUnavailableError`. */
  async correctDueTimes(): Promise<void> {
    const { queues, log } = this.#options;
    for (const [queue, jobs] of Object.entries(await queues.correctDueTimes(this.#intervals))) {
      if (jobs > 0) log.warn({ queue, jobs }, 'jobs were due too late by the clock of Redis, they run now');
    }
  }

  #schedule(): Promise<void> {
    const { context, queues, log } = this.#options;
    return retryUntilAvailable(() => queues.scheduleCycles(this.#intervals), {
      message: 'cycles not scheduled yet',
      isRetryable: (error) => error instanceof StoreUnavailableError,
      log,
      clock: context.clock,
      signal: context.stopSignal,
    });
  }

  get #intervals(): CycleIntervals {
    const { context, sweepIntervalMs } = this.#options;
    return { observeMs: context.settings.observeEveryMs, sweepMs: sweepIntervalMs };
  }
}

function hasUnreachableLink({ stats }: ObservedProject): boolean {
  return stats.links.some(({ kind }) => kind === 'unreachable');
}
