import { expect, test } from 'vitest';
import type { Delivery } from './deliveries.ts';
import { FakeSlack } from './fake-slack.ts';
import { actionsBlock, buttonElement, callApi, postJson, sectionBlock } from './raw-client.ts';

const minutes = (count: number) => count * 60_000;

/** No socket is open, so the command is not delivered. Its response_url works nevertheless. */
function sendCommand(slack: FakeSlack, channel = 'C0SYNC'): Delivery {
  return slack.command({ user: 'U0ALICE', channel, text: 'list' });
}

async function pressButton(slack: FakeSlack, method: 'chat.postMessage' | 'chat.postEphemeral') {
  const message = {
    channel: 'C0SYNC',
    user: 'U0ALICE',
    text: 'Pause?',
    blocks: [actionsBlock(buttonElement('OK', 'ok'))],
  };
  const sent = await callApi(slack, method, message);
  const ts = String(sent['ts'] ?? sent['message_ts']);
  return { ts, url: slack.press({ user: 'U0ALICE', message: ts, label: 'OK' }).responseUrl };
}

test('A post is ephemeral, unless its response_type is in_channel.', async () => {
  await using slack = await FakeSlack.start();
  const { responseUrl } = sendCommand(slack);
  expect(await postJson(responseUrl, { text: 'mine' })).toEqual({ status: 200, body: 'ok' });
  await postJson(responseUrl, { text: 'ours', response_type: 'in_channel' });
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC').map(({ text }) => text)).toEqual(['mine', 'ours']);
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC').map(({ text }) => text)).toEqual(['ours']);
});

test('A post needs no membership of the bot.', async () => {
  await using slack = await FakeSlack.start();
  const { responseUrl } = sendCommand(slack, 'C0OTHER');
  await postJson(responseUrl, { text: 'ours', response_type: 'in_channel' });
  expect(slack.messagesVisibleTo('U0BOB', 'C0OTHER').map(({ text }) => text)).toEqual(['ours']);
});

test('The sixth use is rejected with 404 used_url.', async () => {
  await using slack = await FakeSlack.start();
  const { responseUrl } = sendCommand(slack);
  for (let use = 1; use <= 5; use += 1) expect((await postJson(responseUrl, { text: String(use) })).status).toBe(200);
  const sixth = await postJson(responseUrl, { text: '6' });
  expect(sixth).toEqual({ status: 404, body: '{"ok":false,"error":"used_url"}' });
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toHaveLength(5);
  expect(slack.violations.map(({ rule }) => rule)).toEqual(['response_url_used_up']);
});

test('A use after thirty minutes is rejected with 404 expired_url.', async () => {
  await using slack = await FakeSlack.start({ now: () => 1_800_000_000_000 });
  const { responseUrl } = sendCommand(slack);
  slack.advanceClock(minutes(30));
  expect((await postJson(responseUrl, { text: 'in time' })).status).toBe(200);
  slack.advanceClock(1);
  const late = await postJson(responseUrl, { text: 'late' });
  expect(late).toEqual({ status: 404, body: '{"ok":false,"error":"expired_url"}' });
  expect(slack.violations.map(({ rule }) => rule)).toEqual(['response_url_expired']);
});

test('An unknown URL is rejected with 404.', async () => {
  await using slack = await FakeSlack.start();
  const { responseUrl } = sendCommand(slack);
  expect((await postJson(`${responseUrl}x`, { text: 'x' })).status).toBe(404);
  expect(slack.violations.map(({ rule }) => rule)).toEqual(['response_url_unknown']);
});

test('Each payload has its own URL.', async () => {
  await using slack = await FakeSlack.start();
  expect(sendCommand(slack).responseUrl).not.toBe(sendCommand(slack).responseUrl);
});

