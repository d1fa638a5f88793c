import { isDeepStrictEqual } from 'node:util';
import { isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml';
import { toRecord } from './raw-values.ts';

/** Keys of a syncbot.yml: `policy.operators` and `defaults.channel`. A variable is not replaced. */
export interface FilePolicy {
  readonly operators: readonly string[];
  /** Null if there is none. */
  readonly channel: string | null;
}

/** For a text without errors. */
export function readPolicy(text: string): FilePolicy {
  const file = parse(text) ?? {};
  const { operators } = toRecord(file['policy']);
  const { channel } = toRecord(file['defaults']);
  return {
    operators: Array.isArray(operators) ? operators.map(String) : [],
    channel: typeof channel === 'string' ? channel : null,
  };
}

/** Returns the text with these values. The rest stays as it is. Returns null if a comment would be lost, or another key changed. */
export function setPolicy(text: string, { operators, channel }: FilePolicy): string | null {
  const before = readPolicy(text);
  const changes: NewValue[] = [];
  if (!isDeepStrictEqual(operators, before.operators))
    changes.push({ section: 'policy', key: 'operators', value: operators });
  if (channel !== before.channel) {
    if (channel === null) return null;
    changes.push({ section: 'defaults', key: 'channel', value: channel });
  }
  return changes.reduce<string | null>((edited, change) => (edited === null ? null : setKey(edited, change)), text);
}

/** Returns null if the text has an error. */
function parse(text: string): Record<string, unknown> | null {
  const document = parseDocument(text, { stringKeys: true });
  return document.errors.length === 0 ? toRecord(document.toJS()) : null;
}

interface NewValue {
  readonly section: string;
  readonly key: string;
  readonly value: string | readonly string[];
}

/** Returns null if a comment would be lost, or if another key would change. */
function setKey(text: string, change: NewValue): string | null {
  const { section, key, value } = change;
  const edited = replaceValue(text, change);
  const before = parse(text);
  if (edited === null || before === null) return null;
  const expected = { ...before, [section]: { ...toRecord(before[section]), [key]: value } };
  return isDeepStrictEqual(parse(edited), expected) ? edited : null;
}

function replaceValue(text: string, { section, key, value }: NewValue): string | null {
  const { contents } = parseDocument(text, { stringKeys: true });
  if (!isMap(contents)) return null;
  const line = `${key}: ${flow(value)}`;
  if (!contents.has(section)) return `${text}${text.endsWith('\n') ? '' : '\n'}${section}:\n  ${line}\n`;
  const keys = contents.get(section);
  if (!isMap(keys)) return null;
  const existing = keys.get(key, true);
  if (existing === undefined) {
    const first = keys.items[0]?.key;
    const start = isScalar(first) ? first.range?.[0] : undefined;
    if (start === undefined || keys.flow === true) return null;
    return `${text.slice(0, start)}${line}\n${indentation(text, start)}${text.slice(start)}`;
  }
  if (!isNode(existing) || !existing.range) return null;
  const [start, end] = existing.range;
  const source = text.slice(start, end);
  if (source.includes('#')) return null;
  const isBlock = isSeq(existing) && existing.flow !== true && typeof value !== 'string';
  const items = isBlock ? value.map((item) => `- ${item}`).join(`\n${indentation(text, start)}`) : flow(value);
  return `${text.slice(0, start)}${items}${/\s*$/.exec(source)?.[0] ?? ''}${text.slice(end)}`;
}

/** The ids of users, user groups and channels need no quotes. */
function flow(value: NewValue['value']): string {
  return typeof value === 'string' ? value : `[${value.join(', ')}]`;
}

/** Spaces up to the column of this place. */
function indentation(text: string, at: number): string {
  return ' '.repeat(at - (text.lastIndexOf('\n', at - 1) + 1));
}
