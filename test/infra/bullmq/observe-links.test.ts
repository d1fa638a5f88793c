import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noWatermark } from '../../../src/domain/link.ts';
import { linkBacklog, linkLatencyMs } from '../../../src/domain/observation.ts';
import { startTestServices, type TestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createOwnedQueue, observeLink } from '../link-fixture.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices();
});
afterEach(() => services[Symbol.asyncDispose]());

const hourMs = 3_600_000;

describe('counts', () => {
  it('An empty queue has no tasks and no latency.', async () => {
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
      newestFailed: { at: 0, known: [] },
      bullmqVersion: expect.stringMatching(/^bullmq:6\./),
    });
    expect(linkLatencyMs(stats)).toBe(0);
  });

  it('Each task is counted under its own state.', async () => {
    const { link, queue, startWorker } = await services.createLink('orders-full');
    let finishTask = () => {};
    const taskFinished = new Promise<void>((resolve) => {
      finishTask = resolve;
    });
    const worker = await startWorker((job) => (job.name === 'bad' ? Promise.reject(new Error('no')) : taskFinished));
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
    expect(stats).toMatchObject({ added: 9, ended: 1 });
    expect(linkBacklog(stats)).toBe(6);
  });

  it('The pause flag and the time of the Redis server are read.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    const readServerTime = async () => Number((await services.redis.time())[0]) * 1_000;
    await queue.pause();
    const before = await readServerTime();
    const { now, paused } = await observeLink(services, link);
    expect(paused).toBe(true);
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThan((await readServerTime()) + 1_000);
  });

  it('A queue with another prefix and an unusual name is found.', async () => {
    const { queue, link } = await createOwnedQueue(services, 'Bestellungen {1} ü', { prefix: '{team-a}' });
    await queue.add('x', {});
    expect(await observeLink(services, link)).toMatchObject({ waiting: 1 });
    await services.context.links.setPaused([link], 'paused', { responseMs: 5_000, validForMs: 5_000 });
    expect(await queue.isPaused()).toBe(true);
    await queue.close();
  });

  it('Tasks that a BullMQ 5 producer added to the paused list count as waiting.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    const oldestAt = Date.now() - hourMs;
    await queue.add('old', {}, { timestamp: oldestAt });
    await services.redis.rename('bull:orders-full:wait', 'bull:orders-full:paused');
    await services.redis.hset('bull:orders-full:meta', 'paused', '1');
    await queue.add('new', {});
    expect(await observeLink(services, link)).toMatchObject({ paused: true, waiting: 2, oldestRunnableAt: oldestAt });
  });
});

