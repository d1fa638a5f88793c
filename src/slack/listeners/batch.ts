import { findTouched } from '../../application/batch-selection.ts';
import type { BatchResolution } from '../../application/batch-store.ts';
import { cancelWaits } from '../../application/catch-up.ts';
import { cancelBatch, confirmBatch, decideWave } from '../../application/confirm-batch.ts';
import { StoreUnavailableError } from '../../application/errors.ts';
import {
  type BatchRequest,
  type RequestedBatch as RequestedDialog,
  readBatchDialog,
  requestBatch,
} from '../../application/request-batch.ts';
import { type Batch, doneItems, failedItems, maxBatchProjects } from '../../domain/batch.ts';
import type { ProjectId } from '../../domain/project.ts';
import { batchesIn, parseSelection } from '../../domain/selection.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { messages } from '../../messages/catalog.ts';
import { readBatchId } from '../button-values.ts';
import type { LimitWords } from '../commands/command.ts';
import { suggestedList } from '../commands/suggestions.ts';
import type { ConfirmationPress } from '../modal-requests.ts';
import { dialogOf } from '../notifier/dialog.ts';
import type { BlockAction, SlackRequest } from '../requests.ts';
import {
  buildBatch,
  buildBatchDialog,
  buildBatchPage,
  buildNoneAllowed,
  buildNoneWaits,
  buildNotStopped,
} from '../views/batch.ts';
import { messageWithSuggestions, textMessage } from '../views/blocks.ts';
import { readTimeZone, updateHomesLater } from './confirmation.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';
import { pollForAnswer } from './poll-for-answer.ts';

export type RequestedBatch = Pick<
  BatchRequest,
  'action' | 'reason' | 'selection' | 'after' | 'projects' | 'excluded'
> & {
  readonly limit?: LimitWords | undefined;
  readonly whenCaughtUp?: boolean | undefined;
  /** The batches that the selection names. */
  readonly earlier: readonly Batch[];
};

/** Authorizes the requester, requests the batch and returns its dialog. Only the requester sees it. */
export async function requestBatchConfirmation(
  context: ListenerContext,
  request: SlackRequest,
  { limit: words, whenCaughtUp = false, earlier, ...requested }: RequestedBatch,
): Promise<ListenerResult> {
  const refusal = await context.authorizer.authorizeRequest(request);
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  const { user: by, channel, threadTs } = request;
  const { waves } = context.settings;
  const limit = words === undefined ? null : { ...words, timeZone: await readTimeZone(context, by, words) };
  const origin = { by, channel, threadTs, origin: 'slack' } as const;
  const result = await requestBatch(context, { ...requested, ...origin, limit, whenCaughtUp, waves });
  switch (result.kind) {
    case 'too_many': {
      const text = messages.batch.tooMany(result.count, maxBatchProjects);
      return { kind: 'message', message: messageWithSuggestions(text, [suggestedList]) };
    }
    case 'refused':
      return { kind: 'refusal', refusal: result.refusal, command: null };
    case 'none_allowed':
      return { kind: 'message', message: buildNoneAllowed({ ...requested, ...result }, context.format) };
    case 'requested': {
      const dialog = answerWithDialog(context, request, { ...result, earlier });
      return { ...dialog, followUp: () => updateHomesLater(context) };
    }
    default:
      return result satisfies never;
  }
}

function answerWithDialog(
  { format }: ListenerContext,
  request: SlackRequest,
  dialog: RequestedDialog & Pick<RequestedBatch, 'earlier'>,
) {
  const view = { ...dialog, format };
  return { kind: 'message', message: buildBatchDialog(view), page: buildBatchPage(view, request) } as const;
}

/** Show Dialog: the open dialog of this person again, or what became of it. */
export async function onShowBatchDialog(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const id = readBatchId(press.value);
  if (id === null) return onOutdatedButton(context);
  const refusal = await context.authorizer.authorizeRequest(press);
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  const dialog = await readBatchDialog(context, id, press.user);
  switch (dialog.kind) {
    case 'unknown':
      return { kind: 'message', message: textMessage(messages.batch.unknown) };
    case 'refused':
      return { kind: 'refusal', refusal: dialog.refusal, command: null };
    case 'closed':
      return { kind: 'message', message: buildBatch({ ...dialog, channel: null, format: context.format }) };
    case 'open':
      return answerWithDialog(context, press, { ...dialog, earlier: await readEarlier(context, dialog.batch) });
    default:
      return dialog satisfies never;
  }
}

async function readEarlier({ batches }: ListenerContext, { selection }: Batch): Promise<Batch[]> {
  const parsed = parseSelection(selection.split(' '));
  if (parsed.kind === 'invalid') return [];
  const found = await Promise.all(batchesIn(parsed.selection).map((id) => batches.read(id)));
  return found.flatMap((batch) => batch ?? []);
}

/** OK: authorizes the presser again and confirms the batch. */
export async function onBatchOk(context: ListenerContext, press: ConfirmationPress): Promise<ListenerResult> {
  const id = readBatchId(press.value);
  if (id === null) return onOutdatedButton(context);
  const refusal = await context.authorizer.authorizeRequest(press);
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  return resolveBatch(context, press, { id, resolve: confirmBatch });
}

