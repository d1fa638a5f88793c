import type { Logger } from '../../application/context.ts';
import { RetryLaterError } from '../../application/errors.ts';
import type { OperationStore } from '../../application/operation-store.ts';
import type { JobQueue, NotificationQueue, Notifier } from '../../application/ports.ts';
import type { ProjectStore } from '../../application/project-store.ts';
import type { ServerClock } from '../../application/stores.ts';
import { hasChangedSinceEnd } from '../../domain/batch.ts';
import { isUnfinished, type MessageRef, type Operation, type OperationRef } from '../../domain/operation.ts';
import { childLogger } from '../../logging/child-logger.ts';
import type { Formatter } from '../../messages/format.ts';
import type { Fetch } from '../api-calls.ts';
import { buildOutcome, buildOutcomeSummary } from '../views/outcome.ts';
import type { ChatClient } from './channel-message.ts';
import { isDialogUsable, type ShownDialogs } from './dialog.ts';
import type { ViewClient } from './modal.ts';
import {
  type Delivery,
  isNotified,
  type Notification,
  notifyChannel,
  notifyThread,
  type SlackClients,
  sendDirectMessage,
  updateDialog,
} from './operation-destinations.ts';
import { isWaitReplyDue, replyAfterWait } from './wait-reply.ts';

export interface OperationNotifierOptions {
  readonly projects: Pick<ProjectStore, 'read'>;
  readonly operations: Pick<OperationStore, 'read' | 'markNotified'>;
  readonly notifications: Pick<NotificationQueue, 'operationChanged'>;
  readonly jobs: Pick<JobQueue, 'batchOperationChanged'>;
  readonly serverClock: ServerClock;
  readonly client: ChatClient & ViewClient;
  readonly responseUrlFetch?: Fetch;
  readonly shownDialogs: ShownDialogs;
  /** `settings.channelsWithoutButtons` of syncbot.yml. */
  readonly channelsWithoutButtons: readonly string[];
  readonly format: Formatter;
  readonly log: Logger;
}

/** Delay until the destination that does not back off is updated again, ms. */
const recheckDelayMs = { unfinished: 1_000, finished: 5_000 };
const maxTracked = 10_000;

/** What this process remembers of an operation until its notification is complete. Losing it costs one more call to Slack. */
interface Tracking {
  /** No call to a destination before this time of `performance.now()`. */
  readonly backoffUntil: Readonly<Record<Destination, number>>;
  /** The messages that Slack has accepted and Redis may not have recorded. */
  readonly messages: MessageRefs;
  /** Whether Slack has accepted the reply about the end of a wait, and Redis may not have recorded it. */
  readonly hasRepliedAfterWait: boolean;
}

type MessageRefs = Pick<Operation, 'message' | 'threadMessage'>;

const newTracking: Tracking = {
  backoffUntil: { channel: 0, thread: 0, dialog: 0 },
  messages: { message: null, threadMessage: null },
  hasRepliedAfterWait: false,
};

/**
 * Keeps the messages of an operation up to date: its message in a channel, and the requester's dialog at OK and at the end.
 * It renders the current records. A message can be late or repeated.
 */
