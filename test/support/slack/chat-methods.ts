import { APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID } from './directory.ts';
import { checkedContent, MAX_UPDATE_TEXT } from './message-rules.ts';
import { currentContent, type StoredMessage } from './messages.ts';
import { type Method, type State, stringArg } from './state.ts';
import { type Json, type JsonObject, type SlackChannel, SlackRefusal } from './types.ts';

const write = { token: 'bot', scopes: ['chat:write'] } as const;

export function chatMethods(state: State): Readonly<Record<string, Method>> {
  return {
    'chat.postMessage': { ...write, run: (args) => postMessage(state, args) },
    'chat.postEphemeral': { ...write, run: (args) => postEphemeral(state, args) },
    'chat.update': { ...write, run: (args) => update(state, args) },
    'chat.delete': { ...write, run: (args) => remove(state, args) },
  };
}

function postMessage(state: State, args: JsonObject): JsonObject {
  const channel = channelToPostIn(state, stringArg(args, 'channel'));
  const content = checkedContent(args, state.log, 'chat.postMessage');
  const message = state.messages.post({
    ...content,
    channel: channel.id,
    user: BOT_USER_ID,
    via: 'chat.postMessage',
    threadTs: threadOf(args),
  });
  return { channel: channel.id, ts: message.ts, message: messagePayload(message) };
}

function postEphemeral(state: State, args: JsonObject): JsonObject {
  const channel = channelToPostIn(state, stringArg(args, 'channel'));
  const user = stringArg(args, 'user');
  if (!channel.members.has(user)) throw new SlackRefusal('user_not_in_channel');
  const content = checkedContent(args, state.log, 'chat.postEphemeral');
  const author = {
    channel: channel.id,
    user: BOT_USER_ID,
    via: 'chat.postEphemeral',
    threadTs: threadOf(args),
  } as const;
  const isSeen = state.directory.user(user).active;
  const message_ts = isSeen
    ? state.messages.post({ ...content, ...author, ephemeralFor: user }).ts
    : state.messages.nextTs();
  return { message_ts };
}

/** Text without blocks removes the blocks; nothing at all is `no_text`. Checked in the order Slack finds the message first. */
function update(state: State, args: JsonObject): JsonObject {
  const message = ownMessage(state, args, 'cant_update_message');
  const content = checkedContent(args, state.log, 'chat.update', MAX_UPDATE_TEXT);
  state.messages.replace(message, content);
  return { channel: message.channel, ts: message.ts, text: content.text, message: messagePayload(message) };
}

function remove(state: State, args: JsonObject): JsonObject {
  const message = ownMessage(state, args, 'cant_delete_message');
  state.messages.remove(message);
  return { channel: message.channel, ts: message.ts };
}

/**
 * The bot's own message, as the API knows it: ephemerals are unknown to it, and what was posted through a response_url
 * cannot be updated by ts (slackapi/bolt-js#2063).
 */
function ownMessage(state: State, args: JsonObject, refusal: string): StoredMessage {
  const channel = knownChannel(state, stringArg(args, 'channel'));
  const message = state.messages.find(stringArg(args, 'ts'));
  if (message?.channel === channel.id && message.deletedByPerson) throw new SlackRefusal('message_not_found');
  const isKnown = message?.channel === channel.id && !message.deleted && message.ephemeralFor === undefined;
  if (message === undefined || !isKnown) throw misuse(state, refusal, 'message_not_found');
  if (message.via !== 'chat.postMessage') throw misuse(state, refusal, refusal);
  if (!state.directory.botIsIn(channel)) throw new SlackRefusal('not_in_channel');
  if (channel.isArchived) throw new SlackRefusal('is_archived');
  return message;
}

function misuse(state: State, where: string, code: string): SlackRefusal {
  state.log.add('invalid_call', `${where}: ${code}`);
  return new SlackRefusal(code);
}

/** A user id opens the direct message with that person; `chat:write.public` opens public channels without the bot. */
function channelToPostIn(state: State, id: string): SlackChannel {
  const { directory, scopes } = state;
  const person = directory.users.get(id);
  if (person?.deleted) throw new SlackRefusal('user_disabled');
  const channel = person ? directory.directMessage(person.id) : knownChannel(state, id);
  if (!directory.botIsIn(channel) && !scopes.has('chat:write.public')) throw new SlackRefusal('not_in_channel');
  if (channel.isArchived) throw new SlackRefusal('is_archived');
  return channel;
}

/** A private conversation without the bot does not exist for the bot. */
export function knownChannel(state: State, id: string): SlackChannel {
  const channel = state.directory.channels.get(id);
  if (channel === undefined) throw new SlackRefusal('channel_not_found');
  const isHidden = (channel.isPrivate || channel.isIm) && !state.directory.botIsIn(channel);
  if (isHidden) throw new SlackRefusal('channel_not_found');
  return channel;
}

export function messagePayload(message: StoredMessage): JsonObject {
  const content = currentContent(message);
  return {
    type: 'message',
    user: message.user,
    ts: message.ts,
    bot_id: BOT_ID,
    app_id: APP_ID,
    team: TEAM_ID,
    text: content.text,
    ...(content.blocks.length > 0 ? { blocks: structuredClone(content.blocks) as Json[] } : {}),
    ...(message.threadTs === undefined ? {} : { thread_ts: message.threadTs }),
    ...(message.edited ? { edited: { user: message.user, ts: message.ts } } : {}),
  };
}

function threadOf(args: JsonObject): string | undefined {
  return typeof args['thread_ts'] === 'string' ? args['thread_ts'] : undefined;
}