/** Cancel changes nothing, so the requester may press it without being an operator. */
export async function onBatchCancel(context: ListenerContext, press: ConfirmationPress): Promise<ListenerResult> {
  const id = readBatchId(press.value);
  if (id === null) return onOutdatedButton(context);
  return resolveBatch(context, press, { id, resolve: cancelBatch });
}

async function resolveBatch(
  context: ListenerContext,
  press: ConfirmationPress,
  { id, resolve }: { readonly id: string; readonly resolve: typeof confirmBatch },
): Promise<ListenerResult> {
  try {
    return toResult(await resolve(context, { id, by: press.user, dialog: dialogOf(press) }));
  } catch (error) {
    if (!(error instanceof StoreUnavailableError) || error.sent === 'no') throw error;
    context.log.warn({ batch: id, error: serializeError(error) }, 'reply to a button press lost');
    const message = textMessage(messages.requestFailures.checkingOutcome);
    return { kind: 'message', message, followUp: () => pollForResult(context, id) };
  }
}

/** The reply of Redis to a press was lost. */
function pollForResult(context: ListenerContext, id: string): Promise<ListenerResult> {
  return pollForAnswer<Batch>(context, {
    read: () => context.batches.read(id),
    onUnknown: () => ({ kind: 'message', message: textMessage(messages.batch.unknown) }),
    notify: () => context.notifications.batchChanged(id),
    outcomeUnknown: () => messageWithSuggestions(messages.batch.outcomeUnknown, [suggestedList]),
  });
}

/** The notifier replaces the dialog. */
function toResult(resolution: BatchResolution): ListenerResult {
  switch (resolution.kind) {
    case 'unknown':
      return { kind: 'message', message: textMessage(messages.batch.unknown), mode: 'replace' };
    case 'not_requester':
      return { kind: 'refusal', refusal: { code: 'not_requester', by: resolution.by }, command: null };
    default:
      return { kind: 'notified' };
  }
}

/** Retry Failed: requests the action again for the projects that were not done. */
export async function onRetryFailed(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  return requestAfter(context, press, (batch, selection) => ({
    action: batch.action,
    reason: batch.reason,
    selection,
    ids: failedItems(batch).map(({ project }) => project),
  }));
}

/** Restore Those 5: requests a restore of what the batch has paused. The reason of the pause is not that of the restore. */
export async function onRestoreThose(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  return requestAfter(context, press, (batch, selection) => ({
    action: 'restore',
    reason: null,
    selection,
    ids: doneItems(batch).map(({ project }) => project),
  }));
}

interface Following extends Pick<RequestedBatch, 'action' | 'reason' | 'selection'> {
  readonly ids: readonly ProjectId[];
}

async function requestAfter(
  context: ListenerContext,
  press: BlockAction,
  follow: (batch: Batch, selection: string) => Following,
): Promise<ListenerResult> {
  const id = readBatchId(press.value);
  if (id === null) return onOutdatedButton(context);
  const batch = await context.batches.read(id);
  if (batch === null) return { kind: 'message', message: textMessage(messages.batch.unknown) };
  const { ids, ...following } = follow(batch, `batch:${id}`);
  const projects = await context.projects.readMany(ids);
  const excluded = findTouched(following.action, { batches: [batch], projects });
  return requestBatchConfirmation(context, press, { ...following, after: id, earlier: [batch], projects, excluded });
}

/** Go On begins the next wave. */
export async function onGoOn(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  return decide(context, press, 'go_on');
}

/** Stop ends a batch in waves before its last wave. */
export async function onStop(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  return decide(context, press, 'stop');
}

/** Cancel in the message of a batch, whose pauses wait until their projects have caught up. */
export async function onCancelWaits(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const id = readBatchId(press.value);
  if (id === null) return onOutdatedButton(context);
  const refusal = await context.authorizer.authorizeRequest(press);
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  const result = await cancelWaits(context, { id, by: press.user });
  switch (result.kind) {
    case 'unknown':
      return { kind: 'message', message: textMessage(messages.batch.unknown) };
    case 'not_waiting':
      return { kind: 'message', message: buildNoneWaits({ batch: result.batch, format: context.format }) };
    case 'cancelled':
      return { kind: 'notified' };
    default:
      return result satisfies never;
  }
}

async function decide(
  context: ListenerContext,
  press: BlockAction,
  decision: 'go_on' | 'stop',
): Promise<ListenerResult> {
  const id = readBatchId(press.value);
  if (id === null) return onOutdatedButton(context);
  const refusal = await context.authorizer.authorizeRequest(press);
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  const result = await decideWave(context, { id, by: press.user, decision });
  switch (result.kind) {
    case 'unknown':
      return { kind: 'message', message: textMessage(messages.batch.unknown) };
    case 'not_stopped':
      return { kind: 'message', message: buildNotStopped({ batch: result.batch, format: context.format }) };
    case 'decided':
      return { kind: 'notified' };
    default:
      return result satisfies never;
  }
}