test('replace_original replaces a pressed ephemeral message, which stays ephemeral even with in_channel.', async () => {
  await using slack = await FakeSlack.start();
  const { ts, url } = await pressButton(slack, 'chat.postEphemeral');
  await postJson(url, { text: 'Pausing', replace_original: true, response_type: 'in_channel' });
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toMatchObject([{ ts, text: 'Pausing', blocks: [] }]);
  expect(slack.findMessage(ts)?.ephemeralFor).toBe('U0ALICE');
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC')).toEqual([]);
});

test('replace_original replaces a pressed channel message for all members.', async () => {
  await using slack = await FakeSlack.start();
  const { ts, url } = await pressButton(slack, 'chat.postMessage');
  await postJson(url, { text: 'Paused', blocks: [sectionBlock('Paused')], replace_original: true });
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC')).toMatchObject([{ ts, text: 'Paused' }]);
});

test('Without replace_original the answer to a press is a new ephemeral message.', async () => {
  await using slack = await FakeSlack.start();
  const { url } = await pressButton(slack, 'chat.postMessage');
  await postJson(url, { text: 'not you' });
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC').map(({ text }) => text)).toEqual(['Pause?', 'not you']);
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC').map(({ text }) => text)).toEqual(['Pause?']);
});

test('delete_original deletes the pressed message.', async () => {
  await using slack = await FakeSlack.start();
  const { ts, url } = await pressButton(slack, 'chat.postEphemeral');
  await postJson(url, { delete_original: true });
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toEqual([]);
  await postJson(url, { text: 'back?', replace_original: true });
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toEqual([]);
  expect(slack.findMessage(ts)?.text).toBe('Pause?');
});

test('replace_original posts a new message for a command, which has no original message.', async () => {
  await using slack = await FakeSlack.start();
  const { responseUrl } = sendCommand(slack);
  await postJson(responseUrl, { text: 'one' });
  await postJson(responseUrl, { text: 'two', replace_original: true });
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC').map(({ text }) => text)).toEqual(['one', 'two']);
});

test('A message that was posted through a response_url cannot be updated by ts.', async () => {
  await using slack = await FakeSlack.start();
  await postJson(sendCommand(slack).responseUrl, { text: 'ours', response_type: 'in_channel' });
  const ts = slack.messagesVisibleTo('U0ALICE', 'C0SYNC')[0]?.ts ?? '';
  const answer = await callApi(slack, 'chat.update', { channel: 'C0SYNC', ts, text: 'x' });
  expect(answer).toMatchObject({ ok: false, error: 'cant_update_message' });
});

test('An invalid message is rejected and counts as a use.', async () => {
  await using slack = await FakeSlack.start();
  const { responseUrl } = sendCommand(slack);
  const response = await postJson(responseUrl, { text: 'x', blocks: [sectionBlock('')] });
  expect(response).toEqual({ status: 400, body: '{"ok":false,"error":"invalid_blocks"}' });
  for (let use = 2; use <= 5; use += 1) expect((await postJson(responseUrl, {})).body).toContain('no_text');
  expect((await postJson(responseUrl, { text: 'x' })).status).toBe(404);
});

test('A post to an archived channel is rejected.', async () => {
  await using slack = await FakeSlack.start();
  const { responseUrl } = sendCommand(slack);
  slack.channel('C0SYNC').isArchived = true;
  expect((await postJson(responseUrl, { text: 'x' })).status).toBe(410);
});

test('A post may be a form with the field payload.', async () => {
  await using slack = await FakeSlack.start();
  const { responseUrl } = sendCommand(slack);
  await fetch(responseUrl, {
    method: 'POST',
    body: new URLSearchParams({ payload: JSON.stringify({ text: 'form' }) }),
  });
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC').map(({ text }) => text)).toEqual(['form']);
});

test('A missing text and a broadcast mention are violations.', async () => {
  await using slack = await FakeSlack.start();
  const { responseUrl } = sendCommand(slack);
  await postJson(responseUrl, { blocks: [sectionBlock('<!everyone>')] });
  expect(slack.violations.map(({ rule }) => rule)).toEqual(['missing_text', 'broadcast_mention']);
});
