import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linkBacklog, linkLatencyMs } from '../../src/domain/observation.ts';
import { waitFor } from '../support/wait.ts';
import { openWorld, type World } from '../support/world.ts';
import { lookAt, ownedQueue } from './look-at.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const hour = 3_600_000;

describe('what one look at a link counts', () => {
  it('an empty queue has nothing and is not behind', async () => {
    const { link } = await world.link('orders-full');
    const facts = await lookAt(world, link);
    expect(facts).toMatchObject({
      paused: false,
      waiting: 0,
      prioritized: 0,
      active: 0,
      delayed: 0,
      overdue: 0,
      failed: 0,
      oldestRunnableAt: null,
      failuresAfterWatermark: 0,
      firstFailures: [],
      newestFailed: { at: 0, taskIds: [] },
      writtenBy: expect.stringMatching(/^bullmq:6\./),
    });
    expect(linkLatencyMs(facts)).toBe(0);
  });

  it('tasks of every kind, each where it belongs', async () => {
    const { link, queue, work } = await world.link('orders-full');
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const worker = await work((job) => (job.name === 'bad' ? Promise.reject(new Error('no')) : ended));
    await queue.add('bad', {});
    await waitFor(() => queue.getFailedCount());
    await queue.add('slow', {});
    await waitFor(() => queue.getActiveCount());
    await queue.addBulk([1, 2, 3].map(() => ({ name: 'next', data: {} })));
    await queue.addBulk([1, 2].map(() => ({ name: 'urgent', data: {}, opts: { priority: 7 } })));
    await queue.add('later', {}, { delay: hour });
    await queue.add('due', {}, { delay: 1_000, timestamp: Date.now() - hour });
    const facts = await lookAt(world, link);
    end();
    await worker.close();
    expect(facts).toMatchObject({ waiting: 3, prioritized: 2, active: 1, delayed: 2, overdue: 1, failed: 1 });
    expect(linkBacklog(facts)).toBe(6);
  });

  it('reads the clock of the link’s own server, and the flag', async () => {
    const { link, queue } = await world.link('orders-full');
    const time = async () => Number((await world.redis.time())[0]) * 1_000;
    await queue.pause();
    const before = await time();
    const { now, paused } = await lookAt(world, link);
    expect(paused).toBe(true);
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThan((await time()) + 1_000);
  });

  it('finds a queue under another prefix and with a strange name', async () => {
    const { queue, link } = await ownedQueue(world, 'Bestellungen {1} ü', { prefix: '{team-a}' });
    await queue.add('x', {});
    expect(await lookAt(world, link)).toMatchObject({ waiting: 1 });
    await world.deps.links.drive([link], 'paused', { answerMs: 5_000, sendMs: 5_000 });
    expect(await queue.isPaused()).toBe(true);
    await queue.close();
  });

  it('counts what a BullMQ 5 producer put aside in its own paused list', async () => {
    const { link, queue } = await world.link('orders-full');
    const oldest = Date.now() - hour;
    await queue.add('old', {}, { timestamp: oldest });
    await world.redis.rename('bull:orders-full:wait', 'bull:orders-full:paused');
    await world.redis.hset('bull:orders-full:meta', 'paused', '1');
    await queue.add('new', {});
    expect(await lookAt(world, link)).toMatchObject({ paused: true, waiting: 2, oldestRunnableAt: oldest });
  });
});

