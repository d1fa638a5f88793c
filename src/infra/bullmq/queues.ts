import { Queue } from 'bullmq';
import type { JobQueue, NotificationQueue } from '../../application/ports.ts';
import type { RedisClient } from '../redis/connection.ts';
import { queuePrefix } from '../redis/keys.ts';
import { execute } from '../redis/scripts.ts';
import { dedupeIds, type JobData, type JobName, jobIds, jobs, type QueueName } from './jobs.ts';

/** Jobs of one queue by their state. */
export type JobCounts = {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
};

export interface BotQueues extends AsyncDisposable {
  readonly jobs: JobQueue;
  readonly notifications: NotificationQueue;
  /** Throws StoreUnavailableError. */
  readJobCounts(): Promise<Readonly<Record<QueueName, JobCounts>>>;
  /** Makes the rounds happen, on whichever worker takes them; safe to call from every process. */
  scheduleCycles(every: { readonly observeMs: number; readonly sweepMs: number }): Promise<void>;
}

/** The producing side of the bot's own queues, on one connection. */
export function createBotQueues(client: RedisClient, onError: (error: Error) => void): BotQueues {
  const open = (name: QueueName) => {
    const queue = new Queue(name, { connection: client, prefix: queuePrefix, skipVersionCheck: true });
    // It only repeats the errors of the client, of which whoever opened that has been told.
    queue.on('error', () => {});
    return queue;
  };
  const queues: Record<QueueName, Queue> = {
    actions: open('actions'),
    reconcile: open('reconcile'),
    notifications: open('notifications'),
    observe: open('observe'),
    sweep: open('sweep'),
  };
  const add = async <Name extends JobName>(
    name: Name,
    data: JobData<Name>,
    dedupe: { jobId?: string; dedupeId?: string },
  ) => {
    const { queue, options } = jobs[name];
    const deduplication =
      dedupe.dedupeId === undefined ? {} : { deduplication: { id: dedupe.dedupeId, keepLastIfActive: true } };
    const jobId = dedupe.jobId === undefined ? {} : { jobId: dedupe.jobId };
    await execute(client, () => queues[queue].add(name, data, { ...options, ...jobId, ...deduplication }));
  };

  return {
    jobs: {
      execute: (ref) => add('execute', toJobData(ref), { jobId: jobIds.execute(ref) }),
      reconcile: (project) => add('reconcile', { project }, { dedupeId: dedupeIds.reconcile({ project }) }),
    },
    notifications: {
      async operationChanged(ref) {
        // What could not be handed over is found by the sweep: `seq` is ahead of `notifiedSeq`.
        await add('notify-operation', toJobData(ref), { dedupeId: dedupeIds.notifyOperation(ref) }).catch(onError);
      },
      async alertsChanged(project) {
        await add('notify-alerts', { project }, { dedupeId: dedupeIds.notifyAlerts({ project }) }).catch(onError);
      },
    },
    async readJobCounts() {
      const [actions, reconcile, notifications, observe, sweep] = await execute(client, () =>
        Promise.all([
          jobCounts(queues.actions),
          jobCounts(queues.reconcile),
          jobCounts(queues.notifications),
          jobCounts(queues.observe),
          jobCounts(queues.sweep),
        ]),
      );
      return { actions, reconcile, notifications, observe, sweep };
    },
    async scheduleCycles({ observeMs, sweepMs }) {
      await execute(client, () => scheduleCycle(queues.observe, 'observe', observeMs));
      await execute(client, () => scheduleCycle(queues.sweep, 'sweep', sweepMs));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(queues).map((queue) => queue.close().catch(onError)));
    },
  };
}

async function jobCounts(queue: Queue): Promise<JobCounts> {
  const { waiting = 0, active = 0, delayed = 0 } = await queue.getJobCounts('waiting', 'active', 'delayed');
  return { waiting, active, delayed };
}

async function scheduleCycle(queue: Queue, name: 'observe' | 'sweep', intervalMs: number): Promise<void> {
  await queue.upsertJobScheduler(name, { every: intervalMs }, { name, data: {}, opts: jobs[name].options });
}

function toJobData({ project, operation }: JobData<'execute'>): JobData<'execute'> {
  return { project, operation };
}
