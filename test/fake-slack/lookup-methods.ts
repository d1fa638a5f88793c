import { findChannel } from './chat-methods.ts';
import { type ApiMethod, type FakeSlackState, requireStringArg } from './state.ts';
import { type JsonObject, SlackApiError, type SlackChannel } from './types.ts';
import { botId, botUserId, teamDomain, teamId } from './workspace.ts';

export function lookupMethods(state: FakeSlackState): Readonly<Record<string, ApiMethod>> {
  return {
    'auth.test': { token: 'bot', run: () => authTest(state) },
    'usergroups.users.list': {
      token: 'bot',
      scopes: ['usergroups:read'],
      run: (args) => groupMembers(state, args),
    },
    'users.info': { token: 'bot', scopes: ['users:read'], run: (args) => userInfo(state, args) },
    'conversations.info': {
      token: 'bot',
      scopes: ['channels:read', 'groups:read', 'im:read'],
      run: (args) => channelInfo(state, args),
    },
  };
}

function authTest(state: FakeSlackState): JsonObject {
  const bot = state.workspace.user(botUserId);
  return {
    url: `https://${teamDomain}.slack.com/`,
    team: teamDomain,
    team_id: teamId,
    user: bot.name,
    user_id: bot.id,
    bot_id: botId,
    is_enterprise_install: false,
  };
}

function groupMembers(state: FakeSlackState, args: JsonObject): JsonObject {
  const group = state.workspace.groups.get(requireStringArg(args, 'usergroup'));
  if (group === undefined) throw new SlackApiError('no_such_subteam');
  return { users: [...group.members] };
}

function userInfo(state: FakeSlackState, args: JsonObject): JsonObject {
  const user = state.workspace.users.get(requireStringArg(args, 'user'));
  if (user === undefined) throw new SlackApiError('user_not_found');
  const { id, name, teamId: team_id, deleted, isBot: is_bot, tz } = user;
  return { user: { id, name, team_id, deleted, is_bot, ...(deleted ? {} : { tz }) } };
}

function channelInfo(state: FakeSlackState, args: JsonObject): JsonObject {
  const channel = findChannel(state, requireStringArg(args, 'channel'));
  const needed = channel.isIm ? 'im:read' : channel.isPrivate ? 'groups:read' : 'channels:read';
  if (!state.scopes.has(needed)) {
    throw new SlackApiError('missing_scope', { needed, provided: [...state.scopes].join(',') });
  }
  return { channel: channelPayload(channel, state) };
}

function channelPayload(channel: SlackChannel, state: FakeSlackState): JsonObject {
  const partner = [...channel.members].find((id) => id !== botUserId) ?? null;
  return {
    id: channel.id,
    ...(channel.isIm ? { user: partner } : { name: channel.name, name_normalized: channel.name }),
    is_channel: !channel.isIm && !channel.isPrivate,
    is_group: !channel.isIm && channel.isPrivate,
    is_im: channel.isIm,
    is_mpim: false,
    is_private: channel.isPrivate || channel.isIm,
    is_archived: channel.isArchived,
    is_ext_shared: channel.isExtShared,
    is_shared: channel.isExtShared,
    is_org_shared: false,
    is_pending_ext_shared: false,
    is_member: state.workspace.isBotMember(channel),
  };
}
