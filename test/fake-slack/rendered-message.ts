import {
  type Block,
  type Button,
  isObject,
  type Json,
  type JsonObject,
  type MessageView,
  type Select,
} from './types.ts';

/**
 * Returns all text of the blocks of a message or view, one line per text object. Without blocks it is the top-level text. A view
 * has no top-level text.
 */
export function renderedText(message: { readonly text?: string; readonly blocks: readonly Block[] }): string {
  if (message.blocks.length === 0) return message.text ?? '';
  return message.blocks
    .flatMap(({ text, label, hint, elements, accessory }) =>
      [text, label, hint, elements, accessory].flatMap((part) => textsOf(part ?? null)),
    )
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

interface ButtonSelector {
  readonly label?: string;
  readonly actionId?: string;
}

/** Returns the only button with this label or action_id. Throws if there is none, or more than one. */
export function findOnlyButton(message: Pick<MessageView, 'blocks'>, spec: ButtonSelector): Button {
  const buttons = buttonsOf(message);
  const selector = spec.label ?? spec.actionId;
  if (selector === undefined) throw new Error('Specify a button by label or actionId');
  const matching = buttons.filter(
    ({ label, actionId }) =>
      (spec.label === undefined || label === spec.label) && (spec.actionId === undefined || actionId === spec.actionId),
  );
  const [only] = matching;
  if (only !== undefined && matching.length === 1) return only;
  const available = buttons.map(({ label, actionId }) => `${label} (${actionId})`).join(', ') || 'none';
  throw new Error(`${matching.length === 0 ? 'No' : 'More than one'} button ${selector}; available: ${available}`);
}

/** Returns every menu in the order of the blocks. */
export function selectsOf(message: Pick<MessageView, 'blocks'>): Select[] {
  return message.blocks.flatMap((block) => {
    const elements = Array.isArray(block['elements']) ? block['elements'] : [];
    return elements.flatMap((element) =>
      isObject(element) && element['type'] === 'static_select' ? [toSelect(element, block)] : [],
    );
  });
}

function toSelect(element: JsonObject, block: Block): Select {
  const toOption = (option: JsonObject) => ({
    label: textsOf(option['text'] ?? null).join(''),
    value: String(option['value'] ?? ''),
  });
  const options = Array.isArray(element['options']) ? element['options'].filter(isObject) : [];
  const initial = element['initial_option'];
  return {
    actionId: String(element['action_id'] ?? ''),
    blockId: String(block['block_id'] ?? ''),
    options: options.map(toOption),
    selected: isObject(initial) ? toOption(initial).label : undefined,
  };
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
