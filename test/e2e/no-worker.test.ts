import { afterEach, beforeEach, expect, test } from 'vitest';
import { operationKey } from '../../src/infra/redis/keys.ts';
import { closeWithoutViolations, type SlackHarness, startSlackHarness, visibleText } from '../support/slack-harness.ts';
import { waitFor } from '../support/wait-for.ts';

let harness: SlackHarness;
beforeEach(async () => {
  harness = await startSlackHarness();
  await harness.services.createProject('orders', [await harness.services.createLink('orders-full')]);
  await harness.bot.services.startSweep();
});
afterEach(() => closeWithoutViolations(harness));

const carol = { user: 'U0CAROL' };
const channelTexts = () => harness.slack.messagesVisibleTo('U0CAROL', 'C0SYNC').map(visibleText);

/** Waits until the bot has confirmed the operation, then moves its confirmation into the past. */
async function moveConfirmationBack(ms: number): Promise<void> {
  const { redis, context } = harness.services;
  const operation = await waitFor(async () =>
    (await context.operations.listOpen('orders')).find(({ state }) => state === 'confirmed'),
  );
  const confirmedAt = (await context.serverClock.now()) - ms;
  await redis.hset(operationKey('orders', operation.id), {
    resolvedAt: confirmedAt,
    executeBy: confirmedAt + 120_000,
  });
}

test('Without a worker the message says so after 10 s, and after 2 minutes the bot refuses the operation.', async () => {
  const dialog = await harness.requestAndPressOk('pause', 'orders');
  await harness.waitForMessage('Pausing orders…', carol);
  await moveConfirmationBack(10_000);
  await harness.waitForMessage('No syncbot worker has taken the request yet', carol);
  await moveConfirmationBack(121_000);
  await harness.waitForMessage('no syncbot worker took the request within 2 min', carol);
  expect(channelTexts()).toHaveLength(1);
  const dialogText = () =>
    harness.slack.messagesVisibleTo('U0ALICE', 'C0SYNC').find(({ ts }) => ts === dialog.ts)?.text;
  await waitFor(() => dialogText()?.includes('Nothing was changed'));
  expect(await harness.services.context.projects.read('orders')).toMatchObject({ state: 'running', version: 1 });
});

test('A worker that starts late executes the operation, and the message does not say any more that none does.', async () => {
  await harness.requestAndPressOk('pause', 'orders');
  await harness.waitForMessage('Pausing orders…', carol);
  await moveConfirmationBack(10_000);
  await harness.waitForMessage('No syncbot worker has taken the request yet', carol);
  await harness.services.addInstance().startWorkers();
  await harness.waitForMessage('orders is Paused', carol);
  await waitFor(() => channelTexts().every((text) => !text.includes('No syncbot worker')));
});
