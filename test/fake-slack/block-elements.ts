import { z } from 'zod';

/** Composition objects and elements of Block Kit with their limits. Unknown fields are refused, as Slack does. */

export const boundedString = (max: number) =>
  z
    .string()
    .min(1, 'must be more than 0 characters')
    .max(max, `must be less than ${max + 1} characters`);

export const boundedArray = <T extends z.ZodType>(item: T, max: number) =>
  z.array(item).min(1, 'no fewer than 1 items allowed').max(max, `no more than ${max} items allowed`);

export const plainText = (max: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: boundedString(max), emoji: z.boolean().optional() });

const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: boundedString(max), verbatim: z.boolean().optional() });

export const textObject = (max: number) => z.discriminatedUnion('type', [plainText(max), mrkdwn(max)]);

const actionId = boundedString(255).optional();
const style = z.enum(['primary', 'danger']).optional();

const confirm = z
  .strictObject({ title: plainText(100), text: textObject(300), confirm: plainText(30), deny: plainText(30), style })
  .optional();

const option = z.strictObject({
  text: textObject(75),
  value: boundedString(150),
  description: textObject(75).optional(),
  url: boundedString(3000).optional(),
});

const optionGroup = z.strictObject({ label: plainText(75), options: boundedArray(option, 100) });

const button = z.strictObject({
  type: z.literal('button'),
  text: plainText(75),
  action_id: actionId,
  value: boundedString(2000).optional(),
  url: boundedString(3000).optional(),
  style,
  confirm,
  accessibility_label: boundedString(75).optional(),
});

const overflow = z.strictObject({
  type: z.literal('overflow'),
  action_id: actionId,
  options: boundedArray(option, 5),
  confirm,
});

const staticSelect = z
  .strictObject({
    type: z.literal('static_select'),
    action_id: actionId,
    placeholder: plainText(150).optional(),
    options: boundedArray(option, 100).optional(),
    option_groups: boundedArray(optionGroup, 100).optional(),
    initial_option: option.optional(),
    confirm,
    focus_on_load: z.boolean().optional(),
  })
  .refine((it) => (it.options === undefined) !== (it.option_groups === undefined), {
    message: 'must define either `options` or `option_groups`',
  });

const externalSelect = z.strictObject({
  type: z.literal('external_select'),
  action_id: actionId,
  placeholder: plainText(150).optional(),
  initial_option: option.optional(),
  min_query_length: z.int().min(0).optional(),
  confirm,
  focus_on_load: z.boolean().optional(),
});

const optionsElement = <T extends 'checkboxes' | 'radio_buttons'>(type: T) =>
  z.strictObject({
    type: z.literal(type),
    action_id: actionId,
    options: boundedArray(option, 10),
    initial_options: boundedArray(option, 10).optional(),
    initial_option: option.optional(),
    confirm,
    focus_on_load: z.boolean().optional(),
  });

export const imageElement = z.strictObject({
  type: z.literal('image'),
  image_url: boundedString(3000),
  alt_text: boundedString(2000),
});

const interactiveElements = [
  button,
  overflow,
  staticSelect,
  externalSelect,
  optionsElement('checkboxes'),
  optionsElement('radio_buttons'),
] as const;

export const actionElement = z.discriminatedUnion('type', interactiveElements);
export const accessory = z.discriminatedUnion('type', [...interactiveElements, imageElement]);
export const contextElement = z.discriminatedUnion('type', [imageElement, plainText(2000), mrkdwn(2000)]);

const textStyle = z
  .strictObject({
    bold: z.boolean().optional(),
    italic: z.boolean().optional(),
    strike: z.boolean().optional(),
    code: z.boolean().optional(),
    underline: z.boolean().optional(),
  })
  .optional();

const richTextElement = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: boundedString(3000), style: textStyle }),
  z.strictObject({
    type: z.literal('link'),
    url: boundedString(3000),
    text: boundedString(3000).optional(),
    unsafe: z.boolean().optional(),
    style: textStyle,
  }),
  z.strictObject({ type: z.literal('emoji'), name: boundedString(255), unicode: boundedString(255).optional() }),
  z.strictObject({ type: z.literal('user'), user_id: boundedString(255), style: textStyle }),
  z.strictObject({ type: z.literal('usergroup'), usergroup_id: boundedString(255), style: textStyle }),
  z.strictObject({ type: z.literal('channel'), channel_id: boundedString(255), style: textStyle }),
  z.strictObject({ type: z.literal('broadcast'), range: z.enum(['here', 'channel', 'everyone']) }),
  z.strictObject({
    type: z.literal('date'),
    timestamp: z.int(),
    format: boundedString(255),
    url: boundedString(3000).optional(),
    fallback: boundedString(3000).optional(),
  }),
]);

const border = z.union([z.literal(0), z.literal(1)]).optional();
const richTextSection = z.strictObject({ type: z.literal('rich_text_section'), elements: z.array(richTextElement) });

export const richTextChild = z.discriminatedUnion('type', [
  richTextSection,
  z.strictObject({
    type: z.literal('rich_text_list'),
    style: z.enum(['bullet', 'ordered']),
    elements: z.array(richTextSection),
    indent: z.int().min(0).max(8).optional(),
    offset: z.int().min(0).optional(),
    border,
  }),
  z.strictObject({ type: z.literal('rich_text_quote'), elements: z.array(richTextElement), border }),
  z.strictObject({ type: z.literal('rich_text_preformatted'), elements: z.array(richTextElement), border }),
]);
