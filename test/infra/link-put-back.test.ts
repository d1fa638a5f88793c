import { FlowProducer, type JobsOptions, type Queue } from 'bullmq';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noWatermark, type Watermark } from '../../src/domain/project.ts';
import { waitFor } from '../support/wait.ts';
import { type OwnedLink, openWorld, type World } from '../support/world.ts';
import { everything, lookAt } from './look-at.ts';

let world: World;
let owned: OwnedLink;
let queue: Queue;
beforeEach(async () => {
  world = await openWorld();
  owned = await world.link('payments');
  queue = owned.queue;
});
afterEach(() => world[Symbol.asyncDispose]());

const putBack = async (watermark: Watermark = noWatermark) =>
  (await world.deps.links.putBack([{ link: owned.link, watermark }]))[0];

/** Adds tasks and lets every one of them fail for good. */
async function failAll(tasks: readonly (readonly [name: string, opts?: JobsOptions])[]) {
  const failedBefore = await queue.getFailedCount();
  const worker = await owned.work(() => Promise.reject(new Error('no')));
  await queue.addBulk(tasks.map(([name, opts = {}]) => ({ name, data: {}, opts })));
  await waitFor(async () => (await queue.getFailedCount()) === failedBefore + tasks.length);
  await worker.close();
}

/** The names of the tasks in the order in which a worker gets them once the link is resumed. */
async function order(howMany: number): Promise<string[]> {
  const seen: string[] = [];
  await world.deps.links.drive([owned.link], 'resumed', { answerMs: 5_000, sendMs: 5_000 });
  const worker = await owned.work(async (job) => seen.push(job.name));
  await waitFor(() => seen.length >= howMany, { describe: `${howMany} tasks` });
  await worker.close();
  return seen;
}

describe('putting failed tasks back', () => {
  it('runs them before newer ones, oldest first, whatever their ids', async () => {
    const at = (timestamp: number, jobId?: string) => ({ timestamp, ...(jobId === undefined ? {} : { jobId }) });
    await failAll([
      ['a', at(1)],
      ['b', at(2, 'zebra')],
      ['c', at(3, 'ant')],
      ['d', at(4)],
    ]);
    await queue.pause();
    await queue.add('new-1', {});
    await queue.add('new-2', {});
    expect(await putBack()).toEqual({ kind: 'put_back', tasks: 4 });
    expect(await queue.getFailedCount()).toBe(0);
    expect(await order(6)).toEqual(['a', 'b', 'c', 'd', 'new-1', 'new-2']);
  });

  it('takes 9 before 10 when both are of one millisecond', async () => {
    const timestamp = Date.now();
    await failAll(Array.from({ length: 12 }, (_, index) => [String(index + 1), { timestamp }] as const));
    await queue.pause();
    await putBack();
    expect(await order(12)).toEqual(Array.from({ length: 12 }, (_, index) => String(index + 1)));
  });

  it('a task older than a failed one that still waits stays before it', async () => {
    await failAll([['failed', { timestamp: 2_000 }]]);
    await queue.pause();
    await queue.add('older', {}, { timestamp: 1_000 });
    await queue.add('newer', {}, { timestamp: 3_000 });
    await putBack();
    expect(await order(3)).toEqual(['older', 'failed', 'newer']);
  });

  it('gives every task all its attempts again', async () => {
    const opts = { attempts: 3, backoff: { type: 'fixed', delay: 1 } };
    await failAll([['a', opts]]);
    expect((await queue.getJob('1'))?.attemptsMade).toBe(3);
    await queue.pause();
    await putBack();
    const job = await queue.getJob('1');
    expect(job).toMatchObject({ attemptsMade: 0, attemptsStarted: 0 });
    expect([job?.failedReason, job?.finishedOn, job?.processedOn]).toEqual([undefined, undefined, undefined]);
    let tries = 0;
    await owned.work(() => (++tries < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve()));
    await queue.resume();
    await waitFor(async () => (await queue.getCompletedCount()) === 1);
    expect(tries).toBe(3);
  });

  it('touches nothing when the link has been resumed', async () => {
    await failAll([['a'], ['b']]);
    const before = await everything(world);
    expect(await putBack()).toEqual({ kind: 'stopped', tasks: 0 });
    expect(await everything(world)).toEqual(before);
  });

  it('leaves what failed before the watermark, and takes what failed in its millisecond but is not in it', async () => {
    await failAll([['old-1'], ['old-2']]);
    const { newestFailed } = await lookAt(world, owned.link);
    await failAll([['later']]);
    await world.redis.zadd('bull:payments:failed', newestFailed.at, '3');
    await queue.pause();
    expect(await putBack(newestFailed)).toEqual({ kind: 'put_back', tasks: 1 });
    expect((await queue.getFailed()).map(({ name }) => name).sort()).toEqual(['old-1', 'old-2']);
  });

  it('is harmless when done again', async () => {
    await failAll([['a'], ['b']]);
    await queue.pause();
    await putBack();
    const before = await everything(world);
    expect(await putBack()).toEqual({ kind: 'put_back', tasks: 0 });
    expect(await everything(world)).toEqual(before);
  });

  it('forgets a failure whose task is gone: nothing is left to put back', async () => {
    await failAll([['gone'], ['here']]);
    await world.redis.del('bull:payments:1');
    await queue.pause();
    expect(await putBack()).toEqual({ kind: 'put_back', tasks: 1 });
    expect(await lookAt(world, owned.link)).toMatchObject({ failed: 0, waiting: 1 });
  });

  it('puts hundreds of them back in order', async () => {
    const names = Array.from({ length: 1_234 }, (_, index) => `t${index}`);
    for (const [index, name] of names.entries()) {
      await world.redis.hset(`bull:payments:${name}`, { name, data: '{}', opts: '{}', timestamp: 1_000 + index });
    }
    const scored = names.flatMap((name, index) => [1_000 + ((index * 7) % 1_234), name]);
    await world.redis.zadd('bull:payments:failed', ...scored);
    await queue.pause();
    await queue.add('new', {});
    expect(await putBack()).toEqual({ kind: 'put_back', tasks: 1_234 });
    expect((await world.redis.lrange('bull:payments:wait', 0, -1)).reverse().slice(0, 1_234)).toEqual(names);
  });

  it('what fails late lands in its place among those that are back already', async () => {
    for (const [index, name] of ['a', 'b', 'c', 'd', 'e'].entries())
      await queue.add(name, {}, { timestamp: 1_000 + index });
    await queue.pause();
    const failed = ['2', '4', '1', '5', '3'];
    for (const id of failed) {
      await world.redis.lrem('bull:payments:wait', 1, id);
      await world.redis.zadd('bull:payments:failed', Date.now(), id);
      await putBack();
    }
    await queue.add('new', {});
    expect(await order(6)).toEqual(['a', 'b', 'c', 'd', 'e', 'new']);
  });

  it('runs before what a BullMQ 5 producer put aside in its own paused list', async () => {
    await failAll([['a'], ['b']]);
    await queue.pause();
    await queue.add('new-1', {});
    await queue.add('new-2', {});
    await world.redis.rename('bull:payments:wait', 'bull:payments:paused');
    await putBack();
    expect(await order(4)).toEqual(['a', 'b', 'new-1', 'new-2']);
  });
});

