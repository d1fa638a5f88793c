import { z } from 'zod';
import { closestMatch } from '../lib/closest-match.ts';
import { messages } from '../messages/catalog.ts';
import type { KeyDocs } from '../messages/facts.ts';
import { fileSchema } from './schema.ts';

declare module 'zod' {
  /** What `.meta()` takes besides zod's own `description`. */
  interface GlobalMeta {
    expected?: string | undefined;
    example?: string | undefined;
    hint?: string | undefined;
  }
}

/** A key of syncbot.yml, with its texts. */
export interface ConfigKey extends KeyDocs {
  /** Its path. `*` replaces user-defined names and list indices: `projects.*.links.*.queue`. */
  readonly pathPattern: string;
  /** The value if the key is left out, as a user would write it. `null`: no value. `undefined`: the key is required. */
  readonly defaultValue: string | null | undefined;
}

/** Every key of syncbot.yml, in the order of the schema. */
export const configKeys: readonly ConfigKey[] = listKeys('', fileSchema);

/** How to correct the value at a path. Returns null for a path without a known key. */
export function hintFor(path: readonly PropertyKey[]): string | null {
  const pathPattern = toPattern(path);
  const key = configKeys.find((candidate) => candidate.pathPattern === pathPattern);
  return key === undefined ? null : (key.hint ?? messages.config.writeValue(key.expected ?? '', key.example));
}

/** The known key that resembles an unknown one, or all known keys of its section. */
export function hintForUnknownKey(section: readonly PropertyKey[], key: string): string {
  const known = keysOfSection(toPattern(section));
  const similar = closestMatch(key, known);
  return similar === null ? messages.config.keysAre(known) : messages.config.didYouMean(similar);
}

/** The known keys of a section such as `projects.*`. The empty pattern is the whole file. */
export function keysOfSection(sectionPattern: string): string[] {
  const prefix = sectionPattern === '' ? '' : `${sectionPattern}.`;
  return configKeys
    .filter(({ pathPattern }) => pathPattern.startsWith(prefix))
    .map(({ pathPattern }) => pathPattern.slice(prefix.length))
    .filter((key) => !key.includes('.'));
}

/** The texts of a schema. Those of a wrapper such as `.optional()` replace those of the schema inside. */
export function docsOf(schema: z.core.$ZodType): KeyDocs {
  const inner = innerSchema(schema);
  return { ...(inner === null ? {} : docsOf(inner)), ...z.globalRegistry.get(schema) };
}

/** See `ConfigKey.defaultValue`. */
export function defaultValueOf(schema: z.core.$ZodType): string | null | undefined {
  if (schema instanceof z.ZodOptional) return null;
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    const { defaultValue } = schema.def;
    return defaultValue === null || typeof defaultValue === 'string' ? defaultValue : JSON.stringify(defaultValue);
  }
  const inner = innerSchema(schema);
  return inner === null ? undefined : defaultValueOf(inner);
}

function listKeys(parentPattern: string, schema: z.core.$ZodType): ConfigKey[] {
  return childSchemas(schema).flatMap(([key, child]) => {
    const pathPattern = parentPattern === '' ? key : `${parentPattern}.${key}`;
    return [{ pathPattern, defaultValue: defaultValueOf(child), ...docsOf(child) }, ...listKeys(pathPattern, child)];
  });
}

function childSchemas(schema: z.core.$ZodType): [key: string, schema: z.core.$ZodType][] {
  if (schema instanceof z.ZodObject) return Object.entries(schema.shape);
  if (schema instanceof z.ZodRecord) return [['*', schema.valueType]];
  if (schema instanceof z.ZodArray) return [['*', schema.element]];
  const inner = innerSchema(schema);
  return inner === null ? [] : childSchemas(inner);
}

/** The schema inside a wrapper: the one for what the user writes. */
function innerSchema(schema: z.core.$ZodType): z.core.$ZodType | null {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return schema.unwrap();
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return schema.unwrap();
  if (!(schema instanceof z.ZodPipe)) return null;
  return schema.in instanceof z.ZodTransform ? schema.out : schema.in;
}

function toPattern(path: readonly PropertyKey[]): string {
  return path.map((key, depth) => (isUserDefined(path, depth) ? '*' : String(key))).join('.');
}

function isUserDefined(path: readonly PropertyKey[], depth: number): boolean {
  if (typeof path[depth] === 'number') return true;
  return depth === 1 && ['connections', 'projects', 'labels'].includes(String(path[0]));
}
