import { EventEmitter, once } from 'node:events';
import { Worker as OldWorker } from 'bullmq4';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ProjectDefinition } from '../../src/domain/project.ts';
import {
  buttonLabels,
  channelMessages,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
  waitForChannelMessage,
} from '../support/slack-harness.ts';
import type { InitialProjectState, TestLink } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

/** The buttons for the people of an alert that nothing has acknowledged. */
const acknowledge = ["I've Got It", 'Snooze 1 h'];

let harness: SlackHarness;
let link: TestLink;
beforeEach(async () => {
  harness = await startSlackHarness();
  link = await harness.services.createLink('orders-full');
});
afterEach(() => closeWithoutViolations(harness));

const alertMessages = (pattern: RegExp) => channelMessages(harness, pattern);
const waitForAlert = (pattern: RegExp) => waitForChannelMessage(harness, pattern);
const readProject = async () => await harness.services.context.projects.read('orders');
/** Waits until the observer has started two more cycles. */
async function waitForTwoObservations(): Promise<void> {
  for (let observation = 0; observation < 2; observation++) {
    const countBefore = await harness.services.redis.hget('{syncbot}:observe:repeat:observe', 'ic');
    await waitFor(
      async () => (await harness.services.redis.hget('{syncbot}:observe:repeat:observe', 'ic')) !== countBefore,
    );
  }
}

async function createRunningProject(options: Partial<ProjectDefinition> & InitialProjectState = {}): Promise<void> {
  await harness.services.createProject('orders', [link], { channel: 'C0SYNC', ...options });
  await harness.services.instance.startWorkers();
  await waitFor(async () => (await readProject())?.reconciledVersion === 1);
}

it('Latency above its limit fires one alert, which is resolved in place. It does not fire while the project is Paused.', async () => {
  await createRunningProject({ latencyAlert: 1_000 });
  const tasks = new EventEmitter();
  const tasksReleased = once(tasks, 'release');
  await link.startWorker(() => tasksReleased);
  const tenMinutesAgo = Date.now() - 600_000;
  for (let task = 0; task < 3; task++) await link.queue.add('change', {}, { timestamp: tenMinutesAgo });
  const alertMessage = await waitForAlert(/orders · 10 min behind · limit 1 s/);
  expect(buttonLabels(alertMessage)).toEqual(['Show', ...acknowledge]);
  await harness.requestAndPressOk('pause', 'orders');
  const resolvedMessage = await waitForAlert(/Ended .*, because orders was Paused · it was too far behind/);
  expect(resolvedMessage.ts).toBe(alertMessage.ts);
  await waitForTwoObservations();
  expect(alertMessages(/min behind · limit/)).toEqual([]);
  await harness.requestAndPressOk('restore', 'orders');
  expect((await waitForAlert(/min behind · limit/)).ts).toBe(alertMessage.ts);
  tasks.emit('release');
  await waitForAlert(/Resolved .* · it was too far behind/);
});

it('An alert fires when no worker is connected, and when no worker takes delayed tasks that are due.', async () => {
  await createRunningProject();
  const alertMessage = await waitForAlert(/orders · No worker connected · `orders-full`/);
  const idleConnection = new Redis(harness.services.url);
  await idleConnection.client('SETNAME', `bull:${Buffer.from('orders-full').toString('base64')}`);
  expect((await waitForAlert(/Resolved .* · no worker took its tasks/)).ts).toBe(alertMessage.ts);
  const task = await link.queue.add('change', {}, { delay: 60_000 });
  await harness.services.redis.zadd('bull:orders-full:delayed', (Date.now() - 60_000) * 4_096, String(task.id));
  expect((await waitForAlert(/orders · No worker takes tasks · delayed tasks of `orders-full` are due/)).ts).toBe(
    alertMessage.ts,
  );
  idleConnection.disconnect();
  await link.startWorker(async () => {});
  await waitForAlert(/Resolved .* · no worker took its tasks/);
});

