import { joinDots } from '../../src/messages/format.ts';

export interface CatalogRow {
  /** Where the sentence is in the catalog: `refusals.not_allowed`. */
  readonly path: string;
  /** Empty for a text without facts. */
  readonly when: string;
  /** Has a line break after each line. */
  readonly text: string;
}

/** Renders a part of the catalog with its examples. Throws if a function has no example. */
export function catalogRows(part: unknown, examples: unknown, path: string): CatalogRow[] {
  if (typeof part === 'string') return [{ path, when: '', text: part }];
  if (isSentence(part)) return sentenceRows(part, examples, path);
  if (!isRecord(part)) return [];
  if ('message' in part) return [{ path, when: '', text: renderText(part) }];
  const values = Object.values(part);
  if (values.every(isWord)) return [{ path, when: '', text: [...new Set(values)].join(', ') }];
  return Object.entries(part).flatMap(([key, value]) =>
    catalogRows(value, isRecord(examples) ? examples[key] : undefined, `${path}.${key}`),
  );
}

type Sentence = (...facts: readonly unknown[]) => unknown;

function sentenceRows(sentence: Sentence, examples: unknown, path: string): CatalogRow[] {
  if (!Array.isArray(examples) || examples.length === 0) throw new Error(`${path} has no example`);
  return examples.map(([when, ...facts]) => ({ path, when, text: renderText(sentence(...facts)) }));
}

/** A text, the parts of one line, or an object with lines. */
function renderText(text: unknown): string {
  if (typeof text === 'string') return text;
  if (Array.isArray(text)) return joinDots(...text);
  if (!isRecord(text)) return '';
  const { event, details, advice, ...lines } = text;
  const alert = event === undefined ? [] : [renderText([event, ...toArray(details)]), advice];
  return [...alert, ...Object.values(lines).flatMap(toArray)]
    .map(renderText)
    .filter((line) => line !== '')
    .join('\n');
}

const maxWordChars = 40;

function isWord(value: unknown): boolean {
  return typeof value === 'string' && value.length <= maxWordChars;
}

function isSentence(value: unknown): value is Sentence {
  return typeof value === 'function';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function toArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}
