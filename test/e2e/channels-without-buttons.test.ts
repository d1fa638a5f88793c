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