export function createOperationNotifier(options: OperationNotifierOptions): Notifier['notifyOperation'] {
  const tracked = new Map<string, Tracking>();
  const notify = async (ref: OperationRef): Promise<NotificationResult> => {
    const stored = await options.operations.read(ref);
    if (stored === null || stored.seq === stored.notifiedSeq) return { kind: 'complete' };
    // The message of the batch shows it.
    if (stored.batch !== null) {
      if (!isUnfinished(stored) && hasChangedSinceEnd(stored)) {
        await options.jobs.batchOperationChanged(stored.batch);
        return { kind: 'complete' };
      }
      await options.operations.markNotified(ref, { seq: stored.seq, message: null, dialogUses: 0 });
      return { kind: 'complete' };
    }
    const tracking = tracked.get(ref.operation) ?? newTracking;
    const operation = {
      ...stored,
      message: stored.message ?? tracking.messages.message,
      threadMessage: stored.threadMessage ?? tracking.messages.threadMessage,
    };
    const [project, now] = await Promise.all([options.projects.read(ref.project), options.serverClock.now()]);
    const { format } = options;
    const message = buildOutcome({ operation, projectExists: project !== null, format });
    const summarize = (channel: string) => buildOutcomeSummary({ operation, channel, format });
    const log = childLogger(options.log, { project: ref.project, operationId: ref.operation });

    const delivery = await deliver({ ...options, log }, { operation, project, message, summarize, now }, tracking);
    if (tracked.size > maxTracked) tracked.clear();
    tracked.set(ref.operation, delivery.tracking);
    const isComplete = delivery.error === null && delivery.postponedMs === 0;
    if (isComplete || hasChanged(delivery, stored)) {
      const {
        messages,
        dialogUses,
        tracking: { hasRepliedAfterWait },
      } = delivery;
      const seq = isComplete ? operation.seq : operation.notifiedSeq;
      await options.operations.markNotified(ref, { seq, ...messages, dialogUses, hasRepliedAfterWait });
    }
    if (delivery.error !== null) throw delivery.error;
    if (!isComplete) return { kind: 'postponed', seq: stored.seq, delayMs: delivery.postponedMs };
    tracked.delete(ref.operation);
    const { state } = operation;
    if (!isUnfinished(operation) && !isNotified(operation))
      log.info({ state, destinations: delivery.destinations }, 'operation notified');
    return { kind: 'complete' };
  };
  return async (ref) => {
    for (let result = await notify(ref); result.kind === 'postponed'; result = await notify(ref)) {
      await options.notifications.operationChanged(ref, result.delayMs);
      // The request of a change before this read may have been replaced by that call. A later change replaces the call.
      const current = await options.operations.read(ref);
      if (current === null || current.seq === result.seq) return;
    }
  };
}

/** `postponed`: the rest is due after `delayMs`, or when the operation changes. */
type NotificationResult =
  | { readonly kind: 'complete' }
  | { readonly kind: 'postponed'; readonly seq: number; readonly delayMs: number };

type Destination = 'channel' | 'thread' | 'dialog';

/** What was delivered, and the error that ends this attempt, if any. */
interface DeliveryReport {
  readonly messages: MessageRefs;
  readonly dialogUses: number;
  readonly destinations: readonly (Destination | 'direct')[];
  readonly tracking: Tracking;
  /** How long the message in the channel waits for the end of the operation, ms. */
  readonly postponedMs: number;
  readonly error: unknown;
}

function hasChanged({ messages, dialogUses, tracking }: DeliveryReport, stored: Operation): boolean {
  const isStored = (ref: MessageRef | null, storedRef: MessageRef | null) =>
    ref?.ts === storedRef?.ts && ref?.channel === storedRef?.channel;
  const { message, threadMessage } = messages;
  const hasReplied = tracking.hasRepliedAfterWait && stored.waitRepliedAt === null;
  return (
    dialogUses > 0 || hasReplied || !isStored(message, stored.message) || !isStored(threadMessage, stored.threadMessage)
  );
}

/**
 * Updates channel, thread and dialog. At the end the dialog waits for the reply of the channel: it has the whole outcome only
 * if the channel has not. If none can be reached, sends a direct message.
 */
