import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTestServices, type TestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices();
  await services.createProject('orders', [await services.createLink('orders-full')]);
});
afterEach(() => services[Symbol.asyncDispose]());

const countWaiting = async () => (await services.instance.health.readJobCounts())?.['notifications']?.['waiting'];

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

it('Without a bot, the queue of notifications is bounded, and a bot that starts later gets those that were left out.', async () => {
  await queueNotifications(1_100);
  expect(await countWaiting()).toBe(1_000);
  const ref = await services.requestAndConfirm('orders', 'pause');
  await services.context.notifications.operationChanged(ref);
  expect(await countWaiting()).toBe(1_000);

  const notified = new Set<string>();
  const bot = services.addInstance();
  bot.startNotifier({
    notifyOperation: async ({ operation }) => void notified.add(operation),
    notifyAlerts: async () => {},
    notifyObservation: async () => {},
  });
  await bot.startSweep();
  await waitFor(() => notified.has(ref.operation));
  expect(await countWaiting()).toBe(0);
});
