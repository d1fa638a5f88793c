import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { type LinkOptions, openConnection, taskId, taskOptions } from './link-queue.ts';
import { type Change, changeSource, readColumnLimit } from './tables.ts';

export interface SourceOptions extends LinkOptions {
  /** The time between two automatic changes. Default: no automatic changes. */
  readonly changeIntervalMs?: number;
  /** Automatic changes stop at this many waiting tasks: a paused link must not fill the memory. Default 5,000. */
  readonly maxWaiting?: number;
  /** How many row ids there are. Default 40. */
  readonly rowCount?: number;
  /** Returns a number from 0 to below 1. Default Math.random. */
  readonly random?: () => number;
}

/** A source table. Each change becomes a task in the link's queue, in the order in which the changes happened. */
export interface Source extends AsyncDisposable {
  /** Sets the value of a row, or deletes the row if `value` is null. Returns null if there was no row to delete. */
  change(row: string, value: string | null): Promise<Change | null>;
  /** Makes random inserts, updates and deletes without delay. */
  burst(changeCount: number): Promise<Change[]>;
  /** Sets a value that is too long for the target's column. */
  breakRow(row: string): Promise<Change | null>;
  /** Stops the automatic changes and waits for those in progress. May be called again. */
  stop(): Promise<void>;
}

/** Creates the link's queue if it does not exist. */
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

  // Changes run one after the other, so that the queue has the order of the table.
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
    const deletion = random() < deleteProbability ? await change(row, null) : null;
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

const deleteProbability = 0.2;

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
