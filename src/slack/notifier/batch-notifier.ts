import { createHash } from 'node:crypto';
import type { BatchStore } from '../../application/batch-store.ts';
import type { Logger } from '../../application/context.ts';
import { RetryLaterError } from '../../application/errors.ts';
import type { Notifier } from '../../application/ports.ts';
import type { ServerClock } from '../../application/stores.ts';
import { type Batch, type BatchMessage, channelsOf } from '../../domain/batch.ts';
import { isSlackUser } from '../../domain/project.ts';
import { childLogger } from '../../logging/child-logger.ts';
import type { Formatter } from '../../messages/format.ts';
import type { Fetch } from '../api-calls.ts';
import { buildBatch, buildBatchSummary } from '../views/batch.ts';
import type { Message } from '../views/blocks.ts';
import { messageFor } from '../views/without-buttons.ts';
import { type ChatClient, postOrUpdate } from './channel-message.ts';
import { isDialogUsable, isNewDialog, replaceDialog, type ShownDialogs } from './dialog.ts';
import type { ViewClient } from './modal.ts';
import { isBatchReplyDue, replyAfterBatchWait } from './wait-reply.ts';

export interface BatchNotifierOptions {
  readonly batches: Pick<BatchStore, 'read' | 'markNotified'>;
  readonly serverClock: ServerClock;
  readonly client: ChatClient & ViewClient;
  readonly responseUrlFetch?: Fetch;
  readonly shownDialogs: ShownDialogs;
  /** `settings.channelsWithoutButtons` of syncbot.yml. */
  readonly channelsWithoutButtons: readonly string[];
  readonly format: Formatter;
  readonly log: Logger;
}

/** The key of a message that was sent to the requester, since no channel could be posted to. */
const directKey = 'direct';

/**
 * Keeps the messages of a batch up to date: one in the channel of the request and one in each channel of its projects, and the
 * requester's dialog at OK and at the end. It renders the current record. A message can be late or repeated.
 */
export async function notifyBatch(
  options: BatchNotifierOptions,
  id: Parameters<Notifier['notifyBatch']>[0],
): Promise<void> {
  const batch = await options.batches.read(id);
  if (batch === null || batch.version === batch.notifiedVersion) return;
  const slack = { ...options, log: childLogger(options.log, { batch: id }) };
  const delivered = isPublic(batch) ? await notifyChannels(slack, batch) : { messages: {}, errors: [] };
  const messages = { ...batch.messages, ...delivered.messages };
  const dialog = await updateDialog(slack, batch, messages);
  const errors = [...delivered.errors, ...dialog.errors];
  const isUnread =
    batch.state === 'done' &&
    batch.notifiedAt === null &&
    errors.length === 0 &&
    Object.keys(messages).length === 0 &&
    !dialog.isShown;
  if (errors.length === 0 && isBatchReplyDue(batch)) errors.push(...(await notifyRequester(slack, batch)));
  const direct = isUnread ? await sendDirectMessage(slack, batch) : {};
  await options.batches.markNotified(id, {
    version: errors.length === 0 ? batch.version : batch.notifiedVersion,
    messages: { ...delivered.messages, ...direct },
    dialogUses: dialog.uses,
  });
  if (errors.length > 0) throw new RetryLaterError(Math.min(...errors.map(({ delayMs }) => delayMs)));
}

/** Without a reply the message is due again. */
async function notifyRequester(slack: BatchNotifierOptions, batch: Batch): Promise<RetryLaterError[]> {
  try {
    await replyAfterBatchWait(slack, { batch, format: slack.format });
    return [];
  } catch (error) {
    if (!(error instanceof RetryLaterError)) throw error;
    return [error];
  }
}

/** A batch that was not confirmed concerns its requester only. */
function isPublic({ state }: Batch): boolean {
  return state === 'confirmed' || state === 'stopped' || state === 'done';
}

interface Delivered {
  readonly messages: Readonly<Record<string, BatchMessage>>;
  readonly errors: readonly RetryLaterError[];
}

