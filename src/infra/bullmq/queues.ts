import type { JobsOptions, Queue, Telemetry } from 'bullmq';
import { z } from 'zod';
import type { JobQueue, NotificationQueue } from '../../application/ports.ts';
import { laterChangeCollectMs } from '../../domain/batch.ts';
import { homeCollectMs } from '../../domain/home-updates.ts';
import type { RedisClient } from '../redis/client.ts';
import type { Keys } from '../redis/keys.ts';
import { loadScript, runScript } from '../redis/scripts.ts';
import { sendCommands } from '../redis/send-commands.ts';
import { isTraced, type JobData, type JobName, jobIdentity, jobs, maxDelayMs, type QueueName } from './jobs.ts';

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
  scheduleCycles(intervals: CycleIntervals): Promise<void>;
  /**
   * Runs jobs and cycles now that are due too late by the clock of Redis, and schedules cycles that are not scheduled. BullMQ
   * takes due times from the clock of the worker: one that was a day ahead leaves the next cycle due in a day. Every process
   * may call this. Returns how many jobs of each queue were due too late. Throws StoreUnavailableError.
   */
  correctDueTimes(intervals: CycleIntervals): Promise<Readonly<Record<QueueName, number>>>;
}

export interface CycleIntervals {
  readonly observeMs: number;
  readonly sweepMs: number;
}

/**
 * While about so many notifications wait or are delayed, further ones are left out. Only a bot takes these jobs, and an installation may have
 * none. The sweep adds what is still due when there is room again.
 */
const maxWaitingNotifications = 1_000;

export interface BotQueuesOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  /** Default: no traces. */
  readonly telemetry?: Telemetry | undefined;
}

/**
 * Adds jobs to the bot's own queues, all on one connection. BullMQ is loaded and the queues are opened at the first use: a command
 * that only reads starts faster, and writes nothing into Redis.
 */
export function createBotQueues(options: BotQueuesOptions, onError: (error: Error) => void): BotQueues {
  const { client } = options;
  let opened: Promise<Queues> | null = null;
  const open = () => {
    opened ??= openQueues(options);
    return opened;
  };
  const send = <T>(use: (queues: Queues) => Promise<T>): Promise<T> =>
    sendCommands(client, async () => use(await open()));
  const add = async <Name extends JobName>(
    name: Name,
    data: JobData<Name>,
    schedule: Pick<JobsOptions, 'jobId' | 'deduplication' | 'delay'>,
  ) => {
    const { queue, options } = jobs[name];
    await send((queues) => queues[queue].add(name, data, { ...options, ...schedule }));
  };
  const addNotification = async (...job: Parameters<typeof add>) => {
    const waiting = await send(({ notifications }) => notifications.getJobCountByTypes('waiting', 'delayed'));
    if (waiting < maxWaitingNotifications) await add(...job);
  };

  return {
    jobs: {
      execute: (ref) => add('execute', toJobData(ref), jobIdentity.execute(ref)),
      async executeAll(refs) {
        const { options } = jobs.execute;
        const added = refs.map((ref) => ({
          name: 'execute',
          data: toJobData(ref),
          opts: { ...options, ...jobIdentity.execute(ref) },
        }));
        if (added.length > 0) await send(({ actions }) => actions.addBulk(added));
      },
      async removeExecute(ref) {
        const { jobId } = jobIdentity.execute(ref);
        await send(({ actions }) => actions.remove(jobId, { removeChildren: false }));
      },
      reconcile: (project) => add('reconcile', { project }, jobIdentity.reconcile({ project })),
      continueBatch: (batch, delayMs = 0) =>
        add('continue-batch', { batch }, { ...jobIdentity['continue-batch']({ batch }), delay: Math.ceil(delayMs) }),
      batchOperationEnded: (batch, delayMs) =>
        add('batch-operation-ended', { batch }, { ...jobIdentity['batch-operation-ended']({ batch }), delay: delayMs }),
      batchOperationChanged(batch) {
        const schedule = { ...jobIdentity['batch-operation-changed']({ batch }), delay: laterChangeCollectMs };
        return add('batch-operation-changed', { batch }, schedule);
      },
    },
    notifications: {
      // If one of these jobs is not added, the sweep adds it: the record shows that a notification is due.
      async operationChanged(ref, delayMs = 0) {
        const schedule = { ...jobIdentity['notify-operation'](ref), delay: delayMs };
        await addNotification('notify-operation', toJobData(ref), schedule).catch(onError);
      },
      async batchChanged(batch) {
        await addNotification('notify-batch', { batch }, jobIdentity['notify-batch']({ batch })).catch(onError);
      },
      async alertsChanged(channel, { wake }) {
        const ifDelayed = wake ? 'replaces_delayed' : 'is_dropped';
        const schedule = jobIdentity['notify-channel-alerts']({ channel }, ifDelayed);
        await addNotification('notify-channel-alerts', { channel }, schedule).catch(onError);
      },
      async alertsDueIn(channel, delayMs) {
        const delay = Math.min(Math.ceil(delayMs), maxDelayMs.notifications);
        const schedule = { ...jobIdentity['notify-channel-alerts']({ channel }, 'replaces_delayed'), delay };
        await add('notify-channel-alerts', { channel }, schedule);
      },
      async observationChanged() {
        await addNotification('notify-observation', {}, jobIdentity['notify-observation']()).catch(onError);
      },
      async homeOpened(user) {
        await add('notify-home', { user }, jobIdentity['notify-home']({ user }));
      },
      async homesChanged() {
        const schedule = { ...jobIdentity['notify-homes'](), delay: homeCollectMs };
        await addNotification('notify-homes', {}, schedule).catch(onError);
      },
      async homesDueIn(delayMs) {
        const delay = Math.min(Math.ceil(delayMs), maxDelayMs.notifications);
        await add('notify-homes', {}, { ...jobIdentity['notify-homes'](), delay });
      },
      async auditDue() {
        await addNotification('deliver-audit', {}, jobIdentity['deliver-audit']()).catch(onError);
      },
      async digestDue(channel) {
        await addNotification('notify-digest', { channel }, jobIdentity['notify-digest']({ channel })).catch(onError);
      },
    },
    async readJobCounts() {
      const [actions, reconcile, batches, notifications, observe, sweep] = await send((queues) =>
        Promise.all([
          jobCounts(queues.actions),
          jobCounts(queues.reconcile),
          jobCounts(queues.batches),
          jobCounts(queues.notifications),
          jobCounts(queues.observe),
          jobCounts(queues.sweep),
        ]),
      );
      return { actions, reconcile, batches, notifications, observe, sweep };
    },
    async scheduleCycles({ observeMs, sweepMs }) {
      await send(({ observe }) => scheduleCycle(observe, 'observe', observeMs));
      await send(({ sweep }) => scheduleCycle(sweep, 'sweep', sweepMs));
    },
    async correctDueTimes({ observeMs, sweepMs }) {
      const [actions, reconcile, batches, notifications, observe, sweep] = await send((queues) => {
        const correctJobs = (name: keyof typeof maxDelayMs) =>
          correctQueue(client, queues[name], { maxDelayMs: maxDelayMs[name] });
        return Promise.all([
          correctJobs('actions'),
          correctJobs('reconcile'),
          correctJobs('batches'),
          correctJobs('notifications'),
          correctCycle(client, queues.observe, { name: 'observe', intervalMs: observeMs }),
          correctCycle(client, queues.sweep, { name: 'sweep', intervalMs: sweepMs }),
        ]);
      });
      return {
        actions: actions.tooLate,
        reconcile: reconcile.tooLate,
        batches: batches.tooLate,
        notifications: notifications.tooLate,
        observe,
        sweep,
      };
    },
    async [Symbol.asyncDispose]() {
      const queues = Object.values((await opened) ?? {});
      await Promise.all(queues.map((queue) => queue.close().catch(onError)));
    },
  };
}

