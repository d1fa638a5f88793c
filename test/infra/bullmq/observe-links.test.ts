import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linkBacklog, linkLatencyMs } from '../../../src/domain/observation.ts';
import { startTestServices, type TestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createOwnedQueue, observeLink } from '../redis-snapshot.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices();
});
afterEach(() => services[Symbol.asyncDispose]());

const hourMs = 3_600_000;

describe('what one look at a link counts', () => {
  it('an empty queue has nothing and is not behind', async () => {
    const { link } = await services.createLink('orders-full');
    const stats = await observeLink(services, link);
    expect(stats).toMatchObject({
      paused: false,
      waiting: 0,
      prioritized: 0,
      active: 0,
      delayed: 0,
      overdue: 0,
      failed: 0,
      oldestRunnableAt: null,
      failuresAfterWatermark: 0,
      oldestFailures: [],
      newestFailed: { at: 0, taskIds: [] },
      bullmqVersion: expect.stringMatching(/^bullmq:6\./),
    });
    expect(linkLatencyMs(stats)).toBe(0);
  });

  it('tasks of every kind, each where it belongs', async () => {
    const { link, queue, startWorker: work } = await services.createLink('orders-full');
    let finishTask = () => {};
    const taskFinished = new Promise<void>((resolve) => {
      finishTask = resolve;
    });
    const worker = await work((job) => (job.name === 'bad' ? Promise.reject(new Error('no')) : taskFinished));
    await queue.add('bad', {});
    await waitFor(() => queue.getFailedCount());
    await queue.add('slow', {});
    await waitFor(() => queue.getActiveCount());
    await queue.addBulk([1, 2, 3].map(() => ({ name: 'next', data: {} })));
    await queue.addBulk([1, 2].map(() => ({ name: 'urgent', data: {}, opts: { priority: 7 } })));
    await queue.add('later', {}, { delay: hourMs });
    await queue.add('due', {}, { delay: 1_000, timestamp: Date.now() - hourMs });
    const stats = await observeLink(services, link);
    finishTask();
    await worker.close();
    expect(stats).toMatchObject({ waiting: 3, prioritized: 2, active: 1, delayed: 2, overdue: 1, failed: 1 });
    expect(linkBacklog(stats)).toBe(6);
  });

  it('reads the clock of the link’s own server, and the flag', async () => {
    const { link, queue } = await services.createLink('orders-full');
    const readServerTime = async () => Number((await services.redis.time())[0]) * 1_000;
    await queue.pause();
    const before = await readServerTime();
    const { now, paused } = await observeLink(services, link);
    expect(paused).toBe(true);
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThan((await readServerTime()) + 1_000);
  });

  it('finds a queue under another prefix and with a strange name', async () => {
    const { queue, link } = await createOwnedQueue(services, 'Bestellungen {1} ü', { prefix: '{team-a}' });
    await queue.add('x', {});
    expect(await observeLink(services, link)).toMatchObject({ waiting: 1 });
    await services.deps.links.setPaused([link], 'paused', { responseMs: 5_000, validForMs: 5_000 });
    expect(await queue.isPaused()).toBe(true);
    await queue.close();
  });

  it('counts what a BullMQ 5 producer put aside in its own paused list', async () => {
    const { link, queue } = await services.createLink('orders-full');
    const oldestAt = Date.now() - hourMs;
    await queue.add('old', {}, { timestamp: oldestAt });
    await services.redis.rename('bull:orders-full:wait', 'bull:orders-full:paused');
    await services.redis.hset('bull:orders-full:meta', 'paused', '1');
    await queue.add('new', {});
    expect(await observeLink(services, link)).toMatchObject({ paused: true, waiting: 2, oldestRunnableAt: oldestAt });
  });
});

