import { FlowProducer, type JobsOptions, type Queue } from 'bullmq';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { noWatermark, type Watermark } from '../../../src/domain/link.ts';
import { createLinkConnections } from '../../../src/infra/bullmq/link-connections.ts';
import { retryFailedTasks } from '../../../src/infra/bullmq/retry-failed.ts';
import { endpointOf, startTestServices, type TestLink, type TestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';
import { observeLink, snapshotKeys } from '../link-fixture.ts';

let services: TestServices;
let testLink: TestLink;
let queue: Queue;
beforeEach(async () => {
  services = await startTestServices();
  testLink = await services.createLink('payments');
  queue = testLink.queue;
});
afterEach(() => services[Symbol.asyncDispose]());

const retryFailed = async (watermark: Watermark = noWatermark) =>
  (await services.context.links.retryFailed([{ link: testLink.link, watermark }]))[0];

/** Adds tasks and lets every one of them fail for good. */
async function failTasks(tasks: readonly (readonly [name: string, opts?: JobsOptions])[]) {
  const failedBefore = await queue.getFailedCount();
  const worker = await testLink.startWorker(() => Promise.reject(new Error('no')));
  await queue.addBulk(tasks.map(([name, opts = {}]) => ({ name, data: {}, opts })));
  await waitFor(async () => (await queue.getFailedCount()) === failedBefore + tasks.length);
  await worker.close();
}

/** Resumes the link. Returns the names of the tasks in the order in which a worker gets them. */
async function readRunOrder(count: number): Promise<string[]> {
  const completed: string[] = [];
  await services.context.links.setPaused([testLink.link], 'resumed', { responseMs: 5_000, validForMs: 5_000 });
  const worker = await testLink.startWorker(async (job) => completed.push(job.name));
  await waitFor(() => completed.length >= count, { description: `${count} tasks` });
  await worker.close();
  return completed;
}

describe('retrying failed tasks', () => {
  it('Retried tasks run before newer ones, oldest first, whatever their ids.', async () => {
    const at = (timestamp: number, jobId?: string) => ({ timestamp, ...(jobId === undefined ? {} : { jobId }) });
    await failTasks([
      ['a', at(1)],
      ['b', at(2, 'zebra')],
      ['c', at(3, 'ant')],
      ['d', at(4)],
    ]);
    await queue.pause();
    await queue.add('new-1', {});
    await queue.add('new-2', {});
    expect(await retryFailed()).toEqual({ kind: 'retried', tasks: 4 });
    expect(await queue.getFailedCount()).toBe(0);
    expect(await readRunOrder(6)).toEqual(['a', 'b', 'c', 'd', 'new-1', 'new-2']);
  });

  it.each(['nan', 'inf', 'high'])('A task with the priority %s is retried without a priority.', async (priority) => {
    await failTasks([['a']]);
    await services.redis.hset('bull:payments:1', 'priority', priority);
    await queue.pause();
    expect(await retryFailed()).toEqual({ kind: 'retried', tasks: 1 });
    expect(await readRunOrder(1)).toEqual(['a']);
  });

  it('Of tasks of one millisecond, the task with id 9 runs before the task with id 10.', async () => {
    const timestamp = Date.now();
    await failTasks(Array.from({ length: 12 }, (_, index) => [String(index + 1), { timestamp }] as const));
    await queue.pause();
    await retryFailed();
    expect(await readRunOrder(12)).toEqual(Array.from({ length: 12 }, (_, index) => String(index + 1)));
  });

  it('A waiting task that is older than a retried one runs before it.', async () => {
    await failTasks([['failed', { timestamp: 2_000 }]]);
    await queue.pause();
    await queue.add('older', {}, { timestamp: 1_000 });
    await queue.add('newer', {}, { timestamp: 3_000 });
    await retryFailed();
    expect(await readRunOrder(3)).toEqual(['older', 'failed', 'newer']);
  });

  it('A retried task gets all its attempts again.', async () => {
    const opts = { attempts: 3, backoff: { type: 'fixed', delay: 1 } };
    await failTasks([['a', opts]]);
    expect((await queue.getJob('1'))?.attemptsMade).toBe(3);
    await queue.pause();
    await retryFailed();
    const job = await queue.getJob('1');
    expect(job).toMatchObject({ attemptsMade: 0, attemptsStarted: 0 });
    expect([job?.failedReason, job?.finishedOn, job?.processedOn]).toEqual([undefined, undefined, undefined]);
    let attempts = 0;
    await testLink.startWorker(() => (++attempts < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve()));
    await queue.resume();
    await waitFor(async () => (await queue.getCompletedCount()) === 1);
    expect(attempts).toBe(3);
  });

  it('Nothing is changed if the link is not paused.', async () => {
    await failTasks([['a'], ['b']]);
    const before = await snapshotKeys(services);
    expect(await retryFailed()).toEqual({ kind: 'resumed_meanwhile', tasks: 0 });
    expect(await snapshotKeys(services)).toEqual(before);
  });

  it('Failures of the watermark stay failed, and a later one of the same millisecond is retried.', async () => {
    await failTasks([['old-1'], ['old-2']]);
    const { newestFailed } = await observeLink(services, testLink.link);
    await failTasks([['later']]);
    await services.redis.zadd('bull:payments:failed', newestFailed.at, '3');
    await queue.pause();
    expect(await retryFailed(newestFailed)).toEqual({ kind: 'retried', tasks: 1 });
    expect((await queue.getFailed()).map(({ name }) => name).sort()).toEqual(['old-1', 'old-2']);
  });

  it('A known failure that is stamped an hour ahead stays failed, and a later one is retried.', async () => {
    await failTasks([['ahead']]);
    await services.redis.zadd('bull:payments:failed', Date.now() + 3_600_000, '1');
    const { newestFailed } = await observeLink(services, testLink.link);
    await failTasks([['later']]);
    await queue.pause();
    expect(await retryFailed(newestFailed)).toEqual({ kind: 'retried', tasks: 1 });
    expect((await queue.getFailed()).map(({ name }) => name)).toEqual(['ahead']);
  });

  it('A second retry changes nothing.', async () => {
    await failTasks([['a'], ['b']]);
    await queue.pause();
    await retryFailed();
    const before = await snapshotKeys(services);
    expect(await retryFailed()).toEqual({ kind: 'retried', tasks: 0 });
    expect(await snapshotKeys(services)).toEqual(before);
  });

  it('A failure whose task was deleted is removed.', async () => {
    await failTasks([['gone'], ['here']]);
    await services.redis.del('bull:payments:1');
    await queue.pause();
    expect(await retryFailed()).toEqual({ kind: 'retried', tasks: 1 });
    expect(await observeLink(services, testLink.link)).toMatchObject({ failed: 0, waiting: 1 });
  });

  it('A thousand tasks are retried in order.', async () => {
    const names = await addFailedTasks(1_234);
    const scored = names.flatMap((name, index) => [1_000 + ((index * 7) % 1_234), name]);
    await services.redis.zadd('bull:payments:failed', ...scored);
    await queue.pause();
    await queue.add('new', {});
    expect(await retryFailed()).toEqual({ kind: 'retried', tasks: 1_234 });
    expect((await services.redis.lrange('bull:payments:wait', 0, -1)).reverse().slice(0, 1_234)).toEqual(names);
  });

  /** Failed tasks as BullMQ stores them, from the oldest to the newest. */
  async function addFailedTasks(count: number): Promise<string[]> {
    const names = Array.from({ length: count }, (_, index) => `t${index}`);
    await Promise.all(
      names.map((name, index) =>
        services.redis.hset(`bull:payments:${name}`, { name, data: '{}', opts: '{}', timestamp: 1_000 + index }),
      ),
    );
    await services.redis.zadd('bull:payments:failed', ...names.flatMap((name, index) => [2_000 + index, name]));
    return names;
  }

  it('An attempt stops after 30 s, and the next one goes on in order.', async () => {
    const names = await addFailedTasks(350);
    await queue.pause();
    await queue.add('new', {});
    await using connections = createLinkConnections({ default: endpointOf(services.url) }, () => {});
    const connection = connections.get('default') ?? expect.unreachable();
    const item = { link: testLink.link, watermark: noWatermark };
    let now = 0;
    const retry = () => retryFailedTasks(connection, item, () => (now += 20_000));
    expect(await retry()).toEqual({ kind: 'retried', tasks: 100 });
    for (const tasks of [100, 100, 50]) expect(await retry()).toEqual({ kind: 'retried', tasks });
    expect((await services.redis.lrange('bull:payments:wait', 0, -1)).reverse().slice(0, 350)).toEqual(names);
  });

  it('A list that takes 9 s a page is read to its end.', async () => {
    await addFailedTasks(4_100);
    await queue.pause();
    await using connections = createLinkConnections({ default: endpointOf(services.url) }, () => {});
    const connection = connections.get('default') ?? expect.unreachable();
    const evalsha = connection.client.evalsha.bind(connection.client);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    vi.spyOn(connection.client, 'evalsha').mockImplementation(async (...args) => {
      const reply = await evalsha(...args);
      vi.advanceTimersByTime(9_000);
      return reply;
    });
    const item = { link: testLink.link, watermark: noWatermark };
    expect(await retryFailedTasks(connection, item, () => 0)).toEqual({ kind: 'retried', tasks: 4_100 });
  });

  it('A task that fails later gets its place among those that were retried before.', async () => {
    for (const [index, name] of ['a', 'b', 'c', 'd', 'e'].entries())
      await queue.add(name, {}, { timestamp: 1_000 + index });
    await queue.pause();
    const failed = ['2', '4', '1', '5', '3'];
    for (const id of failed) {
      await services.redis.lrem('bull:payments:wait', 1, id);
      await services.redis.zadd('bull:payments:failed', Date.now(), id);
      await retryFailed();
    }
    await queue.add('new', {});
    expect(await readRunOrder(6)).toEqual(['a', 'b', 'c', 'd', 'e', 'new']);
  });

  it('Retried tasks run before those that a BullMQ 5 producer added to the paused list.', async () => {
    await failTasks([['a'], ['b']]);
    await queue.pause();
    await queue.add('new-1', {});
    await queue.add('new-2', {});
    await services.redis.rename('bull:payments:wait', 'bull:payments:paused');
    await retryFailed();
    expect(await readRunOrder(4)).toEqual(['a', 'b', 'new-1', 'new-2']);
  });
});

describe('retrying prioritized tasks', () => {
  it('Retried tasks keep their priority and run before newer ones of the same priority.', async () => {
    await failTasks([
      ['low-1', { priority: 9 }],
      ['high-1', { priority: 1 }],
      ['low-2', { priority: 9 }],
      ['plain', {}],
    ]);
    await queue.pause();
    await queue.add('low-3', {}, { priority: 9 });
    await queue.add('high-2', {}, { priority: 1 });
    await queue.add('plain-2', {});
    await retryFailed();
    expect(await readRunOrder(7)).toEqual(['plain', 'plain-2', 'high-1', 'high-2', 'low-1', 'low-2', 'low-3']);
  });

  it('Retried tasks keep their order, also when the counter of BullMQ has started again.', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `failed-${index + 1}`);
    await failTasks(names.map((name) => [name, { priority: 5 }] as const));
    await services.redis.del('bull:payments:pc');
    await queue.pause();
    await queue.add('more urgent', {}, { priority: 4 });
    await queue.add('new', {}, { priority: 5 });
    await retryFailed();
    expect(await readRunOrder(14)).toEqual(['more urgent', ...names, 'new']);
  });

  it('Retried tasks of the lowest priority, whose scores have 16 digits, keep their order.', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `failed-${index + 1}`);
    await failTasks(names.map((name) => [name, { priority: 2_097_151 }] as const));
    await queue.pause();
    await queue.add('new', {}, { priority: 2_097_151 });
    await retryFailed();
    const scores = await services.redis.zrangebyscore('bull:payments:prioritized', '-inf', '+inf', 'WITHSCORES');
    expect(new Set(scores.filter((_, index) => index % 2 === 1)).size).toBe(13);
    expect(await readRunOrder(13)).toEqual([...names, 'new']);
  });

  it('A prioritized task that fails later gets its place among those that were retried before.', async () => {
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries())
      await queue.add(name, {}, { priority: 3, timestamp: 1_000 + index });
    await queue.pause();
    for (const id of ['2', '4', '1', '3']) {
      await services.redis.zrem('bull:payments:prioritized', id);
      await services.redis.zadd('bull:payments:failed', Date.now(), id);
      await retryFailed();
    }
    await queue.add('new', {}, { priority: 3 });
    expect(await readRunOrder(5)).toEqual(['a', 'b', 'c', 'd', 'new']);
  });
});

