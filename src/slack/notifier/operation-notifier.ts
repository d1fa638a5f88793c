import type { Logger } from '../../application/context.ts';
import { RetryLaterError } from '../../application/errors.ts';
import type { Notifier } from '../../application/ports.ts';
import type { AlertStore, OperationStore, ProjectStore, ServerClock } from '../../application/stores.ts';
import {
  type Dialog,
  isOpen,
  type MessageRef,
  type Operation,
  type OperationRef,
  type OperationState,
} from '../../domain/operation.ts';
import type { Project } from '../../domain/project.ts';
import { childLogger } from '../../logging/child-logger.ts';
import type { Formatter } from '../../messages/format.ts';
import type { Fetch } from '../api-calls.ts';
import type { Message } from '../views/blocks.ts';
import { isSlackUser } from '../views/mrkdwn.ts';
import { buildOutcome } from '../views/outcome.ts';
import { notifyAlerts } from './alert-notifier.ts';
import { type ChatClient, postOrUpdate } from './channel-message.ts';
import { postToResponseUrl, responseUrlMaxUses } from './response-url.ts';

export interface NotifierOptions {
  readonly projects: Pick<ProjectStore, 'read'>;
  readonly operations: Pick<OperationStore, 'read' | 'markNotified'>;
  readonly alerts: Pick<AlertStore, 'markNotified'>;
  readonly serverClock: ServerClock;
  readonly client: ChatClient;
  /** How a response_url is posted to. */
  readonly responseUrlFetch?: Fetch;
  readonly format: Formatter;
  /** Whether masked reasons of failed tasks may appear in channels. */
  readonly showErrors: boolean;
  readonly log: Logger;
}

/** What a channel is told of: a request that was never confirmed is between the bot and the requester. */
const publicStates: ReadonlySet<OperationState> = new Set(['confirmed', 'running', 'done', 'refused', 'failed']);

/** How soon an operation is looked at again while one place keeps it waiting: the other has news to show. Ms. */
const recheckDelayMs = { open: 1_000, over: 5_000 };

/** What this process remembers of an operation that waits. Lost with the process, it costs Slack a call too many. */
interface Backoff {
  /** No call before these moments of `performance.now()`. */
  channelUntil: number;
  dialogUntil: number;
  /** What the dialog was told last. */
  lastDialogSeq: number;
  /** A message that Slack has taken and Redis may not know yet. */
  unsavedMessage: MessageRef | null;
}

/** What one telling did, as far as it got. */
interface SendProgress {
  message: MessageRef | null;
  dialogUses: number;
}

/**
 * Brings the messages of an operation up to date: its one message in a channel, and the requester's dialog at
 * OK and at the end. Renders from what is so now, so it may be late or repeated, and is never wrong.
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const { operations, projects, serverClock, format } = options;
  const backoffs = new Map<string, Backoff>();
  return {
    notifyAlerts: (id) => notifyAlerts(options, id),
    async notifyOperation(ref) {
      const stored = await operations.read(ref);
      if (stored === null || stored.seq === stored.notifiedSeq) return;
      const backoff = backoffs.get(ref.operation) ?? {
        channelUntil: 0,
        dialogUntil: 0,
        lastDialogSeq: 0,
        unsavedMessage: null,
      };
      const operation = { ...stored, message: stored.message ?? backoff.unsavedMessage };
      const [project, now] = await Promise.all([projects.read(ref.project), serverClock.now()]);
      const message = buildOutcome({ operation, project, format, now });
      const progress: SendProgress = { message: operation.message, dialogUses: 0 };
      if (backoffs.size > 10_000) backoffs.clear();
      backoffs.set(ref.operation, backoff);
      const log = childLogger(options.log, { project: ref.project, operationId: ref.operation });
      let destinations: Destination[] = [];
      try {
        destinations = await notifyDestinations(
          { ...options, log },
          { ref, operation, project, message, now, progress, backoff },
        );
      } catch (error) {
        backoff.unsavedMessage = progress.message;
        if (hasProgress(progress, stored))
          await operations.markNotified(ref, { ...progress, seq: operation.notifiedSeq });
        throw error;
      }
      backoff.unsavedMessage = progress.message;
      await operations.markNotified(ref, { ...progress, seq: operation.seq });
      backoffs.delete(ref.operation);
      if (!isOpen(operation)) log.info({ state: operation.state, places: destinations }, 'operation told');
    },
  };
}

interface OperationNotification {
  readonly ref: OperationRef;
  readonly operation: Operation;
  readonly project: Project | null;
  readonly message: Message;
  readonly now: number;
  readonly progress: SendProgress;
  readonly backoff: Backoff;
}

type SlackClients = Pick<NotifierOptions, 'client' | 'log' | 'responseUrlFetch'>;

type Destination = 'channel' | 'dialog' | 'direct';

/**
 * The channel and the dialog at once, neither kept waiting by the other; when neither can be reached, a direct message at
 * the end.
 */
