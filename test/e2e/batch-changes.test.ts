import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BatchHarness, startBatchHarness } from '../support/batch-fixture.ts';
import { moveDeadline } from '../support/pause-deadline.ts';
import {
  buttonLabels,
  channelMessages,
  closeWithoutViolations,
  visibleText,
  waitForChannelMessage,
} from '../support/slack-harness.ts';

const hour = 3_600_000;
let harness: BatchHarness;
beforeEach(async () => {
  harness = await startBatchHarness({ carts: 'running', orders: 'running', users: 'running' });
});
afterEach(() => closeWithoutViolations(harness));

/** Waits until the message of the pause has exactly these buttons. */
async function waitForButtons(labels: readonly string[]) {
  const [message] = channelMessages(harness, /3 projects were paused/);
  if (message === undefined) return expect.fail('no message');
  return harness.slack.waitFor(
    () => {
      const current = harness.slack.findMessage(message.ts);
      return current !== undefined && buttonLabels(current).join() === labels.join() ? current : undefined;
    },
    { description: `the buttons ${labels.join()}` },
  );
}

describe('the message of a pause of several projects', () => {
  beforeEach(async () => {
    await harness.requestBatch('pause label:prod for 2h because we deploy');
    const message = await harness.waitForMessage('3 projects were paused');
    expect(buttonLabels(message)).toEqual(['Restore Those 3']);
    expect(visibleText(message)).toMatch(/Planned end: <!date/);
  });

  it('counts only the projects that are Paused by it since one was restored alone.', async () => {
    await harness.requestAndPressOk('restore', 'orders', { user: 'U0BOB' });
    const text = visibleText(await waitForButtons(['Restore Those 2']));
    expect(text).toMatch(/Restored or changed since: orders, .*<!date/);
    expect(text).toMatch(/Planned end of 2 projects: <!date/);
  });

  it('has no button and no planned end after Restore Those 3.', async () => {
    harness.press('Restore Those 3', await harness.waitForMessage('3 projects were paused'));
    harness.press('OK', await harness.waitForMessage('Restore 3 projects?'));
    await harness.waitForMessage('3 projects were restored');
    const text = visibleText(await waitForButtons([]));
    expect(text).toMatch(/Restored or changed since: all 3 projects, the last one .*<!date/);
    expect(text).not.toContain('Planned end');
    expect(text).toContain('we deploy');
  });

  it('has no button and no planned end after the timer has restored the projects.', async () => {
    for (const name of ['carts', 'orders', 'users']) await moveDeadline(harness.services.redis, name, 2 * hour);
    await harness.waitForStates({ carts: 'running', orders: 'running', users: 'running' });
    expect(visibleText(await waitForButtons([]))).not.toContain('Planned end');
  });

  it('shows the end that a person has moved, and none for a project that is kept Paused.', async () => {
    await harness.runCommand('extend orders 1h', { user: 'U0BOB' });
    await waitForChannelMessage(harness, /3 projects were paused[\s\S]*Planned end: between <!date.* and <!date/);
  });

  it('is edited and not posted again when a person has deleted it.', async () => {
    const message = await harness.waitForMessage('3 projects were paused');
    harness.slack.deleteMessage(message.ts);
    const edits = () => harness.slack.callsTo('chat.update').filter(({ args }) => args['ts'] === message.ts).length;
    const before = edits();
    await harness.requestAndPressOk('restore', 'orders');
    await harness.waitForMessage('orders was restored');
    await harness.slack.waitFor(() => edits() > before, { description: 'an edit of the deleted message' });
    const notified = async () => (await harness.services.context.batches.listOpen()).length === 0;
    await harness.slack.waitFor(notified, { description: 'the batch is up to date' });
    expect(channelMessages(harness, /3 projects were paused/)).toEqual([]);
  });
});

it('The message of a restore of several projects names those that became Failed later.', async () => {
  await harness.requestBatch('pause carts orders');
  await harness.waitForMessage('2 projects were paused');
  await harness.requestBatch('restore carts orders');
  await harness.waitForMessage('2 projects were restored');
  const { context } = harness.services;
  const project = (await context.projects.read('orders')) ?? expect.fail('no project');
  const [link] = project.definition.links;
  if (link === undefined) return expect.fail('no link');
  const failed = await context.projects.markFailed('orders', project.version, {
    failure: { kind: 'task_failed', link, taskId: '7', reason: 'no such row', at: await context.serverClock.now() },
    by: 'syncbot',
    oldestUnprocessedAt: null,
  });
  if (failed.kind === 'conflict' || failed.operationToNotify === null) return expect.fail(failed.kind);
  await context.notifications.operationChanged({ project: 'orders', operation: failed.operationToNotify });
  await waitForChannelMessage(harness, /2 projects were restored[\s\S]*Became Failed later: orders, .*<!date/);
});
