import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sweep } from '../../src/application/sweep.ts';
import type { Instrumentation } from '../../src/services.ts';
import { keys } from '../support/keys.ts';
import { completeCycleAgo } from '../support/observation.ts';
import {
  buttonLabels,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
} from '../support/slack-harness.ts';
import { waitFor } from '../support/wait-for.ts';

let harness: SlackHarness;
beforeEach(async () => {
  harness = await startSlackHarness();
  await harness.services.createProject('orders', [await harness.services.createLink('orders-full')]);
  await harness.bot.services.startSweep();
});
afterEach(() => closeWithoutViolations(harness));

const carol = { user: 'U0CAROL' };
/** The jobs that wait for a worker to execute an operation. */
const waitingJobs = () => harness.services.redis.llen(`${keys.queuePrefix}:actions:wait`);
const channelTexts = () => harness.slack.messagesVisibleTo('U0CAROL', 'C0SYNC').map(visibleText);

/** Waits until the bot has confirmed the operation, then moves its confirmation into the past. */
async function moveConfirmationBack(ms: number, project = 'orders'): Promise<void> {
  const { redis, context } = harness.services;
  const operation = await waitFor(async () =>
    (await context.operations.listOpen(project)).find(({ state }) => state === 'confirmed'),
  );
  const confirmedAt = (await context.serverClock.now()) - ms;
  await redis.hset(keys.operation(project, operation.id), {
    resolvedAt: confirmedAt,
    executeBy: confirmedAt + 120_000,
  });
}

test('Without a worker the message says so after 10 s, and after 2 minutes the bot refuses the operation.', async () => {
  const dialog = await harness.requestAndPressOk('pause', 'orders');
  await moveConfirmationBack(10_000);
  await harness.waitForMessage('No syncbot worker has taken the request yet', carol);
  expect(await waitingJobs()).toBe(1);
  await moveConfirmationBack(121_000);
  await harness.waitForMessage('No syncbot worker took the request within 2 min', carol);
  await waitFor(async () => (await waitingJobs()) === 0, { description: 'no job of a refused operation' });
  expect(channelTexts()).toHaveLength(1);
  const dialogText = () =>
    harness.slack.messagesVisibleTo('U0ALICE', 'C0SYNC').find(({ ts }) => ts === dialog.ts)?.text;
  await waitFor(() => dialogText() === 'orders · Not paused · see the message in <#C0SYNC>');
  expect(await harness.services.context.projects.read('orders')).toMatchObject({ state: 'running', version: 1 });
});

test('The message of a request that no worker took loses its button when the state of the project changes.', async () => {
  await harness.requestAndPressOk('pause', 'orders');
  await moveConfirmationBack(10_000);
  await harness.waitForMessage('No syncbot worker has taken the request yet', carol);
  await moveConfirmationBack(121_000);
  const refused = await harness.waitForMessage('No syncbot worker took the request within 2 min', carol);
  expect(buttonLabels(refused)).toEqual(['Pause', 'Show']);
  await harness.services.addInstance().startWorkers();
  await harness.requestAndPressOk('pause', 'orders', { user: 'U0BOB' });
  await harness.waitForMessage('orders was paused', carol);
  const current = () => harness.slack.findMessage(refused.ts) ?? expect.fail('no message');
  await harness.slack.waitFor(() => buttonLabels(current()).join() === 'Show', { description: 'no button Pause' });
  expect(visibleText(current())).toContain('No syncbot worker took the request within 2 min');
});

describe('a request for several projects', () => {
  beforeEach(async () => {
    await harness.services.createProject('users', [await harness.services.createLink('users-full')]);
    harness.press('OK', await harness.runCommand('pause orders users'));
    await harness.waitForMessage('Pausing… 0 of 2 projects', carol);
    for (const id of ['orders', 'users']) await moveConfirmationBack(10_000, id);
    await harness.waitForMessage('No syncbot worker has taken 2 projects yet', carol);
  });

  test('says so after 10 s, and is refused after 2 minutes.', async () => {
    for (const id of ['orders', 'users']) await moveConfirmationBack(121_000, id);
    const refused = await harness.waitForMessage('orders and users · 0 of 2 projects were paused', carol);
    expect(visibleText(refused)).toContain('orders · Not paused: no syncbot worker took the request within 2 min');
    expect(visibleText(refused)).not.toContain('has taken');
    expect(buttonLabels(refused)).toEqual(['Retry Failed']);
    expect(channelTexts()).toHaveLength(1);
  });

  test('says no longer that no worker has taken it when one has.', async () => {
    await harness.services.addInstance().startWorkers();
    const done = await harness.waitForMessage('orders and users · 2 projects were paused', carol);
    expect(visibleText(done)).not.toContain('No syncbot worker');
  });
});

