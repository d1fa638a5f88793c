import type { types } from '@slack/bolt';
import { messages } from '../../messages/catalog.ts';
import { type ModalOrigin, modalMetadata } from '../contract.ts';
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
