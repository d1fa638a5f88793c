import { type Block, type Button, isObject, type Json, type JsonObject, type MessageView } from './types.ts';

/** Returns all text of the blocks, one line per text object. Without blocks it is the top-level text. */
export function renderedText(message: Pick<MessageView, 'text' | 'blocks'>): string {
  if (message.blocks.length === 0) return message.text;
  return message.blocks
    .flatMap(({ text, elements, accessory }) => [text, elements, accessory].flatMap((part) => textsOf(part ?? null)))
    .join('\n');
}

/** Returns every button in the order of the blocks, those beside sections included. */
export function buttonsOf(message: Pick<MessageView, 'blocks'>): Button[] {
  return message.blocks.flatMap((block) => {
    const elements = Array.isArray(block['elements']) ? block['elements'] : [];
    const candidates = [...elements, block['accessory'] ?? null];
    return candidates.flatMap((element) => (isButton(element) ? [toButton(element, block)] : []));
  });
}

function isButton(value: Json): value is JsonObject {
  return isObject(value) && value['type'] === 'button';
}

function toButton(element: JsonObject, block: Block): Button {
  return {
    label: textsOf(element['text'] ?? null).join(''),
    actionId: String(element['action_id'] ?? ''),
    blockId: String(block['block_id'] ?? ''),
    value: typeof element['value'] === 'string' ? element['value'] : undefined,
    style: typeof element['style'] === 'string' ? element['style'] : undefined,
  };
}

function textsOf(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return isObject(value) ? textsOf(value['text'] ?? null) : [];
}
