import { expect, it } from 'vitest';
import { isDue } from '../../src/domain/alert.ts';
import { type Conversation, labelsOf, openConversation, said } from '../support/conversation.ts';
import { titled } from '../support/fault-walk.ts';

const failed = 'payments is Failed: a task failed';
const over = 'payments was Failed for';
const running = 'payments is Running';

/** Bob restores with the button of the alert. What everybody sees when all is told, in any order. */
const rows = [
  { fault: 'chat.postMessage answers 429, Retry-After 1 s, twice', during: 'the alert', sees: [over, running] },
  { fault: 'chat.postMessage answers 503', during: 'the alert', sees: [over, running] },
  {
    fault: 'the connection breaks after Slack took the alert',
    during: 'the alert',
    sees: [failed, over, running],
  },
  { fault: 'chat.update answers 429, Retry-After 1 s, twice', during: 'the restore', sees: [over, running] },
  { fault: 'the bot’s socket breaks', during: 'the restore', sees: [over, running] },
  { fault: 'a person deletes the alert after Restore was pressed', during: 'the restore', sees: [over, running] },
] as const;

type Step = (talk: Conversation) => unknown;

const faults: Record<(typeof rows)[number]['fault'], Step> = {
  'chat.postMessage answers 429, Retry-After 1 s, twice': ({ slack }) =>
    slack.fail({ method: 'chat.postMessage', retryAfter: 1, times: 2 }),
  'chat.postMessage answers 503': ({ slack }) => slack.fail({ method: 'chat.postMessage', status: 503 }),
  'the connection breaks after Slack took the alert': ({ slack }) =>
    slack.fail({ method: 'chat.postMessage', dropReply: true }),
  'chat.update answers 429, Retry-After 1 s, twice': ({ slack }) =>
    slack.fail({ method: 'chat.update', retryAfter: 1, times: 2 }),
  'the bot’s socket breaks': async ({ slack, bot }) => {
    slack.cut();
    await slack.waitFor(() => !bot.slack.isConnected());
    await slack.waitFor(() => bot.slack.isConnected());
  },
  'a person deletes the alert after Restore was pressed': (talk) => talk.slack.deleteMessage(alertIn(talk).ts),
};

const inChannel = ({ slack }: Conversation) => slack.messagesSeenBy('U0CAROL', 'C0SYNC');

function alertIn(talk: Conversation) {
  const alert = inChannel(talk).findLast((message) => said(message).includes(failed));
  if (alert === undefined) throw new Error('no alert');
  return alert;
}

async function openPayments(talk: Conversation) {
  const link = await talk.world.link('payments-full');
  const row = { mended: false };
  await link.work(async () => {
    if (!row.mended) throw new Error('row 17 refused');
  });
  await talk.world.project('payments', [link], { channel: 'C0SYNC' });
  await talk.world.app.startWorker();
  return { row, fail: () => link.queue.add('change', {}) };
}

const project = ({ world }: Conversation) => world.deps.store.read('payments');

it.each(titled(rows))('%s', async (_title, { fault, during, sees }) => {
  await using talk = await openConversation();
  const { row, fail } = await openPayments(talk);
  if (during === 'the alert') await faults[fault](talk);
  await fail();
  await talk.slack.waitFor(async () => (await project(talk))?.alerts.failed?.told?.message && alertIn(talk), {
    timeoutMs: 20_000,
  });
  row.mended = true;
  talk.press('Restore', alertIn(talk), 'U0BOB');
  const dialog = await talk.sees('Restore payments?', { user: 'U0BOB' });
  if (during === 'the restore') await faults[fault](talk);
  talk.press('OK', dialog, 'U0BOB');

  const expected: readonly string[] = sees;
  await talk.slack.waitFor(
    async () => {
      const texts = inChannel(talk).map(said);
      const all = texts.length === expected.length && expected.every((it) => texts.some((text) => text.includes(it)));
      const known = (await project(talk))?.alerts.failed;
      return all && known?.alert.open === false && !isDue(known);
    },
    { what: expected.join(', '), timeoutMs: 20_000 },
  );
  expect(await project(talk)).toMatchObject({ state: 'running', holder: null });
  expect(talk.slack.violations).toEqual([]);
  if (!expected.includes(failed)) return;
  talk.press('Restore', alertIn(talk), 'U0CAROL');
  await talk.sees('You are not an operator', { user: 'U0CAROL' });
  talk.press('Restore', alertIn(talk), 'U0BOB');
  await talk.sees(/payments is Running[\s\S]*Nothing was changed/, { user: 'U0BOB' });
});

it('the channel is archived at the alert: a line in the log, and the command restores', async () => {
  await using talk = await openConversation();
  const { row, fail } = await openPayments(talk);
  talk.slack.channel('C0SYNC').isArchived = true;
  await fail();
  const what = 'alert could not be told in the channel';
  await talk.slack.waitFor(() => talk.logged.some(({ level, msg }) => level === 40 && msg === what));
  row.mended = true;
  const dialog = await talk.ask('restore payments', { channel: 'C0OTHER' });
  expect(labelsOf(dialog)).toEqual(['OK', 'Cancel']);
  talk.press('OK', dialog);
  await talk.sees('payments is Running', { channel: 'C0OTHER' });
  expect(inChannel(talk)).toEqual([]);
});
