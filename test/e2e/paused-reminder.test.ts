import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  buttonLabels,
  channelMessages,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
  waitForChannelMessage,
} from '../support/slack-harness.ts';

let harness: SlackHarness;
beforeEach(async () => {
  harness = await startSlackHarness({ settings: { pausedReminderMs: 3_600_000 } });
  const link = await harness.services.createLink('orders-full');
  await link.queue.pause();
  await harness.services.createProject('orders', [link], { state: 'paused', channel: 'C0SYNC' });
  await movePause(3_600_000);
  await harness.services.instance.startWorkers();
});
afterEach(() => closeWithoutViolations(harness));

/** Moves the pause, and the answer to its reminder, into the past. */
async function movePause(ms: number): Promise<void> {
  const { redis } = harness.services;
  const key = 'syncbot:{p:orders}:state';
  await redis.hincrby(key, 'since', -ms);
  const kept = await redis.hget(key, 'keptPaused');
  if (!kept) return;
  const { at, by } = JSON.parse(kept) as { at: number; by: string };
  await redis.hset(key, 'keptPaused', JSON.stringify({ at: at - ms, by }));
}

const reminder = /orders · Paused since .* · by test on the command line/;

it('A long pause has a reminder. Keep Paused answers it, and it comes again after the same time.', async () => {
  const first = await waitForChannelMessage(harness, reminder);
  expect(buttonLabels(first)).toEqual(['Restore', 'Keep Paused', 'Show', "I've Got It"]);
  harness.press('Keep Paused', first, 'U0BOB');
  const kept = await waitForChannelMessage(harness, /orders · Kept Paused by <@U0BOB> .* · next reminder planned for /);
  expect(kept.ts).toBe(first.ts);
  expect(buttonLabels(kept)).toEqual([]);
  const history = await harness.runCommand('history orders');
  expect(visibleText(history)).toMatch(/<@U0BOB> · kept it Paused/);
  expect(channelMessages(harness, reminder)).toEqual([]);
  await movePause(3_600_000);
  expect((await waitForChannelMessage(harness, reminder)).ts).not.toBe(first.ts);
});

it('Only people who may change projects can press Keep Paused.', async () => {
  const message = await waitForChannelMessage(harness, reminder);
  harness.press('Keep Paused', message, 'U0CAROL');
  const answer = await harness.waitForMessage(/You are not an operator/, { user: 'U0CAROL' });
  expect(answer.ephemeralFor).toBe('U0CAROL');
  expect((await harness.services.context.projects.read('orders'))?.keptPaused).toBeNull();
});

it('The second person reads who was first.', async () => {
  const message = await waitForChannelMessage(harness, reminder);
  harness.press('Keep Paused', message, 'U0BOB');
  await waitForChannelMessage(harness, /orders · Kept Paused by <@U0BOB>/);
  harness.slack.pressForged({ user: 'U0ALICE', channel: 'C0SYNC', actionId: 'sync:v1:keep-paused', value: 'orders' });
  const answer = await harness.waitForMessage(/orders is Paused already: <@U0BOB> kept it Paused <!date/);
  expect(answer.ephemeralFor).toBe('U0ALICE');
});

it('A project that is not Paused any more cannot be kept Paused.', async () => {
  await waitForChannelMessage(harness, reminder);
  await harness.requestAndPressOk('restore', 'orders', { user: 'U0BOB' });
  await waitForChannelMessage(
    harness,
    /orders · Resolved .* · it had been paused for a long time · since .*, by test on the command line/,
  );
  harness.slack.pressForged({ user: 'U0ALICE', channel: 'C0SYNC', actionId: 'sync:v1:keep-paused', value: 'orders' });
  const answer = await harness.waitForMessage(/orders is Running, since .*, by <@U0BOB>, so there is no pause to keep/);
  expect(answer.ephemeralFor).toBe('U0ALICE');
});