describe('since when the oldest runnable task is runnable', () => {
  const at = Date.now() - hourMs;

  it('first in, first out: since it was added', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('old', {}, { timestamp: at });
    await queue.add('new', {});
    expect((await observeLink(services, link)).oldestRunnableAt).toBe(at);
  });

  it('goes on growing while the link is paused', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.pause();
    await queue.add('held', {});
    const first = linkLatencyMs(await observeLink(services, link));
    await waitFor(async () => linkLatencyMs(await observeLink(services, link)) > first);
  });

  it('several priorities: the oldest hides behind more urgent ones', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('urgent', {}, { priority: 1 });
    await queue.add('hidden', {}, { priority: 2_097_151, timestamp: at });
    await queue.add('behind it', {}, { priority: 2_097_151 });
    await queue.add('middle', {}, { priority: 5, timestamp: at + 1_000 });
    expect((await observeLink(services, link)).oldestRunnableAt).toBe(at);
  });

  it('overdue and never promoted, since no worker is there', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('due', {}, { delay: 60_000, timestamp: at });
    expect(await observeLink(services, link)).toMatchObject({ overdue: 1, oldestRunnableAt: at + 60_000 });
  });

  it('a delayed task that is not due is not runnable', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('later', {}, { delay: hourMs });
    expect(await observeLink(services, link)).toMatchObject({ overdue: 0, oldestRunnableAt: null });
  });

  it('a task whose hour of delay has just passed is not an hour behind', async () => {
    const { link, queue, startWorker: work } = await services.createLink('orders-full');
    await queue.pause();
    await work(async () => {});
    const dueAt = Date.now() - 50;
    await queue.add('due', {}, { delay: hourMs, timestamp: dueAt - hourMs });
    await waitFor(() => queue.getWaitingCount());
    expect((await observeLink(services, link)).oldestRunnableAt).toBe(dueAt);
  });

  it('a delayed task that somebody promoted by hand is runnable since then', async () => {
    const { link, queue } = await services.createLink('orders-full');
    const job = await queue.add('later', {}, { delay: hourMs });
    const before = Date.now();
    await job.promote();
    const { oldestRunnableAt, now } = await observeLink(services, link);
    expect(oldestRunnableAt).toBeGreaterThanOrEqual(before - 1);
    expect(oldestRunnableAt).toBeLessThanOrEqual(now);
  });

  it('last in, first out: the oldest stands at the other end', async () => {
    const { link, queue } = await services.createLink('orders-full');
    for (const timestamp of [at, at + 1, at + 2]) await queue.add('lifo', {}, { lifo: true, timestamp });
    expect((await observeLink(services, link)).oldestRunnableAt).toBe(at);
  });

  it('a mix of both: never more than the truth', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('lifo', {}, { lifo: true, timestamp: at });
    await queue.add('lifo', {}, { lifo: true, timestamp: at + 2 });
    await queue.add('fifo', {}, { timestamp: at + 3 });
    expect((await observeLink(services, link)).oldestRunnableAt).toBeGreaterThanOrEqual(at);
  });

  it('tried again after a back-off: never more than since the back-off ended, however much happened afterwards', async () => {
    const { link, queue, startWorker: work } = await services.createLink('orders-full');
    const worker = await work(async () => {
      await queue.pause();
      throw new Error('try again');
    });
    await queue.add('retried', {}, { attempts: 2, backoff: { type: 'fixed', delay: 30 }, timestamp: at });
    const failedOnce = Date.now();
    await waitFor(async () => (await queue.getJob('1'))?.attemptsMade === 1 && (await queue.getWaitingCount()) === 1);
    await worker.close();
    const exactRunnableAt = (await observeLink(services, link)).oldestRunnableAt;
    expect(exactRunnableAt).toBeGreaterThanOrEqual(failedOnce);
    await queue.addBulk(Array.from({ length: 300 }, () => ({ name: 'next', data: {} })));
    expect((await observeLink(services, link)).oldestRunnableAt).toBeGreaterThanOrEqual(exactRunnableAt ?? Number.NaN);
    await services.redis.del('bull:orders-full:events');
    expect((await observeLink(services, link)).oldestRunnableAt).toBeGreaterThanOrEqual(exactRunnableAt ?? Number.NaN);
  });
});

describe('failures after the watermark', () => {
  /** Failed tasks as BullMQ keeps them, at moments of the test's choice. */
  async function addFailedTasks(at: number, ...ids: string[]) {
    for (const id of ids) {
      await services.redis.hset(`bull:orders-full:${id}`, { failedReason: `${id} failed\n    at secret (file.js:1)` });
      await services.redis.zadd('bull:orders-full:failed', at, id);
    }
  }

  it('only later ones count, and of the same millisecond those that were not there', async () => {
    const { link } = await services.createLink('orders-full');
    await addFailedTasks(1_000, 'older');
    await addFailedTasks(2_000, '9', '10');
    const { newestFailed } = await observeLink(services, link);
    expect(newestFailed).toEqual({ at: 2_000, taskIds: ['10', '9'] });
    expect(await observeLink(services, link, newestFailed)).toMatchObject({ failed: 3, failuresAfterWatermark: 0 });
    await addFailedTasks(2_000, '11');
    await addFailedTasks(2_001, '12');
    const stats = await observeLink(services, link, newestFailed);
    expect(stats.failuresAfterWatermark).toBe(2);
    expect(stats.oldestFailures.map(({ taskId, at }) => [taskId, at])).toEqual([
      ['11', 2_000],
      ['12', 2_001],
    ]);
  });

  it('shows at most the three oldest, counts all', async () => {
    const { link } = await services.createLink('orders-full');
    for (let at = 1; at <= 20; at++) await addFailedTasks(at, `task-${at}`);
    const stats = await observeLink(services, link);
    expect(stats).toMatchObject({ failuresAfterWatermark: 20, newestFailed: { at: 20, taskIds: ['task-20'] } });
    expect(stats.oldestFailures.map(({ taskId }) => taskId)).toEqual(['task-1', 'task-2', 'task-3']);
  });

  it('tells the reason as a real worker left it', async () => {
    const { link, queue, startWorker: work } = await services.createLink('orders-full');
    await work(() => Promise.reject(new Error('refused by the target\nsecond line')));
    const job = await queue.add('bad', {});
    await waitFor(() => queue.getFailedCount());
    const { oldestFailures, now } = await observeLink(services, link);
    expect(oldestFailures).toEqual([{ taskId: job.id, reason: 'refused by the target', at: expect.any(Number) }]);
    expect(oldestFailures[0]?.at).toBeLessThanOrEqual(now);
  });
});