describe('putting prioritized tasks back', () => {
  it('keeps their priority, and runs them before newer ones of the same', async () => {
    await failAll([
      ['low-1', { priority: 9 }],
      ['high-1', { priority: 1 }],
      ['low-2', { priority: 9 }],
      ['plain', {}],
    ]);
    await queue.pause();
    await queue.add('low-3', {}, { priority: 9 });
    await queue.add('high-2', {}, { priority: 1 });
    await queue.add('plain-2', {});
    await putBack();
    expect(await order(7)).toEqual(['plain', 'plain-2', 'high-1', 'high-2', 'low-1', 'low-2', 'low-3']);
  });

  it('keeps the order of many, though the counter of BullMQ began anew', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `failed-${index + 1}`);
    await failAll(names.map((name) => [name, { priority: 5 }] as const));
    await world.redis.del('bull:payments:pc');
    await queue.pause();
    await queue.add('more urgent', {}, { priority: 4 });
    await queue.add('new', {}, { priority: 5 });
    await putBack();
    expect(await order(14)).toEqual(['more urgent', ...names, 'new']);
  });

  it('what fails late lands in its place', async () => {
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries())
      await queue.add(name, {}, { priority: 3, timestamp: 1_000 + index });
    await queue.pause();
    for (const id of ['2', '4', '1', '3']) {
      await world.redis.zrem('bull:payments:prioritized', id);
      await world.redis.zadd('bull:payments:failed', Date.now(), id);
      await putBack();
    }
    await queue.add('new', {}, { priority: 3 });
    expect(await order(5)).toEqual(['a', 'b', 'c', 'd', 'new']);
  });
});

it('a child that is put back belongs to its parent again', async () => {
  const flow = new FlowProducer({ connection: world.redis });
  await flow.add({
    name: 'parent',
    queueName: 'payments',
    data: {},
    children: [{ name: 'child', queueName: 'payments', data: {}, opts: { ignoreDependencyOnFailure: true } }],
  });
  await flow.close();
  const ran: string[] = [];
  const worker = await owned.work((job) => {
    ran.push(job.name);
    return job.name === 'child' ? queue.pause().then(() => Promise.reject(new Error('no'))) : Promise.resolve();
  });
  await waitFor(() => queue.getFailedCount());
  await worker.close();
  const child = (await queue.getFailed())[0];
  const parentKey = child?.parentKey ?? '';
  expect(await putBack()).toEqual({ kind: 'put_back', tasks: 1 });
  expect(await world.redis.smembers(`${parentKey}:dependencies`)).toEqual([`bull:payments:${child?.id}`]);
  expect(await world.redis.exists(`${parentKey}:failed`)).toBe(0);
});

it('in whatever order tasks failed and whatever waits: oldest first, each once (property)', async () => {
  const task = fc.record({
    at: fc.integer({ min: 1, max: 20 }),
    own: fc.boolean(),
    failedAt: fc.integer({ min: 1, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(task, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 3 }),
      async (tasks, rounds) => {
        await queue.pause();
        await queue.obliterate({ force: true });
        await queue.pause();
        const sorted = [...tasks].sort((a, b) => a.at - b.at);
        for (const { at } of sorted) await queue.add(`at ${at}`, {}, { timestamp: at * 1_000 });
        const ids = (await world.redis.lrange('bull:payments:wait', 0, -1)).reverse();
        const failing = ids.map((id, index) => ({ id, failedAt: sorted[index]?.failedAt ?? 0 }));
        for (let round = 1; round <= rounds; round++) {
          for (const { id, failedAt } of failing.filter((item) => item.failedAt % rounds === round - 1)) {
            await world.redis.lrem('bull:payments:wait', 1, id);
            await world.redis.zadd('bull:payments:failed', failedAt, id);
          }
          await putBack();
        }
        await queue.add('new', {});
        const after = (await world.redis.lrange('bull:payments:wait', 0, -1)).reverse();
        expect(after.slice(0, -1)).toEqual(ids);
      },
    ),
    { numRuns: 30 },
  );
});
