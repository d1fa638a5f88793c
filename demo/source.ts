import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { type LinkOptions, openConnection, taskId, taskOptions } from './link-queue.ts';
import { type Change, changeSource, readColumnLimit } from './tables.ts';

export interface SourceOptions extends LinkOptions {
  /** A change every so often, by itself. Without: only what is asked for. */
  readonly changeIntervalMs?: number;
  /** With so many tasks waiting it makes no changes by itself: a paused link must not fill the memory. Default 5,000. */
  readonly maxWaiting?: number;
  /** How many row ids there are. Default 40. */
  readonly rowCount?: number;
  /** From 0 to below 1, as Math.random, which is the default. */
  readonly random?: () => number;
}

/** A source table whose changes travel as tasks through the link's queue, in the order in which they happened. */
export interface Source extends AsyncDisposable {
  /** One change of one's own: a value, or `null` to delete. Null: there was nothing to delete. */
  change(row: string, value: string | null): Promise<Change | null>;
  /** Inserts, updates and deletes at once. */
  burst(changeCount: number): Promise<Change[]>;
  /** A value that is too long for the target's column as it is now. */
  breakRow(row: string): Promise<Change | null>;
  /** No more changes; those under way are finished. May be called again. */
  stop(): Promise<void>;
}

/** Creates the link's queue if it is not there. */
export async function startSource(options: SourceOptions): Promise<Source> {
  const {
    link,
    prefix = 'bull',
    changeIntervalMs,
    maxWaiting = 5_000,
    rowCount = 40,
    random = Math.random,
    onError = () => undefined,
  } = options;
  const connection = openConnection(options);
  const { redis } = connection;
  const queue = new Queue<Change>(link, { connection: redis, prefix, defaultJobOptions: taskOptions });
  queue.on('error', onError);
  await queue.waitUntilReady();

  // One change after the other: the order in the table is the order in the queue.
  let lastChange: Promise<unknown> = Promise.resolve();
  const runInOrder = <T>(step: () => Promise<T>): Promise<T> => {
    const result = lastChange.then(step);
    lastChange = result.catch(() => undefined);
    return result;
  };
  const change = (row: string, value: string | null) =>
    runInOrder(async () => {
      const madeChange = await changeSource(redis, options, { row, value });
      if (madeChange) await queue.add('change', madeChange, { jobId: taskId(madeChange) });
      return madeChange;
    });
  const makeRandomChange = async () => {
    const row = String(1 + Math.floor(random() * rowCount));
    const deletion = random() < DELETE_PROBABILITY ? await change(row, null) : null;
    return deletion ?? (await change(row, randomAmount(random)));
  };
  const burst = async (changeCount: number) => {
    const changes: Promise<Change | null>[] = Array.from({ length: changeCount }, makeRandomChange);
    return (await Promise.all(changes)).filter((change) => change !== null);
  };
  const breakRow = async (row: string) => {
    const columnLimit = await readColumnLimit(redis, options);
    return change(row, `${'9'.repeat(columnLimit?.width ?? 0)}.50`);
  };

  const stopController = new AbortController();
  const changeUnlessFull = async () => {
    if ((await queue.getWaitingCount()) < maxWaiting) await makeRandomChange();
  };
  const changeLoop =
    changeIntervalMs === undefined
      ? undefined
      : runChangeLoop({ changeIntervalMs, makeChange: changeUnlessFull, signal: stopController.signal, onError });
  const stop = () => {
    stopController.abort();
    return connection.close(async () => {
      await Promise.all([changeLoop, lastChange]);
      await queue.close();
    });
  };
  return { change, burst, breakRow, stop, [Symbol.asyncDispose]: stop };
}

const DELETE_PROBABILITY = 0.2;

const randomAmount = (random: () => number) => (random() * 10_000).toFixed(2);

interface ChangeLoopOptions {
  readonly changeIntervalMs: number;
  readonly makeChange: () => Promise<unknown>;
  readonly signal: AbortSignal;
  readonly onError: (error: Error) => void;
}

async function runChangeLoop({ changeIntervalMs, makeChange, signal, onError }: ChangeLoopOptions): Promise<void> {
  while (!signal.aborted) {
    try {
      await delay(changeIntervalMs, undefined, { signal });
      await makeChange();
    } catch (error) {
      if (!signal.aborted) onError(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
