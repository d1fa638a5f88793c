import { afterEach, beforeEach, expect, it } from 'vitest';
import { keys } from '../../support/keys.ts';
import { silentNotifier } from '../../support/silent-ports.ts';
import { startTestServices, type TestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices();
  await services.createProject('orders', [await services.createLink('orders-full')]);
});
afterEach(() => services[Symbol.asyncDispose]());

const counts = async () => (await services.instance.health.readJobCounts())?.['notifications'];
const countWaiting = async () => (await counts())?.['waiting'];

/** Asks for the notification of operations that do not exist. */
async function queueNotifications(count: number): Promise<void> {
  for (let operation = 0; operation < count; operation += 1)
    await services.context.notifications.operationChanged({ project: 'orders', operation: `old${operation}` });
}

it('Without a bot, the notifications of one operation or of the alerts of one channel are one job.', async () => {
  for (let change = 0; change < 5; change += 1) {
    await services.context.notifications.operationChanged({ project: 'orders', operation: 'op1' });
    await services.context.notifications.alertsChanged('C0SYNC', { wake: true });
    await services.context.notifications.observationChanged();
  }
  expect(await countWaiting()).toBe(3);
});

it('A notification of an operation without a delay replaces a delayed one.', async () => {
  const { notifications } = services.context;
  await notifications.operationChanged({ project: 'orders', operation: 'op1' }, 60_000);
  expect(await counts()).toMatchObject({ waiting: 0, delayed: 1 });
  await notifications.operationChanged({ project: 'orders', operation: 'op1' });
  expect(await counts()).toMatchObject({ waiting: 1, delayed: 0 });
  await notifications.operationChanged({ project: 'orders', operation: 'op1' }, 60_000);
  expect(await counts()).toMatchObject({ waiting: 1, delayed: 0 });
});

it('The last notification that is asked for while one is written follows it, after its own delay.', async () => {
  const ref = { project: 'orders', operation: 'op1' };
  const { notifications } = services.context;
  const delays = [[0, 60_000], [60_000, 0], []];
  let notified = 0;
  await services.addInstance().startNotifier({
    ...silentNotifier,
    async notifyOperation() {
      for (const delayMs of delays[notified++] ?? []) await notifications.operationChanged(ref, delayMs);
    },
  });
  await notifications.operationChanged(ref);
  await waitFor(async () => (await counts())?.['delayed'] === 1, { description: 'the delayed notification' });
  expect(notified).toBe(1);
  await notifications.operationChanged(ref);
  await waitFor(() => notified === 3, { description: 'the notification that follows at once' });
  await waitFor(async () => Object.values((await counts()) ?? {}).every((count) => count === 0));
});

it('Without a bot, the queue of notifications is bounded, and a bot that starts later gets those that were left out.', async () => {
  const started = { project: 'orders', operation: 'started' };
  await services.context.notifications.operationChanged(started, 60_000);
  await queueNotifications(1_100);
  expect(await counts()).toMatchObject({ waiting: 999, delayed: 1 });
  const ref = await services.requestAndConfirm('orders', 'pause');
  await services.context.notifications.operationChanged(ref, 60_000);
  expect(await counts()).toMatchObject({ waiting: 999, delayed: 1 });

  const notified = new Set<string>();
  const bot = services.addInstance();
  await bot.startNotifier({
    ...silentNotifier,
    notifyOperation: async ({ operation }) => void notified.add(operation),
  });
  await bot.startSweep();
  await waitFor(() => notified.has(ref.operation));
  expect(await countWaiting()).toBe(0);
});

it('A bot with a webhook sends the audit log, again after a refusal, and a bot without one drops the job.', async () => {
  const { auditDelivery, notifications, serverClock } = services.context;
  const since = Math.floor(await serverClock.now()) - 60_000;
  const { audit } = keys.project('orders');
  await services.redis.del(audit);
  await services.redis.xadd(audit, `${since}-*`, 'event', 'changed');
  await auditDelivery.save(since);
  const botWithout = services.addInstance();
  await botWithout.startNotifier(silentNotifier);
  await notifications.auditDue();
  await waitFor(async () => Object.values((await counts()) ?? {}).every((count) => count === 0));
  expect(await auditDelivery.read()).toBe(since);
  await botWithout.stopWorkers();

  const events: string[][] = [];
  await services.addInstance().startNotifier(silentNotifier, async (entries) => {
    events.push(entries.map(({ entry }) => entry.event));
    if (events.length === 1) throw new Error('refused');
  });
  await waitFor(async () => (await auditDelivery.read()) !== since, { description: 'the second request' });
  expect(events[1]).toEqual(events[0]);
  expect(events[0]).toContain('changed');
});