type Queues = Readonly<Record<QueueName, Queue>>;

async function openQueues({ client, keys, telemetry }: BotQueuesOptions): Promise<Queues> {
  const bullmq = await import('bullmq');
  const open = (name: QueueName) => {
    const queue = new bullmq.Queue(name, {
      connection: client,
      prefix: keys.queuePrefix,
      skipVersionCheck: true,
      ...(telemetry !== undefined && isTraced(name) ? { telemetry } : {}),
    });
    // A queue repeats the errors of its client, and the client reports them itself.
    queue.on('error', () => {});
    return queue;
  };
  return {
    actions: open('actions'),
    reconcile: open('reconcile'),
    batches: open('batches'),
    notifications: open('notifications'),
    observe: open('observe'),
    sweep: open('sweep'),
  };
}

async function jobCounts(queue: Queue): Promise<JobCounts> {
  const { waiting = 0, active = 0, delayed = 0 } = await queue.getJobCounts('waiting', 'active', 'delayed');
  return { waiting, active, delayed };
}

const correctDueTimesScript = loadScript(new URL('lua/correct-due-times.lua', import.meta.url));
const correctionSchema = z
  .tuple([z.number(), z.enum(['none', 'missing', 'too_late', 'on_time'])])
  .transform(([tooLate, scheduler]) => ({ tooLate, scheduler }));
/** A job that no worker has taken for this time is due by every clock. */
const overdueMs = 5_000;

async function correctQueue(
  client: RedisClient,
  queue: Queue,
  args: { readonly maxDelayMs: number; readonly scheduler?: string },
): Promise<z.infer<typeof correctionSchema>> {
  const keys = [queue.keys['delayed'], queue.keys['marker'], queue.keys['repeat']].map(String);
  const json = JSON.stringify({ ...args, overdueMs });
  return correctionSchema.parse(await runScript(client, correctDueTimesScript, { keys, args: [json] }));
}

/** A cycle is due one interval after the last one at the latest. Twice the interval tolerates clocks that differ a little. */
async function correctCycle(
  client: RedisClient,
  queue: Queue,
  { name, intervalMs }: { readonly name: 'observe' | 'sweep'; readonly intervalMs: number },
): Promise<number> {
  const { tooLate, scheduler } = await correctQueue(client, queue, { maxDelayMs: 2 * intervalMs, scheduler: name });
  if (scheduler === 'too_late') await queue.removeJobScheduler(name);
  // The first job of a new scheduler is due at once, by every clock.
  if (scheduler !== 'on_time') await scheduleCycle(queue, name, intervalMs);
  return scheduler === 'too_late' ? 1 : tooLate;
}

async function scheduleCycle(queue: Queue, name: 'observe' | 'sweep', intervalMs: number): Promise<void> {
  await queue.upsertJobScheduler(name, { every: intervalMs }, { name, data: {}, opts: jobs[name].options });
}

/** Drops other fields of the object: a job's schema refuses them. */
function toJobData({ project, operation }: JobData<'execute'>): JobData<'execute'> {
  return { project, operation };
}
