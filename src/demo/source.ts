import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { type LinkOptions, openConnection, taskId, taskOptions } from './link-queue.ts';
import { type Change, changeSource, readLimit } from './tables.ts';

export interface SourceOptions extends LinkOptions {
  /** A change every so often, by itself. Without: only what is asked for. */
  readonly everyMs?: number;
  /** With so many tasks waiting it makes no changes by itself: a paused link must not fill the memory. Default 5,000. */
  readonly mostWaiting?: number;
  /** How many row ids there are. Default 40. */
  readonly rows?: number;
  /** From 0 to below 1, as Math.random, which is the default. */
  readonly random?: () => number;
}

/** A source table whose changes travel as tasks through the link's queue, in the order in which they happened. */
export interface Source extends AsyncDisposable {
  /** One change of one's own: a value, or `null` to delete. Null: there was nothing to delete. */
  change(row: string, value: string | null): Promise<Change | null>;
  /** Inserts, updates and deletes at once. */
  burst(changes: number): Promise<Change[]>;
  /** A value that is too long for the target's column as it is now. */
  poison(row: string): Promise<Change | null>;
  /** No more changes; those under way are finished. May be called again. */
  stop(): Promise<void>;
}

/** Creates the link's queue if it is not there. */
export async function startSource(options: SourceOptions): Promise<Source> {
  const {
    link,
    prefix = 'bull',
    everyMs,
    mostWaiting = 5_000,
    rows = 40,
    random = Math.random,
    onError = () => undefined,
  } = options;
  const connection = openConnection(options);
  const { redis } = connection;
  const queue = new Queue<Change>(link, { connection: redis, prefix, defaultJobOptions: taskOptions });
  queue.on('error', onError);
  await queue.waitUntilReady();

  // One change after the other: the order in the table is the order in the queue.
  let last: Promise<unknown> = Promise.resolve();
  const inOrder = <T>(step: () => Promise<T>): Promise<T> => {
    const result = last.then(step);
    last = result.catch(() => undefined);
    return result;
  };
  const change = (row: string, value: string | null) =>
    inOrder(async () => {
      const made = await changeSource(redis, options, { row, value });
      if (made) await queue.add('change', made, { jobId: taskId(made) });
      return made;
    });
  const anyChange = async () => {
    const row = String(1 + Math.floor(random() * rows));
    const made = random() < DELETES ? await change(row, null) : null;
    return made ?? (await change(row, amount(random)));
  };
  const burst = async (changes: number) => {
    const made: Promise<Change | null>[] = Array.from({ length: changes }, anyChange);
    return (await Promise.all(made)).filter((one) => one !== null);
  };
  const poison = async (row: string) => {
    const limit = await readLimit(redis, options);
    return change(row, `${'9'.repeat(limit?.width ?? 0)}.50`);
  };

  const stopped = new AbortController();
  const step = async () => {
    if ((await queue.getWaitingCount()) < mostWaiting) await anyChange();
  };
  const running = everyMs === undefined ? undefined : keepChanging({ everyMs, step, signal: stopped.signal, onError });
  const stop = () => {
    stopped.abort();
    return connection.end(async () => {
      await Promise.all([running, last]);
      await queue.close();
    });
  };
  return { change, burst, poison, stop, [Symbol.asyncDispose]: stop };
}

const DELETES = 0.2;

const amount = (random: () => number) => (random() * 10_000).toFixed(2);

interface Changing {
  readonly everyMs: number;
  readonly step: () => Promise<unknown>;
  readonly signal: AbortSignal;
  readonly onError: (error: Error) => void;
}

async function keepChanging({ everyMs, step, signal, onError }: Changing): Promise<void> {
  while (!signal.aborted) {
    try {
      await delay(everyMs, undefined, { signal });
      await step();
    } catch (error) {
      if (!signal.aborted) onError(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
