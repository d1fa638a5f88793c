import { expect, test } from 'vitest';
import { FakeSlack } from './fake-slack.ts';
import { DEFAULT_SCOPES } from './options.ts';
import { callApi, sectionBlock } from './raw-client.ts';

const moreScopes = [...DEFAULT_SCOPES, 'users:read', 'im:write'];
const helloMessage = { channel: 'C0SYNC', text: 'hello' };

test('a call needs a token, a known one, and of the right kind', async () => {
  await using slack = await FakeSlack.start();
  expect(await callApi(slack, 'auth.test', {}, null)).toMatchObject({ ok: false, error: 'not_authed' });
  expect(await callApi(slack, 'auth.test', {}, 'xoxb-else')).toMatchObject({ ok: false, error: 'invalid_auth' });
  expect(await callApi(slack, 'auth.test', {}, slack.appToken)).toMatchObject({ error: 'not_allowed_token_type' });
  expect(await callApi(slack, 'apps.connections.open')).toMatchObject({ error: 'not_allowed_token_type' });
  expect(await callApi(slack, 'auth.test', { token: slack.botToken }, null)).toMatchObject({ ok: true });
  expect(slack.calls[0]?.args).not.toHaveProperty('token');
});

test('auth.test names the bot and its team', async () => {
  await using slack = await FakeSlack.start();
  const answer = await callApi(slack, 'auth.test');
  expect(answer).toMatchObject({ ok: true, team_id: 'T0001', user_id: slack.botUserId, bot_id: 'B0SYNC' });
});

test('a method Slack does not have is refused and is a violation', async () => {
  await using slack = await FakeSlack.start();
  expect(await callApi(slack, 'chat.shout', helloMessage)).toMatchObject({ ok: false, error: 'unknown_method' });
  expect(await callApi(slack, 'toString', helloMessage)).toMatchObject({ ok: false, error: 'unknown_method' });
  expect(slack.violations.map((it) => it.rule)).toEqual(['invalid_call', 'invalid_call']);
});

test('a JSON body is as good as a form', async () => {
  await using slack = await FakeSlack.start();
  const response = await fetch(`${slack.apiUrl}chat.postMessage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${slack.botToken}`, 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ ...helloMessage, blocks: [sectionBlock('hello')] }),
  });
  expect(await response.json()).toMatchObject({ ok: true, channel: 'C0SYNC' });
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC').map((it) => it.text)).toEqual(['hello']);
});

test('required arguments are required', async () => {
  await using slack = await FakeSlack.start({ scopes: moreScopes });
  const answer = await callApi(slack, 'chat.update', { channel: 'C0SYNC', text: 'x' });
  expect(answer).toMatchObject({ ok: false, error: 'invalid_arguments' });
  expect(await callApi(slack, 'users.info', { user: '' })).toMatchObject({ error: 'invalid_arguments' });
  expect(slack.violations.map((it) => it.detail)).toEqual([
    'chat.update: invalid_arguments',
    'users.info: invalid_arguments',
  ]);
});

