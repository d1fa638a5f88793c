import { z } from 'zod';
import {
  block_id,
  boundedArray,
  boundedString,
  button,
  context,
  duplicateIds,
  hasInitialOption,
  issueToError,
  option,
  plainText,
  section,
  staticSelect,
} from './block-limits.ts';
import { type Block, isObject, type Json, type JsonObject, SlackApiError } from './types.ts';

/*
 * The views that the bot opens and publishes, with Slack's limits (docs.slack.dev/reference/views and the JSDoc of
 * @slack/types 3.2.0). As for messages, other types and fields are errors. Add a type here when a view needs it.
 */

const maxBlocks = 100;
const maxBytes = 250_000;

const action_id = boundedString(255).optional();
const placeholder = plainText(150).optional();
const focus_on_load = z.boolean().optional();

const plainTextInput = z.strictObject({
  type: z.literal('plain_text_input'),
  action_id,
  placeholder,
  focus_on_load,
  initial_value: z.string().optional(),
  multiline: z.boolean().optional(),
  min_length: z.int().min(0).max(3000).optional(),
  max_length: z.int().min(1).max(3000).optional(),
});
const externalSelect = z.strictObject({
  type: z.literal('external_select'),
  action_id,
  placeholder,
  focus_on_load,
  initial_option: option.optional(),
  min_query_length: z.int().min(0).optional(),
});
const radioButtons = z
  .strictObject({
    type: z.literal('radio_buttons'),
    action_id,
    focus_on_load,
    options: boundedArray(option.extend({ description: plainText(75).optional() }), 10),
    initial_option: option.extend({ description: plainText(75).optional() }).optional(),
  })
  .refine(hasInitialOption, 'the initial option must be one of the options');
const inputElement = z.discriminatedUnion('type', [plainTextInput, staticSelect, externalSelect, radioButtons]);
const actionElement = z.discriminatedUnion('type', [button, staticSelect, externalSelect, radioButtons]);

const input = z
  .strictObject({
    type: z.literal('input'),
    block_id,
    label: plainText(2000),
    hint: plainText(2000).optional(),
    optional: z.boolean().optional(),
    dispatch_action: z.boolean().optional(),
    element: inputElement,
  })
  .refine(
    ({ element, dispatch_action: dispatches }) => !(dispatches && element.type === 'plain_text_input'),
    'the fake does not dispatch actions of text inputs',
  );
const actions = z.strictObject({ type: z.literal('actions'), block_id, elements: boundedArray(actionElement, 25) });
const header = z.strictObject({ type: z.literal('header'), block_id, text: plainText(150) });
const divider = z.strictObject({ type: z.literal('divider'), block_id });

const atMost = (max: number) =>
  z
    .string()
    .max(max, `must be less than ${max + 1} characters`)
    .optional();
const common = {
  blocks: z
    .array(z.discriminatedUnion('type', [section, context, actions, input, header, divider]))
    .max(maxBlocks, `no more than ${maxBlocks} items allowed`),
  private_metadata: atMost(3000),
  callback_id: atMost(255),
  external_id: atMost(255),
};
const modal = z
  .strictObject({
    type: z.literal('modal'),
    ...common,
    title: plainText(24),
    submit: plainText(24).optional(),
    close: plainText(24).optional(),
    clear_on_close: z.boolean().optional(),
    notify_on_close: z.boolean().optional(),
  })
  .refine(
    ({ blocks, submit }) => submit !== undefined || !blocks.some(({ type }) => type === 'input'),
    'must define `submit` to use an `input` block in modals',
  );
const home = z.strictObject({ type: z.literal('home'), ...common });
const view = z.discriminatedUnion('type', [modal, home]);

export type ViewType = z.infer<typeof view>['type'];

/** A view as the app sends it. */
export interface ViewContent {
  readonly type: ViewType;
  readonly blocks: readonly Block[];
  readonly title: JsonObject | null;
  readonly submit: JsonObject | null;
  readonly close: JsonObject | null;
  readonly privateMetadata: string;
  readonly callbackId: string;
  readonly externalId: string;
  readonly clearOnClose: boolean;
  readonly notifyOnClose: boolean;
}

/** Validates a view as Slack does. Throws SlackApiError for an invalid one. */
export function parseView(value: Json | undefined, type: ViewType): ViewContent {
  const sent = typeof value === 'string' ? parseJson(value) : value;
  if (!isObject(sent)) throw invalidView(['missing required field: view [json-pointer:/view]']);
  const parsed = view.safeParse(sent, { reportInput: true });
  if (!parsed.success) throw invalidView(parsed.error.issues.map((issue) => issueToError(issue, '/view')));
  if (parsed.data.type !== type) throw invalidView([`must be ${type} [json-pointer:/view/type]`]);
  const blocks = parsed.data.blocks as Block[];
  const duplicates = duplicateIds(blocks);
  if (duplicates.length > 0) throw invalidView(duplicates);
  if (Buffer.byteLength(JSON.stringify(sent)) > maxBytes) throw new SlackApiError('view_too_large');
  return toContent(parsed.data, blocks);
}

function toContent(sent: z.infer<typeof view>, blocks: readonly Block[]): ViewContent {
  const { private_metadata: privateMetadata = '', callback_id: callbackId = '', external_id: externalId = '' } = sent;
  const common = { type: sent.type, blocks, privateMetadata, callbackId, externalId };
  if (sent.type === 'home')
    return { ...common, title: null, submit: null, close: null, clearOnClose: false, notifyOnClose: false };
  return {
    ...common,
    title: withEmoji(sent.title),
    submit: withEmoji(sent.submit),
    close: withEmoji(sent.close),
    clearOnClose: sent.clear_on_close ?? false,
    notifyOnClose: sent.notify_on_close ?? false,
  };
}

function withEmoji(text: { type: 'plain_text'; text: string; emoji?: boolean | undefined } | undefined) {
  return text === undefined ? null : { type: text.type, text: text.text, emoji: text.emoji ?? true };
}

function invalidView(errors: readonly string[]): SlackApiError {
  return new SlackApiError('invalid_arguments', {
    response_metadata: { messages: errors.map((error) => `[ERROR] ${error}`) },
  });
}

function parseJson(value: string): Json | undefined {
  try {
    return JSON.parse(value) as Json;
  } catch {
    return undefined;
  }
}

const suggestions = z.strictObject({ options: z.array(option).max(100, 'no more than 100 items allowed') });
export type SuggestedOption = z.infer<typeof option>;

/** Validates the response to a block_suggestion. Throws SlackApiError for an invalid one. */
export function parseSuggestions(body: JsonObject): SuggestedOption[] {
  const parsed = suggestions.safeParse(body, { reportInput: true });
  if (parsed.success) return parsed.data.options;
  throw invalidView(parsed.error.issues.map((issue) => issueToError(issue, '')));
}