test('A worker that starts late executes the operation, and the message does not say any more that none does.', async () => {
  await harness.requestAndPressOk('pause', 'orders');
  await moveConfirmationBack(10_000);
  await harness.waitForMessage('No syncbot worker has taken the request yet', carol);
  await harness.services.addInstance().startWorkers();
  await harness.waitForMessage('orders was paused', carol);
  await waitFor(() => channelTexts().every((text) => !text.includes('No syncbot worker')));
});

test('Many operations that wait for a worker at once cause no warning of Node.js.', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  for (let index = 0; index < 12; index++) {
    const id = `project-${index}`;
    await harness.services.createProject(id, [await harness.services.createLink(id)]);
    await harness.requestAndPressOk('pause', id);
    await harness.waitForMessage(`${id} · Pausing…`);
  }
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

describe('when no worker observes the links', () => {
  /** Moves the last cycle, and the first check that found the observer missing, into the past. Both clocks are Redis's. */
  async function stopObserving(agoMs: number): Promise<void> {
    await completeCycleAgo(harness.services, agoMs);
    const { redis } = harness.services;
    await waitFor(() => redis.exists(keys.observerMissing));
    await redis.decrby(keys.observerMissing, 60_000);
  }

  beforeEach(async () => {
    const link = await harness.services.createLink('users-full');
    await harness.services.createProject('users', [link], { channel: 'C0SYNC' });
    await harness.services.createProject('invoices', [link], { channel: 'C0SYNC' });
    await harness.services.createProject('payments', [link], { channel: 'C0SHARED' });
  });
  const alerts = (channel: string) =>
    harness.slack
      .messagesVisibleTo('U0ALICE', channel)
      .map(visibleText)
      .filter((text) => text.includes('observed'));

  test('each channel of a project gets one message, which is edited when a worker observes them again.', async () => {
    await stopObserving(10 * 60_000);
    await harness.waitForMessage(/2 projects · Not observed since .*UTC.*failed tasks/, carol);
    await harness.waitForMessage(/payments · Not observed since/, { channel: 'C0SHARED' });
    await completeSweep();
    expect([alerts('C0SYNC').length, alerts('C0SHARED').length]).toEqual([1, 1]);

    await harness.services.addInstance().startWorkers();
    await harness.waitForMessage(/All projects · Not observed from .* to .*noticed only afterwards/, carol);
    await harness.waitForMessage(/All projects · Not observed/, { channel: 'C0SHARED' });
    expect([alerts('C0SYNC').length, alerts('C0SHARED').length]).toEqual([1, 1]);
    await waitFor(async () => (await harness.services.context.observations.readMessages()).length === 0);
  });

  test('the channels also get it when workers run and none completes a cycle.', async () => {
    await using instance = harness.services.addInstance({ instrumentation: neverCompletesCycle });
    await instance.startWorkers();
    await stopObserving(10 * 60_000);
    await harness.waitForMessage(/2 projects · Not observed since/, carol);
  });

  test('the first checks after a stop of all processes alert no channel.', async () => {
    await completeCycleAgo(harness.services, 10 * 60_000);
    await waitFor(() => harness.services.redis.exists(keys.observerMissing));
    await completeSweep();
    expect(alerts('C0SYNC')).toEqual([]);
    expect(await harness.services.redis.pttl(keys.observerMissing)).toBeGreaterThan(0);
  });
});

/** Runs a sweep, and waits until the bot has handled the notifications that it added. */
async function completeSweep(): Promise<void> {
  const { context, health } = harness.bot.services;
  await sweep(context);
  await waitFor(async () => {
    const counts = (await health.readJobCounts())?.['notifications'];
    return counts !== undefined && Object.values(counts).every((count) => count === 0);
  });
}

const neverCompletesCycle: Instrumentation = {
  instrumentStores: (stores) => stores,
  instrumentCycle: () => new Promise(() => {}),
};
