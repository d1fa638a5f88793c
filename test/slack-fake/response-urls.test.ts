import { expect, test } from 'vitest';
import type { Delivery } from '../support/slack/people.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { actions, button, call, postTo, section } from './raw-client.ts';

const minutes = (count: number) => count * 60_000;

/** No socket listens, so nothing is delivered; the response_url of the payload is good all the same. */
function command(slack: StrictSlack, channel = 'C0SYNC'): Delivery {
  return slack.command({ user: 'U0ALICE', channel, text: 'list' });
}

async function pressed(slack: StrictSlack, method: 'chat.postMessage' | 'chat.postEphemeral') {
  const message = { channel: 'C0SYNC', user: 'U0ALICE', text: 'Pause?', blocks: [actions(button('OK', 'ok'))] };
  const sent = await call(slack, method, message);
  const ts = String(sent['ts'] ?? sent['message_ts']);
  return { ts, url: slack.press({ user: 'U0ALICE', message: ts, label: 'OK' }).responseUrl };
}

test('a post is an ephemeral for the person, unless it says in_channel', async () => {
  await using slack = await StrictSlack.start();
  const { responseUrl } = command(slack);
  expect(await postTo(responseUrl, { text: 'mine' })).toEqual({ status: 200, body: 'ok' });
  await postTo(responseUrl, { text: 'ours', response_type: 'in_channel' });
  expect(slack.messagesSeenBy('U0ALICE', 'C0SYNC').map((it) => it.text)).toEqual(['mine', 'ours']);
  expect(slack.messagesSeenBy('U0BOB', 'C0SYNC').map((it) => it.text)).toEqual(['ours']);
});

test('it needs no membership of the bot', async () => {
  await using slack = await StrictSlack.start();
  const { responseUrl } = command(slack, 'C0OTHER');
  await postTo(responseUrl, { text: 'ours', response_type: 'in_channel' });
  expect(slack.messagesSeenBy('U0BOB', 'C0OTHER').map((it) => it.text)).toEqual(['ours']);
});

test('five uses, then 404 used_url', async () => {
  await using slack = await StrictSlack.start();
  const { responseUrl } = command(slack);
  for (let use = 1; use <= 5; use += 1) expect((await postTo(responseUrl, { text: String(use) })).status).toBe(200);
  const sixth = await postTo(responseUrl, { text: '6' });
  expect(sixth).toEqual({ status: 404, body: '{"ok":false,"error":"used_url"}' });
  expect(slack.messagesSeenBy('U0ALICE', 'C0SYNC')).toHaveLength(5);
  expect(slack.violations.map((it) => it.rule)).toEqual(['response_url_used_up']);
});

test('thirty minutes, then 404 expired_url', async () => {
  await using slack = await StrictSlack.start({ now: () => 1_800_000_000_000 });
  const { responseUrl } = command(slack);
  slack.advance(minutes(30));
  expect((await postTo(responseUrl, { text: 'in time' })).status).toBe(200);
  slack.advance(1);
  const late = await postTo(responseUrl, { text: 'late' });
  expect(late).toEqual({ status: 404, body: '{"ok":false,"error":"expired_url"}' });
  expect(slack.violations.map((it) => it.rule)).toEqual(['response_url_expired']);
});

test('a URL Slack never gave is 404', async () => {
  await using slack = await StrictSlack.start();
  const { responseUrl } = command(slack);
  expect((await postTo(`${responseUrl}x`, { text: 'x' })).status).toBe(404);
  expect(slack.violations.map((it) => it.rule)).toEqual(['response_url_unknown']);
});

test('each payload has a URL of its own', async () => {
  await using slack = await StrictSlack.start();
  expect(command(slack).responseUrl).not.toBe(command(slack).responseUrl);
});

test('replace_original replaces the pressed ephemeral, which stays ephemeral whatever is asked', async () => {
  await using slack = await StrictSlack.start();
  const { ts, url } = await pressed(slack, 'chat.postEphemeral');
  await postTo(url, { text: 'Pausing', replace_original: true, response_type: 'in_channel' });
  expect(slack.messagesSeenBy('U0ALICE', 'C0SYNC')).toMatchObject([{ ts, text: 'Pausing', blocks: [] }]);
  expect(slack.message(ts)?.ephemeralFor).toBe('U0ALICE');
  expect(slack.messagesSeenBy('U0BOB', 'C0SYNC')).toEqual([]);
});

