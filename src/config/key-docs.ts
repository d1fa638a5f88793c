import { z } from 'zod';

/** What is known of a key of syncbot.yml or of a variable beside its shape: for the hint behind a fault, and for docs/configuration.md. */
export interface KeyDocs {
  /** What is written there, with its bounds: `a duration from 1s to 24h`. */
  readonly expected?: string;
  readonly example?: string;
  /** The hint, where `wants` and `example` do not make a good one. */
  readonly hint?: string;
  /** What it is for. */
  readonly description?: string;
  /** What it is when it is left out, as it would be written; null: nothing. Without: it must be there. */
  readonly defaultValue?: string | null;
}

const docsRegistry = z.registry<KeyDocs>();

/** Adds facts to a schema. Schemas made from it by further checks know them too. */
export function describe<Schema extends z.core.$ZodType>(schema: Schema, docs: KeyDocs): Schema {
  docsRegistry.add(schema, { ...docsRegistry.get(schema), ...docs });
  return schema;
}

/** Everything known of a key: what its schema says, and the schemas inside of it, the outermost first. */
export function docsOf(schema: z.core.$ZodType): KeyDocs {
  const inner = unwrap(schema);
  return { ...(inner === null ? {} : docsOf(inner)), ...docsRegistry.get(schema) };
}

/** The keys below a key: of a section by name, of names of the user's own and of a list as `*`. */
export function childKeys(schema: z.core.$ZodType): [key: string, schema: z.core.$ZodType][] {
  if (schema instanceof z.ZodObject) return Object.entries(schema.shape);
  if (schema instanceof z.ZodRecord) return [['*', schema.valueType]];
  if (schema instanceof z.ZodArray) return [['*', schema.element]];
  const inner = unwrap(schema);
  return inner === null ? [] : childKeys(inner);
}

/** The schema that a wrapper wraps: what is written goes into it first. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType | null {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return schema.unwrap();
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return schema.unwrap();
  if (!(schema instanceof z.ZodPipe)) return null;
  return schema.in instanceof z.ZodTransform ? schema.out : schema.in;
}
