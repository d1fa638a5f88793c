import { firstPostDelayMs, isUnfinished, type Operation } from '../../domain/operation.ts';
import { isSlackUser } from '../../domain/project.ts';
import type { Formatter } from '../../messages/format.ts';
import { buildWaitReply } from '../views/outcome.ts';
import { type ChatOptions, postReply } from './channel-message.ts';

/**
 * Whether a reply must notify the requester of the end of an operation that waited until its project had caught up. Its message
 * has been in the channel since the wait, and Slack notifies no person of an edit. The requester knows of their own press.
 */
export function isWaitReplyDue(operation: Operation): boolean {
  const { state, by, message, waitsUntil, waitEndedAt, waitEndedBy, waitRepliedAt, finishedAt, resolvedAt } = operation;
  if (waitsUntil === null || waitRepliedAt !== null || message === null || isUnfinished(operation)) return false;
  const waitedMs = (waitEndedAt ?? finishedAt ?? 0) - (resolvedAt ?? 0);
  const isOwnPress = waitEndedBy === by && (state === 'cancelled' || state === 'done');
  return waitedMs >= firstPostDelayMs && !isOwnPress && isSlackUser(by);
}

/** Posts that reply in the thread where the requester asked, else in that of the message. Throws `RetryLaterError`. */
export async function replyAfterWait(
  slack: ChatOptions,
  { operation, format }: { readonly operation: Operation; readonly format: Formatter },
): Promise<void> {
  const { channel, threadTs, message, threadMessage } = operation;
  const messageRef = threadMessage ?? message;
  if (messageRef === null) return;
  const isInThread = threadTs !== null && messageRef.channel === channel;
  const target = isInThread ? { ...messageRef, ts: threadTs } : messageRef;
  const reply = buildWaitReply({ operation, format });
  const result = await postReply(slack, reply, { messageRef: target, isBroadcast: false });
  if (result.kind === 'cannot_post') slack.log.warn({ code: result.code }, 'reply about the end of a wait not posted');
}
