import type { Block, Message } from './blocks.ts';
import { shorten } from './mrkdwn.ts';

/** Slack's limits of a message; lengths are counted as sent, after escaping. */
const maxBlocks = 50;
const maxSection = 3_000;
/** What views fill a section with: room is left for marks of bold. */
export const sectionRoom = 2_900;
const maxContext = 2_000;
const maxLabel = 75;
const maxValue = 2_000;
const maxId = 255;
/** `chat.update` takes no more top-level text than this. */
const maxTopText = 4_000;
/** Not documented: about 13,200 characters of JSON over all blocks (slackapi/bolt-js#2509). */
export const maxBlocksJson = 13_000;

/** What Slack would refuse in this message, a sentence each; empty when it is fine. */
export function faultsOf({ text, blocks }: Message): string[] {
  const json = JSON.stringify(blocks).length;
  return [
    ...lengthFaults('text', text, maxTopText),
    ...(blocks.length > maxBlocks ? [`${blocks.length} blocks`] : []),
    ...(json > maxBlocksJson ? [`${json} characters of blocks`] : []),
    ...blocks.flatMap((block, index) => blockFaults(block).map((fault) => `block ${index}: ${fault}`)),
    ...repeated(blocks.flatMap((block) => ('block_id' in block && block.block_id ? [block.block_id] : []))),
  ];
}

/** The message as it may be sent: without its blocks when Slack would refuse them, so that it is never lost. */
export function sendable(message: Message): { readonly message: Message; readonly faults: readonly string[] } {
  const faults = faultsOf(message);
  return faults.length === 0 ? { message, faults } : { message: textOnly(message), faults };
}

/** The top-level text alone, cut to what every method takes. */
export function textOnly({ text }: Message): Message {
  const cut = shorten(text, maxTopText);
  return { text: cut.trim() === '' ? 'syncbot has something to say, but cannot show it here.' : cut, blocks: [] };
}

function blockFaults(block: Block): string[] {
  switch (block.type) {
    case 'section':
      return [
        ...idFaults(block.block_id),
        ...lengthFaults('section', block.text.text, maxSection),
        ...(block.accessory === undefined ? [] : buttonFaults([block.accessory])),
      ];
    case 'context':
      return [
        ...countFaults('context', block.elements.length, 10),
        ...block.elements.flatMap(({ text }) => lengthFaults('context', text, maxContext)),
      ];
    case 'actions':
      return [
        ...idFaults(block.block_id),
        ...countFaults('actions', block.elements.length, 25),
        ...buttonFaults(block.elements),
      ];
  }
}

type Buttons = Extract<Block, { type: 'actions' }>['elements'];

function buttonFaults(buttons: Buttons): string[] {
  return [
    ...buttons.flatMap((button) => [
      ...lengthFaults('label', button.text.text, maxLabel),
      ...lengthFaults('value', button.value, maxValue),
      ...lengthFaults('action id', button.action_id, maxId),
      ...(button.accessibility_label === undefined
        ? []
        : lengthFaults('spoken label', button.accessibility_label, maxLabel)),
    ]),
    ...repeated(buttons.map((button) => button.action_id)),
  ];
}

function idFaults(id: string | undefined): string[] {
  return id === undefined ? [] : lengthFaults('block id', id, maxId);
}

function lengthFaults(what: string, text: string, max: number): string[] {
  if (text.trim() === '') return [`${what} is empty`];
  return text.length > max ? [`${what} has ${text.length} characters`] : [];
}

function countFaults(what: string, found: number, max: number): string[] {
  return found >= 1 && found <= max ? [] : [`${what} has ${found} elements`];
}

function repeated(ids: readonly string[]): string[] {
  return ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} twice`);
}