/** One channel that Slack does not accept for now does not delay the others. */
async function notifyChannels(slack: BatchNotifierOptions, batch: Batch): Promise<Delivered> {
  const messages: Record<string, BatchMessage> = {};
  const errors: RetryLaterError[] = [];
  const channels = channelsOf(batch);
  for (const key of batch.messages[directKey] === undefined ? channels : [...channels, directKey]) {
    try {
      const sent = await notifyChannel(slack, batch, key);
      if (sent !== null) messages[key] = sent;
    } catch (error) {
      if (!(error instanceof RetryLaterError)) throw error;
      errors.push(error);
    }
  }
  return { messages, errors };
}

/**
 * `key`: the channel, or `directKey`. Returns null if the message shows the same already, or the channel cannot be posted to.
 * After the end the message is only edited.
 */
async function notifyChannel(slack: BatchNotifierOptions, batch: Batch, key: string): Promise<BatchMessage | null> {
  const stored = batch.messages[key] ?? null;
  const isNotified = batch.notifiedAt !== null;
  if (isNotified && stored === null) return null;
  const channel = key === directKey ? null : key;
  const message = messageFor(stored?.channel ?? key, buildBatch({ batch, channel, format: slack.format }), slack);
  const digest = digestOf(message);
  if (stored?.digest === digest) return null;
  const isOrigin = channel === batch.channel && batch.threadTs !== null;
  const target = {
    channel: isNotified ? null : channel,
    thread: isOrigin && batch.threadTs !== null ? { ts: batch.threadTs, isBroadcast: true } : null,
  };
  const messageRef = stored === null ? null : { channel: stored.channel, ts: stored.ts };
  const result = await postOrUpdate(slack, message, { ...target, messageRef });
  if (result.kind === 'posted') return { ...result.messageRef, digest };
  slack.log.warn({ channel, code: result.code }, 'channel cannot be posted to');
  return null;
}

/** Without the ids of blocks, which differ for each version of a message. */
function digestOf({ text, blocks }: Message): string {
  const labels = blocks.flatMap((block) =>
    block.type === 'actions' ? block.elements.flatMap((each) => ('text' in each ? each.text.text : [])) : [],
  );
  return createHash('sha1')
    .update(JSON.stringify([text, labels]))
    .digest('hex');
}

interface DialogDelivery {
  readonly uses: number;
  /** Whether the dialog shows how the batch is now. */
  readonly isShown: boolean;
  readonly errors: readonly RetryLaterError[];
}

/** Replaces the dialog at OK and at the end only: a response_url accepts five uses. */
async function updateDialog(
  slack: BatchNotifierOptions,
  batch: Batch,
  messages: Readonly<Record<string, BatchMessage>>,
): Promise<DialogDelivery> {
  const { dialog, state, channel } = batch;
  const now = await slack.serverClock.now();
  if (dialog === null || !isDialogUsable(dialog, now)) return { uses: 0, isShown: false, errors: [] };
  const hasEnded = state !== 'confirmed' && state !== 'stopped';
  const isInChannel = channel !== null && messages[channel] !== undefined;
  // A modal may show something else by then.
  const isComplete = batch.notifiedAt !== null && (isInChannel || dialog.kind === 'view');
  if (!isNewDialog(dialog) && (!hasEnded || isComplete)) return { uses: 0, isShown: true, errors: [] };
  const { format } = slack;
  const message = isInChannel
    ? buildBatchSummary({ batch, channel, format })
    : buildBatch({ batch, channel: null, format });
  const result = await replaceDialog(slack, dialog, { message, origin: batch });
  const uses = Math.min(result.uses, dialog.usesLeft);
  switch (result.kind) {
    case 'done':
      return { uses, isShown: true, errors: [] };
    case 'expired':
      return { uses: dialog.usesLeft, isShown: false, errors: [] };
    case 'retry':
      return { uses, isShown: false, errors: [new RetryLaterError(result.retryAfterMs)] };
    default:
      return result satisfies never;
  }
}

async function sendDirectMessage(
  slack: BatchNotifierOptions,
  batch: Batch,
): Promise<Readonly<Record<string, BatchMessage>>> {
  if (!isSlackUser(batch.by)) return {};
  const message = buildBatch({ batch, channel: null, format: slack.format });
  const result = await postOrUpdate(slack, message, { messageRef: null, channel: batch.by });
  if (result.kind === 'posted') return { [directKey]: { ...result.messageRef, digest: digestOf(message) } };
  slack.log.warn({ code: result.code }, 'outcome not delivered');
  return {};
}
