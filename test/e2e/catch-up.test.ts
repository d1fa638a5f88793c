import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  channelMessages,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
  waitForChannelMessage,
} from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

let harness: SlackHarness;
let link: TestLink;
beforeEach(async () => {
  harness = await startSlackHarness({ settings: { observeEveryMs: 250 } });
  link = await harness.services.createLink('orders-full');
  await link.queue.pause();
});
afterEach(() => closeWithoutViolations(harness));

async function restore(): Promise<void> {
  await harness.services.createProject('orders', [link], { state: 'paused' });
  await harness.services.instance.startWorkers();
  await harness.requestAndPressOk('restore', 'orders');
}

it('The message of a restore follows the backlog until the project has caught up.', async () => {
  await link.queue.addBulk(Array.from({ length: 30 }, () => ({ name: 'task', data: {} })));
  await restore();
  await waitForChannelMessage(harness, /orders was restored .*\nNo worker on `orders-full`: 30 tasks left /s);
  await link.startWorker(async () => {});
  const message = await waitForChannelMessage(harness, /orders was restored .*\nCaught up .*, after /s);
  expect(visibleText(message)).not.toContain('left');
  expect(channelMessages(harness, /orders was restored/)).toHaveLength(1);
  const entries = await harness.services.context.auditLog.read('orders', { limit: 10 });
  expect(entries).toContainEqual(expect.objectContaining({ event: 'caught_up', action: 'restore' }));
  expect((await harness.services.context.projects.read('orders'))?.followedOperation).toBeNull();
});

it('A project without a backlog is not followed.', async () => {
  await restore();
  const message = await waitForChannelMessage(harness, /orders was restored/);
  expect(visibleText(message)).toContain('\nNo task was waiting');
  expect((await harness.services.context.projects.read('orders'))?.followedOperation).toBeNull();
});

it('A pause ends what is followed after a restore, and the message stays true.', async () => {
  await link.queue.addBulk(Array.from({ length: 3 }, () => ({ name: 'task', data: {} })));
  await restore();
  await waitForChannelMessage(harness, /orders was restored .*3 tasks left/s);
  await harness.requestAndPressOk('pause', 'orders', { user: 'U0BOB' });
  await waitForChannelMessage(harness, /orders was paused/);
  await waitForChannelMessage(harness, /3 tasks still waited .*\. It became Paused .*, by <@U0BOB>\./);
  expect(channelMessages(harness, /orders was (restored|paused)/)).toHaveLength(2);
});
