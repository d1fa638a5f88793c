import { z } from 'zod';
import { defaultConnection } from '../domain/project.ts';
import { parseRedisUrl } from '../redis-address.ts';
import { parseDuration } from './duration.ts';

/** An empty key (`description:`) counts as left out. */
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((value) => value ?? null);

const text = (longest: number) => z.string().min(1, 'is empty').max(longest, `is longer than ${longest} characters`);

const duration = ({ from, to }: { from: string; to: string }) => {
  const [least, most] = [from, to].map((bound) => parseDuration(bound) ?? 0);
  return z.string().transform((written, context) => {
    const ms = parseDuration(written);
    if (ms !== null && ms >= (least ?? 0) && ms <= (most ?? 0)) return ms;
    context.addIssue({ code: 'custom', message: ms === null ? 'is no duration' : `is not from ${from} to ${to}` });
    return z.NEVER;
  });
};

const durationOr = (unless: string, bounds: { from: string; to: string }) =>
  duration(bounds)
    .nullish()
    .transform((ms) => ms ?? parseDuration(unless) ?? 0);

/** A list in which nothing stands twice; the fault is the second one's. */
const withoutDuplicates = <Item extends z.ZodType<string>>(list: z.ZodArray<Item>) =>
  list.superRefine((items, context) => {
    items.forEach((item, index) => {
      if (items.indexOf(item) < index)
        context.addIssue({ code: 'custom', path: [index], message: 'stands there twice' });
    });
  });

/** Numbers and switches may come from a variable, and then are texts. */
const wholeNumber = z.preprocess(
  (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
  z.number().int('is no whole number').min(100, 'is less than 100').max(1_000_000, 'is more than 1000000'),
);
const toggle = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean());

const redisUrl = z.string().transform((url, context) => {
  const read = parseRedisUrl(url.trim());
  if (read.kind === 'parsed') return read.target;
  context.addIssue({ code: 'custom', message: read.message });
  return z.NEVER;
});

const operator = z.string().regex(/^[UWS][A-Z0-9]+$/, 'is no id of a user or a user group');
const channel = z.string().regex(/^[CGD][A-Z0-9]+$/, 'is no id of a channel');

const unprintable = /[\p{Cc}\p{Cs}]/u;

/** One link as it is written; also used alone, to compare links across projects whatever else is wrong. */
export const linkSchema = z.strictObject({
  queue: text(255)
    .refine((name) => !name.includes(':'), { error: 'must not contain ":", as BullMQ wants it' })
    .refine((name) => !unprintable.test(name), { error: 'has unprintable characters in it' }),
  connection: z
    .string()
    .nullish()
    .transform((name) => name ?? defaultConnection),
  prefix: text(255)
    .refine((prefix) => !unprintable.test(prefix), { error: 'has unprintable characters in it' })
    .refine((prefix) => prefix !== '{syncbot}', { error: 'is the prefix of the bot’s own queues' })
    .nullish()
    .transform((prefix) => prefix ?? 'bull'),
});

const endpointSchema = z.strictObject({ type: text(63), name: text(255) });

export const projectSchema = z.strictObject({
  description: optional(text(1_000)),
  source: optional(endpointSchema),
  target: optional(endpointSchema),
  labels: withoutDuplicates(z.array(text(63)).max(50, 'has more than 50 entries'))
    .nullish()
    .transform((labels) => labels ?? []),
  channel: optional(channel),
  adopt: toggle.nullish().transform((adopt) => adopt ?? false),
  onFailure: z
    .enum(['pause', 'continue'], 'is neither pause nor continue')
    .nullish()
    .transform((reaction) => reaction ?? ('pause' as const)),
  logRetention: optional(duration({ from: '1m', to: '3650d' })),
  latencyAlert: optional(duration({ from: '1s', to: '30d' })),
  links: z.array(linkSchema).min(1, 'has no entry: a project needs at least one link'),
});

export const settingsSchema = z.strictObject({
  confirmationTtl: durationOr('5m', { from: '1s', to: '24h' }),
  observeEvery: durationOr('5s', { from: '250ms', to: '10m' }),
  operationRetention: durationOr('90d', { from: '1h', to: '3650d' }),
  auditLength: wholeNumber.nullish().transform((length) => length ?? 10_000),
  showErrors: toggle.nullish().transform((show) => show ?? false),
});

export const policySchema = z.strictObject({
  operators: withoutDuplicates(z.array(operator)).nullish(),
  channels: withoutDuplicates(z.array(channel)).nullish(),
});

/** The shape of syncbot.yml. What one key alone cannot tell stands in cross-checks.ts. */
export const fileSchema = z.strictObject({
  connections: z.record(z.string(), redisUrl).nullish(),
  policy: policySchema.nullish(),
  settings: settingsSchema.nullish(),
  projects: z.record(z.string(), projectSchema),
});
export type SyncbotFile = z.infer<typeof fileSchema>;
