import { expect, test } from 'vitest';
import { type Conversation, type ConversationOptions, openConversation, said } from '../support/conversation.ts';
import { DEFAULT_SCOPES } from '../support/slack/options.ts';
import { page } from './pages.ts';

/** What docs/security.md says of a scope: the rows of its table. */
const table = [...page('security.md').matchAll(/^\| `([a-z]+(?::[a-z]+)?)` \| .* \| (.*) \|$/gm)];

test('docs/security.md has a row for each scope of the manifest, and no other', () => {
  expect(table.map(([, scope]) => scope)).toEqual(DEFAULT_SCOPES);
});

/** A Running project, and a bot that was not granted one scope. */
async function without(scope: string, options: ConversationOptions = {}): Promise<Conversation> {
  const scopes = DEFAULT_SCOPES.filter((granted) => granted !== scope);
  const conversation = await openConversation({ ...options, slack: { ...options.slack, scopes } });
  const link = await conversation.world.link('orders-incr');
  await conversation.world.project('orders', [link]);
  await conversation.world.app.startWorker();
  return conversation;
}

const group = { policy: { operators: ['S0OPS'], channels: [] } };
const privateChannel = { slack: { channels: [{ id: 'C0PRIV', members: ['U0ALICE', 'U0BOT'], isPrivate: true }] } };

test('with all of them operators of a group change projects from public and private channels', async () => {
  await using talk = await without('none', { ...group, ...privateChannel });
  await talk.act('pause', 'orders', { channel: 'C0PRIV' });
  await talk.sees('orders is Paused', { channel: 'C0PRIV' });
  await talk.act('restore', 'orders', { user: 'U0BOB' });
  await talk.sees('orders is Running');
  expect(talk.slack.violations).toEqual([]);
});

test('without chat:write no message appears in channels: the dialog alone tells the outcome', async () => {
  await using talk = await without('chat:write');
  await talk.act('pause', 'orders');
  const told = await talk.sees('orders is Paused');
  expect(told.ephemeralFor).toBe('U0ALICE');
  expect(talk.slack.messagesSeenBy('U0BOB', 'C0SYNC')).toEqual([]);
});

test('without usergroups:read nobody of a user group may change anything', async () => {
  await using talk = await without('usergroups:read', group);
  expect(said(await talk.ask('pause orders'))).toContain('Slack does not tell who is in the user group');
});

test('without channels:read nothing is changed from public channels, unless policy.channels names them', async () => {
  await using talk = await without('channels:read', privateChannel);
  expect(said(await talk.ask('pause orders'))).toContain('I cannot see whether this channel is shared');
  await talk.act('pause', 'orders', { channel: 'C0PRIV' });
  await using named = await without('channels:read', { policy: { operators: ['U0ALICE'], channels: ['C0SYNC'] } });
  await named.act('pause', 'orders');
});

test('without groups:read nothing is changed from private channels', async () => {
  await using talk = await without('groups:read', privateChannel);
  const refused = await talk.ask('pause orders', { channel: 'C0PRIV' });
  expect(said(refused)).toContain('I cannot see whether this channel is shared');
  await talk.act('pause', 'orders');
});