it('A critical alert fires when a BullMQ 4 worker takes tasks of a paused link.', async () => {
  await createRunningProject();
  const { hostname: host, port } = new URL(harness.services.url);
  const oldWorker = new OldWorker('orders-full', async () => {}, { connection: { host, port: Number(port) } });
  oldWorker.on('error', () => {});
  await oldWorker.waitUntilReady();
  await harness.requestAndPressOk('pause', 'orders');
  await waitFor(async () => (await readProject())?.state === 'paused');
  await link.queue.add('must-wait', {});
  const alertMessage = await waitForAlert(/orders · Paused, but a worker takes tasks · `orders-full`/);
  expect(visibleText(alertMessage)).toMatch(/Attention, <@U0ALICE>: .*BullMQ 4/s);
  expect(await link.queue.getCompletedCount()).toBe(1);
  await oldWorker.close();
  await harness.requestAndPressOk('restore', 'orders');
  await waitForAlert(/Resolved .* · a worker ignored the pause/);
});

it('The alert pause_ignored does not fire when workers honor the pause, however many tasks are added.', async () => {
  await createRunningProject();
  await link.startWorker(async () => {}, 5);
  await link.queue.addBulk(Array.from({ length: 200 }, () => ({ name: 'change', data: {} })));
  await harness.requestAndPressOk('pause', 'orders');
  await waitFor(async () => (await readProject())?.state === 'paused');
  await waitForTwoObservations();
  expect((await readProject())?.alerts.pause_ignored).toBeUndefined();
  await link.queue.addBulk(Array.from({ length: 1_500 }, () => ({ name: 'change', data: {} })));
  await waitForTwoObservations();
  expect((await readProject())?.alerts.pause_ignored).toBeUndefined();
});

it('A project with onFailure: continue stays Running, and one alert counts all its failed tasks.', async () => {
  await createRunningProject({ onFailure: 'continue' });
  await link.startWorker(async () => {
    throw new Error('row 17 refused');
  }, 20);
  await link.queue.addBulk(Array.from({ length: 300 }, () => ({ name: 'change', data: {} })));
  const alertMessage = await waitForAlert(/orders · \d+ tasks? failed.* · the oldest on `orders-full`/);
  expect(buttonLabels(alertMessage)).toEqual(['Pause', 'Show', ...acknowledge]);
  await waitFor(async () => (await link.queue.getFailedCount()) === 300);
  await waitForTwoObservations();
  expect(await readProject()).toMatchObject({ state: 'running', failure: null });
  expect(alertMessages(/failed.* · the oldest/)).toHaveLength(1);
});

it('With logRetention the dialog and the outcome name the deadline, and later alerts have a Restore button.', async () => {
  await createRunningProject({ logRetention: 48 * 3_600_000 });
  await link.startWorker(async () => {});
  const dialog = await harness.requestAndPressOk('pause', 'orders');
  expect(visibleText(dialog)).toMatch(/source keeps its log until <!date\^\d+\^.*UTC>: restore orders before then/);
  await waitForAlert(/orders.* was paused .*A restore was due before <!date/s);
  const projectBefore = await readProject();
  if (projectBefore === null || projectBefore.oldestUnprocessedAt === null) throw new Error('no unprocessed change');
  expect(Math.abs(projectBefore.oldestUnprocessedAt - projectBefore.since)).toBeLessThan(60_000);
  /** Sets the times of the project as if this part of its retention time had passed. */
  const advanceLogRetention = async (part: number) => {
    const since = Date.now() - part * 48 * 3_600_000;
    await harness.services.redis.hset('syncbot:{p:orders}:state', { since, oldestUnprocessedAt: since });
  };
  await waitForTwoObservations();
  expect(alertMessages(/of its log retention has passed/)).toEqual([]);
  await advanceLogRetention(0.55);
  const halfwayMessage = await waitForAlert(/half of its log retention has passed/);
  expect(buttonLabels(halfwayMessage)).toEqual(['Restore', 'Show', ...acknowledge]);
  await advanceLogRetention(0.85);
  expect((await waitForAlert(/most of its log retention has passed/)).ts).not.toBe(halfwayMessage.ts);
  await advanceLogRetention(1.5);
  const resolvedMessage = await waitForAlert(/its source kept its log until/);
  harness.press('Restore', resolvedMessage, 'U0BOB');
  harness.press('OK', await harness.waitForMessage('Restore orders?', { user: 'U0BOB' }), 'U0BOB');
  await waitForAlert(/its log retention had ended/);
  expect(await readProject()).toMatchObject({ state: 'running', oldestUnprocessedAt: null });
});
