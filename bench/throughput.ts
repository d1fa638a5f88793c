import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { pino } from 'pino';
import { requestAction } from '../src/application/request.ts';
import { confirm } from '../src/application/settle.ts';
import { type Core, openCore } from '../src/core.ts';
import type { OperationRef } from '../src/domain/operation.ts';
import type { Action, ProjectDefinition } from '../src/domain/project.ts';
import { queuePrefix } from '../src/infra/redis/keys.ts';
import { interleaved, timed } from './measure.ts';
import { folder, startProgram, startSyncbot } from './processes.ts';
import { makeQueues } from './queues.ts';
import { type Benchmark, compared } from './result.ts';
import { definitionsOf, openStage, putProjects, queuesOf, quietSettings, storeOn, writeConfig } from './stage.ts';

const full = { projects: 300, linksEach: 1, jobs: 6_000, rounds: 7, warmUps: 2 };
const small = { projects: 5, linksEach: 1, jobs: 20, rounds: 2, warmUps: 0 };

export const throughput: Benchmark = {
  title: 'operations through one worker',
  notes: [
    `\`syncbot run --role worker\` in a process of its own carries out a pause and a restore of each of ${full.projects} projects of one link: all are confirmed while its queue is paused, and the time is from there on to the last one done. ` +
      `Floor: a bare BullMQ worker with the same concurrency in a process of its own, ${full.jobs} empty jobs, measured in the same way. The ratio says how many empty jobs take as long as one operation; it has no aim.`,
  ],
  async measure({ tiny }) {
    const size = tiny ? small : full;
    await using ours = await openOurs(size);
    await using floor = await openFloor();
    const samples = await interleaved(
      { ours: () => ours.msPerOperation(), floor: () => floor.msPerJob(size.jobs) },
      size,
    );
    const perSecond = (times: readonly number[]) => times.map((ms) => 1_000 / ms);
    const rates = { ours: perSecond(samples.ours), floor: perSecond(samples.floor) };
    return [
      compared({ name: 'time of one', unit: 'ms', ...samples, atMost: null }),
      compared({ name: 'operations a second over empty jobs a second', unit: '/s', ...rates, atMost: null }),
    ];
  },
};

async function openOurs(size: typeof full) {
  const stage = await openStage();
  const definitions = definitionsOf(size);
  await makeQueues(stage.redis, queuesOf(definitions), { waiting: 1 });
  await putProjects(storeOn(stage.redis), definitions, 'running');
  const config = join(folder, 'throughput.yml');
  await writeConfig(config, definitions, { settings: 'observeEvery: 10m' });
  const worker = await startSyncbot({ role: 'worker', env: { REDIS_URL: stage.url, SYNCBOT_CONFIG: config } });
  const target = { kind: 'standalone', url: stage.url } as const;
  const core = openCore({ redis: target, connections: {}, settings: quietSettings }, pino({ level: 'silent' }));
  const open = (name: string) => new Queue(name, { connection: stage.redis, prefix: queuePrefix });
  const [queue, notices] = [open('actions'), open('notices')];
  return {
    /** Of a round of pauses and a round of restores. */
    async msPerOperation(): Promise<number> {
      let sum = 0;
      for (const action of ['pause', 'restore'] as const) {
        const { ms, added } = await heldBack(queue, () => confirmAll(core, definitions, action));
        sum += ms;
        await checkDone(core, added);
        // No bot is there to tell anybody.
        await notices.drain();
      }
      return sum / (2 * definitions.length);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([queue.close(), notices.close()]);
      await core[Symbol.asyncDispose]();
      await worker[Symbol.asyncDispose]();
      await stage[Symbol.asyncDispose]();
    },
  };
}

async function openFloor() {
  const stage = await openStage();
  const worker = await startProgram('bare-worker', { REDIS_URL: stage.url });
  const queue = new Queue('empty', { connection: stage.redis });
  const forget = { removeOnComplete: true, removeOnFail: true };
  const add = (jobs: number) => Promise.all(Array.from({ length: jobs }, () => queue.add('empty', {}, forget)));
  return {
    async msPerJob(jobs: number): Promise<number> {
      return (await heldBack(queue, () => add(jobs))).ms / jobs;
    },
    async [Symbol.asyncDispose]() {
      await queue.close();
      await worker[Symbol.asyncDispose]();
      await stage[Symbol.asyncDispose]();
    },
  };
}

/** Adds jobs while nobody may take them, then lets them be taken; how long it takes until none is left, ms. */
async function heldBack<Added>(queue: Queue, add: () => Promise<Added>): Promise<{ ms: number; added: Added }> {
  await queue.pause();
  const added = await add();
  const ms = await timed(async () => {
    await queue.resume();
    while (Object.values(await queue.getJobCounts('wait', 'prioritized', 'active', 'delayed')).some((left) => left > 0))
      await delay(5);
  });
  return { ms, added };
}

async function confirmAll({ deps }: Core, definitions: readonly ProjectDefinition[], action: Action) {
  return Promise.all(
    definitions.map(async ({ id: project }): Promise<OperationRef> => {
      const asked = { project, action, by: 'U0ALICE', reason: null, origin: 'slack', channel: 'C0SYNC' } as const;
      const requested = await requestAction(deps, asked);
      if (requested.kind === 'refused') throw new Error(`refused: ${requested.refusal.code}`);
      const ref = { project, operation: requested.operation.id };
      await confirm(deps, { ref, by: 'U0ALICE', dialog: null });
      return ref;
    }),
  );
}

async function checkDone({ deps }: Core, refs: readonly OperationRef[]): Promise<void> {
  const ended = await Promise.all(refs.map((ref) => deps.store.readOperation(ref)));
  const other = ended.find((operation) => operation?.state !== 'done');
  if (other !== undefined) throw new Error(`an operation ended as ${other?.state}`);
}
