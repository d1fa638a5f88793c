/** A word of a filter or of a selection, such as `orders` or `label:"two words"`. */
export interface Token<Key extends string> {
  /** What is before the colon, if it is one of the keys. */
  readonly key: Key | null;
  /** In the form of `normalizeFilterText`. */
  readonly value: string;
  readonly isQuoted: boolean;
}

/** A word. A part of it may be in quotes, in which a backslash keeps the next character as it is. */
const tokenPattern = /(?:[^ "]|"(?:[^"\\]|\\.)*(?:"|$))+/gu;

/** Splits a text as people type it at its spaces, but not in quotes. Leaves out words without a value. */
export function readTokens<Key extends string>(text: string, keys: readonly Key[]): Token<Key>[] {
  return (normalizeFilterText(text).match(tokenPattern) ?? [])
    .map((word) => readToken(word, keys))
    .filter(({ value }) => value !== '');
}

function readToken<Key extends string>(text: string, keys: readonly Key[]): Token<Key> {
  const [, name, rest = ''] = /^([a-z]+):(.+)$/u.exec(text) ?? [];
  const key = keys.find((each) => each === name) ?? null;
  const value = key === null ? text : rest;
  const isQuoted = value.includes('"');
  return { key, value: isQuoted ? unquote(value) : trimDecoration(value), isQuoted };
}

/** Two texts that people take for the same have the same form. */
export function normalizeFilterText(text: string): string {
  const folded = text.normalize('NFKC').toLowerCase().normalize('NFKC');
  return folded
    .replace(/[“”„‟«»]/gu, '"')
    .replace(/\s+/gu, ' ')
    .trim();
}

export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function unquote(text: string): string {
  return normalizeFilterText(
    text.replace(/"((?:[^"\\]|\\.)*)(?:"|$)/gu, (_quoted, inner: string) => inner.replace(/\\(.)/gu, '$1')),
  );
}

/** Removes what phones and people add to a word: formatting at both ends, and punctuation at the end. */
function trimDecoration(word: string): string {
  let [start, end] = [0, word.length];
  while (start < end && decoration.includes(word.charAt(start))) start += 1;
  while (end > start && (decoration + punctuation).includes(word.charAt(end - 1))) end -= 1;
  return word.slice(start, end);
}

const decoration = "*~`'‘’‚‛‹›";
const punctuation = '.,;:!?';
