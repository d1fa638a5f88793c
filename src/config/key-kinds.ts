import { z } from 'zod';
import { parseRedisUrl, redisUrlHint } from '../redis-address.ts';
import { parseDuration } from './duration.ts';
import { type KeyFacts, know } from './key-facts.ts';

/** An empty key (`description:`) counts as left out. */
export const optional = <Schema extends z.ZodType>(schema: Schema, facts: KeyFacts) =>
  know(
    schema.nullish().transform((value) => value ?? null),
    { ...facts, unless: null },
  );

/** The same, and then the key is what `unless` written there would be. */
export const defaulted = <Schema extends z.ZodType>(schema: Schema, unless: z.input<Schema>, facts: KeyFacts) =>
  know(
    schema.nullish().transform((value) => value ?? schema.parse(unless)),
    { ...facts, unless: typeof unless === 'string' ? unless : JSON.stringify(unless) },
  );

/** The same for a section of the file: each of its keys is left out then. */
export const section = <Schema extends z.ZodType>(schema: Schema, facts: KeyFacts) =>
  know(
    schema.nullish().transform((value) => value ?? schema.parse({})),
    { ...facts, unless: null },
  );

export const text = (longest: number) =>
  know(z.string().min(1, 'is empty').max(longest, `is longer than ${longest} characters`), {
    wants: `a text of at most ${longest} characters`,
  });

/** Becomes ms. */
export const duration = ({ from, to }: { readonly from: string; readonly to: string }) => {
  const [least, most] = [from, to].map((bound) => parseDuration(bound) ?? 0);
  const schema = z.string().transform((written, context) => {
    const ms = parseDuration(written);
    if (ms !== null && ms >= (least ?? 0) && ms <= (most ?? 0)) return ms;
    context.addIssue({ code: 'custom', message: ms === null ? 'is no duration' : `is not from ${from} to ${to}` });
    return z.NEVER;
  });
  return know(schema, { wants: `a duration from ${from} to ${to}` });
};

/** A list in which nothing stands twice; the fault is the second one's. */
export const withoutDuplicates = <Item extends z.ZodType<string>>(list: z.ZodArray<Item>) =>
  list.superRefine((items, context) => {
    items.forEach((item, index) => {
      if (items.indexOf(item) < index)
        context.addIssue({ code: 'custom', path: [index], message: 'stands there twice' });
    });
  });

/** May come from a variable, and then is a text. */
export const wholeNumber = ({ from, to }: { readonly from: number; readonly to: number }) =>
  know(
    z.preprocess(
      (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
      z.number().int('is no whole number').min(from, `is less than ${from}`).max(to, `is more than ${to}`),
    ),
    { wants: `a whole number from ${from} to ${to}` },
  );

/** The same. */
export const toggle = know(
  z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean()),
  { wants: 'true or false' },
);

export const redisUrl = know(
  z.string().transform((url, context) => {
    const read = parseRedisUrl(url.trim());
    if (read.kind === 'parsed') return read.target;
    context.addIssue({ code: 'custom', message: read.message });
    return z.NEVER;
  }),
  { wants: 'the address of a Redis', hint: redisUrlHint },
);

export const operator = know(z.string().regex(/^[UWS][A-Z0-9]+$/, 'is no id of a user or a user group'), {
  wants: 'the id of a user (U0123ABCD) or of a user group (S0123ABCD)',
  hint: 'Write the id of a user (U0123ABCD) or of a user group (S0123ABCD), not a name.',
});

export const channel = know(z.string().regex(/^[CGD][A-Z0-9]+$/, 'is no id of a channel'), {
  wants: 'the id of a channel (C0123ABCD)',
  hint: 'Write the id of a channel (C0123ABCD), not its name: it stands at the end of the channel’s link.',
});

const unprintable = /[\p{Cc}\p{Cs}]/u;

/** A text that BullMQ makes part of a key. */
export const printableText = (longest: number) =>
  text(longest).refine((name) => !unprintable.test(name), { error: 'has unprintable characters in it' });
