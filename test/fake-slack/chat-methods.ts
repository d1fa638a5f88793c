import { messagePayload } from './message-payload.ts';
import { maxUpdateTextChars, validateContent } from './message-validation.ts';
import { isReply, type StoredMessage } from './messages.ts';
import { type ApiMethod, type FakeSlackState, requireStringArg } from './state.ts';
import { type JsonObject, SlackApiError, type SlackChannel } from './types.ts';
import { botUserId } from './workspace.ts';

const writeMethod = { token: 'bot', scopes: ['chat:write'] } as const;

export function chatMethods(state: FakeSlackState): Readonly<Record<string, ApiMethod>> {
  return {
    'chat.postMessage': { ...writeMethod, run: (args) => postMessage(state, args) },
    'chat.postEphemeral': { ...writeMethod, run: (args) => postEphemeral(state, args) },
    'chat.update': { ...writeMethod, run: (args) => updateMessage(state, args) },
  };
}

function postMessage(state: FakeSlackState, args: JsonObject): JsonObject {
  const channel = postableChannel(state, requireStringArg(args, 'channel'));
  const content = validateContent(args, state.violations, 'chat.postMessage');
  const message = state.messages.post({
    ...content,
    channel: channel.id,
    user: botUserId,
    via: 'chat.postMessage',
    threadTs: threadTsOf(state, args, 'chat.postMessage'),
    isBroadcast: args['reply_broadcast'] === true || args['reply_broadcast'] === 'true',
  });
  return { channel: channel.id, ts: message.ts, message: messagePayload(message, state) };
}

function postEphemeral(state: FakeSlackState, args: JsonObject): JsonObject {
  const channel = postableChannel(state, requireStringArg(args, 'channel'));
  const user = requireStringArg(args, 'user');
  if (!state.workspace.isBotMember(channel)) throw new SlackApiError('not_in_channel');
  if (!channel.members.has(user)) throw new SlackApiError('user_not_in_channel');
  const content = validateContent(args, state.violations, 'chat.postEphemeral');
  const author = {
    channel: channel.id,
    user: botUserId,
    via: 'chat.postEphemeral',
    threadTs: threadTsOf(state, args, 'chat.postEphemeral'),
  } as const;
  const isSeen = state.workspace.user(user).active;
  const message_ts = isSeen
    ? state.messages.post({ ...content, ...author, ephemeralFor: user }).ts
    : state.messages.nextTs();
  return { message_ts };
}

/** Text without blocks removes the blocks. Slack looks up the message before it validates the content. */
function updateMessage(state: FakeSlackState, args: JsonObject): JsonObject {
  const message = findOwnMessage(state, args);
  const content = validateContent(args, state.violations, 'chat.update', maxUpdateTextChars);
  state.messages.replace(message, content);
  return { channel: message.channel, ts: message.ts, text: content.text, message: messagePayload(message, state) };
}

/**
 * Finds a message that the bot can update. The Web API does not know ephemeral messages, and a message that was posted through
 * a response_url cannot be updated by ts (slackapi/bolt-js#2063).
 */
function findOwnMessage(state: FakeSlackState, args: JsonObject): StoredMessage {
  const channel = findChannel(state, requireStringArg(args, 'channel'));
  const message = state.messages.find(requireStringArg(args, 'ts'));
  if (message?.channel === channel.id && message.deletedByUser) throw new SlackApiError('message_not_found');
  const isKnown = message?.channel === channel.id && !message.deleted && message.ephemeralFor === undefined;
  if (message === undefined || !isKnown) throw invalidCall(state, 'message_not_found');
  if (message.via !== 'chat.postMessage') throw invalidCall(state, 'cant_update_message');
  if (!state.workspace.isBotMember(channel)) throw new SlackApiError('not_in_channel');
  if (channel.isArchived) throw new SlackApiError('is_archived');
  return message;
}

function invalidCall(state: FakeSlackState, code: string): SlackApiError {
  state.violations.add('invalid_call', `chat.update: ${code}`);
  return new SlackApiError(code);
}

/** A user id means the direct message with that user. With `chat:write.public` the bot posts to public channels as no member. */
function postableChannel(state: FakeSlackState, id: string): SlackChannel {
  const { workspace, scopes } = state;
  const user = workspace.users.get(id);
  if (user?.deleted) throw new SlackApiError('user_disabled');
  const channel = user ? workspace.directMessage(user.id) : findChannel(state, id);
  if (!workspace.isBotMember(channel) && !scopes.has('chat:write.public')) throw new SlackApiError('not_in_channel');
  if (channel.isArchived) throw new SlackApiError('is_archived');
  return channel;
}

/** Slack hides private conversations without the bot from the bot. */
export function findChannel(state: FakeSlackState, id: string): SlackChannel {
  const channel = state.workspace.channels.get(id);
  if (channel === undefined) throw new SlackApiError('channel_not_found');
  const isHidden = (channel.isPrivate || channel.isIm) && !state.workspace.isBotMember(channel);
  if (isHidden) throw new SlackApiError('channel_not_found');
  return channel;
}

/** Records a violation for the ts of a reply: Slack's reference says to use the ts of its parent. */
export function threadTsOf(state: FakeSlackState, args: JsonObject, source: string): string | undefined {
  const threadTs = args['thread_ts'];
  if (typeof threadTs !== 'string') return undefined;
  const parent = state.messages.find(threadTs);
  if (parent !== undefined && isReply(parent)) state.violations.add('thread_of_reply', `${source}: ${threadTs}`);
  return threadTs;
}
