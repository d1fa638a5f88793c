import { setTimeout as delay } from 'node:timers/promises';
import { Job, Worker } from 'bullmq';
import { type LinkOptions, openConnection, taskId } from './link-queue.ts';
import { type ApplyChangeResult, applyToTarget, type Change, changeSchema } from './tables.ts';

export interface LinkWorkerOptions extends LinkOptions {
  /** Tasks at a time. Default 4. */
  readonly concurrency?: number;
  /** How long each task takes, so that there is something to see. Default 0. */
  readonly taskDurationMs?: number;
}

export interface LinkWorker extends AsyncDisposable {
  /** Lets the tasks in hand finish. May be called again. */
  stop(): Promise<void>;
}

/**
 * Carries a link's changes into its target. The strict order of a row's changes is the worker's own duty: what comes too
 * early fails for good with a sentence, has no effect, and succeeds when Restore puts it back behind what it lacked.
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
      // Tasks in hand at the same time overtake each other: early is only what still is when the one before has ended.
      if (result.kind === 'too_long' || !previousIsActive) throw new Error(failureMessage(change, result));
      previousIsActive = await isActive({ row: change.row, seq: change.seq - 1 });
    }
  };

  const worker = new Worker<unknown>(link, processTask, {
    connection: redis,
    prefix,
    concurrency,
  });
  worker.on('error', onError);
  await worker.waitUntilReady();

  // Without Redis the tasks in hand cannot be ended, and BullMQ 6.7 would wait for ever: a worker elsewhere finds them stalled.
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
