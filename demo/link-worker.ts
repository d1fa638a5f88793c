import { setTimeout as delay } from 'node:timers/promises';
import { Job, Worker } from 'bullmq';
import { type LinkOptions, openConnection, taskId } from './link-queue.ts';
import { type ApplyChangeResult, applyToTarget, type Change, changeSchema } from './tables.ts';

export interface LinkWorkerOptions extends LinkOptions {
  /** How many tasks the worker processes at the same time. Default 4. */
  readonly concurrency?: number;
  /** How long each task takes, so that the user sees tasks in flight. Default 0. */
  readonly taskDurationMs?: number;
}

export interface LinkWorker extends AsyncDisposable {
  /** Waits for the tasks in flight. May be called again. */
  stop(): Promise<void>;
}

/**
 * Applies a link's changes to its target. The worker itself keeps the order of the changes of a row: a change that comes
 * too early fails for good and has no effect. It succeeds when Restore retries it after the missing change.
 */
export async function startLinkWorker(options: LinkWorkerOptions): Promise<LinkWorker> {
  const { link, prefix = 'bull', concurrency = 4, taskDurationMs = 0, onError = () => undefined } = options;
  const connection = openConnection(options);
  const { redis } = connection;

  const isActive = async (change: Pick<Change, 'row' | 'seq'>) => {
    const task = await Job.fromId(worker, taskId(change));
    return (await task?.isActive()) ?? false;
  };
  const processTask = async (task: Job<unknown>): Promise<void> => {
    const change = changeSchema.parse(task.data);
    if (taskDurationMs > 0) await delay(taskDurationMs);
    for (let previousIsActive = true; ; await delay(previousIsActive ? 5 : 0)) {
      const result = await applyToTarget(redis, options, change);
      if (result.kind === 'applied' || result.kind === 'known') return;
      // Concurrent tasks overtake each other. A change is too early only if the task of the previous change has ended.
      if (result.kind === 'too_long' || !previousIsActive) throw new Error(failureMessage(change, result));
      previousIsActive = await isActive({ row: change.row, seq: change.seq - 1 });
    }
  };

  const worker = new Worker<unknown>(link, processTask, { connection: redis, prefix, concurrency });
  worker.on('error', onError);
  await worker.waitUntilReady();

  // Without Redis the tasks in flight cannot complete, and BullMQ 6.7 would wait forever. Another worker finds them stalled.
  const stop = () => connection.close(() => worker.close(redis.status !== 'ready'));
  return { stop, [Symbol.asyncDispose]: stop };
}

function failureMessage(change: Change, result: Exclude<ApplyChangeResult, { kind: 'applied' | 'known' }>): string {
  if (result.kind === 'too_long') {
    return `row ${change.row}: value too long for column ${result.column} (${result.width})`;
  }
  const targetState = result.currentSeq === 0 ? 'has no change of it' : `is at change ${result.currentSeq}`;
  return `row ${change.row}: change ${change.seq} came too early, the target ${targetState}`;
}
