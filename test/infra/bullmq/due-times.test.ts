import { once } from 'node:events';
import { Queue } from 'bullmq';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { firingConditions } from '../../../src/domain/alert.ts';
import { type BotQueues, createBotQueues } from '../../../src/infra/bullmq/queues.ts';
import { keys } from '../../support/keys.ts';
import { startTestServices, type TestServices, testSettings } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';
import { startWorkerWithWrongClock, type WrongClockOptions } from '../../support/worker-with-wrong-clock.ts';

const dayMs = 86_400_000;
/** The intervals of the test services: another interval would reset the schedule. */
const intervals = { observeMs: testSettings.observeEveryMs, sweepMs: 300 };

let services: TestServices;
let queues: BotQueues;
beforeEach(async () => {
  services = await startTestServices();
  queues = createBotQueues({ client: services.redis, keys }, () => {});
});
afterEach(async () => {
  await queues[Symbol.asyncDispose]();
  await services[Symbol.asyncDispose]();
});

const startWorker = (queue: string, more: Partial<WrongClockOptions> = {}) =>
  startWorkerWithWrongClock({ url: services.url, queue, clockOffsetMs: dayMs, ...more });

/** When the next cycle is due, ms from now by the clock of Redis. */
async function nextCycleInMs(name: 'observe' | 'sweep'): Promise<number> {
  const [due, now] = [
    await services.redis.zscore(`{syncbot}:${name}:repeat`, name),
    await services.context.serverClock.now(),
  ];
  return Number(due) - now;
}

it('Cycles run after a worker whose clock was a day ahead has ended, and an alert is raised.', async () => {
  const link = await services.createLink('orders');
  await services.createProject('orders', [link], { state: 'paused' });
  await services.context.projects.markReconciled('orders', 1, []);
  await queues.scheduleCycles(intervals);
  const ahead = (['observe', 'sweep'] as const).map((name) => startWorker(name));
  await Promise.all(ahead.map((worker) => once(worker, 'exit')));
  expect(await nextCycleInMs('observe')).toBeGreaterThan(dayMs / 2);
  expect(await nextCycleInMs('sweep')).toBeGreaterThan(dayMs / 2);

  await services.instance.startWorkers();
  await waitFor(async () => {
    const project = await services.context.projects.read('orders');
    return firingConditions(project?.alerts ?? {}).some(({ kind }) => kind === 'unexpectedly_running');
  });
  await waitFor(async () => (await nextCycleInMs('sweep')) < dayMs / 2);
  expect(await nextCycleInMs('observe')).toBeLessThan(dayMs / 2);
});

it('A job that a worker with a clock a day ahead has delayed runs.', async () => {
  const link = await services.createLink('orders');
  await services.createProject('orders', [link], { state: 'paused' });
  await services.context.jobs.reconcile('orders');
  await once(startWorker('reconcile', { outcome: 'failed' }), 'exit');
  expect(await services.redis.zcard('{syncbot}:reconcile:delayed')).toBe(1);
  await services.instance.startWorkers();
  await waitFor(() => link.queue.isPaused());
});

it('A worker whose clock is a day behind gets a job that is due.', async () => {
  const queue = new Queue('actions', { connection: services.redis, prefix: '{syncbot}' });
  await queue.add('execute', {}, { delay: 1_000, timestamp: Date.now() - 3_600_000 });
  const worker = startWorker('actions', { clockOffsetMs: -dayMs });
  const exited = once(worker, 'exit');
  await waitFor(async () => (await queue.getWorkersCount()) > 0);
  expect(await queues.correctDueTimes(intervals)).toMatchObject({ actions: 0 });
  await exited;
  expect(await queue.getCompletedCount()).toBe(1);
  await queue.close();
});

it('Due times within the longest delay are kept, and schedules that are lost are created.', async () => {
  await queues.scheduleCycles(intervals);
  const queue = new Queue('notifications', { connection: services.redis, prefix: '{syncbot}' });
  await queue.add('notify-alerts', { project: 'orders' }, { delay: 10 * 60_000 });
  await services.redis.del('{syncbot}:sweep:repeat');
  const before = await services.redis.zrange('{syncbot}:notifications:delayed', 0, '-1', 'WITHSCORES');
  expect(await queues.correctDueTimes(intervals)).toEqual({
    actions: 0,
    batches: 0,
    reconcile: 0,
    notifications: 0,
    observe: 0,
    sweep: 0,
  });
  expect(await services.redis.zrange('{syncbot}:notifications:delayed', 0, '-1', 'WITHSCORES')).toEqual(before);
  expect(await services.redis.zscore('{syncbot}:sweep:repeat', 'sweep')).not.toBeNull();
  await queue.close();
});
