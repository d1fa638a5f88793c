import { blockFaults } from './block-limits.ts';
import { type Block, type Json, type JsonObject, type MessageContent, SlackRefusal } from './types.ts';
import type { ViolationLog } from './violation-log.ts';

const MAX_TEXT = 40_000;
/** chat.update takes less than chat.postMessage. */
export const MAX_UPDATE_TEXT = 4_000;
/** Undocumented: about 13,200 characters over all blocks, seen in slackapi/bolt-js#2509. */
const MAX_BLOCKS_JSON = 13_200;
const BROADCAST = /<!(?:channel|here|everyone)(?:\|[^>]*)?>/;

/**
 * Checks a message as Slack does and returns its content. Throws SlackRefusal for what Slack refuses (and logs it as a
 * violation), logs what only the house forbids.
 */
export function checkedContent(
  args: JsonObject,
  log: ViolationLog,
  where: string,
  maxText: number = MAX_TEXT,
): MessageContent {
  const text = typeof args['text'] === 'string' ? args['text'] : '';
  const blocks = readBlocks(args['blocks'], log, where);
  if (text === '' && blocks.length === 0) throw refused(log, where, 'no_text');
  if (text.length > maxText) throw refused(log, where, 'msg_too_long');
  const faults = blockFaults(blocks);
  if (faults.length > 0) throw refused(log, where, 'invalid_blocks', faults);
  if (JSON.stringify(blocks).length > MAX_BLOCKS_JSON) throw refused(log, where, 'msg_blocks_too_long');
  if (text.trim() === '') log.add('missing_text', `${where}: blocks without a top-level text`);
  if (isOn(args['link_names'])) log.add('link_names', `${where}: link_names is set`);
  for (const found of broadcasts([text, ...blocks])) log.add('broadcast_mention', `${where}: ${found}`);
  return { text, blocks };
}

function readBlocks(value: Json | undefined, log: ViolationLog, where: string): Block[] {
  const parsed = typeof value === 'string' ? parseJson(value) : value;
  if (parsed === undefined || parsed === null) {
    if (typeof value === 'string' && value !== '') throw refused(log, where, 'invalid_blocks_format');
    return [];
  }
  if (!Array.isArray(parsed)) throw refused(log, where, 'invalid_blocks_format');
  return structuredClone(parsed) as Block[];
}

function refused(log: ViolationLog, where: string, code: string, faults: readonly string[] = []): SlackRefusal {
  log.add('invalid_message', [`${where}: ${code}`, ...faults].join('; '));
  const messages = faults.map((fault) => `[ERROR] ${fault}`);
  return new SlackRefusal(code, faults.length > 0 ? { errors: [...faults], response_metadata: { messages } } : {});
}

function broadcasts(value: Json): string[] {
  if (typeof value === 'string') return BROADCAST.exec(value)?.slice(0, 1) ?? [];
  if (Array.isArray(value)) return value.flatMap(broadcasts);
  if (value === null || typeof value !== 'object') return [];
  if (value['type'] === 'broadcast') return [`broadcast ${String(value['range'])}`];
  return Object.values(value).flatMap(broadcasts);
}

function parseJson(value: string): Json | undefined {
  try {
    return JSON.parse(value) as Json;
  } catch {
    return undefined;
  }
}

/** Form bodies carry `true`, `1`; JSON bodies carry booleans. */
export function isOn(value: Json | undefined): boolean {
  return value === true || value === 'true' || value === 1 || value === '1';
}
