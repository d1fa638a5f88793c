import { isReply, type StoredMessage } from './messages.ts';
import type { FakeSlackState } from './state.ts';

/**
 * Whether this user sees this message. A user who is not a member of the channel sees only their ephemeral messages. An ephemeral
 * message in a thread is visible only if the thread has a reply (docs.slack.dev/reference/methods/chat.postEphemeral).
 */
export function canSee(state: FakeSlackState, user: string, message: StoredMessage): boolean {
  const { channel, ephemeralFor, threadTs } = message;
  if (ephemeralFor === undefined) return state.workspace.channel(channel).members.has(user);
  const isShown = threadTs === undefined || !isReply(message) || state.messages.hasReplies(threadTs);
  return ephemeralFor === user && isShown;
}

/** Whether a channel does not show this message, because it is a reply that is not broadcast. */
export function isOnlyInThread(message: StoredMessage): boolean {
  return isReply(message) && message.isBroadcast !== true;
}
