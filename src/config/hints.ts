import type { z } from 'zod';
import { closestMatch } from '../lib/closest-match.ts';
import { childKeys, docsOf, type KeyDocs } from './key-docs.ts';
import { fileSchema } from './schema.ts';

export interface ConfigKey extends KeyDocs {
  /** Where it stands. `*` stands for a name of the user's own or a place in a list: `projects.*.links.*.queue`. */
  readonly pathPattern: string;
}

/** Every key of syncbot.yml and what is known of it, in the order of the schema. */
export const configKeys: readonly ConfigKey[] = collectKeys('', fileSchema);

const hintsByPattern: ReadonlyMap<string, string> = new Map(
  configKeys.map((key) => [key.pathPattern, formatHint(key)]),
);

/** The place of a path in the vocabulary. */
function toPattern(path: readonly PropertyKey[]): string {
  return path.map((key, depth) => (isUserDefined(path, depth) ? '*' : String(key))).join('.');
}

/** What the key at this path wants, or what the nearest key above it wants. */
export function hintFor(path: readonly PropertyKey[]): string | null {
  for (let depth = path.length; depth > 0; depth--) {
    const hint = hintsByPattern.get(toPattern(path.slice(0, depth)));
    if (hint !== undefined) return hint;
  }
  return null;
}

/** The sentence parts for a key that nobody knows at this place. */
export function unknownKeyError(parent: readonly PropertyKey[], key: string): { message: string; hint: string | null } {
  const sectionPattern = toPattern(parent);
  const candidates = knownKeys(sectionPattern);
  const similar = closestMatch(key, candidates);
  const hint = similar === null ? `The keys here are: ${candidates.join(', ')}.` : `Did you mean ${similar}?`;
  return { message: 'is an unknown key', hint };
}

/** The keys that may stand in a section, such as `projects.*` (empty: the file). */
export function knownKeys(sectionPattern: string): string[] {
  const prefix = sectionPattern === '' ? '' : `${sectionPattern}.`;
  return configKeys
    .map(({ pathPattern }) => pathPattern)
    .filter((pathPattern) => pathPattern.startsWith(prefix) && !pathPattern.slice(prefix.length).includes('.'))
    .map((pathPattern) => pathPattern.slice(prefix.length))
    .filter((key) => key !== '*');
}

/** Names of connections and projects, and places in lists, are the user's own. */
function isUserDefined(path: readonly PropertyKey[], depth: number): boolean {
  if (typeof path[depth] === 'number') return true;
  return depth === 1 && (path[0] === 'connections' || path[0] === 'projects');
}

function collectKeys(parentPattern: string, schema: z.core.$ZodType): ConfigKey[] {
  return childKeys(schema).flatMap(([key, childSchema]) => {
    const pathPattern = parentPattern === '' ? key : `${parentPattern}.${key}`;
    return [{ pathPattern, ...docsOf(childSchema) }, ...collectKeys(pathPattern, childSchema)];
  });
}

/** What to write there, in a sentence. */
function formatHint({ hint, expected, example }: ConfigKey): string {
  return hint ?? `Write ${expected ?? 'it'}${example === undefined ? '' : `, such as ${example}`}.`;
}
