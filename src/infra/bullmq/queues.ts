import { type JobsOptions, Queue } from 'bullmq';
import type { JobQueue, NotificationQueue } from '../../application/ports.ts';
import type { RedisClient } from '../redis/client.ts';
import { queuePrefix } from '../redis/keys.ts';
import { sendCommands } from '../redis/send-commands.ts';
import { type JobData, type JobName, jobIdentity, jobs, type QueueName } from './jobs.ts';

/** The jobs of one queue by state. */
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
  /** Schedules the observe and sweep cycles. Any worker may run them, and every process may call this. */
  scheduleCycles(intervals: { readonly observeMs: number; readonly sweepMs: number }): Promise<void>;
}

/**
 * While about so many notifications wait, further ones are left out. Only a bot takes these jobs, and an installation may have
 * none. The sweep adds what is still due when there is room again.
 */
const maxWaitingNotifications = 1_000;

/** Adds jobs to the bot's own queues, all on one connection. */
export function createBotQueues(client: RedisClient, onError: (error: Error) => void): BotQueues {
  const open = (name: QueueName) => {
    const queue = new Queue(name, { connection: client, prefix: queuePrefix, skipVersionCheck: true });
    // A queue repeats the errors of its client, and the client reports them itself.
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
    identity: Pick<JobsOptions, 'jobId' | 'deduplication'>,
  ) => {
    const { queue, options } = jobs[name];
    await sendCommands(client, () => queues[queue].add(name, data, { ...options, ...identity }));
  };
  const addNotification = async (...job: Parameters<typeof add>) => {
    const waiting = await sendCommands(client, () => queues.notifications.getWaitingCount());
    if (waiting < maxWaitingNotifications) await add(...job);
  };

  return {
    jobs: {
      execute: (ref) => add('execute', toJobData(ref), jobIdentity.execute(ref)),
      reconcile: (project) => add('reconcile', { project }, jobIdentity.reconcile({ project })),
    },
    notifications: {
      // If one of these jobs is not added, the sweep adds it: the record shows that a notification is due.
      async operationChanged(ref) {
        await addNotification('notify-operation', toJobData(ref), jobIdentity['notify-operation'](ref)).catch(onError);
      },
      async alertsChanged(project) {
        await addNotification('notify-alerts', { project }, jobIdentity['notify-alerts']({ project })).catch(onError);
      },
      async observationChanged() {
        await addNotification('notify-observation', {}, jobIdentity['notify-observation']()).catch(onError);
      },
    },
    async readJobCounts() {
      const [actions, reconcile, notifications, observe, sweep] = await sendCommands(client, () =>
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
      await sendCommands(client, () => scheduleCycle(queues.observe, 'observe', observeMs));
      await sendCommands(client, () => scheduleCycle(queues.sweep, 'sweep', sweepMs));
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

/** Drops other fields of the object: a job's schema refuses them. */
function toJobData({ project, operation }: JobData<'execute'>): JobData<'execute'> {
  return { project, operation };
}
