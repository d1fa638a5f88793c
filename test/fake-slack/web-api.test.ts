import { expect, test } from 'vitest';
import { FakeSlack } from './fake-slack.ts';
import { callApi, sectionBlock } from './raw-client.ts';

const helloMessage = { channel: 'C0SYNC', text: 'hello' };

test('A call needs a valid token of the right type.', async () => {
  await using slack = await FakeSlack.start();
  expect(await callApi(slack, 'auth.test', {}, null)).toMatchObject({ ok: false, error: 'not_authed' });
  expect(await callApi(slack, 'auth.test', {}, 'xoxb-else')).toMatchObject({ ok: false, error: 'invalid_auth' });
  expect(await callApi(slack, 'auth.test', {}, slack.appToken)).toMatchObject({ error: 'not_allowed_token_type' });
  expect(await callApi(slack, 'apps.connections.open')).toMatchObject({ error: 'not_allowed_token_type' });
  expect(await callApi(slack, 'auth.test', { token: slack.botToken }, null)).toMatchObject({ ok: true });
  expect(slack.calls[0]?.args).not.toHaveProperty('token');
});

test('auth.test returns the bot and its team.', async () => {
  await using slack = await FakeSlack.start();
  const answer = await callApi(slack, 'auth.test');
  expect(answer).toMatchObject({ ok: true, team_id: 'T0001', user_id: slack.botUserId, bot_id: 'B0SYNC' });
});

test('An unknown method is rejected and is a violation.', async () => {
  await using slack = await FakeSlack.start();
  expect(await callApi(slack, 'chat.shout', helloMessage)).toMatchObject({ ok: false, error: 'unknown_method' });
  expect(await callApi(slack, 'toString', helloMessage)).toMatchObject({ ok: false, error: 'unknown_method' });
  expect(slack.violations.map(({ rule }) => rule)).toEqual(['invalid_call', 'invalid_call']);
});

test('The arguments may be JSON.', async () => {
  await using slack = await FakeSlack.start();
  const response = await fetch(`${slack.apiUrl}chat.postMessage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${slack.botToken}`, 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ ...helloMessage, blocks: [sectionBlock('hello')] }),
  });
  expect(await response.json()).toMatchObject({ ok: true, channel: 'C0SYNC' });
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC').map(({ text }) => text)).toEqual(['hello']);
});

test('A missing argument is rejected and is a violation.', async () => {
  await using slack = await FakeSlack.start();
  const answer = await callApi(slack, 'chat.update', { channel: 'C0SYNC', text: 'x' });
  expect(answer).toMatchObject({ ok: false, error: 'invalid_arguments' });
  expect(await callApi(slack, 'conversations.info', { channel: '' })).toMatchObject({ error: 'invalid_arguments' });
  expect(slack.violations.map(({ detail }) => detail)).toEqual([
    'chat.update: invalid_arguments; [ERROR] missing required field: ts',
    'conversations.info: invalid_arguments; [ERROR] missing required field: channel',
  ]);
});

test('A missing scope is rejected with the name of the scope.', async () => {
  await using slack = await FakeSlack.start({ scopes: ['commands'] });
  const answer = await callApi(slack, 'chat.postMessage', helloMessage);
  expect(answer).toMatchObject({ ok: false, error: 'missing_scope', needed: 'chat:write', provided: 'commands' });
  slack.scopes.add('chat:write');
  expect(await callApi(slack, 'chat.postMessage', helloMessage)).toMatchObject({ ok: true });
});

