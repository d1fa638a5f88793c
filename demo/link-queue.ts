import { setTimeout as delay } from 'node:timers/promises';
import type { JobsOptions } from 'bullmq';
import { Redis } from 'ioredis';
import type { Change } from './tables.ts';

export interface LinkOptions {
  /** The demo's own Redis. */
  readonly url: string;
  readonly project: string;
  /** The link's queue. */
  readonly link: string;
  /** Default `bull`, as BullMQ's. */
  readonly prefix?: string;
  /** Told what goes wrong with the connection, which mends itself. */
  readonly onError?: (error: Error) => void;
}

/** A failed task is kept, in its place, until Restore puts it back; of the others a few, to look at. */
export const taskOptions: JobsOptions = { attempts: 1, removeOnComplete: { count: 50 }, removeOnFail: false };

/** A change's task has an id of its own: the worker asks for that of the change before. */
export const taskId = ({ row, seq }: Pick<Change, 'row' | 'seq'>): string => `row-${row}-${seq}`;

const RETRY_DELAY_MS = 200;
const CLOSE_TIMEOUT_MS = 3_000;

export interface LinkConnection {
  readonly redis: Redis;
  /**
   * Does what brings the work to an end, then disconnects. With Redis away nothing can be brought to an end: after a while
   * it is left as it is. Once only; called again it answers with the first end.
   */
  close(finish: () => Promise<void>): Promise<void>;
}

export function openConnection({ url, onError = () => undefined }: LinkOptions): LinkConnection {
  let isClosed = false;
  // BullMQ makes a second connection like this one to block on; the strategy is what stops that one too.
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => (isClosed ? null : RETRY_DELAY_MS) });
  redis.on('error', onError);

  let closing: Promise<void> | undefined;
  const closeAfter = async (finish: () => Promise<void>) => {
    const timeoutController = new AbortController();
    const timeout = delay(CLOSE_TIMEOUT_MS, undefined, { signal: timeoutController.signal }).catch(() => undefined);
    await Promise.race([finish().finally(() => timeoutController.abort()), timeout]);
    isClosed = true;
    redis.disconnect();
  };
  return {
    redis,
    close(finish) {
      closing ??= closeAfter(finish);
      return closing;
    },
  };
}
