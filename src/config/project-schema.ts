import { z } from 'zod';
import { defaultConnection } from '../domain/link.ts';
import { messages } from '../messages/catalog.ts';
import {
  boolean,
  channelId,
  duration,
  durationOrOff,
  mentionedIds,
  operatorId,
  optional,
  redisKeyPart,
  text,
  uniqueItems,
  webUrl,
  withDefault,
} from './value-schemas.ts';

const { config: texts, keyDocs, valueDocs } = messages;

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
export const reminderBounds = { from: '1m', to: '365d' };
/** A pause with a limit lasts at most 30 days. */
export const pauseMaxBounds = { from: '1m', to: '30d' };

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

export const defaultsSchema = z
  .strictObject({ ...rules, pauseMax: optional(inheritable.pauseMax).meta(keyDocs.defaultPauseMax) })
  .meta(keyDocs.defaults);

export const labelSchema = z
  .strictObject({ ...rules, pauseMax: optional(inheritable.pauseMax).meta(keyDocs.labelPauseMax) })
  .meta(keyDocs.labelRules);
