import { isObject } from './json.ts';
import type { Block, Button, Json, JsonObject, MessageView } from './types.ts';

/** All text of the message as sent, one line per text object; the top-level text alone when it has no blocks. */
export function textOf(message: Pick<MessageView, 'text' | 'blocks'>): string {
  if (message.blocks.length === 0) return message.text;
  return message.blocks.flatMap(textsOfBlock).join('\n');
}

/** Every button, in the order of the page: those of `actions` blocks and those beside sections. */
export function buttonsOf(message: Pick<MessageView, 'blocks'>): Button[] {
  return message.blocks.flatMap((block) => {
    const elements = block['type'] === 'actions' && Array.isArray(block['elements']) ? block['elements'] : [];
    const all = [...elements, block['accessory'] ?? null];
    return all.flatMap((element) => (isButton(element) ? [buttonOf(element, block)] : []));
  });
}

function isButton(value: Json): value is JsonObject {
  return isObject(value) && value['type'] === 'button';
}

function buttonOf(element: JsonObject, block: Block): Button {
  return {
    label: textsOf(element['text'] ?? null).join(''),
    actionId: String(element['action_id'] ?? ''),
    blockId: String(block['block_id'] ?? ''),
    value: typeof element['value'] === 'string' ? element['value'] : undefined,
    style: typeof element['style'] === 'string' ? element['style'] : undefined,
  };
}

function textsOfBlock(block: Block): string[] {
  const { type, text, fields, elements, accessory, alt_text: altText } = block;
  if (type === 'rich_text') return richTextOf(elements ?? null).split('\n');
  if (type === 'image') return [String(altText)];
  return [text, fields, elements, accessory].flatMap((part) => textsOf(part ?? null));
}

function textsOf(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (value === null || typeof value !== 'object') return [];
  if (value['type'] === 'image') return textsOf(value['alt_text'] ?? null);
  return textsOf(value['text'] ?? null);
}

/** Sections of rich text are lines of their own; the pieces within one are joined as drawn. */
function richTextOf(value: Json): string {
  if (Array.isArray(value)) {
    const isLines = value.some((it) => typeof it === 'object' && it !== null && 'elements' in it);
    return value.map(richTextOf).join(isLines ? '\n' : '');
  }
  if (value === null || typeof value !== 'object') return '';
  if (value['elements'] !== undefined) return richTextOf(value['elements']);
  switch (value['type']) {
    case 'user':
      return `<@${String(value['user_id'])}>`;
    case 'channel':
      return `<#${String(value['channel_id'])}>`;
    case 'emoji':
      return `:${String(value['name'])}:`;
    case 'link':
      return String(value['text'] ?? value['url']);
    case 'date':
      return String(value['fallback'] ?? value['timestamp']);
    default:
      return String(value['text'] ?? '');
  }
}
