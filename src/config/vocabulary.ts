import type { z } from 'zod';
import { closest } from '../domain/similar.ts';
import { factsOf, type KeyFacts, keysBelow } from './key-facts.ts';
import { fileSchema } from './schema.ts';

export interface Word extends KeyFacts {
  /** Where it stands. `*` stands for a name of the user's own or a place in a list: `projects.*.links.*.queue`. */
  readonly pattern: string;
}

/** Every key of syncbot.yml and what is known of it, in the order of the schema. */
export const vocabulary: readonly Word[] = wordsBelow('', fileSchema);

const hints: ReadonlyMap<string, string> = new Map(vocabulary.map((word) => [word.pattern, hintOf(word)]));

/** The place of a path in the vocabulary. */
function patternOf(path: readonly PropertyKey[]): string {
  return path.map((key, depth) => (isOwnName(path, depth) ? '*' : String(key))).join('.');
}

/** What the key at this path wants, or what the nearest key above it wants. */
export function hintFor(path: readonly PropertyKey[]): string | null {
  for (let depth = path.length; depth > 0; depth--) {
    const hint = hints.get(patternOf(path.slice(0, depth)));
    if (hint !== undefined) return hint;
  }
  return null;
}

/** The sentence parts for a key that nobody knows at this place. */
export function unknownKey(parent: readonly PropertyKey[], key: string): { message: string; hint: string | null } {
  const section = patternOf(parent);
  const known = knownKeys(section);
  const similar = closest(key, known);
  const hint = similar === null ? `The keys here are: ${known.join(', ')}.` : `Did you mean ${similar}?`;
  return { message: 'is an unknown key', hint };
}

/** The keys that may stand in a section, such as `projects.*` (empty: the file). */
export function knownKeys(section: string): string[] {
  const prefix = section === '' ? '' : `${section}.`;
  return vocabulary
    .map(({ pattern }) => pattern)
    .filter((pattern) => pattern.startsWith(prefix) && !pattern.slice(prefix.length).includes('.'))
    .map((pattern) => pattern.slice(prefix.length))
    .filter((key) => key !== '*');
}

/** Names of connections and projects, and places in lists, are the user's own. */
function isOwnName(path: readonly PropertyKey[], depth: number): boolean {
  if (typeof path[depth] === 'number') return true;
  return depth === 1 && (path[0] === 'connections' || path[0] === 'projects');
}

function wordsBelow(above: string, schema: z.core.$ZodType): Word[] {
  return keysBelow(schema).flatMap(([key, below]) => {
    const pattern = above === '' ? key : `${above}.${key}`;
    return [{ pattern, ...factsOf(below) }, ...wordsBelow(pattern, below)];
  });
}

/** What to write there, in a sentence. */
function hintOf({ hint, wants, example }: Word): string {
  return hint ?? `Write ${wants ?? 'it'}${example === undefined ? '' : `, such as ${example}`}.`;
}
