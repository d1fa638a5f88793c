import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Action } from '../../src/domain/lifecycle.ts';
import {
  channelMessages,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
} from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

let harness: SlackHarness;
let link: TestLink;
beforeEach(async () => {
  harness = await startSlackHarness();
  link = await harness.services.createLink('orders-full');
  await link.startWorker(async () => {});
});
afterEach(() => closeWithoutViolations(harness));

const posts = () => harness.slack.callsTo('chat.postMessage');

/** Lets an operation be done, and waits until its requester has read that. */
async function run(action: Action, done: string): Promise<void> {
  await harness.requestAndPressOk(action, 'orders');
  await harness.waitForMessage(`orders was ${done} · 1 link · see the message`);
}

it('Each operation that was done has exactly one public message.', async () => {
  await link.queue.pause();
  await harness.services.createProject('orders', [link], { state: 'not_started' });
  await harness.services.instance.startWorkers();
  await run('start', 'started');
  await run('pause', 'paused');
  await run('restore', 'restored');
  expect(channelMessages(harness).map(({ text }) => text.split(' · ')[0])).toEqual([
    'orders was started',
    'orders was paused',
    'orders was restored',
  ]);
  expect(posts()).toHaveLength(3);
});

it('An operation that takes longer has one public message, which says first that it is in progress.', async () => {
  await harness.services.createProject('orders', [link]);
  const { links } = harness.services.instance.context;
  const setPaused = links.setPaused.bind(links);
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  links.setPaused = async (...command) => {
    await released;
    return setPaused(...command);
  };
  await harness.services.instance.startWorkers();
  await harness.requestAndPressOk('pause', 'orders');
  await harness.waitForMessage('orders · Pausing…', { user: 'U0CAROL' });
  release();
  await harness.waitForMessage('orders was paused · 1 link · see the message');
  expect(channelMessages(harness).map(({ text }) => text)).toEqual([expect.stringContaining('orders was paused')]);
  expect(posts()).toHaveLength(1);
});

it('An operation that is not confirmed has no public message.', async () => {
  await harness.services.createProject('orders', [link]);
  await harness.services.instance.startWorkers();
  harness.press('Cancel', await harness.runCommand('pause orders'));
  await harness.waitForMessage('orders · Cancelled');
  await harness.runCommand('restore orders');
  expect(posts()).toEqual([]);
});
