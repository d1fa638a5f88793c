import { blockErrors } from './block-limits.ts';
import { type Block, type Json, type JsonObject, type MessageContent, SlackApiError } from './types.ts';
import type { ViolationLog } from './violations.ts';

const maxTextChars = 40_000;
/** chat.update takes less text than chat.postMessage. */
export const maxUpdateTextChars = 4_000;
/** Not documented: about 13,200 characters over all blocks (slackapi/bolt-js#2509). */
const maxBlocksJsonChars = 13_200;
const broadcastMention = /<!(?:channel|here|everyone)(?:\|[^>]*)?>/;

/**
 * Validates a message as Slack does and returns its content. Throws SlackApiError for an invalid message and records a
 * violation. Records a violation without an error for what Slack accepts and this project forbids.
 */
export function validateContent(
  args: JsonObject,
  log: ViolationLog,
  source: string,
  maxText: number = maxTextChars,
): MessageContent {
  const text = typeof args['text'] === 'string' ? args['text'] : '';
  const blocks = readBlocks(args['blocks'], log, source);
  if (text === '' && blocks.length === 0) throw invalidMessage(log, source, 'no_text');
  if (text.length > maxText) throw invalidMessage(log, source, 'msg_too_long');
  const errors = blockErrors(blocks);
  if (errors.length > 0) throw invalidMessage(log, source, 'invalid_blocks', errors);
  if (JSON.stringify(blocks).length > maxBlocksJsonChars) throw invalidMessage(log, source, 'msg_blocks_too_long');
  if (text.trim() === '') log.add('missing_text', `${source}: blocks without a top-level text`);
  if (isTruthyArg(args['link_names'])) log.add('link_names', `${source}: link_names is set`);
  for (const broadcast of findBroadcasts([text, ...blocks])) log.add('broadcast_mention', `${source}: ${broadcast}`);
  return { text, blocks };
}

/** Form bodies have `true` or `1`, JSON bodies have booleans. */
export function isTruthyArg(value: Json | undefined): boolean {
  return value === true || value === 'true' || value === 1 || value === '1';
}

function readBlocks(value: Json | undefined, log: ViolationLog, source: string): Block[] {
  const parsed = typeof value === 'string' ? parseJson(value) : value;
  if (parsed === undefined || parsed === null) {
    if (typeof value === 'string' && value !== '') throw invalidMessage(log, source, 'invalid_blocks_format');
    return [];
  }
  if (!Array.isArray(parsed)) throw invalidMessage(log, source, 'invalid_blocks_format');
  return structuredClone(parsed) as Block[];
}

function invalidMessage(
  log: ViolationLog,
  source: string,
  code: string,
  errors: readonly string[] = [],
): SlackApiError {
  log.add('invalid_message', [`${source}: ${code}`, ...errors].join('; '));
  const messages = errors.map((error) => `[ERROR] ${error}`);
  return new SlackApiError(code, errors.length > 0 ? { errors: [...errors], response_metadata: { messages } } : {});
}

function findBroadcasts(value: Json): string[] {
  if (typeof value === 'string') return broadcastMention.exec(value)?.slice(0, 1) ?? [];
  if (Array.isArray(value)) return value.flatMap(findBroadcasts);
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(findBroadcasts) : [];
}

function parseJson(value: string): Json | undefined {
  try {
    return JSON.parse(value) as Json;
  } catch {
    return undefined;
  }
}
