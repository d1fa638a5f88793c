import { z } from 'zod';
import {
  accessory,
  actionElement,
  boundedArray,
  boundedString,
  contextElement,
  imageElement,
  plainText,
  richTextChild,
  textObject,
} from './block-elements.ts';
import { isObject } from './json.ts';
import type { Block, Json } from './types.ts';

const MAX_BLOCKS = 50;

/** Only what every client is known to draw; anything else is "unsupported" here. */
const block_id = boundedString(255).optional();

const section = z
  .strictObject({
    type: z.literal('section'),
    block_id,
    text: textObject(3000).optional(),
    fields: boundedArray(textObject(2000), 10).optional(),
    accessory: accessory.optional(),
    expand: z.boolean().optional(),
  })
  .refine((it) => it.text !== undefined || it.fields !== undefined, {
    message: 'must define either `text` or `fields`',
  });

const block = z.discriminatedUnion('type', [
  section,
  z.strictObject({ type: z.literal('header'), block_id, text: plainText(150) }),
  z.strictObject({ type: z.literal('divider'), block_id }),
  z.strictObject({ type: z.literal('context'), block_id, elements: boundedArray(contextElement, 10) }),
  z.strictObject({ type: z.literal('actions'), block_id, elements: boundedArray(actionElement, 25) }),
  z.strictObject({ type: z.literal('rich_text'), block_id, elements: boundedArray(richTextChild, 100) }),
  z.strictObject({ ...imageElement.shape, block_id, title: plainText(2000).optional() }),
]);

const blocks = z.array(block).max(MAX_BLOCKS, `no more than ${MAX_BLOCKS} items allowed`);

/** What Slack would say about these blocks, each with a JSON pointer; empty when they are fine. */
export function blockErrors(value: Json): string[] {
  const parsed = blocks.safeParse(value, { reportInput: true });
  if (!parsed.success) return parsed.error.issues.map(issueToError);
  const blockList = value as Block[];
  return [...duplicateBlockIds(blockList), ...blockList.flatMap(duplicateActionIds)];
}

function issueToError(issue: z.core.$ZodIssue): string {
  const pointer = ['/blocks', ...issue.path.map(String)].join('/');
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
  const ids = blockList.flatMap((it) => (typeof it['block_id'] === 'string' ? [it['block_id']] : []));
  return duplicates(ids).map((id) => `block_id already exists: ${id} [json-pointer:/blocks]`);
}

function duplicateActionIds(block: Block, index: number): string[] {
  const elements = Array.isArray(block['elements']) ? block['elements'] : [block['accessory'] ?? null];
  const ids = elements.flatMap((element) => {
    const id = isObject(element) ? element['action_id'] : null;
    return typeof id === 'string' ? [id] : [];
  });
  return duplicates(ids).map((id) => `action_id already exists: ${id} [json-pointer:/blocks/${index}]`);
}

function duplicates(ids: readonly string[]): string[] {
  return [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
}
