import type { types } from '@slack/bolt';
import { StoreUnavailableError } from '../../application/errors.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { messages } from '../../messages/catalog.ts';
import { readBatchId } from '../button-values.ts';
import { type ConfirmationPress, readConfirmationSubmission } from '../modal-requests.ts';
import { nowhere } from '../requests.ts';
import { textMessage } from '../views/blocks.ts';
import { buildLoadingModal, buildOkAgainPage } from '../views/modal.ts';
import { onBatchCancel, onBatchOk } from './batch.ts';
import { onCancel, onOk } from './confirmation.ts';
import type { ListenerContext, ListenerResult } from './listener.ts';

/** Keeps the modal open at OK, until the notifier replaces its page. */
export function acknowledgeOk(body: unknown): { readonly response_action: 'update'; readonly view: types.ModalView } {
  const press = readConfirmationSubmission(body);
  const origin = press ?? nowhere;
  const view =
    typeof press?.value === 'string'
      ? buildOkAgainPage(messages.modal.confirmed, origin, press.value)
      : buildLoadingModal(origin);
  return { response_action: 'update', view };
}

/** OK in a modal. While Redis does not answer, the modal keeps its OK. */
export async function onOkInModal(context: ListenerContext, press: ConfirmationPress): Promise<ListenerResult> {
  const { value } = press;
  try {
    await isFirstAnswer(context, press);
    return await (isOfBatch(press) ? onBatchOk : onOk)(context, press);
  } catch (error) {
    if (!(error instanceof StoreUnavailableError) || typeof value !== 'string') throw error;
    context.log.warn({ error: serializeError(error) }, 'not done: Redis did not answer');
    const text = messages.requestFailures.storeUnavailable;
    return { kind: 'message', message: textMessage(text), page: buildOkAgainPage(text, press, value) };
  }
}

/** A person has closed the modal of a confirmation, which is Cancel. After OK in the same modal it means nothing. */
export async function onModalClosed(context: ListenerContext, press: ConfirmationPress): Promise<ListenerResult> {
  if (!(await isFirstAnswer(context, press))) return { kind: 'notified' };
  return (isOfBatch(press) ? onBatchCancel : onCancel)(context, press);
}

function isOfBatch({ value }: ConfirmationPress): boolean {
  return readBatchId(value) !== null;
}

/**
 * Whether a person answers a confirmation in this modal for the first time. OK takes longer than Cancel, because it is
 * authorized, so a person who presses OK and closes the modal at once would cancel.
 */
async function isFirstAnswer(
  { deduplication }: ListenerContext,
  { replyTo, value }: ConfirmationPress,
): Promise<boolean> {
  if (replyTo.kind !== 'view' && replyTo.kind !== 'closed') return true;
  return deduplication.claimOnce(`answer:${replyTo.viewId}:${String(value)}`, answerMemoryMs);
}

const answerMemoryMs = 11 * 60_000;