describe('oldestRunnableAt', () => {
  const at = Date.now() - hourMs;

  it('A FIFO task is runnable since it was added.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('old', {}, { timestamp: at });
    await queue.add('new', {});
    expect((await observeLink(services, link)).oldestRunnableAt).toBe(at);
  });

  it('The latency grows while the link is paused.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.pause();
    await queue.add('held', {});
    const first = linkLatencyMs(await observeLink(services, link));
    await waitFor(async () => linkLatencyMs(await observeLink(services, link)) > first);
  });

  it('The oldest prioritized task is found behind more urgent ones.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('urgent', {}, { priority: 1 });
    await queue.add('hidden', {}, { priority: 2_097_151, timestamp: at });
    await queue.add('behind it', {}, { priority: 2_097_151 });
    await queue.add('middle', {}, { priority: 5, timestamp: at + 1_000 });
    expect((await observeLink(services, link)).oldestRunnableAt).toBe(at);
  });

  it('A delayed task that is due counts, although no worker promotes it.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('due', {}, { delay: 60_000, timestamp: at });
    expect(await observeLink(services, link)).toMatchObject({ overdue: 1, oldestRunnableAt: at + 60_000 });
  });

  it('A delayed task that is not due does not count.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('later', {}, { delay: hourMs });
    expect(await observeLink(services, link)).toMatchObject({ overdue: 0, oldestRunnableAt: null });
  });

  it('A delayed task that was just promoted is runnable since it was due.', async () => {
    const { link, queue, startWorker } = await services.createLink('orders-full');
    await queue.pause();
    await startWorker(async () => {});
    const dueAt = Date.now() - 50;
    await queue.add('due', {}, { delay: hourMs, timestamp: dueAt - hourMs });
    await waitFor(() => queue.getWaitingCount());
    expect((await observeLink(services, link)).oldestRunnableAt).toBe(dueAt);
  });

  it('A delayed task that a person promoted is runnable since the promotion.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    const job = await queue.add('later', {}, { delay: hourMs });
    const before = Date.now();
    await job.promote();
    const { oldestRunnableAt, now } = await observeLink(services, link);
    expect(oldestRunnableAt).toBeGreaterThanOrEqual(before - 1);
    expect(oldestRunnableAt).toBeLessThanOrEqual(now);
  });

  it('The oldest LIFO task is found at the other end of the list.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    for (const timestamp of [at, at + 1, at + 2]) await queue.add('lifo', {}, { lifo: true, timestamp });
    expect((await observeLink(services, link)).oldestRunnableAt).toBe(at);
  });

  it('In a mix of FIFO and LIFO tasks, the time is never too early.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('lifo', {}, { lifo: true, timestamp: at });
    await queue.add('lifo', {}, { lifo: true, timestamp: at + 2 });
    await queue.add('fifo', {}, { timestamp: at + 3 });
    expect((await observeLink(services, link)).oldestRunnableAt).toBeGreaterThanOrEqual(at);
  });

  it('The time of a retried task is never before the end of its backoff, also when its events are gone.', async () => {
    const { link, queue, startWorker } = await services.createLink('orders-full');
    const worker = await startWorker(async () => {
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

describe('what the event stream says', () => {
  const eventsKey = 'bull:orders-full:events';

  /** Replaces the events of the link. `ago`: how long ago each was, ms, the oldest first. */
  async function writeEvents(...events: { readonly event: string; readonly ago: number; readonly jobId?: string }[]) {
    const now = await services.context.serverClock.now();
    await services.redis.del(eventsKey);
    for (const { event, ago, jobId = '1' } of events)
      await services.redis.xadd(eventsKey, `${now - ago}-*`, 'event', event, 'jobId', jobId);
    return now;
  }

  it.each(['ats', 'processedOn'])(
    'A task that began before, by its field %s, is runnable since its last event.',
    async (field) => {
      const { link, queue } = await services.createLink('orders-full');
      await queue.add('retried', {}, { timestamp: Date.now() - hourMs });
      await services.redis.hset('bull:orders-full:1', field, '1');
      const now = await writeEvents(
        { event: 'waiting', ago: 9_000 },
        { event: 'waiting', ago: 6_000 },
        { event: 'active', ago: 5_000 },
        { event: 'waiting', ago: 4_000, jobId: '2' },
      );
      expect((await observeLink(services, link)).oldestRunnableAt).toBe(now - 6_000);
    },
  );

  it('A task that began before is runnable at least since the oldest event, if its own is gone.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('retried', {}, { timestamp: Date.now() - hourMs });
    await services.redis.hset('bull:orders-full:1', 'ats', '1');
    const now = await writeEvents({ event: 'active', ago: 5_000 }, { event: 'waiting', ago: 4_000, jobId: '2' });
    expect((await observeLink(services, link)).oldestRunnableAt).toBe(now - 5_000);
  });

  const recent = (...events: string[]) => events.map((event, index) => ({ event, ago: 9_000 - index }));
  it.each([
    ['a task began after the pause', recent('paused', 'active'), true],
    ['a task began and ended after the pause', recent('paused', 'active', 'completed'), true],
    ['a task began before the pause', recent('active', 'paused'), false],
    ['a task began before the link was resumed', recent('paused', 'active', 'resumed'), false],
    ['a task began more than 5 min ago', [{ event: 'active', ago: 301_000 }], false],
    ['there is no event', [], false],
  ])('Whether a worker ignores the pause of a link: %s', async (_name, events, ignoresPause) => {
    const { link } = await services.createLink('orders-full');
    await writeEvents(...events);
    expect((await observeLink(services, link)).ignoresPause).toBe(false);
    await services.redis.hset('bull:orders-full:meta', 'paused', '1');
    expect((await observeLink(services, link)).ignoresPause).toBe(ignoresPause);
  });
});

describe('which failed tasks BullMQ keeps', () => {
  const prefix = 'bull:orders-full';

  it.each(['wait', 'active', 'prioritized', 'delayed', 'failed'])('is read from a task in %s.', async (state) => {
    const { link } = await services.createLink('orders-full');
    await services.redis.hset(`${prefix}:1`, 'opts', '{"removeOnFail":5}', 'timestamp', '1');
    if (state === 'wait' || state === 'active') await services.redis.lpush(`${prefix}:${state}`, '1');
    else await services.redis.zadd(`${prefix}:${state}`, 2 ** 32 + 1, '1');
    expect((await observeLink(services, link)).failedRetention).toEqual({ kind: 'bounded', count: 5, ageMs: null });
  });

  it.each([
    [true, { kind: 'none' }],
    [0, { kind: 'none' }],
    [{ age: 0 }, { kind: 'none' }],
    [{ count: 0, age: 60 }, { kind: 'none' }],
    [false, { kind: 'all' }],
    [undefined, { kind: 'all' }],
    [{ count: -1 }, { kind: 'all' }],
    [
      { count: -1, age: 60 },
      { kind: 'bounded', count: null, ageMs: 60_000 },
    ],
    [
      { count: 7, age: 60 },
      { kind: 'bounded', count: 7, ageMs: 60_000 },
    ],
  ])('with the option %j is %j.', async (removeOnFail, retention) => {
    const { link } = await services.createLink('orders-full');
    await services.redis.hset(`${prefix}:1`, 'opts', JSON.stringify({ removeOnFail }), 'timestamp', '1');
    await services.redis.lpush(`${prefix}:wait`, '1');
    expect((await observeLink(services, link)).failedRetention).toEqual(retention);
  });

  it('is that of the newest failed task, if the next task does not bound it.', async () => {
    const { link } = await services.createLink('orders-full');
    await services.redis.hset(`${prefix}:1`, 'opts', '{}', 'timestamp', '1');
    await services.redis.lpush(`${prefix}:wait`, '1');
    await services.redis.hset(`${prefix}:2`, 'opts', '{"removeOnFail":5}');
    await services.redis.zadd(`${prefix}:failed`, 1, '2');
    expect((await observeLink(services, link)).failedRetention).toMatchObject({ kind: 'bounded', count: 5 });
  });
});

describe('failures after the watermark', () => {
  /** Failed tasks as BullMQ stores them, with this time of failure. */
  async function addFailedTasks(at: number, ...ids: string[]) {
    for (const id of ids) {
      await services.redis.hset(`bull:orders-full:${id}`, { failedReason: `${id} failed\n    at secret (file.js:1)` });
      await services.redis.zadd('bull:orders-full:failed', at, id);
    }
  }

  it('Later failures count, and those of the same millisecond that the watermark does not name.', async () => {
    const { link } = await services.createLink('orders-full');
    await addFailedTasks(1_000, 'older');
    await addFailedTasks(2_000, '9', '10');
    const { newestFailed } = await observeLink(services, link);
    expect(newestFailed).toMatchObject({ at: 2_000, known: ['10', '9'].map((taskId) => ({ taskId, at: 2_000 })) });
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

  it('A failure counts although a worker with a fast clock stamped an earlier one an hour ahead.', async () => {
    const { link } = await services.createLink('orders-full');
    const { now } = await observeLink(services, link);
    await addFailedTasks(now - 1_000, 'before');
    await addFailedTasks(now + hourMs, 'ahead');
    const { newestFailed } = await observeLink(services, link);
    expect(newestFailed.at).toBeLessThan(now + hourMs);
    expect(await observeLink(services, link, newestFailed)).toMatchObject({ failed: 2, failuresAfterWatermark: 0 });
    await addFailedTasks(newestFailed.at + 1, 'later');
    await addFailedTasks(now + hourMs, 'ahead as well');
    await addFailedTasks(now + 2 * hourMs, 'ahead');
    const stats = await observeLink(services, link, newestFailed);
    expect(stats.failuresAfterWatermark).toBe(3);
    expect(stats.oldestFailures.map(({ taskId }) => taskId)).toEqual(['later', 'ahead as well', 'ahead']);
  });

  it('All failures count, and the three oldest are returned.', async () => {
    const { link } = await services.createLink('orders-full');
    for (let at = 1; at <= 20; at++) await addFailedTasks(at, `task-${at}`);
    const stats = await observeLink(services, link);
    expect(stats).toMatchObject({
      failuresAfterWatermark: 20,
      newestFailed: { at: 20, known: [{ taskId: 'task-20', at: 20 }] },
    });
    expect(stats.oldestFailures.map(({ taskId }) => taskId)).toEqual(['task-1', 'task-2', 'task-3']);
  });

  it('The reason is the first line of what a worker wrote.', async () => {
    const { link, queue, startWorker } = await services.createLink('orders-full');
    await startWorker(() => Promise.reject(new Error('refused by the target\nsecond line')));
    const job = await queue.add('bad', {});
    await waitFor(() => queue.getFailedCount());
    const { oldestFailures, now } = await observeLink(services, link);
    expect(oldestFailures).toEqual([{ taskId: job.id, reason: 'refused by the target', at: expect.any(Number) }]);
    expect(oldestFailures[0]?.at).toBeLessThanOrEqual(now);
  });

  it('The reason that BullMQ for Python stores as JSON text is read without its quotes.', async () => {
    const { link } = await services.createLink('orders-full');
    const reasons = ['"row 7 was \\"refused\\"\\nat line 3"', '"refused', '"a" and "b"'];
    for (const [index, failedReason] of reasons.entries()) {
      await services.redis.hset(`bull:orders-full:py-${index}`, { failedReason });
      await services.redis.zadd('bull:orders-full:failed', 1_764_000_000_000 + index, `py-${index}`);
    }
    const { oldestFailures } = await observeLink(services, link);
    expect(oldestFailures.map(({ reason }) => reason)).toEqual(['row 7 was ‹value›', '‹value›', '‹value› and ‹value›']);
  });

  it.each([
    ['in its text', `"connection refused ${'x'.repeat(2_000)}"`],
    ['in an escape', `"connection refused ${'x'.repeat(979)}\\n and more"`],
    ['in the code of a character', `"connection refused ${'x'.repeat(976)}\\u00e9 and more"`],
  ])('A reason of BullMQ for Python that is cut %s is not masked as a whole.', async (_where, failedReason) => {
    const { link } = await services.createLink('orders-full');
    await services.redis.hset('bull:orders-full:py', { failedReason });
    await services.redis.zadd('bull:orders-full:failed', 1_764_000_000_000, 'py');
    const { oldestFailures } = await observeLink(services, link);
    expect(oldestFailures[0]?.reason).toMatch(/^connection refused x+…$/);
  });

  it('Task ids are read exactly, reasons are masked, and invalid UTF-8 does not hide the link.', async () => {
    const { link } = await services.createLink('orders-full');
    const taskId = 'zé "1" \\ {}\u0001 <b>';
    await addFailedTasks(1_764_000_000_001, taskId);
    const cutCharacter = Buffer.concat([Buffer.alloc(999, 'x'), Buffer.from('é second half')]);
    await services.redis.hset('bull:orders-full:cut', { failedReason: cutCharacter });
    await services.redis.zadd('bull:orders-full:failed', 1_764_000_000_002, 'cut');
    await services.redis.zadd('bull:orders-full:failed', 1_764_000_000_003, Buffer.from([0xff, 0x22, 0xc3]));
    const { oldestFailures, newestFailed } = await observeLink(services, link);
    expect(oldestFailures).toEqual([
      { taskId, at: 1_764_000_000_001, reason: 'zé ‹value› \\ {}\u0001 <b> failed' },
      { taskId: 'cut', at: 1_764_000_000_002, reason: `${'x'.repeat(149)}…` },
      { taskId: '\uFFFD"\uFFFD', at: 1_764_000_000_003, reason: '' },
    ]);
    expect(newestFailed).toMatchObject({ known: [{ taskId: '\uFFFD"\uFFFD', at: 1_764_000_000_003 }] });
    const at = 1_764_000_000_001;
    const watermark = { ...noWatermark, at, known: [{ taskId, at }] };
    expect(await observeLink(services, link, watermark)).toMatchObject({ failuresAfterWatermark: 2 });
  });
});
