import { expect, test } from 'vitest';
import { startBolt } from './bolt-app.ts';
import { FakeSlack } from './fake-slack.ts';
import { actionsBlock, buttonElement, callApi, postJson, RawSocket } from './raw-client.ts';

const blocks = [actionsBlock(buttonElement('OK', 'ok', 'op1'))];

async function post(slack: FakeSlack, method: string, args: object = {}): Promise<string> {
  const sent = await callApi(slack, method, { channel: 'C0SYNC', user: 'U0ALICE', text: 'x', ...args });
  return String(sent['ts'] ?? sent['message_ts'] ?? sent['error']);
}

test('A reply is in its thread and not in the channel, unless it is broadcast.', async () => {
  await using slack = await FakeSlack.start();
  const thread_ts = await post(slack, 'chat.postMessage', { text: 'parent' });
  await post(slack, 'chat.postMessage', { text: 'reply', thread_ts });
  await post(slack, 'chat.postMessage', { text: 'both', thread_ts, reply_broadcast: true });
  const texts = (messages: { text: string }[]) => messages.map(({ text }) => text);
  expect(texts(slack.messagesVisibleTo('U0BOB', 'C0SYNC'))).toEqual(['parent', 'both']);
  expect(texts(slack.threadVisibleTo('U0BOB', 'C0SYNC', thread_ts))).toEqual(['parent', 'reply', 'both']);
  expect(slack.threadVisibleTo('U0EVE', 'C0SYNC', thread_ts)).toEqual([]);
});

test('Only its user sees an ephemeral message in a thread, and only once the thread has a reply.', async () => {
  await using slack = await FakeSlack.start();
  const thread_ts = await post(slack, 'chat.postMessage');
  const ts = await post(slack, 'chat.postEphemeral', { text: 'mine', thread_ts, blocks });
  const seenBy = (user: string) => slack.threadVisibleTo(user, 'C0SYNC', thread_ts).map(({ text }) => text);
  expect(seenBy('U0ALICE')).toEqual(['x']);
  expect(() => slack.press({ user: 'U0ALICE', message: ts, label: 'OK' })).toThrow('does not see');
  await post(slack, 'chat.postMessage', { text: 'reply', thread_ts });
  expect(seenBy('U0ALICE')).toEqual(['x', 'mine', 'reply']);
  expect(seenBy('U0BOB')).toEqual(['x', 'reply']);
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC').map(({ text }) => text)).toEqual(['x']);
  expect(await callApi(slack, 'chat.update', { channel: 'C0SYNC', ts, text: 'y' })).toMatchObject({ ok: false });
});

test('chat.postEphemeral needs the bot and the user in the channel, also with chat:write.public.', async () => {
  await using slack = await FakeSlack.start({ scopes: ['chat:write', 'chat:write.public'] });
  expect(await post(slack, 'chat.postEphemeral', { channel: 'C0OTHER' })).toBe('not_in_channel');
  expect(await post(slack, 'chat.postEphemeral', { user: 'U0EVE' })).toBe('user_not_in_channel');
});

test('A press in a thread names the thread, also of an ephemeral message.', async () => {
  await using slack = await FakeSlack.start();
  const { ts: thread_ts } = slack.mention({ user: 'U0BOB', channel: 'C0SYNC', text: 'look' });
  const reply = await post(slack, 'chat.postMessage', { thread_ts, blocks });
  const ephemeral = await post(slack, 'chat.postEphemeral', { thread_ts, blocks });
  const pressed = (message: string) => slack.press({ user: 'U0ALICE', message, label: 'OK' });
  expect(pressed(reply).payload).toMatchObject({
    container: { message_ts: reply, channel_id: 'C0SYNC', is_ephemeral: false, thread_ts },
    message: { ts: reply, thread_ts, parent_user_id: 'U0BOB' },
  });
  const { payload, responseUrl } = pressed(ephemeral);
  expect(payload).toMatchObject({
    container: { type: 'message', message_ts: ephemeral, channel_id: 'C0SYNC', is_ephemeral: true, thread_ts },
    response_url: responseUrl,
  });
  expect(payload).not.toHaveProperty('message');
  await postJson(responseUrl, { text: 'in the channel' });
  await postJson(responseUrl, { text: 'in the thread', thread_ts });
  await postJson(responseUrl, { text: 'replaced', replace_original: true });
  const channel = slack.messagesVisibleTo('U0ALICE', 'C0SYNC');
  expect(channel.map(({ text }) => text)).toEqual(['<@U0BOT> look', 'in the channel']);
  const thread = slack.threadVisibleTo('U0ALICE', 'C0SYNC', thread_ts);
  expect(thread.map(({ text }) => text)).toEqual(['<@U0BOT> look', 'x', 'replaced', 'in the thread']);
});

