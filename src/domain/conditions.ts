import { z } from 'zod';
import { failureCausesSchema } from './failure-causes.ts';
import { failureStreakSchema } from './failure-streak.ts';
import { failureSchema, type Link, linkSampleSchema, taskFailureSchema } from './link.ts';
import { limitChangeSchema } from './paused-until.ts';

const logSchema = {
  /** Until when the source keeps the oldest change that the project has not processed, epoch ms. */
  until: z.number(),
};

/** Something observed about a project that may raise an alert: its kind, and the facts that the message needs. */
export const conditionSchema = z.discriminatedUnion('kind', [
  /** The observer made the project Failed at `since`. */
  z.object({
    kind: z.literal('project_failed'),
    since: z.number(),
    failure: failureSchema.nullable(),
    /** Earlier versions stored it instead of `streak`: the project had failed before. */
    isRepeated: z.boolean().optional(),
    streak: failureStreakSchema.optional(),
    /** Earlier versions did not store it. Absent if no failing link answered. */
    causes: failureCausesSchema.optional(),
  }),
  /** Links run although they should be paused: they were resumed from outside, or syncbot could not pause them. */
  z.object({
    kind: z.literal('unexpectedly_running'),
    links: linkSampleSchema,
    cause: z.enum(['resumed', 'not_paused']),
  }),
  /** Links are paused although they should run. */
  z.object({ kind: z.literal('unexpectedly_paused'), links: linkSampleSchema }),
  /** Links are paused, and a worker takes their tasks. BullMQ 4 does that. */
  z.object({ kind: z.literal('pause_ignored'), links: linkSampleSchema }),
  /** Queues exist that did not exist before. */
  z.object({ kind: z.literal('queue_created'), links: linkSampleSchema }),
  /** Queues existed before and do not exist now. */
  z.object({ kind: z.literal('queue_missing'), links: linkSampleSchema }),
  /** The numbers of links cannot be read, because of a task that BullMQ does not expect. */
  z.object({ kind: z.literal('link_unreadable'), links: linkSampleSchema }),
  /** Links have no connected worker, or have delayed tasks that are due and that no worker takes. */
  z.object({ kind: z.literal('no_worker'), noWorker: linkSampleSchema, overdue: linkSampleSchema }),
  z.object({ kind: z.literal('latency'), latencyMs: z.number(), limitMs: z.number() }),
  /** Tasks failed, and the project stays Running (`onFailure: continue`). */
  z.object({
    kind: z.literal('tasks_failed'),
    count: z.number(),
    failure: taskFailureSchema,
    /** How many failed tasks have been removed since the watermarks, at least. */
    removedTasks: z.number().optional(),
    /** See `project_failed`. */
    causes: failureCausesSchema.optional(),
  }),
  /** 50, 80 or 100 % of the time has passed for which the source keeps its log. */
  z.object({ kind: z.literal('log_retention_50'), ...logSchema }),
  z.object({ kind: z.literal('log_retention_80'), ...logSchema }),
  z.object({ kind: z.literal('log_retention_100'), ...logSchema }),
  /** The project is Paused for longer than `pausedReminder`, or that long after a person kept it Paused. */
  z.object({
    kind: z.literal('paused_reminder'),
    since: z.number(),
    by: z.string(),
    reason: z.string().nullable(),
    /** A person answered that it stays Paused. `until`: when the next reminder was due, null without one. Epoch ms. */
    kept: z.object({ at: z.number(), by: z.string(), until: z.number().nullable() }).optional(),
  }),
  /** The timer restores the project at `until`, soon. */
  z.object({
    kind: z.literal('pause_ending'),
    until: z.number(),
    /** Who set the timer, and when. */
    by: z.string(),
    setAt: z.number(),
    /** A person has moved the end, or removed it. */
    change: limitChangeSchema.optional(),
  }),
  /** The project is still Paused after `until`: a restore of the timer did not succeed, or the project was changed. */
  z.object({
    kind: z.literal('pause_overdue'),
    until: z.number(),
    by: z.string(),
    setAt: z.number(),
    cause: z.discriminatedUnion('kind', [
      /** `change`: null if it is not known. */
      z.object({
        kind: z.literal('changed'),
        change: z.object({ by: z.string().nullable(), at: z.number() }).nullable(),
      }),
      /** `code`: of the refusal of the last restore. */
      z.object({
        kind: z.literal('not_restored'),
        attempts: z.number(),
        nextAttemptAt: z.number(),
        code: z.string().nullable(),
      }),
    ]),
  }),
]);
export type Condition = Readonly<z.infer<typeof conditionSchema>>;
export type ConditionOf<Kind extends Condition['kind']> = Extract<Condition, { kind: Kind }>;

/** The kinds of conditions and alerts, the worst first. */
export const alertKinds = [
  'unexpectedly_running',
  'pause_ignored',
  'project_failed',
  'log_retention_100',
  'log_retention_80',
  'log_retention_50',
  'unexpectedly_paused',
  'queue_missing',
  'queue_created',
  'link_unreadable',
  'tasks_failed',
  'no_worker',
  'latency',
  'pause_overdue',
  'pause_ending',
  'paused_reminder',
] as const satisfies readonly Condition['kind'][];
export type AlertKind = Condition['kind'];

/** The worst first. */
export const alertSeverities = ['critical', 'warning', 'info'] as const;
export type AlertSeverity = (typeof alertSeverities)[number];

/**
 * How severe an alert is. It decides whom its message mentions (on-call.ts).
 * `critical`: tasks are processed that should wait, nothing is processed any more, or changes of the source may be lost.
 * `warning`: something must be repaired. `info`: a person does not have to do anything now.
 */
export const severities: Readonly<Record<AlertKind, AlertSeverity>> = {
  unexpectedly_running: 'critical',
  pause_ignored: 'critical',
  project_failed: 'critical',
  log_retention_100: 'critical',
  log_retention_80: 'warning',
  log_retention_50: 'info',
  unexpectedly_paused: 'warning',
  queue_missing: 'warning',
  queue_created: 'info',
  link_unreadable: 'warning',
  tasks_failed: 'warning',
  no_worker: 'warning',
  latency: 'warning',
  pause_overdue: 'warning',
  pause_ending: 'info',
  paused_reminder: 'info',
};

/** False if the alert has an answer of its own, which delays or ends it: Keep Paused. */
export function canBeSnoozed(kind: AlertKind): boolean {
  return kind !== 'paused_reminder' && kind !== 'pause_ending';
}

/** The links that a condition names: at most five of each sample. */
export function sampledLinks(condition: Condition): Link[] {
  if (condition.kind === 'no_worker') return [...condition.noWorker.first, ...condition.overdue.first];
  return 'links' in condition ? [...condition.links.first] : [];
}