test.each([
  ['channel_not_found', 'C0NONE'],
  ['channel_not_found', '#sync'],
  ['not_in_channel', 'C0OTHER'],
  ['is_archived', 'C0OLD'],
  ['channel_not_found', 'C0SECRET'],
  ['channel_not_found', 'D0PAIR'],
  ['user_disabled', 'U0GONE'],
])('chat.postMessage returns %s for %s.', async (error, channel) => {
  await using slack = await FakeSlack.start({
    users: [{ id: 'U0GONE', deleted: true }],
    channels: [
      { id: 'C0OLD', members: ['U0BOT'], isArchived: true },
      { id: 'C0SECRET', members: ['U0ALICE'], isPrivate: true },
      { id: 'D0PAIR', members: ['U0ALICE', 'U0BOB'], isIm: true },
    ],
  });
  expect(await callApi(slack, 'chat.postMessage', { channel, text: 'x' })).toMatchObject({ ok: false, error });
  expect(slack.violations).toEqual([]);
});

test('With chat:write.public the bot can post to public channels as no member, but not to private ones.', async () => {
  await using slack = await FakeSlack.start({
    scopes: ['chat:write', 'chat:write.public'],
    channels: [{ id: 'C0SECRET', members: ['U0ALICE'], isPrivate: true }],
  });
  expect(await callApi(slack, 'chat.postMessage', { channel: 'C0OTHER', text: 'x' })).toMatchObject({ ok: true });
  const secret = await callApi(slack, 'chat.postMessage', { channel: 'C0SECRET', text: 'x' });
  expect(secret).toMatchObject({ ok: false, error: 'channel_not_found' });
});

test('A message to a user id is posted to the direct message.', async () => {
  await using slack = await FakeSlack.start();
  const sent = await callApi(slack, 'chat.postMessage', { channel: 'U0ALICE', text: 'hello' });
  const directMessage = slack.directMessage('U0ALICE').id;
  expect(sent).toMatchObject({ channel: directMessage });
  expect(slack.messagesVisibleTo('U0ALICE', directMessage).map(({ text }) => text)).toEqual(['hello']);
  expect(slack.messagesVisibleTo('U0BOB', directMessage)).toEqual([]);
});

test('Empty, too long and malformed messages are rejected.', async () => {
  await using slack = await FakeSlack.start();
  const post = (args: object) => callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', ...args });
  expect(await post({})).toMatchObject({ error: 'no_text' });
  expect(await post({ text: '', blocks: '[]' })).toMatchObject({ error: 'no_text' });
  expect(await post({ text: 'x'.repeat(40_001) })).toMatchObject({ error: 'msg_too_long' });
  expect(await post({ text: 'x'.repeat(40_000) })).toMatchObject({ ok: true });
  expect(await post({ text: 'x', blocks: '{nope' })).toMatchObject({ error: 'invalid_blocks_format' });
  expect(await post({ text: 'x', blocks: [sectionBlock('')] })).toMatchObject({
    error: 'invalid_blocks',
    response_metadata: { messages: ['[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]'] },
  });
  const long = Array.from({ length: 5 }, () => sectionBlock('x'.repeat(3000)));
  expect(await post({ text: 'x', blocks: long })).toMatchObject({ error: 'msg_blocks_too_long' });
  expect(slack.violations.every(({ rule }) => rule === 'invalid_message')).toBe(true);
  expect(slack.violations).toHaveLength(6);
});

test('chat.update replaces the content. Text without blocks removes the blocks and sets the edited mark.', async () => {
  await using slack = await FakeSlack.start();
  const { ts } = await callApi(slack, 'chat.postMessage', { ...helloMessage, blocks: [sectionBlock('one')] });
  await callApi(slack, 'chat.update', {
    channel: 'C0SYNC',
    ts: String(ts),
    text: 'two',
    blocks: [sectionBlock('two')],
  });
  expect(slack.findMessage(String(ts))).toMatchObject({ text: 'two', edited: false });
  await callApi(slack, 'chat.update', { channel: 'C0SYNC', ts: String(ts), text: 'three' });
  const view = slack.findMessage(String(ts));
  expect(view).toMatchObject({ text: 'three', blocks: [], edited: true });
  expect(view?.versions.map(({ text }) => text)).toEqual(['hello', 'two', 'three']);
});

