import { messages } from '../../messages/catalog.ts';
import { type Block, type Button, type Message, type Select, textMessage } from './blocks.ts';
import { truncateMrkdwn } from './mrkdwn.ts';

/** Slack's limits of a message. Lengths are those of the escaped text. */
const maxBlocks = 50;
const maxSectionChars = 3_000;
/** How much text the views put into a section. The rest is for marks such as `*`. */
export const sectionBudgetChars = 2_900;
const maxContextChars = 2_000;
const maxButtonLabelChars = 75;
const maxButtonValueChars = 2_000;
export const maxOptions = 100;
export const maxOptionChars = 75;
const maxOptionValueChars = 75;
const maxPlaceholderChars = 150;
const maxIdChars = 255;
/** The limit of the top-level text of `chat.update`. */
const maxMessageTextChars = 4_000;
/** An undocumented limit of about 13,200 characters of JSON over all blocks (slackapi/bolt-js#2509). */
export const maxBlocksJsonChars = 13_000;

/** Slack's limits of a modal or Home. The limit of the JSON is in bytes: a character has at most three. */
const maxViewBlocks = 100;
const maxViewJsonChars = 80_000;

/** The violations of Slack's limits, for the log. */
export function validateMessage({ text, blocks }: Message): string[] {
  const limits = { maxCount: maxBlocks, maxJsonChars: maxBlocksJsonChars };
  return [...validateLength('text', text, maxMessageTextChars), ...validateBlocks(blocks, limits)];
}

/** The blocks of a Home, or its text as a block if they violate a limit, so that Slack never refuses it. */
export function homeWithinLimits(message: Message): {
  readonly message: Message;
  readonly violations: readonly string[];
} {
  const limits = { maxCount: maxViewBlocks, maxJsonChars: maxViewJsonChars };
  const violations = validateBlocks(message.blocks, limits);
  if (violations.length === 0) return { message, violations };
  return { message: textMessage(truncateMrkdwn(textOnly(message).text, maxSectionChars)), violations };
}

interface BlockLimits {
  readonly maxCount: number;
  readonly maxJsonChars: number;
}

function validateBlocks(blocks: readonly Block[], { maxCount, maxJsonChars }: BlockLimits): string[] {
  const jsonChars = JSON.stringify(blocks).length;
  return [
    ...(blocks.length > maxCount ? [`${blocks.length} blocks`] : []),
    ...(jsonChars > maxJsonChars ? [`${jsonChars} characters of blocks`] : []),
    ...blocks.flatMap((block, index) => validateBlock(block).map((violation) => `block ${index}: ${violation}`)),
    ...findDuplicates(blocks.flatMap((block) => ('block_id' in block && block.block_id ? [block.block_id] : []))),
  ];
}

/** The message, without its blocks when they violate a limit, so that Slack never refuses it. */
export function withinLimits(message: Message): { readonly message: Message; readonly violations: readonly string[] } {
  const violations = validateMessage(message);
  return violations.length === 0 ? { message, violations } : { message: textOnly(message), violations };
}

/** The top-level text alone, cut to the limit of every method. */
export function textOnly({ text }: Message): Message {
  const truncated = truncateMrkdwn(text, maxMessageTextChars);
  return {
    text: truncated.trim() === '' ? messages.requestFailures.notShown : truncated,
    blocks: [],
  };
}

function validateBlock(block: Block): string[] {
  switch (block.type) {
    case 'section':
      return [
        ...validateId(block.block_id),
        ...validateLength('section', block.text.text, maxSectionChars),
        ...(block.accessory === undefined ? [] : validateButtons([block.accessory])),
      ];
    case 'context':
      return [
        ...validateCount('context', block.elements.length, 10),
        ...block.elements.flatMap(({ text }) => validateLength('context', text, maxContextChars)),
      ];
    case 'actions':
      return [
        ...validateId(block.block_id),
        ...validateCount('actions', block.elements.length, 25),
        ...block.elements.flatMap((element) => (element.type === 'button' ? [] : validateSelect(element))),
        ...validateButtons(block.elements.filter((element) => element.type === 'button')),
        ...findDuplicates(block.elements.map(({ action_id }) => action_id)),
      ];
  }
}

function validateButtons(buttons: readonly Button[]): string[] {
  return [
    ...buttons.flatMap((button) => [
      ...validateLength('label', button.text.text, maxButtonLabelChars),
      ...validateLength('value', button.value, maxButtonValueChars),
      ...validateLength('action id', button.action_id, maxIdChars),
      ...(button.accessibility_label === undefined
        ? []
        : validateLength('accessibility label', button.accessibility_label, maxButtonLabelChars)),
    ]),
  ];
}

/** The selected option is one of the options: each option is built once. */
function validateSelect({ action_id, placeholder, options }: Select): string[] {
  return [
    ...validateLength('action id', action_id, maxIdChars),
    ...validateLength('placeholder', placeholder.text, maxPlaceholderChars),
    ...(options.length >= 1 && options.length <= maxOptions ? [] : [`${options.length} options`]),
    ...options.flatMap(({ text, value }) => [
      ...validateLength('option', text.text, maxOptionChars),
      ...validateLength('option value', value, maxOptionValueChars),
    ]),
  ];
}

function validateId(id: string | undefined): string[] {
  return id === undefined ? [] : validateLength('block id', id, maxIdChars);
}

function validateLength(field: string, text: string, maxChars: number): string[] {
  if (text.trim() === '') return [`${field} is empty`];
  return text.length > maxChars ? [`${field} has ${text.length} characters`] : [];
}

function validateCount(field: string, elementCount: number, maxCount: number): string[] {
  return elementCount >= 1 && elementCount <= maxCount ? [] : [`${field} has ${elementCount} elements`];
}

function findDuplicates(ids: readonly string[]): string[] {
  return ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} twice`);
}
