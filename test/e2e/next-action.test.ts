import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  buttonLabels,
  channelMessages,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  waitForChannelMessage,
} from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

let harness: SlackHarness;
let link: TestLink;
beforeEach(async () => {
  harness = await startSlackHarness();
  link = await harness.services.createLink('orders-full');
  await harness.services.createProject('orders', [link]);
  await harness.services.instance.startWorkers();
});
afterEach(() => closeWithoutViolations(harness));

const waitForButtons = (pattern: RegExp, labels: readonly string[]) =>
  harness.slack.waitFor(
    () => channelMessages(harness, pattern).some((message) => buttonLabels(message).join() === labels.join()),
    { description: `${pattern} with ${labels.join() || 'no buttons'}` },
  );

it('The outcome of a pause has Restore, and that of the restore has Pause. The older outcome then has no button.', async () => {
  await harness.requestAndPressOk('pause', 'orders');
  const paused = await waitForChannelMessage(harness, /^orders was paused/);
  expect(buttonLabels(paused)).toEqual(['Restore']);
  harness.press('Restore', paused, 'U0BOB');
  const dialog = await harness.waitForMessage(/Restore orders\?/, { user: 'U0BOB' });
  harness.press('OK', dialog, 'U0BOB');
  await waitForButtons(/^orders was restored/, ['Pause']);
  await waitForButtons(/^orders was paused/, []);
});

it('After a task has failed, the outcome of the restore has Restore and Show.', async () => {
  await harness.requestAndPressOk('pause', 'orders');
  await waitForChannelMessage(harness, /^orders was paused/);
  await harness.requestAndPressOk('restore', 'orders');
  await waitForButtons(/^orders was restored/, ['Pause']);
  await link.startWorker(async () => {
    throw new Error('row 17 refused');
  });
  await link.queue.add('change', {});
  await waitForButtons(/^orders was restored by <@U0ALICE> .*, and became Failed <!date/, ['Restore', 'Show']);
});

it('After a project is removed, its last outcome has no button.', async () => {
  await harness.requestAndPressOk('pause', 'orders');
  await waitForChannelMessage(harness, /^orders was paused/);
  const { projects, notifications } = harness.services.context;
  const { version = 0 } = (await projects.read('orders')) ?? {};
  const removed = await projects.remove('orders', version, 'cli:carol');
  if (removed.kind !== 'written' || removed.operationToNotify === null) throw new Error('no operation to notify');
  await notifications.operationChanged({ project: 'orders', operation: removed.operationToNotify });
  await waitForButtons(/^orders was paused/, []);
});