test('Slack supports no commands in threads.', async () => {
  await using slack = await FakeSlack.start();
  const threadTs = await post(slack, 'chat.postMessage');
  const command = { user: 'U0ALICE', channel: 'C0SYNC', text: 'list', threadTs };
  expect(() => slack.command(command)).toThrow('no commands in threads');
});

test('The ts of a reply as thread_ts is a violation.', async () => {
  await using slack = await FakeSlack.start();
  const thread_ts = await post(slack, 'chat.postMessage');
  const reply = await post(slack, 'chat.postMessage', { thread_ts });
  expect(slack.violations).toEqual([]);
  await post(slack, 'chat.postMessage', { thread_ts: reply });
  await post(slack, 'chat.postEphemeral', { thread_ts: reply });
  expect(slack.violations.map(({ rule }) => rule)).toEqual(['thread_of_reply', 'thread_of_reply']);
});

test('A message shortcut reaches Bolt with the message, its thread and a response_url.', async () => {
  await using slack = await FakeSlack.start();
  const bodies: object[] = [];
  await using _app = await startBolt(slack, (app) => {
    app.shortcut('syncbot', async ({ ack, body, respond }) => {
      bodies.push(body);
      await ack();
      await respond('hello');
    });
  });
  const parent = slack.mention({ user: 'U0BOB', channel: 'C0OTHER', text: 'orders failed' });
  const reply = slack.mention({ user: 'U0BOB', channel: 'C0OTHER', text: 'again', threadTs: parent.ts });
  const open = (message: string) => slack.openShortcut({ user: 'U0ALICE', message, callbackId: 'syncbot' });
  const delivery = open(reply.ts);
  expect(await delivery.acked).toMatchObject({ kind: 'acked' });
  expect(bodies).toEqual([delivery.payload]);
  expect(delivery.payload).toMatchObject({
    type: 'message_action',
    callback_id: 'syncbot',
    trigger_id: delivery.triggerId,
    response_url: delivery.responseUrl,
    user: { id: 'U0ALICE', team_id: 'T0001' },
    team: { id: 'T0001', domain: 'acme' },
    channel: { id: 'C0OTHER', name: 'other' },
    message_ts: reply.ts,
    message: { type: 'message', user: 'U0BOB', ts: reply.ts, text: '<@U0BOT> again', thread_ts: parent.ts },
  });
  expect(delivery.payload['message']).not.toHaveProperty('bot_id');
  await slack.waitFor(() => slack.messagesVisibleTo('U0ALICE', 'C0OTHER').some(({ text }) => text === 'hello'));
  expect(open(parent.ts).payload).toMatchObject({ message: { ts: parent.ts, thread_ts: parent.ts } });
});

test('A message shortcut on a message of the bot contains its blocks.', async () => {
  await using slack = await FakeSlack.start();
  const message = await post(slack, 'chat.postMessage', { blocks });
  const { payload } = slack.openShortcut({ user: 'U0BOB', message, callbackId: 'syncbot' });
  expect(payload).toMatchObject({ message: { bot_id: 'B0SYNC', blocks: [{ elements: [{ value: 'op1' }] }] } });
  expect(payload['message']).not.toHaveProperty('thread_ts');
});

test('A message shortcut throws where a Slack client does not offer it.', async () => {
  await using slack = await FakeSlack.start();
  const message = await post(slack, 'chat.postMessage', { channel: 'C0SHARED' });
  const ephemeral = await post(slack, 'chat.postEphemeral');
  const open = (user: string, ts: string) => () => slack.openShortcut({ user, message: ts, callbackId: 'syncbot' });
  expect(open('U0EVE', message)).toThrow('another team');
  expect(open('U0ALICE', ephemeral)).toThrow('no shortcuts on ephemeral');
  expect(open('U0BOB', ephemeral)).toThrow('does not see');
  slack.user('U0BOB').deleted = true;
  expect(open('U0BOB', message)).toThrow('deactivated');
  slack.deleteMessage(message);
  expect(open('U0ALICE', message)).toThrow('does not see');
});

test('The ack of a message shortcut takes no message.', async () => {
  await using slack = await FakeSlack.start();
  await using socket = await RawSocket.open(slack);
  const message = await post(slack, 'chat.postMessage');
  const delivery = slack.openShortcut({ user: 'U0ALICE', message, callbackId: 'syncbot' });
  socket.ack(await socket.waitForEnvelope(), { text: 'x' });
  await delivery.acked;
  expect(slack.violations).toMatchObject([{ rule: 'unexpected_ack' }]);
});
