import type { Batch } from '../../domain/batch.ts';
import { firstPostDelayMs, isUnfinished, type Operation } from '../../domain/operation.ts';
import { isSlackUser } from '../../domain/project.ts';
import type { Formatter } from '../../messages/format.ts';
import { buildBatchReply } from '../views/batch.ts';
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

/** After so many ms from OK to the end, the requester of a batch may not look at its message any more. */
const batchReplyAfterMs = 10_000;

/** The same for a batch, when its message is to show the end. The requester knows of it if they have cancelled its last pause. */
export function isBatchReplyDue(batch: Batch): boolean {
  const { state, by, catchUpMs, notifiedAt, messages, results, resolvedAt, finishedAt } = batch;
  if (state !== 'done' || catchUpMs === null || notifiedAt !== null || Object.keys(messages).length === 0) return false;
  const lastEndAt = Math.max(0, ...Object.values(results).map((result) => result.finishedAt ?? 0));
  const isOwnPress = Object.values(results).some(
    (result) => result.cancelledBy === by && (result.finishedAt ?? 0) === lastEndAt,
  );
  return (finishedAt ?? 0) - (resolvedAt ?? 0) >= batchReplyAfterMs && !isOwnPress && isSlackUser(by);
}

/** Posts that reply in the thread where the requester asked, else in that of the message. Throws `RetryLaterError`. */
export async function replyAfterBatchWait(
  slack: ChatOptions,
  { batch, format }: { readonly batch: Batch; readonly format: Formatter },
): Promise<void> {
  const { channel, threadTs, messages } = batch;
  const inChannel = channel === null ? undefined : messages[channel];
  const messageRef = inChannel ?? Object.values(messages)[0];
  if (messageRef === undefined) return;
  const isInThread = threadTs !== null && messageRef === inChannel;
  const target = { channel: messageRef.channel, ts: isInThread ? threadTs : messageRef.ts };
  const reply = buildBatchReply({ batch, format });
  const result = await postReply(slack, reply, { messageRef: target, isBroadcast: false });
  if (result.kind === 'cannot_post') slack.log.warn({ code: result.code }, 'reply about the end of a wait not posted');
}
