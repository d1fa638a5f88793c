import { z } from 'zod';
import { maxBatchProjects } from '../domain/batch.ts';
import { alertSeverities } from '../domain/conditions.ts';
import { digestKey } from '../domain/digest.ts';
import { isTimeZone } from '../lib/time-zone.ts';
import { messages } from '../messages/catalog.ts';
import { defaultsSchema, labelSchema, pauseMaxBounds, projectSchema, reminderBounds } from './project-schema.ts';
import {
  boolean,
  channelId,
  duration,
  durationOrOff,
  durationPattern,
  integer,
  mentionedIds,
  operatorId,
  optional,
  parseWithin,
  redisUrlSchema,
  text,
  uniqueItems,
  withDefault,
} from './value-schemas.ts';

const { config: texts, keyDocs } = messages;

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
