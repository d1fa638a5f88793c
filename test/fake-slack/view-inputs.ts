import { type Block, isObject, type Json, type JsonObject } from './types.ts';

/** An element of a view that has a value. */
export interface ViewInput {
  readonly blockId: string;
  readonly actionId: string;
  /** The label of the input block. Empty for an element of an actions block. */
  readonly label: string;
  readonly element: JsonObject;
  readonly isRequired: boolean;
  /** Whether Slack sends a block_actions payload when it changes. */
  readonly dispatches: boolean;
}

const typesWithValue = new Set(['plain_text_input', 'static_select', 'external_select', 'radio_buttons']);

export function inputsOf(blocks: readonly Block[]): ViewInput[] {
  return blocks.flatMap((block) => {
    const isInputBlock = block['type'] === 'input';
    const elements = isInputBlock ? [block['element'] ?? null] : (block['elements'] ?? []);
    return (Array.isArray(elements) ? elements : []).flatMap((element) =>
      isObject(element) && typesWithValue.has(String(element['type'])) ? [toInput(element, block, isInputBlock)] : [],
    );
  });
}

export function inputKey({ blockId, actionId }: Pick<ViewInput, 'blockId' | 'actionId'>): string {
  return JSON.stringify([blockId, actionId]);
}

/** The value of an input in the state of a view: what the user entered, else the initial value. */
export function stateValue({ element }: ViewInput, entered: Json | undefined): JsonObject {
  const type = String(element['type']);
  if (type === 'plain_text_input') return { type, value: entered ?? element['initial_value'] ?? null };
  return { type, selected_option: entered ?? element['initial_option'] ?? null };
}

export function hasValue({ value, selected_option: selected }: JsonObject): boolean {
  return (value ?? selected ?? '') !== '';
}

function toInput(element: JsonObject, block: Block, isInputBlock: boolean): ViewInput {
  return {
    blockId: String(block['block_id']),
    actionId: String(element['action_id']),
    label: isObject(block['label']) ? String(block['label']['text']) : '',
    element,
    isRequired: isInputBlock && block['optional'] !== true,
    dispatches: !isInputBlock || block['dispatch_action'] === true,
  };
}
