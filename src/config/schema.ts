import { z } from 'zod';
import { maxBatchProjects } from '../domain/batch.ts';
import { alertSeverities } from '../domain/conditions.ts';
import { digestKey } from '../domain/digest.ts';
import { defaultConnection } from '../domain/link.ts';
import { parseDuration } from '../lib/parse-duration.ts';
import { isTimeZone } from '../lib/time-zone.ts';
import { messages } from '../messages/catalog.ts';
import { parseRedisUrl } from './redis-url.ts';

const { config: texts, keyDocs, valueDocs } = messages;

// A key without a value (`description:`) is null in YAML. It counts as left out.

/** Without a value, the key is null. */
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().default(null);

/** Without a value, the key is what `defaultValue` would be in the file. */
const withDefault = <Schema extends z.ZodType>(schema: Schema, defaultValue: z.input<Schema>) =>
  z.preprocess((value) => value ?? undefined, schema.prefault(defaultValue));

const text = (maxLength: number) =>
  z.string().min(1, texts.empty).max(maxLength, texts.tooLong(maxLength)).meta(valueDocs.text(maxLength));

/** BullMQ makes this text part of a Redis key. */
const redisKeyPart = text(255).refine((name) => !/[\p{Cc}\p{Cs}]/u.test(name), texts.unprintable);

interface DurationBounds {
  readonly from: string;
  readonly to: string;
}

const parseWithin = (value: string, { from, to }: DurationBounds, context: z.RefinementCtx) => {
  const [minMs = 0, maxMs = 0] = [from, to].map((bound) => parseDuration(bound) ?? 0);
  const ms = parseDuration(value);
  if (ms !== null && ms >= minMs && ms <= maxMs) return ms;
  context.addIssue(ms === null ? texts.notDuration : texts.durationOutOfRange(from, to));
  return z.NEVER;
};

/** For editors (`json-schema.ts`). */
const durationPattern = String.raw`\d{1,7}(ms|s|m|h|d)`;

/** Parses a duration to ms. */
const duration = (bounds: DurationBounds) =>
  z
    .string()
    .transform((value, context) => parseWithin(value, bounds, context))
    .meta({ ...valueDocs.duration(bounds.from, bounds.to), pattern: `^${durationPattern}$` });

/** As `duration`. `off` and 0 are 0. */
const durationOrOff = (bounds: DurationBounds) =>
  z
    .preprocess(
      (value) => (value === 0 ? 'off' : value),
      z.string().transform((value, context) => (value === 'off' ? 0 : parseWithin(value, bounds, context))),
    )
    .meta({ ...valueDocs.durationOrOff(bounds.from, bounds.to), pattern: `^(${durationPattern}|off)$` });

/** Reports each item that is already in the list above it. */
const uniqueItems = <Item extends z.ZodType<string>>(list: z.ZodArray<Item>) =>
  list.superRefine((items, context) => {
    items.forEach((item, index) => {
      if (items.indexOf(item) < index) context.addIssue({ code: 'custom', path: [index], message: texts.duplicate });
    });
  });

