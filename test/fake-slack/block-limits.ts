import { z } from 'zod';
import { type Block, isObject, type Json } from './types.ts';

/*
 * The blocks that the bot sends in messages, with Slack's limits. Slack has more types and fields. Here they are errors, so that the bot
 * sends only what every Slack client shows. Add a type here when a view needs it.
 */

const maxBlocks = 50;

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

const textObject = (max: number) => z.discriminatedUnion('type', [plainText(max), mrkdwn(max)]);

export const button = z.strictObject({
  type: z.literal('button'),
  text: plainText(75),
  action_id: boundedString(255).optional(),
  value: boundedString(2000).optional(),
  url: boundedString(3000).optional(),
  style: z.enum(['primary', 'danger']).optional(),
  accessibility_label: boundedString(75).optional(),
});

/** Slack's documentation names 75 and 150 characters for the value of an option. */
export const option = z.strictObject({ text: plainText(75), value: boundedString(75) });
export const staticSelect = z
  .strictObject({
    type: z.literal('static_select'),
    action_id: boundedString(255).optional(),
    placeholder: plainText(150).optional(),
    options: boundedArray(option, 100),
    initial_option: option.optional(),
  })
  .refine(hasInitialOption, 'the initial option must be one of the options')
  .refine(({ options }) => new Set(options.map(({ value }) => value)).size === options.length, 'values must be unique');
const element = z.discriminatedUnion('type', [button, staticSelect]);
const contextElement = z.discriminatedUnion('type', [plainText(2000), mrkdwn(2000)]);
export const block_id = boundedString(255).optional();

export const section = z.strictObject({
  type: z.literal('section'),
  block_id,
  text: textObject(3000),
  accessory: button.optional(),
});
export const context = z.strictObject({
  type: z.literal('context'),
  block_id,
  elements: boundedArray(contextElement, 10),
});
const actions = z.strictObject({ type: z.literal('actions'), block_id, elements: boundedArray(element, 25) });

const blocks = z
  .array(z.discriminatedUnion('type', [section, context, actions]))
  .max(maxBlocks, `no more than ${maxBlocks} items allowed`);

/** Returns the errors that Slack would return for these blocks, each with a JSON pointer. Empty when they are valid. */
export function blockErrors(value: Json): string[] {
  const parsed = blocks.safeParse(value, { reportInput: true });
  if (!parsed.success) return parsed.error.issues.map((issue) => issueToError(issue, '/blocks'));
  return duplicateIds(value as Block[]);
}

/** Returns an error for each block_id that is not unique, and for each action_id that is not unique in its block. */
export function duplicateIds(blockList: readonly Block[]): string[] {
  return [...duplicateBlockIds(blockList), ...blockList.flatMap(duplicateActionIds)];
}

export function issueToError(issue: z.core.$ZodIssue, root: string): string {
  const pointer = [root, ...issue.path.map(String)].join('/');
  return `${describeIssue(issue)} [json-pointer:${pointer}]`;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `invalid additional property: ${issue.keys.join(', ')}`;
    case 'invalid_union':
      return 'unsupported type';
    case 'invalid_type':
      return issue.input === undefined ? 'missing required field' : `must be ${issue.expected}`;
    default:
      return issue.message;
  }
}

function duplicateBlockIds(blockList: readonly Block[]): string[] {
  const ids = blockList.flatMap(({ block_id: id }) => (typeof id === 'string' ? [id] : []));
  return duplicates(ids).map((id) => `block_id already exists: ${id} [json-pointer:/blocks]`);
}

function duplicateActionIds({ elements }: Block, index: number): string[] {
  const ids = (Array.isArray(elements) ? elements : []).flatMap((value) => {
    const id = isObject(value) ? value['action_id'] : null;
    return typeof id === 'string' ? [id] : [];
  });
  return duplicates(ids).map((id) => `action_id already exists: ${id} [json-pointer:/blocks/${index}]`);
}

function duplicates(ids: readonly string[]): string[] {
  return [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
}

/** Slack compares the whole option. */
export function hasInitialOption(select: {
  readonly options: readonly object[];
  readonly initial_option?: object | undefined;
}): boolean {
  const { options, initial_option: initial } = select;
  return initial === undefined || options.some((each) => JSON.stringify(each) === JSON.stringify(initial));
}
