import type { types } from '@slack/bolt';
import { messages } from '../../messages/catalog.ts';
import { confirmationCallbackId } from '../action-ids.ts';
import { type ModalOrigin, modalMetadata } from '../modal-metadata.ts';
import { type Message, plainText, sectionBlock, textMessage } from './blocks.ts';
import { sectionBudgetChars, withinLimits } from './limits.ts';
import { truncateMrkdwn } from './mrkdwn.ts';

/** The page of a modal that shows a message with its buttons. Each press in it sends the origin back. */
export function buildModal(message: Message, origin: ModalOrigin): types.ModalView {
  const { text, blocks } = withinLimits(message).message;
  return {
    ...modalFrame(origin),
    blocks: blocks.length > 0 ? [...blocks] : [sectionBlock(truncateMrkdwn(text, sectionBudgetChars))],
  };
}

/** A modal without its blocks. */
export function modalFrame(origin: ModalOrigin): Omit<types.ModalView, 'blocks'> {
  const { title, close } = messages.modal;
  return {
    type: 'modal',
    title: plainText(title),
    close: plainText(close),
    private_metadata: modalMetadata(origin),
  };
}

/** What a modal shows until the bot has its content. */
export function buildLoadingModal(origin: ModalOrigin): types.ModalView {
  return buildModal(textMessage(messages.modal.loading), origin);
}

/**
 * A confirmation as the page of a modal. Its submit button is OK, and its close button Cancel. Slack notifies the bot also when
 * the person closes the modal with ✕. `value`: that of OK.
 */
export function confirmationPage(dialog: Message, origin: ModalOrigin, value: string): types.ModalView {
  return { ...withOk(dialog, origin, value), close: plainText(messages.buttons.cancel), notify_on_close: true };
}

/**
 * What the modal shows after OK until the notifier replaces it, with an OK that the person can press again: the bot may stop
 * before it has recorded the answer. Closing this page cancels nothing, because the person has pressed OK.
 */
export function buildOkAgainPage(text: string, origin: ModalOrigin, value: string): types.ModalView {
  return withOk(textMessage(text), origin, value);
}

function withOk(message: Message, origin: ModalOrigin, value: string): types.ModalView {
  return {
    ...buildModal(message, origin),
    callback_id: confirmationCallbackId,
    private_metadata: modalMetadata(origin, value),
    submit: plainText(messages.buttons.ok),
  };
}
