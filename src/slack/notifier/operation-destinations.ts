import type { Logger } from '../../application/context.ts';
import { RetryLaterError } from '../../application/errors.ts';
import {
  firstPostDelayMs,
  isFollowed,
  isUnfinished,
  isWaitingToCatchUp,
  type MessageRef,
  type Operation,
} from '../../domain/operation.ts';
import { isSlackUser, type Project } from '../../domain/project.ts';
import type { Message } from '../views/blocks.ts';
import { type ChannelButtons, messageFor } from '../views/without-buttons.ts';
import { type ChatClient, postOrUpdate, type Thread } from './channel-message.ts';
import { type DialogClients, isDialogUsable, isNewDialog, replaceDialog } from './dialog.ts';
import type { ViewClient } from './modal.ts';

export interface SlackClients extends ChannelButtons, DialogClients {
  readonly client: ChatClient & ViewClient;
  readonly log: Logger;
}

export interface Notification {
  readonly operation: Operation;
  readonly project: Project | null;
  readonly message: Message;
  /** What the requester reads when the message in `channel` has the whole outcome. */
  readonly summarize: (channel: string) => Message;
  readonly now: number;
}

/** The result of one attempt at one destination. `skipped`: this destination needs no update, or not before `postponedMs`. */
export interface Delivery {
  readonly kind: 'delivered' | 'unavailable' | 'skipped' | 'retry' | 'failed';
  readonly message?: MessageRef;
  readonly postponedMs?: number;
  readonly dialogUses?: number;
  /** Of `retry` and `failed`. `retry` has a `RetryLaterError`. */
  readonly error?: unknown;
}

/** Where the message of an operation is, or will be. */
interface Place {
  readonly messageRef: MessageRef | null;
  readonly channel: string;
  readonly thread: Thread | null;
}

/**
 * The project's channel has the message. If the request was made in a thread of that channel, it is a reply there that the
 * channel shows too. Without a channel a message exists only as a direct message, or from when the project had a channel.
 */
function channelPlace({ operation, project }: Notification): Place | null {
  const { channel: origin, threadTs, message: messageRef } = operation;
  const channel = project?.definition.channel ?? origin ?? messageRef?.channel ?? null;
  if (channel === null) return null;
  const thread = threadTs !== null && channel === origin ? { ts: threadTs, isBroadcast: true } : null;
  return { messageRef, channel, thread };
}

/** The thread of the request, if it is in another channel than the project's. */
function threadPlace({ operation, project }: Notification): Place | null {
  const { channel, threadTs, threadMessage: messageRef } = operation;
  const projectChannel = project?.definition.channel ?? channel;
  if (channel === null || threadTs === null || channel === projectChannel) return null;
  return { messageRef, channel, thread: { ts: threadTs, isBroadcast: false } };
}

/**
 * Whether the channel gets the message of the operation. An operation that was not confirmed, or was refused before it changed
 * anything, concerns its requester only. The message of one that waits for a worker, or until its project has caught up, is
 * edited until the end.
 */
function isPublic({ state, claimDelayedAt, waitsUntil }: Operation, { messageRef }: Place): boolean {
  switch (state) {
    case 'running':
    case 'done':
    case 'failed':
      return true;
    case 'confirmed':
      return claimDelayedAt !== null || waitsUntil !== null;
    default:
      return messageRef !== null;
  }
}

/** Posts or updates the message of the operation in its channel. Without one the requester reads the end elsewhere. */
export async function notifyChannel(slack: SlackClients, notification: Notification): Promise<Delivery> {
  const { operation } = notification;
  const place = channelPlace(notification);
  if (place === null) return { kind: operation.origin !== 'cli' && hasResult(operation) ? 'unavailable' : 'skipped' };
  return notifyPlace(slack, notification, place);
}

function hasResult({ state }: Operation): boolean {
  return state === 'done' || state === 'failed' || state === 'refused';
}

/** Posts or updates the message of the operation in the thread of the request. */
export function notifyThread(slack: SlackClients, notification: Notification): Promise<Delivery> {
  return notifyPlace(slack, notification, threadPlace(notification));
}

