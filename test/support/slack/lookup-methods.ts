import { knownChannel } from './chat-methods.ts';
import { BOT_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID } from './directory.ts';
import { isOn } from './message-rules.ts';
import { type Method, type State, stringArg } from './state.ts';
import { type JsonObject, type SlackChannel, SlackRefusal, type SlackUser } from './types.ts';

export function lookupMethods(state: State): Readonly<Record<string, Method>> {
  return {
    'auth.test': { token: 'bot', run: () => authTest(state) },
    'users.info': {
      token: 'bot',
      scopes: ['users:read'],
      run: (args) => userInfo(state, args),
    },
    'usergroups.list': { token: 'bot', scopes: ['usergroups:read'], run: (args) => groupList(state, args) },
    'usergroups.users.list': {
      token: 'bot',
      scopes: ['usergroups:read'],
      run: (args) => groupMembers(state, args),
    },
    'conversations.info': {
      token: 'bot',
      scopes: ['channels:read', 'groups:read', 'im:read'],
      run: (args) => channelInfo(state, args),
    },
    'conversations.open': { token: 'bot', scopes: ['im:write'], run: (args) => openDirectMessage(state, args) },
  };
}

function authTest(state: State): JsonObject {
  const bot = state.directory.user(BOT_USER_ID);
  return {
    url: `https://${TEAM_DOMAIN}.slack.com/`,
    team: TEAM_DOMAIN,
    team_id: TEAM_ID,
    user: bot.name,
    user_id: bot.id,
    bot_id: BOT_ID,
    is_enterprise_install: false,
  };
}

function userInfo(state: State, args: JsonObject): JsonObject {
  const user = state.directory.users.get(stringArg(args, 'user'));
  if (user === undefined) throw new SlackRefusal('user_not_found');
  return { user: userPayload(user) };
}

function userPayload(user: SlackUser): JsonObject {
  return {
    id: user.id,
    team_id: user.teamId,
    name: user.name,
    real_name: user.name,
    deleted: user.deleted,
    is_bot: user.isBot,
    is_app_user: false,
    is_restricted: user.isRestricted,
    is_ultra_restricted: user.isUltraRestricted,
    ...(user.teamId === TEAM_ID ? {} : { is_stranger: true }),
    profile: { display_name: user.name, real_name: user.name },
  };
}

function groupList(state: State, args: JsonObject): JsonObject {
  const usergroups = [...state.directory.groups.values()].map((group) => ({
    id: group.id,
    team_id: TEAM_ID,
    is_usergroup: true,
    name: group.handle,
    handle: group.handle,
    date_delete: 0,
    ...(isOn(args['include_users']) ? { users: [...group.members] } : {}),
    ...(isOn(args['include_count']) ? { user_count: group.members.length } : {}),
  }));
  return { usergroups };
}

function groupMembers(state: State, args: JsonObject): JsonObject {
  const group = state.directory.groups.get(stringArg(args, 'usergroup'));
  if (group === undefined) throw new SlackRefusal('no_such_subteam');
  return { users: [...group.members] };
}

function channelInfo(state: State, args: JsonObject): JsonObject {
  const channel = knownChannel(state, stringArg(args, 'channel'));
  const needed = channel.isIm ? 'im:read' : channel.isPrivate ? 'groups:read' : 'channels:read';
  if (!state.scopes.has(needed)) {
    throw new SlackRefusal('missing_scope', { needed, provided: [...state.scopes].join(',') });
  }
  return { channel: channelPayload(channel, state) };
}

function channelPayload(channel: SlackChannel, state: State): JsonObject {
  const partner = [...channel.members].find((id) => id !== BOT_USER_ID) ?? null;
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
    is_member: state.directory.botIsIn(channel),
  };
}

function openDirectMessage(state: State, args: JsonObject): JsonObject {
  const ids = stringArg(args, 'users').split(',');
  const user = state.directory.users.get(ids[0] ?? '');
  if (ids.length !== 1 || user === undefined) throw new SlackRefusal('user_not_found');
  if (user.isBot) throw new SlackRefusal('cannot_dm_bot');
  if (user.deleted) throw new SlackRefusal('user_disabled');
  return { channel: { id: state.directory.directMessage(user.id).id } };
}
