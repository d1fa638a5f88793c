import type { JobsOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { withTimeout } from '../src/lib/async.ts';
import type { Change } from './tables.ts';

export interface LinkOptions {
  /** The URL of the link's Redis. */
  readonly url: string;
  readonly project: string;
  /** The name of the link's queue. */
  readonly link: string;
  /** BullMQ's key prefix. Default `bull`. */
  readonly prefix?: string;
  /** Receives connection errors. ioredis reconnects by itself. */
  readonly onError?: (error: Error) => void;
}

/** Failed tasks are kept until Restore retries them. Of the completed ones, only the newest are kept. */
export const taskOptions: JobsOptions = { attempts: 1, removeOnComplete: { count: 50 }, removeOnFail: false };

/** Each change has its own task id, so that a worker can find the task of the previous change. */
export const taskId = ({ row, seq }: Pick<Change, 'row' | 'seq'>): string => `row-${row}-${seq}`;

export interface LinkConnection {
  readonly redis: Redis;
  /**
   * Runs `finish`, then disconnects. Without Redis `finish` would never end, so it is abandoned after 3 s.
   * Only the first call has an effect; later calls return the same promise.
   */
  close(finish: () => Promise<void>): Promise<void>;
}

const reconnectDelayMs = 200;
const closeTimeoutMs = 3_000;

export function openConnection({ url, onError = () => undefined }: LinkOptions): LinkConnection {
  let isClosed = false;
  // BullMQ duplicates this connection for blocking commands. The retry strategy also stops the duplicate.
  const retryStrategy = () => (isClosed ? null : reconnectDelayMs);
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy });
  redis.on('error', onError);

  let closing: Promise<void> | undefined;
  const closeAfter = async (finish: () => Promise<void>) => {
    await withTimeout(finish(), closeTimeoutMs);
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
