import { z } from 'zod';
import { alertSchema, deliveredAlertSchema } from './alert.ts';
import { alertKinds } from './conditions.ts';
import { outcomeSchema } from './operation.ts';
import { failureSchema, linkSchema, operationKindSchema, projectStateSchema } from './project.ts';
import { refusalSchema } from './refusal.ts';

/** What is known to happen in a history; an entry of another event, of a newer version, is read all the same. */
export const historyEvents = [
  'created',
  'changed',
  'removed',
  'requested',
  'superseded',
  'confirmed',
  'cancelled',
  'expired',
  'started',
  'refused',
  'done',
  'failed',
  'drained',
  'corrected',
  'alert_firing',
  'alert_resolved',
  'alert_notified',
] as const;
export type HistoryEvent = (typeof historyEvents)[number];

const nullableText = z.string().nullable().catch(null);

/**
 * One entry of a project's append-only history. What an older version did not write, or a newer one writes differently, is
 * null: one entry never keeps the others from being read.
 */
export const historyEntrySchema = z.object({
  /** Its place in the stream: later entries have greater ones. */
  id: z.string(),
  /** Epoch ms of the bot's Redis server. */
  at: z.number(),
  /** One of `historyEvents`, or what a newer version calls it. */
  event: z.string(),
  operation: nullableText,
  /** Who did this; null when nobody did, as when a dialog expires. */
  by: nullableText,
  /** Of the operation, as are reason, origin and channel. */
  action: operationKindSchema.nullable().catch(null),
  /** A person's reason, not a failed task's. */
  reason: nullableText,
  origin: z.enum(['slack', 'cli']).nullable().catch(null),
  channel: nullableText,
  /** The project's version and state after it. */
  version: z.number().nullable().catch(null),
  state: projectStateSchema.nullable().catch(null),
  /** Why something was refused: the code alone, or with its facts. */
  code: nullableText,
  refusal: refusalSchema.nullable().catch(null),
  outcome: outcomeSchema.nullable().catch(null),
  /** The task that made the project Failed; its reason is masked. */
  failure: failureSchema.nullable().catch(null),
  /** What the project's channel is to know. */
  alert: alertSchema.nullable().catch(null),
  /** Of the alert. */
  kind: z.enum(alertKinds).nullable().catch(null),
  /** Where it was told. */
  delivered: deliveredAlertSchema.nullable().catch(null),
  /** The links that were found not to be what the state wants, and are seen to unasked: a late write of ours, or new queues. */
  links: z.array(linkSchema).nullable().catch(null),
  cause: z.enum(['late_write', 'queue_created']).nullable().catch(null),
});
export type HistoryEntry = Readonly<z.infer<typeof historyEntrySchema>>;

/** Where it was asked for: a Slack channel's id, `cli`, or null when that is not known or nobody asked. */
export function requestedFrom({ origin, channel, by }: HistoryEntry): string | null {
  if (origin === 'cli' || (origin === null && by?.startsWith('cli:'))) return 'cli';
  return channel;
}
