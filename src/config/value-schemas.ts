import { z } from 'zod';
import { parseDuration } from '../lib/parse-duration.ts';
import { messages } from '../messages/catalog.ts';
import { parseRedisUrl } from './redis-url.ts';

const { config: texts, valueDocs } = messages;

// A key without a value (`description:`) is null in YAML. It counts as left out.

/** Without a value, the key is null. */
export const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().default(null);

/** Without a value, the key is what `defaultValue` would be in the file. */
export const withDefault = <Schema extends z.ZodType>(schema: Schema, defaultValue: z.input<Schema>) =>
  z.preprocess((value) => value ?? undefined, schema.prefault(defaultValue));

export const text = (maxLength: number) =>
  z.string().min(1, texts.empty).max(maxLength, texts.tooLong(maxLength)).meta(valueDocs.text(maxLength));

/** BullMQ makes this text part of a Redis key. */
export const redisKeyPart = text(255).refine((name) => !/[\p{Cc}\p{Cs}]/u.test(name), texts.unprintable);

interface DurationBounds {
  readonly from: string;
  readonly to: string;
}

export const parseWithin = (value: string, { from, to }: DurationBounds, context: z.RefinementCtx) => {
  const [minMs = 0, maxMs = 0] = [from, to].map((bound) => parseDuration(bound) ?? 0);
  const ms = parseDuration(value);
  if (ms !== null && ms >= minMs && ms <= maxMs) return ms;
  context.addIssue(ms === null ? texts.notDuration : texts.durationOutOfRange(from, to));
  return z.NEVER;
};

/** For editors (`json-schema.ts`). */
export const durationPattern = String.raw`\d{1,7}(ms|s|m|h|d)`;

/** Parses a duration to ms. */
export const duration = (bounds: DurationBounds) =>
  z
    .string()
    .transform((value, context) => parseWithin(value, bounds, context))
    .meta({ ...valueDocs.duration(bounds.from, bounds.to), pattern: `^${durationPattern}$` });

/** As `duration`. `off` and 0 are 0. */
export const durationOrOff = (bounds: DurationBounds) =>
  z
    .preprocess(
      (value) => (value === 0 ? 'off' : value),
      z.string().transform((value, context) => (value === 'off' ? 0 : parseWithin(value, bounds, context))),
    )
    .meta({ ...valueDocs.durationOrOff(bounds.from, bounds.to), pattern: `^(${durationPattern}|off)$` });

/** Reports each item that is already in the list above it. */
export const uniqueItems = <Item extends z.ZodType<string>>(list: z.ZodArray<Item>) =>
  list.superRefine((items, context) => {
    items.forEach((item, index) => {
      if (items.indexOf(item) < index) context.addIssue({ code: 'custom', path: [index], message: texts.duplicate });
    });
  });

/** Accepts text as well, since a variable such as `${LENGTH}` is text. */
export const integer = ({ from, to }: { readonly from: number; readonly to: number }) =>
  z
    .preprocess(
      (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
      z.number().int(texts.notInteger).min(from, texts.tooSmall(from)).max(to, texts.tooLarge(to)),
    )
    .meta(valueDocs.integer(from, to));

/** Accepts text as well, since a variable such as `${SHOW}` is text. */
export const boolean = z
  .preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean())
  .meta(valueDocs.boolean);

/** Parses a URL to a `RedisEndpoint`. */
export const redisUrlSchema = z
  .string()
  .transform((url, context) => {
    const result = parseRedisUrl(url.trim());
    if (result.kind === 'parsed') return result.endpoint;
    context.addIssue(result.message);
    return z.NEVER;
  })
  .meta(valueDocs.redisUrl);

/** Slack notifies each of them. */
const maxMentioned = 10;

export const operatorId = z
  .string()
  .regex(/^[UWS][A-Z0-9]+$/, texts.notOperatorId)
  .meta(valueDocs.operatorId);

/** Slack accepts 3,000 characters in the URL of a button. */
export const webUrl = text(1_000).refine(isWebUrl, texts.notRunbook).meta(valueDocs.webUrl);

function isWebUrl(text: string): boolean {
  if (!URL.canParse(text) || /[\s<>|]/.test(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}

export const mentionedIds = (list: z.ZodArray<typeof operatorId>) =>
  uniqueItems(list.max(maxMentioned, texts.tooManyEntries(maxMentioned)));

export const channelId = z
  .string()
  .regex(/^[CGD][A-Z0-9]+$/, texts.notChannelId)
  .meta(valueDocs.channelId);