async function deliver(
  slack: SlackClients & { readonly format: Formatter },
  notification: Notification,
  tracking: Tracking,
): Promise<DeliveryReport> {
  const { operation } = notification;
  const { backoffUntil } = tracking;
  const channelAttempt = attempt(backoffUntil.channel, () => notifyChannel(slack, notification));
  const [channel, thread, dialog] = await Promise.all([
    channelAttempt,
    attempt(backoffUntil.thread, () => notifyThread(slack, notification)),
    attempt(backoffUntil.dialog, async () =>
      updateDialog(slack, notification, isUnfinished(operation) ? undefined : (await channelAttempt).message),
    ),
  ]);
  const deliveries: Deliveries = { channel, thread, dialog };
  const messages = {
    message: channel.message ?? operation.message,
    threadMessage: thread.message ?? operation.threadMessage,
  };
  const report = {
    messages,
    dialogUses: dialog.dialogUses ?? 0,
    destinations: destinationNames.filter((name) => deliveries[name].kind === 'delivered'),
    tracking: { ...tracking, messages },
    postponedMs: Math.max(channel.postponedMs ?? 0, thread.postponedMs ?? 0),
    error: null,
  };
  const failed = Object.values(deliveries).find(({ kind }) => kind === 'failed');
  if (failed !== undefined) return { ...report, error: failed.error };
  if (Object.values(deliveries).some(({ kind }) => kind === 'retry')) {
    return { ...report, ...scheduleRetry(notification, report.tracking, deliveries) };
  }
  if (channel.kind === 'delivered' && isWaitReplyDue(operation) && !tracking.hasRepliedAfterWait) {
    const replied = await attempt(0, async () => {
      await replyAfterWait(slack, { operation: { ...operation, ...messages }, format: slack.format });
      return { kind: 'delivered' };
    });
    if (replied.kind !== 'delivered') return { ...report, error: replied.error };
    return { ...report, tracking: { ...report.tracking, hasRepliedAfterWait: true } };
  }
  const isUnread = report.destinations.length === 0 && !isUnfinished(operation) && !isNotified(operation);
  if (!isUnread || channel.kind !== 'unavailable') return report;
  const direct = await attempt(0, () => sendDirectMessage(slack, notification));
  if (direct.kind === 'retry' || direct.kind === 'failed') return { ...report, error: direct.error };
  if (direct.kind !== 'delivered') return report;
  return { ...report, messages: { ...messages, message: direct.message ?? null }, destinations: ['direct'] };
}

/** Turns every error into a value, so that the other destinations complete. */
async function attempt(backoffUntil: number, send: () => Promise<Delivery>): Promise<Delivery> {
  const remainingMs = backoffUntil - performance.now();
  if (remainingMs > 0) return { kind: 'retry', error: new RetryLaterError(Math.ceil(remainingMs)) };
  try {
    return await send();
  } catch (error) {
    return { kind: error instanceof RetryLaterError ? 'retry' : 'failed', error };
  }
}

type Deliveries = Readonly<Record<Destination, Delivery>>;
const destinationNames = ['channel', 'thread', 'dialog'] as const;

/** Retries at the earliest of the destinations. The others back off for as long as Slack asked. */
function scheduleRetry(
  { operation, now }: Notification,
  tracking: Tracking,
  deliveries: Deliveries,
): Pick<DeliveryReport, 'tracking' | 'error'> {
  const recheckMs = isDialogUsable(operation.dialog, now)
    ? recheckDelayMs[isUnfinished(operation) ? 'unfinished' : 'finished']
    : Number.POSITIVE_INFINITY;
  const delayMs = Math.min(recheckMs, ...destinationNames.map((name) => delayOf(deliveries[name])));
  const firstError = destinationNames.map((name) => deliveries[name].error).find((error) => error !== undefined);
  // A change of the operation replaces the delayed job, so the time is remembered also for the earliest of them.
  const backoffUntil = (name: Destination) => {
    const ms = delayOf(deliveries[name]);
    return Number.isFinite(ms) ? performance.now() + ms : tracking.backoffUntil[name];
  };
  return {
    error: new RetryLaterError(delayMs, { cause: firstError }),
    tracking: {
      ...tracking,
      backoffUntil: {
        channel: backoffUntil('channel'),
        thread: backoffUntil('thread'),
        dialog: backoffUntil('dialog'),
      },
    },
  };
}

/** Returns infinity for a destination that needs no retry. */
function delayOf({ error }: Delivery): number {
  return error instanceof RetryLaterError ? error.delayMs : Number.POSITIVE_INFINITY;
}