test('without the scope the call is refused with what is needed', async () => {
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
])('chat.postMessage answers %s for %s', async (error, channel) => {
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

test('chat:write.public opens public channels, not private ones', async () => {
  await using slack = await FakeSlack.start({
    scopes: ['chat:write', 'chat:write.public'],
    channels: [{ id: 'C0SECRET', members: ['U0ALICE'], isPrivate: true }],
  });
  expect(await callApi(slack, 'chat.postMessage', { channel: 'C0OTHER', text: 'x' })).toMatchObject({ ok: true });
  const secret = await callApi(slack, 'chat.postMessage', { channel: 'C0SECRET', text: 'x' });
  expect(secret).toMatchObject({ ok: false, error: 'channel_not_found' });
});

test('a message to a user id arrives in the direct message', async () => {
  await using slack = await FakeSlack.start({ scopes: moreScopes });
  const opened = await callApi(slack, 'conversations.open', { users: 'U0ALICE' });
  const sent = await callApi(slack, 'chat.postMessage', { channel: 'U0ALICE', text: 'psst' });
  expect(opened).toMatchObject({ channel: { id: sent['channel'] } });
  const dm = slack.directMessage('U0ALICE').id;
  expect(slack.messagesVisibleTo('U0ALICE', dm).map((it) => it.text)).toEqual(['psst']);
  expect(slack.messagesVisibleTo('U0BOB', dm)).toEqual([]);
});

test('empty, too long and malformed messages are refused', async () => {
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
  expect(slack.violations.every((it) => it.rule === 'invalid_message')).toBe(true);
  expect(slack.violations).toHaveLength(6);
});

test('chat.update replaces the content; text alone removes the blocks and shows as edited', async () => {
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
  expect(view?.versions.map((it) => it.text)).toEqual(['hello', 'two', 'three']);
});

test('chat.update takes no more than 4,000 characters', async () => {
  await using slack = await FakeSlack.start();
  const { ts } = await callApi(slack, 'chat.postMessage', helloMessage);
  const update = (length: number) =>
    callApi(slack, 'chat.update', { channel: 'C0SYNC', ts: String(ts), text: 'x'.repeat(length) });
  expect(await update(4001)).toMatchObject({ error: 'msg_too_long' });
  expect(await update(4000)).toMatchObject({ ok: true });
});

test('only the bot’s own, living, non-ephemeral message can be updated or deleted', async () => {
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
  expect(await callApi(slack, 'chat.delete', { channel: 'C0SYNC', ts: String(ts) })).toMatchObject({ ok: true });
  expect(await update({ ts })).toMatchObject({ error: 'message_not_found' });
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC')).toEqual([]);
  expect(slack.findMessage(String(ts))?.deleted).toBe(true);
});

test('an ephemeral is for one person in the channel, and only if that person is there to see it', async () => {
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

test('people, groups and channels can be looked up', async () => {
  await using slack = await FakeSlack.start({ scopes: moreScopes, users: [{ id: 'U0GUEST', isRestricted: true }] });
  expect(await callApi(slack, 'users.info', { user: 'U0GUEST' })).toMatchObject({ user: { is_restricted: true } });
  expect(await callApi(slack, 'users.info', { user: 'U0EVE' })).toMatchObject({ user: { team_id: 'T0EXT' } });
  expect(await callApi(slack, 'users.info', { user: 'U0NONE' })).toMatchObject({ error: 'user_not_found' });
  const members = await callApi(slack, 'usergroups.users.list', { usergroup: 'S0OPS' });
  expect(members).toMatchObject({ users: ['U0ALICE', 'U0BOB'] });
  expect(await callApi(slack, 'usergroups.users.list', { usergroup: 'S0NONE' })).toMatchObject({
    error: 'no_such_subteam',
  });
  expect(await callApi(slack, 'usergroups.list')).toMatchObject({ usergroups: [{ id: 'S0OPS', handle: 'ops' }] });
  const shared = await callApi(slack, 'conversations.info', { channel: 'C0SHARED' });
  expect(shared).toMatchObject({ channel: { is_ext_shared: true, is_member: true } });
  const other = await callApi(slack, 'conversations.info', { channel: 'C0OTHER' });
  expect(other).toMatchObject({ channel: { is_ext_shared: false, is_member: false } });
});

test('conversations.info of a private channel wants groups:read', async () => {
  await using slack = await FakeSlack.start({
    scopes: ['channels:read'],
    channels: [{ id: 'C0SECRET', members: ['U0BOT'], isPrivate: true }],
  });
  const answer = await callApi(slack, 'conversations.info', { channel: 'C0SECRET' });
  expect(answer).toMatchObject({ error: 'missing_scope', needed: 'groups:read' });
});

test('with rate limits on, one message a second and channel', async () => {
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

test('chat.update has fifty a minute', async () => {
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

test('what only the house forbids goes through and is a violation', async () => {
  await using slack = await FakeSlack.start();
  const post = (args: object) => callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', ...args });
  await post({ blocks: [sectionBlock('no text')] });
  await post({ text: 'look <!channel>' });
  await post({ text: 'look', blocks: [sectionBlock('look <!here|here>')] });
  await post({ text: 'look', link_names: true });
  const broadcast = { type: 'broadcast', range: 'everyone' };
  const rich = { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [broadcast] }] };
  await post({ text: 'look', blocks: [rich] });
  await post({ text: 'fine &lt;!channel&gt; <@U0ALICE>', blocks: [sectionBlock('fine')] });
  const rules = slack.violations.map((it) => it.rule);
  expect(rules).toEqual(['missing_text', 'broadcast_mention', 'broadcast_mention', 'link_names', 'broadcast_mention']);
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC')).toHaveLength(6);
});
