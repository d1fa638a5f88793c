import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { pino } from 'pino';
import { confirm } from '../src/application/confirm.ts';
import { requestAction } from '../src/application/request-action.ts';
import { defaultKeyPrefix } from '../src/domain/installation.ts';
import type { Action } from '../src/domain/lifecycle.ts';
import type { OperationRef } from '../src/domain/operation.ts';
import type { ProjectDefinition } from '../src/domain/project.ts';
import { createKeys } from '../src/infra/redis/keys.ts';
import { Services } from '../src/services.ts';
import { startProgram, startSyncbot } from './processes.ts';
import { createRunningProjects, idleSettings, startRedisFixture } from './redis-fixture.ts';
import { type Benchmark, compareRow } from './result.ts';
import { interleaved, measureMs } from './statistics.ts';

const fullSize = { projects: 300, linksEach: 1, jobs: 6_000, rounds: 7, warmUps: 2 };
const tinySize = { projects: 5, linksEach: 1, jobs: 20, rounds: 2, warmUps: 0 };

export const throughput: Benchmark = {
  title: 'operations through one worker',
  notes: [
    `\`syncbot run --role worker\` in its own process pauses and restores ${fullSize.projects} projects of one link.`,
    'All operations are confirmed while the queue of actions is paused. The time is from its resume until the last one is done.',
    `The baseline is a plain BullMQ worker with the same concurrency in its own process. It runs ${fullSize.jobs} empty jobs.`,
    'The ratio is the number of empty jobs that take as long as one operation. It has no target.',
  ],
  async measure({ tiny }) {
    const size = tiny ? tinySize : fullSize;
    await using subject = await startSubject(size);
    await using baseline = await startBaseline();
    const samples = await interleaved(
      { subject: () => subject.msPerOperation(), baseline: () => baseline.msPerJob(size.jobs) },
      size,
    );
    const perSecond = (times: readonly number[]) => times.map((ms) => 1_000 / ms);
    const ratesPerSecond = { subject: perSecond(samples.subject), baseline: perSecond(samples.baseline) };
    return [
      compareRow({ name: 'time of one', unit: 'ms', ...samples, atMost: null }),
      compareRow({ name: 'operations a second over empty jobs a second', unit: '/s', ...ratesPerSecond, atMost: null }),
    ];
  },
};

async function startSubject(size: typeof fullSize) {
  const fixture = await startRedisFixture();
  const { definitions, env } = await createRunningProjects(fixture, {
    name: 'throughput',
    projects: size.projects,
    linksEach: size.linksEach,
    waiting: 1,
    settings: 'observeEvery: 10m',
  });
  const worker = await startSyncbot({ role: 'worker', env });
  const endpoint = { kind: 'standalone', url: fixture.url } as const;
  const services = new Services(
    { redis: endpoint, connections: {}, settings: idleSettings },
    pino({ level: 'silent' }),
  );
  const openQueue = (name: string) =>
    new Queue(name, { connection: fixture.redis, prefix: createKeys(defaultKeyPrefix).queuePrefix });
  const [queue, notificationQueue] = [openQueue('actions'), openQueue('notifications')];
  return {
    /** Pauses all projects, then restores them. */
    async msPerOperation(): Promise<number> {
      let sum = 0;
      for (const action of ['pause', 'restore'] as const) {
        const { ms, added } = await measureDrain(queue, () => confirmAll(services, definitions, action));
        sum += ms;
        await expectAllDone(services, added);
        // No bot runs that would process these jobs.
        await notificationQueue.drain();
      }
      return sum / (2 * definitions.length);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([queue.close(), notificationQueue.close()]);
      await services[Symbol.asyncDispose]();
      await worker[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

async function startBaseline() {
  const fixture = await startRedisFixture();
  const worker = await startProgram('baseline-worker', { REDIS_URL: fixture.url });
  const queue = new Queue('empty', { connection: fixture.redis });
  const removeWhenDone = { removeOnComplete: true, removeOnFail: true };
  const add = (jobs: number) => Promise.all(Array.from({ length: jobs }, () => queue.add('empty', {}, removeWhenDone)));
  return {
    async msPerJob(jobs: number): Promise<number> {
      return (await measureDrain(queue, () => add(jobs))).ms / jobs;
    },
    async [Symbol.asyncDispose]() {
      await queue.close();
      await worker[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

/** Adds jobs while the queue is paused, then resumes it. Returns the time from the resume until the queue is empty. */
async function measureDrain<Added>(queue: Queue, add: () => Promise<Added>): Promise<{ ms: number; added: Added }> {
  await queue.pause();
  const added = await add();
  const ms = await measureMs(async () => {
    await queue.resume();
    while (
      Object.values(await queue.getJobCounts('wait', 'prioritized', 'active', 'delayed')).some(
        (remaining) => remaining > 0,
      )
    )
      await delay(5);
  });
  return { ms, added };
}

async function confirmAll({ context }: Services, definitions: readonly ProjectDefinition[], action: Action) {
  return Promise.all(
    definitions.map(async ({ id: project }): Promise<OperationRef> => {
      const request = { project, action, by: 'U0ALICE', reason: null, origin: 'slack', channel: 'C0SYNC' } as const;
      const requested = await requestAction(context, request);
      if (requested.kind === 'refused') throw new Error(`refused: ${requested.refusal.code}`);
      const ref = { project, operation: requested.operation.id };
      await confirm(context, { ref, by: 'U0ALICE', dialog: null });
      return ref;
    }),
  );
}

async function expectAllDone({ context }: Services, refs: readonly OperationRef[]): Promise<void> {
  const operations = await Promise.all(refs.map((ref) => context.operations.read(ref)));
  const unfinished = operations.find((operation) => operation?.state !== 'done');
  if (unfinished !== undefined) throw new Error(`an operation ended as ${unfinished?.state}`);
}
