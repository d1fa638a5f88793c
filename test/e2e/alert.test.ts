import { afterEach, expect, it } from 'vitest';
import {
  type Conversation,
  type ConversationOptions,
  labelsOf,
  openConversation,
  said,
} from '../support/conversation.ts';
import type { OwnedLink } from '../support/world.ts';

let talk: Conversation;
afterEach(async () => {
  const { violations } = talk.slack;
  await talk[Symbol.asyncDispose]();
  expect(violations).toEqual([]);
});

const inChannel = () => talk.slack.messagesSeenBy('U0CAROL', 'C0SYNC').filter(({ deleted }) => !deleted);
const alerts = () => inChannel().filter((message) => /was Failed|is Failed: a task failed/.test(said(message)));
const stateOf = async () => (await talk.world.deps.store.read('payments'))?.state;

/** A project whose tasks fail as long as `mended` is false. */
async function openPayments(channel: string | null, options: ConversationOptions = {}) {
  talk = await openConversation(options);
  const link: OwnedLink = await talk.world.link('payments-full');
  const row = { mended: false };
  await link.work(async () => {
    if (!row.mended) throw new Error('row 17 refused at db.example.com:5432');
  });
  await talk.world.project('payments', [link], { channel });
  await talk.world.app.startWorker();
  return { row, fail: () => link.queue.add('change', {}) };
}

it('a failure is told in the channel, with a button on the same road, and closed when it is restored', async () => {
  const { row, fail } = await openPayments('C0SYNC');
  await fail();
  const alert = await talk.slack.waitFor(() => alerts()[0]);
  expect(said(alert)).toContain('payments is Failed: a task failed on `payments-full`');
  expect(said(alert)).not.toContain('row 17');
  expect(labelsOf(alert)).toEqual(['Restore', 'Show']);
  row.mended = true;
  talk.press('Restore', alert, 'U0BOB');
  const dialog = await talk.sees('Restore payments?', { user: 'U0BOB' });
  expect(dialog.ephemeralFor).toBe('U0BOB');
  talk.press('OK', dialog, 'U0BOB');
  const over = await talk.slack.waitFor(() => alerts().find((message) => labelsOf(message).length === 0));
  expect(said(over)).toMatch(/payments was Failed for .* until it was restored by <@U0BOB>/);
  expect(over.ts).toBe(alert.ts);
  expect(await stateOf()).toBe('running');
});

it('with showErrors the alert says why, masked; failing again is told again', async () => {
  const { row, fail } = await openPayments('C0SYNC', { showErrors: true });
  await fail();
  const first = await talk.slack.waitFor(() => alerts()[0]);
  expect(said(first)).toContain('row 17 refused at ‹host›');
  await talk.act('restore', 'payments');
  await talk.slack.waitFor(() => alerts().length === 2 && labelsOf(alerts()[0] ?? first).length === 0);
  expect(labelsOf(alerts()[1] ?? first)).toEqual(['Restore', 'Show']);
  row.mended = true;
  await talk.slack.waitFor(async () => (await stateOf()) === 'failed');
  await talk.act('restore', 'payments');
  await talk.slack.waitFor(() => alerts().every((message) => labelsOf(message).length === 0));
  expect(alerts()).toHaveLength(2);
});

it('without a channel of its own it is told where the project was last dealt with, and nowhere before that', async () => {
  const { row, fail } = await openPayments(null);
  await fail();
  await talk.slack.waitFor(async () => (await talk.world.deps.store.read('payments'))?.alerts.failed?.told != null);
  expect(inChannel()).toEqual([]);
  row.mended = true;
  await talk.act('restore', 'payments');
  await talk.sees('payments is Running', { user: 'U0CAROL' });
  row.mended = false;
  await fail();
  await talk.slack.waitFor(() => alerts().length === 1);
});