async function notifyDestinations(client: SlackClients, notification: OperationNotification): Promise<Destination[]> {
  const { operation, backoff } = notification;
  const [channelResult, dialogResult] = await Promise.all([
    unlessBackingOff(backoff.channelUntil, () => notifyChannel(client, notification)),
    unlessBackingOff(backoff.dialogUntil, () => updateDialog(client, notification)),
  ]);
  if (channelResult instanceof RetryLaterError || dialogResult instanceof RetryLaterError)
    throw nextRetry(notification, channelResult, dialogResult);
  const destinations: Destination[] = [];
  if (channelResult === 'notified') destinations.push('channel');
  if (dialogResult === 'notified') destinations.push('dialog');
  if (destinations.length > 0 || isOpen(operation) || channelResult !== 'closed') return destinations;
  return (await sendDirectMessage(client, notification)) ? ['direct'] : [];
}

/** The wait for whichever place comes first; the other is left alone for as long as Slack asked for. */
function nextRetry(
  { operation, now, backoff }: OperationNotification,
  channelResult: DeliveryAttempt,
  dialogResult: DeliveryAttempt,
): RetryLaterError {
  const delayOf = (result: DeliveryAttempt) =>
    result instanceof RetryLaterError ? result.delayMs : Number.POSITIVE_INFINITY;
  const recheckMs = isDialogUsable(operation.dialog, now)
    ? recheckDelayMs[isOpen(operation) ? 'open' : 'over']
    : delayOf(channelResult);
  const retryDelayMs = Math.min(delayOf(channelResult), delayOf(dialogResult), recheckMs);
  if (channelResult instanceof RetryLaterError && channelResult.delayMs > retryDelayMs)
    backoff.channelUntil = performance.now() + channelResult.delayMs;
  if (dialogResult instanceof RetryLaterError && dialogResult.delayMs > retryDelayMs)
    backoff.dialogUntil = performance.now() + dialogResult.delayMs;
  return new RetryLaterError(retryDelayMs, {
    cause: channelResult instanceof RetryLaterError ? channelResult : dialogResult,
  });
}

/** `nowhere`: this operation is not told in a channel. */
type Delivery = 'notified' | 'closed' | 'nowhere';
type DeliveryAttempt = Delivery | RetryLaterError;

async function notifyChannel(
  { client, log }: SlackClients,
  { operation, project, message, progress }: OperationNotification,
): Promise<Delivery> {
  const channel = project?.definition.channel ?? operation.channel;
  if (!publicStates.has(operation.state) || channel === null) return 'nowhere';
  const result = await postOrUpdate(client, message, { messageRef: operation.message, channel }, log);
  if (result.kind === 'put') {
    progress.message = result.messageRef;
    return 'notified';
  }
  log.warn({ channel, code: result.code }, 'channel cannot be posted to');
  return 'closed';
}

/** At OK and at the end only: five answers is all that a response_url takes. */
async function updateDialog(
  { responseUrlFetch: send }: SlackClients,
  { operation, message, now, progress, backoff }: OperationNotification,
): Promise<Delivery> {
  const { dialog, seq } = operation;
  if (dialog === null || !isDialogUsable(dialog, now)) return 'closed';
  if (backoff.lastDialogSeq === seq) return 'notified';
  if (isOpen(operation) && dialog.usesLeft < responseUrlMaxUses) return 'nowhere';
  const result = await postToResponseUrl({ url: dialog.url, send }, message, 'replace');
  progress.dialogUses = result.kind === 'spent' ? dialog.usesLeft : Math.min(result.uses, dialog.usesLeft);
  if (result.kind === 'later') throw new RetryLaterError(result.retryAfterMs);
  if (result.kind === 'spent') return 'closed';
  backoff.lastDialogSeq = seq;
  return 'notified';
}

function isDialogUsable(dialog: Dialog | null, now: number): boolean {
  return dialog !== null && dialog.usesLeft > 0 && dialog.expiresAt > now;
}

async function sendDirectMessage(
  { client, log }: SlackClients,
  { operation, message, progress }: OperationNotification,
): Promise<boolean> {
  const result = isSlackUser(operation.by)
    ? await postOrUpdate(client, message, { messageRef: null, channel: operation.by }, log)
    : null;
  if (result?.kind === 'put') progress.message = result.messageRef;
  else log.warn({ code: result?.code }, 'outcome could not be told in Slack');
  return result?.kind === 'put';
}

function hasProgress(progress: SendProgress, operation: Operation): boolean {
  const { message } = operation;
  return (
    progress.dialogUses > 0 || progress.message?.ts !== message?.ts || progress.message?.channel !== message?.channel
  );
}

/** RetryLaterError as a value, so that the other place gets its turn; any other fault is thrown on. */
async function unlessBackingOff(backoffUntil: number, send: () => Promise<Delivery>): Promise<DeliveryAttempt> {
  const remainingMs = backoffUntil - performance.now();
  if (remainingMs > 0) return new RetryLaterError(Math.ceil(remainingMs));
  try {
    return await send();
  } catch (error) {
    if (error instanceof RetryLaterError) return error;
    throw error;
  }
}