async function notifyPlace(slack: SlackClients, notification: Notification, place: Place | null): Promise<Delivery> {
  const { operation, now } = notification;
  if (place === null) return { kind: 'skipped' };
  // The requester reads a refusal in the dialog, else in a direct message.
  if (!isPublic(operation, place)) return { kind: isUnansweredRefusal(operation) ? 'unavailable' : 'skipped' };
  const postponedMs = firstPostInMs(operation, place, now);
  if (postponedMs > 0) return { kind: 'skipped', postponedMs };
  if (isNotified(operation) && place.messageRef === null) return { kind: 'skipped' };
  return writeMessage(slack, notification, place);
}

async function writeMessage(
  slack: SlackClients,
  notification: Notification,
  { messageRef, channel, thread }: Place,
): Promise<Delivery> {
  const { operation, message } = notification;
  const target = { messageRef, channel: isNotified(operation) ? null : channel, thread };
  const content = messageFor(messageRef?.channel ?? channel, message, slack);
  const result = await postOrUpdate(slack, content, target);
  if (result.kind === 'posted') return { kind: 'delivered', message: result.messageRef };
  // The first message of the thread may be gone.
  if (thread?.isBroadcast === true) return writeMessage(slack, notification, { messageRef, channel, thread: null });
  slack.log.warn({ channel, code: result.code }, 'channel cannot be posted to');
  return { kind: 'unavailable' };
}

/** How long the first message of an operation waits for its end, so that it is posted once with its outcome, ms. */
function firstPostInMs(operation: Operation, { messageRef }: Place, now: number): number {
  const { state, startedAt, resolvedAt } = operation;
  const since = isWaitingToCatchUp(operation) ? resolvedAt : state === 'running' ? startedAt : null;
  if (messageRef !== null || since === null) return 0;
  return Math.max(0, since + firstPostDelayMs - now);
}

/** Whether people have been notified of the end. What changes after that only edits the message, if there is one. */
export function isNotified({ notifiedAt }: Operation): boolean {
  return notifiedAt !== null;
}

/** The command line prints a refusal itself. */
function isUnansweredRefusal({ state, origin }: Operation): boolean {
  return state === 'refused' && origin === 'slack';
}

/**
 * Replaces the dialog at OK and at the end only: a response_url accepts five uses. `outcomeRef` is the message that has the
 * whole outcome.
 */
export async function updateDialog(
  slack: SlackClients,
  { operation, message, summarize, now }: Notification,
  outcomeRef: MessageRef | undefined,
): Promise<Delivery> {
  const { dialog } = operation;
  if (dialog === null || !isDialogUsable(dialog, now)) return { kind: 'unavailable' };
  const isNew = isNewDialog(dialog);
  if (isUnfinished(operation) && !isNew) return { kind: 'skipped' };
  // What is followed changes the message. Only without one the dialog shows how it ended, unless it is in a modal, which may
  // show something else by then.
  const isComplete = operation.message !== null || isFollowed(operation) || dialog.kind === 'view';
  if (isNotified(operation) && !isNew && isComplete) return { kind: 'skipped' };
  const shown = outcomeRef === undefined ? message : summarize(outcomeRef.channel);
  const result = await replaceDialog(slack, dialog, { message: shown, origin: operation });
  const dialogUses = Math.min(result.uses, dialog.usesLeft);
  switch (result.kind) {
    case 'done':
      return { kind: 'delivered', dialogUses };
    case 'expired':
      return { kind: 'unavailable', dialogUses: dialog.usesLeft };
    case 'retry':
      return { kind: 'retry', dialogUses, error: new RetryLaterError(result.retryAfterMs) };
    default:
      return result satisfies never;
  }
}

/** Sends the outcome to the requester, or to the person who set the timer, if that is a person of Slack. */
export async function sendDirectMessage(
  { client, log }: SlackClients,
  { operation, message }: Notification,
): Promise<Delivery> {
  const person = operation.timer?.by ?? operation.by;
  if (!isSlackUser(person)) {
    log.warn({}, 'outcome not delivered: no channel, dialog or user');
    return { kind: 'unavailable' };
  }
  const result = await postOrUpdate({ client, log }, message, { messageRef: null, channel: person });
  if (result.kind === 'posted') return { kind: 'delivered', message: result.messageRef };
  log.warn({ code: result.code }, 'outcome not delivered');
  return { kind: 'unavailable' };
}
