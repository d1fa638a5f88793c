import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { UseCaseContext } from './application/context.ts';
import type { CurrentConfiguration } from './application/current-configuration.ts';
import type { Clock, IdGenerator } from './application/ports.ts';
import type { Stores } from './application/stores.ts';
import type { BotQueues } from './infra/bullmq/queues.ts';

export interface UseCaseContextParts extends Pick<UseCaseContext, 'links' | 'clock' | 'ids' | 'stopSignal' | 'log'> {
  readonly stores: Stores;
  readonly queues: Pick<BotQueues, 'jobs' | 'notifications'>;
  readonly configuration: CurrentConfiguration;
}

/** What the use cases get. `apply` can change the settings at any time, so each use reads the current ones. */
export function createUseCaseContext({ stores, queues, configuration, ...parts }: UseCaseContextParts): UseCaseContext {
  const current = () => configuration.settings;
  return {
    ...stores,
    ...parts,
    jobs: queues.jobs,
    notifications: queues.notifications,
    settings: {
      get confirmationTtlMs() {
        return current().confirmationTtlMs;
      },
      get observeEveryMs() {
        return current().observeEveryMs;
      },
      get pausedReminderMs() {
        return current().pausedReminderMs;
      },
      get alertGroupWaitMs() {
        return current().alertGroupWaitMs;
      },
      get alertGroupIntervalMs() {
        return current().alertGroupIntervalMs;
      },
      get channelsWithoutButtons() {
        return current().channelsWithoutButtons;
      },
      get waves() {
        return current().waves;
      },
      get digests() {
        return configuration.digests;
      },
    },
  };
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicNow: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {}),
};

export const randomIds: IdGenerator = { next: () => randomBytes(12).toString('hex') };