test('chat.update rejects a text of more than 4,000 characters.', async () => {
  await using slack = await FakeSlack.start();
  const { ts } = await callApi(slack, 'chat.postMessage', helloMessage);
  const update = (length: number) =>
    callApi(slack, 'chat.update', { channel: 'C0SYNC', ts: String(ts), text: 'x'.repeat(length) });
  expect(await update(4001)).toMatchObject({ error: 'msg_too_long' });
  expect(await update(4000)).toMatchObject({ ok: true });
});

test('chat.update rejects a message that does not exist, is ephemeral or is deleted.', async () => {
  await using slack = await FakeSlack.start();
  const { ts } = await callApi(slack, 'chat.postMessage', helloMessage);
  const ephemeral = await callApi(slack, 'chat.postEphemeral', { ...helloMessage, user: 'U0ALICE' });
  const update = (args: object) => callApi(slack, 'chat.update', { channel: 'C0SYNC', text: 'x', ...args });
  expect(await update({ ts: '1.000000' })).toMatchObject({ error: 'message_not_found' });
  expect(await update({ ts, channel: 'C0SHARED' })).toMatchObject({ error: 'message_not_found' });
  expect(await update({ ts: ephemeral['message_ts'] })).toMatchObject({ error: 'message_not_found' });
  slack.channel('C0SYNC').members.delete(slack.botUserId);
  expect(await update({ ts })).toMatchObject({ error: 'not_in_channel' });
  slack.channel('C0SYNC').members.add(slack.botUserId);
  slack.deleteMessage(String(ts));
  expect(await update({ ts })).toMatchObject({ error: 'message_not_found' });
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC')).toEqual([]);
  expect(slack.findMessage(String(ts))?.deleted).toBe(true);
});

test('An ephemeral message is visible to one active member only, until the client reloads.', async () => {
  await using slack = await FakeSlack.start();
  slack.user('U0CAROL').active = false;
  const post = (user: string) => callApi(slack, 'chat.postEphemeral', { ...helloMessage, user });
  expect(await post('U0EVE')).toMatchObject({ error: 'user_not_in_channel' });
  expect(await post('U0CAROL')).toMatchObject({ ok: true });
  expect(await post('U0ALICE')).toMatchObject({ ok: true });
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toMatchObject([{ text: 'hello', ephemeralFor: 'U0ALICE' }]);
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC')).toEqual([]);
  expect(slack.messagesVisibleTo('U0CAROL', 'C0SYNC')).toEqual([]);
  slack.reloadClient('U0ALICE');
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toEqual([]);
});

test('The bot can look up groups and channels.', async () => {
  await using slack = await FakeSlack.start();
  const members = await callApi(slack, 'usergroups.users.list', { usergroup: 'S0OPS' });
  expect(members).toMatchObject({ users: ['U0ALICE', 'U0BOB'] });
  expect(await callApi(slack, 'usergroups.users.list', { usergroup: 'S0NONE' })).toMatchObject({
    error: 'no_such_subteam',
  });
  const shared = await callApi(slack, 'conversations.info', { channel: 'C0SHARED' });
  expect(shared).toMatchObject({ channel: { is_ext_shared: true, is_member: true } });
  const other = await callApi(slack, 'conversations.info', { channel: 'C0OTHER' });
  expect(other).toMatchObject({ channel: { is_ext_shared: false, is_member: false } });
});

test('conversations.info needs groups:read for a private channel.', async () => {
  await using slack = await FakeSlack.start({
    scopes: ['channels:read'],
    channels: [{ id: 'C0SECRET', members: ['U0BOT'], isPrivate: true }],
  });
  const answer = await callApi(slack, 'conversations.info', { channel: 'C0SECRET' });
  expect(answer).toMatchObject({ error: 'missing_scope', needed: 'groups:read' });
});

