import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  buttonLabels,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  waitForChannelMessage,
} from '../support/slack-harness.ts';

let harness: SlackHarness;
beforeEach(async () => {
  harness = await startSlackHarness({ settings: { channelsWithoutButtons: ['C0SYNC'] } });
  const link = await harness.services.createLink('orders-full');
  await harness.services.createProject('orders', [link], { channel: 'C0SYNC' });
  await harness.services.instance.startWorkers();
});
afterEach(() => closeWithoutViolations(harness));

it('In a channel without buttons alerts and outcomes name the commands. The private answers have buttons.', async () => {
  const alert = await waitForChannelMessage(harness, /^orders · No worker[\s\S]*Use `\/sync show orders`\./);
  expect(buttonLabels(alert)).toEqual([]);
  expect(buttonLabels(await harness.runCommand('show orders'))).toContain("I've Got It");
  await harness.requestAndPressOk('pause', 'orders');
  const outcome = await waitForChannelMessage(harness, /^orders was paused[\s\S]*Use `\/sync restore orders`\./);
  expect(buttonLabels(outcome)).toEqual([]);
});

it('In a channel without buttons a pause that waits names the commands, and `show` has Cancel.', async () => {
  const { services } = harness;
  const link = await services.createLink('users-full');
  await services.createProject('users', [link], { channel: 'C0SYNC' });
  await link.queue.add('task', {}, { timestamp: Date.now() - 60_000 });
  harness.press('OK', await harness.runCommand('pause users when caught up'));
  const message = await waitForChannelMessage(
    harness,
    /^users is to be paused when it has caught up[\s\S]*Use `\/sync show users` or `\/sync pause users`\./,
  );
  expect(buttonLabels(message)).toEqual([]);
  harness.press('Cancel', await harness.runCommand('show users'));
  await waitForChannelMessage(harness, /^users · Cancelled by <@U0ALICE>/);
});
