import { z } from 'zod';
import { parseDuration } from '../lib/duration.ts';
import { describe, type KeyDocs } from './key-docs.ts';
import { parseRedisUrl, redisUrlHint } from './redis-url.ts';

/** An empty key (`description:`) counts as left out. */
export const optional = <Schema extends z.ZodType>(schema: Schema, docs: KeyDocs) =>
  describe(
    schema.nullish().transform((value) => value ?? null),
    { ...docs, defaultValue: null },
  );

/** The same, and then the key is what `unless` written there would be. */
export const withDefault = <Schema extends z.ZodType>(schema: Schema, defaultValue: z.input<Schema>, docs: KeyDocs) =>
  describe(
    schema.nullish().transform((value) => value ?? schema.parse(defaultValue)),
    { ...docs, defaultValue: typeof defaultValue === 'string' ? defaultValue : JSON.stringify(defaultValue) },
  );

/** The same for a section of the file: each of its keys is left out then. */
export const optionalSection = <Schema extends z.ZodType>(schema: Schema, docs: KeyDocs) =>
  describe(
    schema.nullish().transform((value) => value ?? schema.parse({})),
    { ...docs, defaultValue: null },
  );

export const text = (maxLength: number) =>
  describe(z.string().min(1, 'is empty').max(maxLength, `is longer than ${maxLength} characters`), {
    expected: `a text of at most ${maxLength} characters`,
  });

/** Becomes ms. */
export const duration = ({ from, to }: { readonly from: string; readonly to: string }) => {
  const [minMs, maxMs] = [from, to].map((bound) => parseDuration(bound) ?? 0);
  const schema = z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== null && ms >= (minMs ?? 0) && ms <= (maxMs ?? 0)) return ms;
    context.addIssue({ code: 'custom', message: ms === null ? 'is no duration' : `is not from ${from} to ${to}` });
    return z.NEVER;
  });
  return describe(schema, { expected: `a duration from ${from} to ${to}` });
};

/** A list in which nothing stands twice; the fault is the second one's. */
export const uniqueItems = <Item extends z.ZodType<string>>(list: z.ZodArray<Item>) =>
  list.superRefine((items, context) => {
    items.forEach((item, index) => {
      if (items.indexOf(item) < index)
        context.addIssue({ code: 'custom', path: [index], message: 'stands there twice' });
    });
  });

/** May come from a variable, and then is a text. */
export const integer = ({ from, to }: { readonly from: number; readonly to: number }) =>
  describe(
    z.preprocess(
      (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
      z.number().int('is no whole number').min(from, `is less than ${from}`).max(to, `is more than ${to}`),
    ),
    { expected: `a whole number from ${from} to ${to}` },
  );

/** The same. */
export const booleanFlag = describe(
  z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean()),
  { expected: 'true or false' },
);

export const redisUrl = describe(
  z.string().transform((url, context) => {
    const result = parseRedisUrl(url.trim());
    if (result.kind === 'parsed') return result.endpoint;
    context.addIssue({ code: 'custom', message: result.message });
    return z.NEVER;
  }),
  { expected: 'the address of a Redis', hint: redisUrlHint },
);

export const operatorId = describe(z.string().regex(/^[UWS][A-Z0-9]+$/, 'is no id of a user or a user group'), {
  expected: 'the id of a user (U0123ABCD) or of a user group (S0123ABCD)',
  hint: 'Write the id of a user (U0123ABCD) or of a user group (S0123ABCD), not a name.',
});

export const channelId = describe(z.string().regex(/^[CGD][A-Z0-9]+$/, 'is no id of a channel'), {
  expected: 'the id of a channel (C0123ABCD)',
  hint: 'Write the id of a channel (C0123ABCD), not its name: it stands at the end of the channel’s link.',
});

const unprintable = /[\p{Cc}\p{Cs}]/u;

/** A text that BullMQ makes part of a key. */
export const printableText = (maxLength: number) =>
  text(maxLength).refine((name) => !unprintable.test(name), { error: 'has unprintable characters in it' });