test('With rate limits chat.postMessage is limited to one per second and channel.', async () => {
  await using slack = await FakeSlack.start({ rateLimits: true, now: () => 1_800_000_000_000 });
  const post = (channel: string) =>
    fetch(`${slack.apiUrl}chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${slack.botToken}` },
      body: new URLSearchParams({ channel, text: 'x' }),
    });
  expect((await post('C0SYNC')).status).toBe(200);
  expect((await post('C0SHARED')).status).toBe(200);
  const limited = await post('C0SYNC');
  expect(limited.status).toBe(429);
  expect(limited.headers.get('retry-after')).toBe('1');
  slack.advanceClock(1000);
  expect((await post('C0SYNC')).status).toBe(200);
  slack.rateLimitsEnabled = false;
  expect((await post('C0SYNC')).status).toBe(200);
});

test('With rate limits chat.update is limited to fifty per minute.', async () => {
  await using slack = await FakeSlack.start({ rateLimits: true, now: () => 1_800_000_000_000 });
  const { ts } = await callApi(slack, 'chat.postMessage', helloMessage);
  const results: unknown[] = [];
  for (let i = 0; i < 51; i += 1) {
    results.push(
      (await callApi(slack, 'chat.update', { channel: 'C0SYNC', ts: String(ts), text: String(i) }))['error'],
    );
  }
  expect(results.slice(0, 50)).toEqual(Array(50).fill(undefined));
  expect(results[50]).toBe('ratelimited');
});

test('A message that this project forbids is posted and is a violation.', async () => {
  await using slack = await FakeSlack.start();
  const post = (args: object) => callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', ...args });
  await post({ blocks: [sectionBlock('no text')] });
  await post({ text: 'look <!channel>' });
  await post({ text: 'look', blocks: [sectionBlock('look <!here|here>')] });
  await post({ text: 'look', link_names: true });
  await post({ text: 'fine &lt;!channel&gt; <@U0ALICE>', blocks: [sectionBlock('fine')] });
  const rules = slack.violations.map(({ rule }) => rule);
  expect(rules).toEqual(['missing_text', 'broadcast_mention', 'broadcast_mention', 'link_names']);
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC')).toHaveLength(5);
});

test('With rate limits and a burst a channel takes several messages at once, and one per second on average.', async () => {
  await using slack = await FakeSlack.start({ rateLimits: true, messageBurst: 3, now: () => 1_800_000_000_000 });
  const post = () => callApi(slack, 'chat.postMessage', helloMessage);
  const results = [await post(), await post(), await post(), await post()].map(({ error }) => error);
  expect(results).toEqual([undefined, undefined, undefined, 'ratelimited']);
  slack.advanceClock(3000);
  expect(await post()).toMatchObject({ ok: true });
});

test.each(['views.open', 'views.push', 'views.update', 'views.publish', 'chat.postEphemeral'])(
  'With rate limits %s is limited to a hundred per minute.',
  async (method) => {
    await using slack = await FakeSlack.start({ rateLimits: true, now: () => 1_800_000_000_000 });
    const errors: unknown[] = [];
    for (let i = 0; i < 101; i += 1) errors.push((await callApi(slack, method))['error']);
    expect(errors.indexOf('ratelimited')).toBe(100);
  },
);

test('The headers name the scopes of the token and those that the method accepts.', async () => {
  await using slack = await FakeSlack.start({ scopes: ['commands', 'app_mentions:read'] });
  const headersOf = async (method: string, token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${slack.apiUrl}${method}`, { method: 'POST', headers })).headers;
  };
  const authTest = await headersOf('auth.test', slack.botToken);
  expect(authTest.get('x-oauth-scopes')).toBe('commands,app_mentions:read');
  expect(authTest.has('x-accepted-oauth-scopes')).toBe(false);
  const post = await headersOf('chat.postMessage', slack.botToken);
  expect(post.get('x-accepted-oauth-scopes')).toBe('chat:write');
  expect((await headersOf('auth.test', 'xoxb-else')).has('x-oauth-scopes')).toBe(false);
});