describe('since when the oldest runnable task is runnable', () => {
  const at = Date.now() - hour;

  it('first in, first out: since it was added', async () => {
    const { link, queue } = await world.link('orders-full');
    await queue.add('old', {}, { timestamp: at });
    await queue.add('new', {});
    expect((await lookAt(world, link)).oldestRunnableAt).toBe(at);
  });

  it('goes on growing while the link is paused', async () => {
    const { link, queue } = await world.link('orders-full');
    await queue.pause();
    await queue.add('held', {});
    const first = linkLatencyMs(await lookAt(world, link));
    await waitFor(async () => linkLatencyMs(await lookAt(world, link)) > first);
  });

  it('several priorities: the oldest hides behind more urgent ones', async () => {
    const { link, queue } = await world.link('orders-full');
    await queue.add('urgent', {}, { priority: 1 });
    await queue.add('hidden', {}, { priority: 2_097_151, timestamp: at });
    await queue.add('behind it', {}, { priority: 2_097_151 });
    await queue.add('middle', {}, { priority: 5, timestamp: at + 1_000 });
    expect((await lookAt(world, link)).oldestRunnableAt).toBe(at);
  });

  it('overdue and never promoted, since no worker is there', async () => {
    const { link, queue } = await world.link('orders-full');
    await queue.add('due', {}, { delay: 60_000, timestamp: at });
    expect(await lookAt(world, link)).toMatchObject({ overdue: 1, oldestRunnableAt: at + 60_000 });
  });

  it('a delayed task that is not due is not runnable', async () => {
    const { link, queue } = await world.link('orders-full');
    await queue.add('later', {}, { delay: hour });
    expect(await lookAt(world, link)).toMatchObject({ overdue: 0, oldestRunnableAt: null });
  });

  it('a task whose hour of delay has just passed is not an hour behind', async () => {
    const { link, queue, work } = await world.link('orders-full');
    await queue.pause();
    await work(async () => {});
    const due = Date.now() - 50;
    await queue.add('due', {}, { delay: hour, timestamp: due - hour });
    await waitFor(() => queue.getWaitingCount());
    expect((await lookAt(world, link)).oldestRunnableAt).toBe(due);
  });

  it('a delayed task that somebody promoted by hand is runnable since then', async () => {
    const { link, queue } = await world.link('orders-full');
    const job = await queue.add('later', {}, { delay: hour });
    const before = Date.now();
    await job.promote();
    const { oldestRunnableAt, now } = await lookAt(world, link);
    expect(oldestRunnableAt).toBeGreaterThanOrEqual(before - 1);
    expect(oldestRunnableAt).toBeLessThanOrEqual(now);
  });

  it('last in, first out: the oldest stands at the other end', async () => {
    const { link, queue } = await world.link('orders-full');
    for (const timestamp of [at, at + 1, at + 2]) await queue.add('lifo', {}, { lifo: true, timestamp });
    expect((await lookAt(world, link)).oldestRunnableAt).toBe(at);
  });

  it('a mix of both: never more than the truth', async () => {
    const { link, queue } = await world.link('orders-full');
    await queue.add('lifo', {}, { lifo: true, timestamp: at });
    await queue.add('lifo', {}, { lifo: true, timestamp: at + 2 });
    await queue.add('fifo', {}, { timestamp: at + 3 });
    expect((await lookAt(world, link)).oldestRunnableAt).toBeGreaterThanOrEqual(at);
  });

  it('tried again after a back-off: never more than since the back-off ended, however much happened afterwards', async () => {
    const { link, queue, work } = await world.link('orders-full');
    const worker = await work(async () => {
      await queue.pause();
      throw new Error('try again');
    });
    await queue.add('retried', {}, { attempts: 2, backoff: { type: 'fixed', delay: 30 }, timestamp: at });
    const failedOnce = Date.now();
    await waitFor(async () => (await queue.getJob('1'))?.attemptsMade === 1 && (await queue.getWaitingCount()) === 1);
    await worker.close();
    const exact = (await lookAt(world, link)).oldestRunnableAt;
    expect(exact).toBeGreaterThanOrEqual(failedOnce);
    await queue.addBulk(Array.from({ length: 300 }, () => ({ name: 'next', data: {} })));
    expect((await lookAt(world, link)).oldestRunnableAt).toBeGreaterThanOrEqual(exact ?? Number.NaN);
    await world.redis.del('bull:orders-full:events');
    expect((await lookAt(world, link)).oldestRunnableAt).toBeGreaterThanOrEqual(exact ?? Number.NaN);
  });
});

describe('failures after the watermark', () => {
  /** Failed tasks as BullMQ keeps them, at moments of the test's choice. */
  async function fail(at: number, ...ids: string[]) {
    for (const id of ids) {
      await world.redis.hset(`bull:orders-full:${id}`, { failedReason: `${id} failed\n    at secret (file.js:1)` });
      await world.redis.zadd('bull:orders-full:failed', at, id);
    }
  }

  it('only later ones count, and of the same millisecond those that were not there', async () => {
    const { link } = await world.link('orders-full');
    await fail(1_000, 'older');
    await fail(2_000, '9', '10');
    const { newestFailed } = await lookAt(world, link);
    expect(newestFailed).toEqual({ at: 2_000, taskIds: ['10', '9'] });
    expect(await lookAt(world, link, newestFailed)).toMatchObject({ failed: 3, failuresAfterWatermark: 0 });
    await fail(2_000, '11');
    await fail(2_001, '12');
    const facts = await lookAt(world, link, newestFailed);
    expect(facts.failuresAfterWatermark).toBe(2);
    expect(facts.firstFailures.map(({ taskId, at }) => [taskId, at])).toEqual([
      ['11', 2_000],
      ['12', 2_001],
    ]);
  });

  it('shows at most the three oldest, counts all', async () => {
    const { link } = await world.link('orders-full');
    for (let at = 1; at <= 20; at++) await fail(at, `task-${at}`);
    const facts = await lookAt(world, link);
    expect(facts).toMatchObject({ failuresAfterWatermark: 20, newestFailed: { at: 20, taskIds: ['task-20'] } });
    expect(facts.firstFailures.map(({ taskId }) => taskId)).toEqual(['task-1', 'task-2', 'task-3']);
  });

  it('tells the reason as a real worker left it', async () => {
    const { link, queue, work } = await world.link('orders-full');
    await work(() => Promise.reject(new Error('refused by the target\nsecond line')));
    const job = await queue.add('bad', {});
    await waitFor(() => queue.getFailedCount());
    const { firstFailures, now } = await lookAt(world, link);
    expect(firstFailures).toEqual([{ taskId: job.id, reason: 'refused by the target', at: expect.any(Number) }]);
    expect(firstFailures[0]?.at).toBeLessThanOrEqual(now);
  });
});
