import { isObject } from './json.ts';
import type { Block, Button, Json, JsonObject, MessageView } from './types.ts';

/** All text of the message as sent, one line per text object; the top-level text alone when it has no blocks. */
export function renderedText(message: Pick<MessageView, 'text' | 'blocks'>): string {
  if (message.blocks.length === 0) return message.text;
  return message.blocks.flatMap(blockTexts).join('\n');
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
    label: objectTexts(element['text'] ?? null).join(''),
    actionId: String(element['action_id'] ?? ''),
    blockId: String(block['block_id'] ?? ''),
    value: typeof element['value'] === 'string' ? element['value'] : undefined,
    style: typeof element['style'] === 'string' ? element['style'] : undefined,
  };
}

function blockTexts(block: Block): string[] {
  const { type, text, fields, elements, accessory, alt_text: altText } = block;
  if (type === 'rich_text') return renderRichText(elements ?? null).split('\n');
  if (type === 'image') return [String(altText)];
  return [text, fields, elements, accessory].flatMap((part) => objectTexts(part ?? null));
}

function objectTexts(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(objectTexts);
  if (value === null || typeof value !== 'object') return [];
  if (value['type'] === 'image') return objectTexts(value['alt_text'] ?? null);
  return objectTexts(value['text'] ?? null);
}

/** Sections of rich text are lines of their own; the pieces within one are joined as drawn. */
function renderRichText(value: Json): string {
  if (Array.isArray(value)) {
    const hasSections = value.some((it) => typeof it === 'object' && it !== null && 'elements' in it);
    return value.map(renderRichText).join(hasSections ? '\n' : '');
  }
  if (value === null || typeof value !== 'object') return '';
  if (value['elements'] !== undefined) return renderRichText(value['elements']);
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
