import { Queue } from 'bullmq';
import type { ActionQueue, Notifier } from '../../application/ports.ts';
import { call } from '../redis/call.ts';
import type { RedisClient } from '../redis/connect.ts';
import { queuePrefix } from '../redis/keys.ts';
import { type JobData, type JobName, jobCatalog, jobIds, kickIds, type QueueName } from './job-catalog.ts';

/** Jobs of one queue by their state. */
export type Depth = {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
};

export interface BotQueues extends AsyncDisposable {
  readonly actions: ActionQueue;
  readonly notifier: Notifier;
  /** Throws StoreUnavailable. */
  depths(): Promise<Readonly<Record<QueueName, Depth>>>;
  /** Makes the rounds happen, on whichever worker takes them; safe to call from every process. */
  schedule(every: { readonly observeMs: number; readonly sweepMs: number }): Promise<void>;
}

/** The producing side of the bot's own queues, on one connection. */
export function openBotQueues(client: RedisClient, onError: (error: Error) => void): BotQueues {
  const open = (name: QueueName) => {
    const queue = new Queue(name, { connection: client, prefix: queuePrefix, skipVersionCheck: true });
    // It only repeats the errors of the client, of which whoever opened that has been told.
    queue.on('error', () => {});
    return queue;
  };
  const queues: Record<QueueName, Queue> = {
    actions: open('actions'),
    upkeep: open('upkeep'),
    notices: open('notices'),
    observe: open('observe'),
    sweep: open('sweep'),
  };
  const add = async <Name extends JobName>(
    name: Name,
    data: JobData<Name>,
    how: { jobId?: string; kickId?: string },
  ) => {
    const { queue, options } = jobCatalog[name];
    const deduplication = how.kickId === undefined ? {} : { deduplication: { id: how.kickId, keepLastIfActive: true } };
    const jobId = how.jobId === undefined ? {} : { jobId: how.jobId };
    await call(client, () => queues[queue].add(name, data, { ...options, ...jobId, ...deduplication }));
  };

  return {
    actions: {
      execute: (ref) => add('execute', pick(ref), { jobId: jobIds.execute(ref) }),
      converge: (project) => add('converge', { project }, { kickId: kickIds.converge({ project }) }),
    },
    notifier: {
      async tell(ref) {
        // What could not be handed over is found by the sweep: `seq` is ahead of `toldSeq`.
        await add('tell', pick(ref), { kickId: kickIds.tell(ref) }).catch(onError);
      },
      async alert(project) {
        await add('alert', { project }, { kickId: kickIds.alert({ project }) }).catch(onError);
      },
    },
    async depths() {
      const [actions, upkeep, notices, observe, sweep] = await call(client, () =>
        Promise.all([
          depthOf(queues.actions),
          depthOf(queues.upkeep),
          depthOf(queues.notices),
          depthOf(queues.observe),
          depthOf(queues.sweep),
        ]),
      );
      return { actions, upkeep, notices, observe, sweep };
    },
    async schedule({ observeMs, sweepMs }) {
      await call(client, () => scheduleRound(queues.observe, 'observe', observeMs));
      await call(client, () => scheduleRound(queues.sweep, 'sweep', sweepMs));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(queues).map((queue) => queue.close().catch(onError)));
    },
  };
}

async function depthOf(queue: Queue): Promise<Depth> {
  const { waiting = 0, active = 0, delayed = 0 } = await queue.getJobCounts('waiting', 'active', 'delayed');
  return { waiting, active, delayed };
}

async function scheduleRound(rounds: Queue, name: 'observe' | 'sweep', everyMs: number): Promise<void> {
  await rounds.upsertJobScheduler(name, { every: everyMs }, { name, data: {}, opts: jobCatalog[name].options });
}

function pick({ project, operation }: JobData<'execute'>): JobData<'execute'> {
  return { project, operation };
}