test('replace_original replaces the pressed channel message for all', async () => {
  await using slack = await StrictSlack.start();
  const { ts, url } = await pressed(slack, 'chat.postMessage');
  await postTo(url, { text: 'Paused', blocks: [section('Paused')], replace_original: true });
  expect(slack.messagesSeenBy('U0BOB', 'C0SYNC')).toMatchObject([{ ts, text: 'Paused' }]);
});

test('without replace_original a press is answered with a new ephemeral', async () => {
  await using slack = await StrictSlack.start();
  const { url } = await pressed(slack, 'chat.postMessage');
  await postTo(url, { text: 'not you' });
  expect(slack.messagesSeenBy('U0ALICE', 'C0SYNC').map((it) => it.text)).toEqual(['Pause?', 'not you']);
  expect(slack.messagesSeenBy('U0BOB', 'C0SYNC').map((it) => it.text)).toEqual(['Pause?']);
});

test('delete_original deletes the pressed message', async () => {
  await using slack = await StrictSlack.start();
  const { ts, url } = await pressed(slack, 'chat.postEphemeral');
  await postTo(url, { delete_original: true });
  expect(slack.messagesSeenBy('U0ALICE', 'C0SYNC')).toEqual([]);
  await postTo(url, { text: 'back?', replace_original: true });
  expect(slack.messagesSeenBy('U0ALICE', 'C0SYNC')).toEqual([]);
  expect(slack.message(ts)?.text).toBe('Pause?');
});

test('a command has no original: replace_original posts another message', async () => {
  await using slack = await StrictSlack.start();
  const { responseUrl } = command(slack);
  await postTo(responseUrl, { text: 'one' });
  await postTo(responseUrl, { text: 'two', replace_original: true });
  expect(slack.messagesSeenBy('U0ALICE', 'C0SYNC').map((it) => it.text)).toEqual(['one', 'two']);
});

test('a message posted through it cannot be updated by ts', async () => {
  await using slack = await StrictSlack.start();
  await postTo(command(slack).responseUrl, { text: 'ours', response_type: 'in_channel' });
  const ts = slack.messagesSeenBy('U0ALICE', 'C0SYNC')[0]?.ts ?? '';
  const answer = await call(slack, 'chat.update', { channel: 'C0SYNC', ts, text: 'x' });
  expect(answer).toMatchObject({ ok: false, error: 'cant_update_message' });
});

test('bad messages are refused, and cost a use', async () => {
  await using slack = await StrictSlack.start();
  const { responseUrl } = command(slack);
  const bad = await postTo(responseUrl, { text: 'x', blocks: [section('')] });
  expect(bad).toEqual({ status: 400, body: '{"ok":false,"error":"invalid_blocks"}' });
  for (let use = 2; use <= 5; use += 1) expect((await postTo(responseUrl, {})).body).toContain('no_text');
  expect((await postTo(responseUrl, { text: 'x' })).status).toBe(404);
});

test('an archived channel takes no more posts', async () => {
  await using slack = await StrictSlack.start();
  const { responseUrl } = command(slack);
  slack.channel('C0SYNC').isArchived = true;
  expect((await postTo(responseUrl, { text: 'x' })).status).toBe(410);
});

test('a form with a payload is as good as JSON', async () => {
  await using slack = await StrictSlack.start();
  const { responseUrl } = command(slack);
  await fetch(responseUrl, {
    method: 'POST',
    body: new URLSearchParams({ payload: JSON.stringify({ text: 'form' }) }),
  });
  expect(slack.messagesSeenBy('U0ALICE', 'C0SYNC').map((it) => it.text)).toEqual(['form']);
});

test('missing text and mentions are violations here too', async () => {
  await using slack = await StrictSlack.start();
  const { responseUrl } = command(slack);
  await postTo(responseUrl, { blocks: [section('<!everyone>')] });
  expect(slack.violations.map((it) => it.rule)).toEqual(['missing_text', 'broadcast_mention']);
});