/** Accepts text as well, since a variable such as `${LENGTH}` is text. */
const integer = ({ from, to }: { readonly from: number; readonly to: number }) =>
  z
    .preprocess(
      (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
      z.number().int(texts.notInteger).min(from, texts.tooSmall(from)).max(to, texts.tooLarge(to)),
    )
    .meta(valueDocs.integer(from, to));

/** Accepts text as well, since a variable such as `${SHOW}` is text. */
const boolean = z
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

const operatorId = z
  .string()
  .regex(/^[UWS][A-Z0-9]+$/, texts.notOperatorId)
  .meta(valueDocs.operatorId);

/** Slack accepts 3,000 characters in the URL of a button. */
const webUrl = text(1_000).refine(isWebUrl, texts.notRunbook).meta(valueDocs.webUrl);

function isWebUrl(text: string): boolean {
  if (!URL.canParse(text) || /[\s<>|]/.test(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}

const mentionedIds = (list: z.ZodArray<typeof operatorId>) =>
  uniqueItems(list.max(maxMentioned, texts.tooManyEntries(maxMentioned)));

const channelId = z
  .string()
  .regex(/^[CGD][A-Z0-9]+$/, texts.notChannelId)
  .meta(valueDocs.channelId);

const linkPrefix = redisKeyPart.refine((prefix) => prefix !== '{syncbot}', texts.reservedPrefix);

/** One link. Also used alone, to compare links of projects that have other errors. */
export const linkSchema = z
  .strictObject({
    queue: redisKeyPart.refine((name) => !name.includes(':'), texts.colonInQueueName).meta(keyDocs.queue),
    connection: withDefault(z.string(), defaultConnection).meta(keyDocs.linkConnection),
    prefix: withDefault(linkPrefix, 'bull').meta(keyDocs.prefix),
  })
  .meta(keyDocs.link);

const endpointSchema = z
  .strictObject({
    type: text(63).meta(keyDocs.endpointType),
    name: text(255).meta(keyDocs.endpointName),
  })
  .meta(keyDocs.endpoint);

const maxLabels = 50;
const reminderBounds = { from: '1m', to: '365d' };
/** A pause with a limit lasts at most 30 days. */
const pauseMaxBounds = { from: '1m', to: '30d' };

/** Keys of a project that its labels and `defaults` can set for it. */
const inheritable = {
  channel: channelId,
  onCall: mentionedIds(z.array(operatorId)),
  runbook: webUrl,
  adopt: boolean,
  onFailure: z.enum(['pause', 'continue'], texts.notFailurePolicy),
  logRetention: duration({ from: '1m', to: '3650d' }),
  pausedReminder: durationOrOff(reminderBounds),
  pauseMax: duration(pauseMaxBounds),
  latencyAlert: duration({ from: '1s', to: '30d' }),
};
export const inheritableKeys: readonly string[] = Object.keys(inheritable);
export const inheritableLinkKeys: readonly string[] = ['connection', 'prefix'];

export const projectSchema = z
  .strictObject({
    description: optional(text(1_000)).meta(keyDocs.projectDescription),
    source: optional(endpointSchema).meta(keyDocs.source),
    target: optional(endpointSchema).meta(keyDocs.target),
    labels: withDefault(
      uniqueItems(z.array(text(63).meta(keyDocs.label)).max(maxLabels, texts.tooManyEntries(maxLabels))),
      [],
    ).meta(keyDocs.labels),
    channel: optional(inheritable.channel).meta(keyDocs.channel),
    onCall: withDefault(inheritable.onCall, []).meta(keyDocs.projectOnCall),
    runbook: optional(inheritable.runbook).meta(keyDocs.runbook),
    adopt: withDefault(inheritable.adopt, false).meta(keyDocs.adopt),
    onFailure: withDefault(inheritable.onFailure, 'pause').meta(keyDocs.onFailure),
    logRetention: optional(inheritable.logRetention).meta(keyDocs.logRetention),
    pausedReminder: optional(inheritable.pausedReminder).meta(keyDocs.projectPausedReminder),
    pauseMax: optional(inheritable.pauseMax).meta(keyDocs.projectPauseMax),
    latencyAlert: optional(inheritable.latencyAlert).meta(keyDocs.latencyAlert),
    links: z.array(linkSchema).min(1, texts.noLinks).meta(keyDocs.links),
  })
  .meta(keyDocs.project);

/** What `defaults` and each label can set. */
const rules = {
  channel: optional(inheritable.channel).meta(valueDocs.inherited('channel')),
  onCall: optional(inheritable.onCall).meta({ ...keyDocs.projectOnCall, ...valueDocs.inherited('onCall') }),
  runbook: optional(inheritable.runbook).meta({ ...keyDocs.runbook, ...valueDocs.inherited('runbook') }),
  adopt: optional(inheritable.adopt).meta(valueDocs.inherited('adopt')),
  onFailure: optional(inheritable.onFailure).meta({ ...keyDocs.onFailure, ...valueDocs.inherited('onFailure') }),
  logRetention: optional(inheritable.logRetention).meta({
    ...keyDocs.logRetention,
    ...valueDocs.inherited('logRetention'),
  }),
  pausedReminder: optional(inheritable.pausedReminder).meta({
    ...keyDocs.projectPausedReminder,
    ...valueDocs.inherited('pausedReminder'),
  }),
  latencyAlert: optional(inheritable.latencyAlert).meta({
    ...keyDocs.latencyAlert,
    ...valueDocs.inherited('latencyAlert'),
  }),
  link: optional(
    z.strictObject({
      connection: optional(z.string()).meta({
        ...keyDocs.linkConnection,
        ...valueDocs.inherited('links.*.connection'),
      }),
      prefix: optional(linkPrefix).meta({ ...keyDocs.prefix, ...valueDocs.inherited('links.*.prefix') }),
    }),
  ).meta(keyDocs.linkDefaults),
};

const defaultsSchema = z
  .strictObject({ ...rules, pauseMax: optional(inheritable.pauseMax).meta(keyDocs.defaultPauseMax) })
  .meta(keyDocs.defaults);

const waveWaitBounds = { from: '1s', to: '1h' };
const waves = z.strictObject({
  size: integer({ from: 1, to: maxBatchProjects }).meta(keyDocs.waveSize),
  wait: withDefault(
    z
      .string()
      .transform((value, context) =>
        value === 'caughtUp' ? ('caughtUp' as const) : parseWithin(value, waveWaitBounds, context),
      ),
    'caughtUp',
  ).meta({ ...keyDocs.waveWait, pattern: `^(${durationPattern}|caughtUp)$` }),
});

export const settingsSchema = z
  .strictObject({
    confirmationTtl: withDefault(duration({ from: '1s', to: '24h' }), '5m').meta(keyDocs.confirmationTtl),
    observeEvery: withDefault(duration({ from: '250ms', to: '10m' }), '5s').meta(keyDocs.observeEvery),
    operationRetention: withDefault(duration({ from: '1h', to: '3650d' }), '90d').meta(keyDocs.operationRetention),
    pausedReminder: withDefault(durationOrOff(reminderBounds), '24h').meta(keyDocs.pausedReminder),
    pauseMax: optional(duration(pauseMaxBounds)).meta(keyDocs.pauseMax),
    auditLength: withDefault(integer({ from: 100, to: 1_000_000 }), 10_000).meta(keyDocs.auditLength),
    showErrors: withDefault(boolean, false).meta(keyDocs.showErrors),
    alertGroupWait: withDefault(duration({ from: '100ms', to: '10m' }), '10s').meta(keyDocs.alertGroupWait),
    alertGroupInterval: withDefault(duration({ from: '1s', to: '1h' }), '1m').meta(keyDocs.alertGroupInterval),
    channelsWithoutButtons: withDefault(uniqueItems(z.array(channelId)), []).meta(keyDocs.channelsWithoutButtons),
    waves: optional(waves).meta(keyDocs.waves),
  })
  .meta(keyDocs.settings);

const onCallRule = z
  .strictObject({
    mention: mentionedIds(z.array(operatorId).min(1, texts.noId)).meta(keyDocs.onCallMention),
    label: optional(text(63)).meta(keyDocs.onCallLabel),
    severity: withDefault(z.enum(alertSeverities, texts.notSeverity), 'critical').meta(keyDocs.onCallSeverity),
  })
  .meta(keyDocs.onCallRule);

const maxOnCallRules = 50;

export const policySchema = z
  .strictObject({
    operators: withDefault(uniqueItems(z.array(operatorId)), []).meta(keyDocs.operators),
    channels: withDefault(uniqueItems(z.array(channelId)), []).meta(keyDocs.channels),
    onCall: withDefault(z.array(onCallRule).max(maxOnCallRules, texts.tooManyEntries(maxOnCallRules)), []).meta(
      keyDocs.onCall,
    ),
  })
  .meta(keyDocs.policy);

const maxDigests = 50;

const digestSchema = z
  .strictObject({
    at: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, texts.notTimeOfDay)
      .meta(keyDocs.digestAt),
    timezone: z.string().refine(isTimeZone, texts.notTimeZone).meta(keyDocs.digestTimezone),
    channel: channelId.meta(keyDocs.digestChannel),
  })
  .meta(keyDocs.digestEntry);

const digestsSchema = z
  .array(digestSchema)
  .max(maxDigests, texts.tooManyEntries(maxDigests))
  .superRefine((digests, context) => {
    const keys = digests.map(digestKey);
    keys.forEach((key, index) => {
      if (keys.indexOf(key) < index) context.addIssue({ code: 'custom', path: [index], message: texts.duplicate });
    });
  });

const labelSchema = z
  .strictObject({ ...rules, pauseMax: optional(inheritable.pauseMax).meta(keyDocs.labelPauseMax) })
  .meta(keyDocs.labelRules);

/** For editors. `cross-checks.ts` checks the names. */
const names = { propertyNames: { pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' } };

/** The shape of syncbot.yml. `cross-checks.ts` has the rules that involve more than one key. */
export const fileSchema = z.strictObject({
  connections: withDefault(z.record(z.string(), redisUrlSchema.meta(keyDocs.connection)), {}).meta({
    ...keyDocs.connections,
    ...names,
  }),
  policy: withDefault(policySchema, {}),
  digest: withDefault(digestsSchema, []).meta(keyDocs.digest),
  settings: withDefault(settingsSchema, {}),
  defaults: withDefault(defaultsSchema, {}),
  labels: withDefault(z.record(z.string(), labelSchema), {}).meta(keyDocs.labelSection),
  projects: z.record(z.string(), projectSchema).meta({ ...keyDocs.projects, ...names }),
});
export type SyncbotFile = z.infer<typeof fileSchema>;