describe('retrying the tasks of a flow', () => {
  /** Adds a flow whose children are in these queues. */
  async function addFlow(
    children: readonly { readonly name: string; readonly queueName: string; opts?: JobsOptions }[],
  ) {
    const flow = new FlowProducer({ connection: services.redis });
    await flow.add({
      name: 'parent',
      queueName: 'payments',
      data: {},
      children: children.map((child) => ({ ...child, data: {} })),
    });
    await flow.close();
  }

  it('A retried child belongs to its parent again.', async () => {
    await addFlow([{ name: 'child', queueName: 'payments', opts: { ignoreDependencyOnFailure: true } }]);
    const worker = await testLink.startWorker((job) =>
      job.name === 'child' ? queue.pause().then(() => Promise.reject(new Error('no'))) : Promise.resolve(),
    );
    await waitFor(() => queue.getFailedCount());
    await worker.close();
    const child = (await queue.getFailed())[0];
    const parentKey = child?.parentKey ?? '';
    expect(await retryFailed()).toEqual({ kind: 'retried', tasks: 1 });
    expect(await services.redis.smembers(`${parentKey}:dependencies`)).toEqual([`bull:payments:${child?.id}`]);
    expect(await services.redis.exists(`${parentKey}:failed`)).toBe(0);
  });

  it('A parent that failed because of its child runs once, after the child.', async () => {
    await addFlow([{ name: 'child', queueName: 'payments', opts: { failParentOnFailure: true } }]);
    const worker = await testLink.startWorker(() => Promise.reject(new Error('no')));
    await waitFor(async () => (await queue.getFailedCount()) === 2);
    await worker.close();
    await queue.pause();
    expect(await retryFailed()).toEqual({ kind: 'retried', tasks: 2 });
    expect(await queue.getJobCounts('waiting', 'waiting-children')).toEqual({ waiting: 1, 'waiting-children': 1 });
    expect(await readRunOrder(2)).toEqual(['child', 'parent']);
    expect(await queue.getJobCounts('failed', 'completed')).toEqual({ failed: 0, completed: 2 });
  });

  it.each(['failParentOnFailure', 'continueParentOnFailure', 'ignoreDependencyOnFailure'])(
    'A parent that %s has moved to wait waits for the retried child again.',
    async (policy) => {
      await addFlow([{ name: 'child', queueName: 'payments', opts: { [policy]: true } }]);
      const worker = await testLink.startWorker(() => queue.pause().then(() => Promise.reject(new Error('no'))));
      await waitFor(async () => (await queue.getFailedCount()) + (await queue.getWaitingCount()) === 2);
      await worker.close();
      expect(await retryFailed()).toEqual({ kind: 'retried', tasks: 1 });
      expect(await readRunOrder(2)).toEqual(['child', 'parent']);
      expect(await queue.getJobCounts('failed', 'completed')).toEqual({ failed: 0, completed: 2 });
    },
  );

  it.each([
    ['child', ['children', 'payments']],
    ['parent', ['payments', 'children']],
  ])(
    'A parent in another queue waits for its child, also if the link of the %s is retried first.',
    async (_first, order) => {
      const childLink = await services.createLink('children');
      await addFlow([{ name: 'child', queueName: 'children', opts: { failParentOnFailure: true } }]);
      const fail = () => Promise.reject(new Error('no'));
      const workers = [await testLink.startWorker(fail), await childLink.startWorker(fail)];
      await waitFor(async () => (await queue.getFailedCount()) + (await childLink.queue.getFailedCount()) === 2);
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all([queue.pause(), childLink.queue.pause()]);
      for (const name of order) {
        const link = { ...testLink.link, queue: name };
        await services.context.links.retryFailed([{ link, watermark: noWatermark }]);
      }
      expect(await queue.getJobCounts('waiting', 'waiting-children')).toEqual({ waiting: 0, 'waiting-children': 1 });
      await childLink.queue.resume();
      await childLink.startWorker(async () => {});
      expect(await readRunOrder(1)).toEqual(['parent']);
      expect(await queue.getJobCounts('failed', 'completed')).toEqual({ failed: 0, completed: 1 });
    },
  );

  it('A whole chain of parents that failed because of one child runs from the child up.', async () => {
    const flow = new FlowProducer({ connection: services.redis });
    const opts = { failParentOnFailure: true };
    const child = { name: 'child', queueName: 'payments', opts };
    const parent = { name: 'parent', queueName: 'payments', opts, children: [child] };
    await flow.add({ name: 'grandparent', queueName: 'payments', children: [parent] });
    await flow.close();
    const worker = await testLink.startWorker(() => Promise.reject(new Error('no')));
    await waitFor(async () => (await queue.getFailedCount()) === 3);
    await worker.close();
    await queue.pause();
    await retryFailed();
    expect(await readRunOrder(3)).toEqual(['child', 'parent', 'grandparent']);
    expect(await queue.getFailedCount()).toBe(0);
  });
});

it('Tasks that failed in any order run oldest first and once (property).', async () => {
  const task = fc.record({
    at: fc.integer({ min: 1, max: 20 }),
    ownsPriority: fc.boolean(),
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
        const ids = (await services.redis.lrange('bull:payments:wait', 0, -1)).reverse();
        const failing = ids.map((id, index) => ({ id, failedAt: sorted[index]?.failedAt ?? 0 }));
        for (let round = 1; round <= rounds; round++) {
          for (const { id, failedAt } of failing.filter((item) => item.failedAt % rounds === round - 1)) {
            await services.redis.lrem('bull:payments:wait', 1, id);
            await services.redis.zadd('bull:payments:failed', failedAt, id);
          }
          await retryFailed();
        }
        await queue.add('new', {});
        const after = (await services.redis.lrange('bull:payments:wait', 0, -1)).reverse();
        expect(after.slice(0, -1)).toEqual(ids);
      },
    ),
    { numRuns: 30 },
  );
});
