import { setTimeout as delay } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { waitFor } from '../test/support/wait-for.ts';
import { startSyncbot } from './processes.ts';
import { createRunningProjects, startRedisFixture } from './redis-fixture.ts';
import { type Benchmark, type Row, singleRow } from './result.ts';

const fullSize = { sizes: [10, 1_000], rounds: 7, warmUps: 1, backlog: 1_000 };
const tinySize = { sizes: [5], rounds: 1, warmUps: 0, backlog: 50 };
const taskMs = 20;
const tasksBefore = 10;

export const failure: Benchmark = {
  title: 'failed task to paused link',
  notes: [
    'All projects are Running and have one link. `syncbot run --role worker` runs in its own process with `observeEvery: 10m`.',
    `Each round lets a BullMQ worker take the backlog of one queue, ${taskMs} ms for each task, until a task fails.`,
    'The time ends when that queue is paused. The count is the failed task and those that began after it.',
  ],
  async measure({ tiny }) {
    const { sizes, ...options } = tiny ? tinySize : fullSize;
    const rows: Row[] = [];
    for (const size of sizes) rows.push(...(await measureSize(size, options)));
    return rows;
  },
};

async function measureSize(size: number, { rounds, warmUps, backlog }: Omit<typeof fullSize, 'sizes'>): Promise<Row[]> {
  await using fixture = await startRedisFixture();
  const { redis } = fixture;
  const { queues, env } = await createRunningProjects(fixture, {
    name: 'failure',
    projects: size,
    linksEach: 1,
    waiting: 1,
    settings: 'observeEvery: 10m',
  });
  await using _worker = await startSyncbot({ role: 'worker', env });
  await waitFor(async () => String(await redis.client('LIST')).includes(' cmd=xread '), {
    description: 'a worker that watches',
  });
  const failures: Failure[] = [];
  for (const name of queues.slice(0, warmUps + rounds)) failures.push(await failTask(redis, name, backlog));
  const measured = failures.slice(warmUps);
  return [
    singleRow({ name: `${size} links, time to the pause`, unit: 'ms', subject: measured.map(({ ms }) => ms) }),
    singleRow({ name: `${size} links, tasks`, unit: '', subject: measured.map(({ tasks }) => tasks) }),
  ];
}

interface Failure {
  /** From the failure to the pause. */
  readonly ms: number;
  /** The failed task, and those that began after it. */
  readonly tasks: number;
}

async function failTask(redis: Redis, name: string, backlog: number): Promise<Failure> {
  let taken = 0;
  let failedAt: number | null = null;
  const queue = new Queue(name, { connection: redis });
  await queue.addBulk(Array.from({ length: backlog }, () => ({ name: 'task', data: {} })));
  const takeTask = async () => {
    taken += 1;
    const fails = taken === tasksBefore + 1;
    await delay(taskMs);
    if (!fails) return;
    failedAt = performance.now();
    throw new Error('the target refused the row');
  };
  const worker = new Worker(name, takeTask, { connection: redis });
  await waitFor(() => queue.isPaused(), { description: 'a paused queue', timeoutMs: 60_000 });
  const ms = performance.now() - (failedAt ?? Number.NaN);
  await worker.close();
  await queue.close();
  return { ms, tasks: taken - tasksBefore };
}
