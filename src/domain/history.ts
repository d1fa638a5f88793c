import { z } from 'zod';
import { alertSchema, deliveredAlertSchema } from './alert.ts';
import { alertKinds } from './conditions.ts';
import { taskRefSchema } from './failed-tasks.ts';
import { operationKindSchema } from './lifecycle.ts';
import { failureSchema, linkSchema } from './link.ts';
import { operationOriginSchema, outcomeSchema } from './operation.ts';
import { projectStateSchema } from './project-state.ts';
import { refusalSchema } from './refusal.ts';

/** The events of a project's history. A newer version may write others; those entries are shown as well. */
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
  'caught_up',
  'wait_ended',
  'correction_scheduled',
  'kept_paused',
  'pause_extended',
  'timer_stopped',
  'alert_owned',
  'alert_taken_over',
  'alert_given_back',
  'alert_snoozed',
  'skip_ended',
  'alert_firing',
  'alert_resolved',
  'alert_notified',
] as const;
export type HistoryEvent = (typeof historyEvents)[number];

const nullableText = z.string().nullable().catch(null);

/**
 * One entry of a project's append-only history. A field that an older version did not write, or that a newer version writes
 * differently, is null. So one entry never makes the history unreadable.
 */
export const historyEntrySchema = z.object({
  /** The id of the stream entry. */
  id: z.string(),
  /** Epoch ms of the bot's Redis server. */
  at: z.number(),
  /** One of `historyEvents`, or an event of a newer version. */
  event: z.string(),
  operation: nullableText,
  /** Null when no person did it, for example when a dialog expires. */
  by: nullableText,
  /** `action`, `reason`, `origin` and `channel` are those of the operation. */
  action: operationKindSchema.nullable().catch(null),
  reason: nullableText,
  origin: operationOriginSchema.nullable().catch(null),
  channel: nullableText,
  /** The project's version and state after the event. */
  version: z.number().nullable().catch(null),
  state: projectStateSchema.nullable().catch(null),
  /** The refusal, and its code in case the refusal cannot be read. */
  code: nullableText,
  refusal: refusalSchema.nullable().catch(null),
  outcome: outcomeSchema.nullable().catch(null),
  failure: failureSchema.nullable().catch(null),
  alert: alertSchema.nullable().catch(null),
  alertKind: z.enum(alertKinds).nullable().catch(null),
  /** What the notifier sent about the alert. */
  delivered: deliveredAlertSchema.nullable().catch(null),
  /** The links that syncbot corrects without a request, and why: a late write of its own, or a new queue. */
  links: z.array(linkSchema).nullable().catch(null),
  /** When the pause ends, epoch ms. Null without a limit. */
  until: z.number().nullable().catch(null),
  /** How long a pause was to wait at most until its project had caught up, ms. Null if it was not to wait. */
  catchUpMs: z.number().nullable().catch(null),
  cause: z.enum(['late_write', 'queue_created']).nullable().catch(null),
  /** The tasks that are not failed any more, so that syncbot does not skip them any more. */
  tasks: z.array(taskRefSchema).nullable().catch(null),
});
export type HistoryEntry = Readonly<z.infer<typeof historyEntrySchema>>;

/** Compares ids of stream entries, which are `<ms>-<sequence>`. The older one comes first. */
export function compareEntryIds(a: string, b: string): number {
  const [[aMs = 0, aSequence = 0], [bMs = 0, bSequence = 0]] = [a.split('-').map(Number), b.split('-').map(Number)];
  return aMs - bMs || aSequence - bSequence;
}

/** The Slack channel id of the request, or `cli`. Null when it is not known, or when the event has no request. */
export function requestedFrom({ origin, channel, by }: HistoryEntry): string | null {
  if (origin === 'cli' || (origin === null && by?.startsWith('cli:'))) return 'cli';
  return channel;
}
