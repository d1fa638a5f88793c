import { z } from 'zod';
import { type Acknowledgement, acknowledgementSchema } from './acknowledgement.ts';
import {
  type AlertKind,
  alertKinds,
  type Condition,
  type ConditionOf,
  conditionSchema,
  severities,
} from './conditions.ts';
import type { FailureCauses } from './failure-causes.ts';
import type { LimitChange } from './paused-until.ts';

const alertFields = {
  /** When the condition was first observed. Identifies the occurrence. */
  since: z.number(),
  /** Grows by one with each change that the channel must be notified of. */
  seq: z.number(),
  /** When `condition` or `state` last changed. 0 when the alert resolved before it fired. */
  changedAt: z.number(),
  /** The project's version at the first observation. */
  version: z.number(),
  /** The occurrence before, for its message if that could not be edited in time. Earlier versions did not store it. */
  earlier: z.object({ since: z.number(), resolvedAt: z.number(), condition: conditionSchema.optional() }).optional(),
  /** Of this occurrence. Earlier versions did not store it. */
  acknowledgement: acknowledgementSchema.optional(),
};

/** One alert of a project. Times are epoch ms of the bot's Redis server. */
export const alertSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('pending'), condition: conditionSchema, ...alertFields }),
  z.object({
    state: z.literal('firing'),
    condition: conditionSchema,
    /** The newest observation did not find the condition. */
    absentOnce: z.boolean(),
    ...alertFields,
  }),
  z.object({
    state: z.literal('resolved'),
    /** What was observed last. Earlier versions did not store it. */
    condition: conditionSchema.optional(),
    ...alertFields,
  }),
]);
export type Alert = Readonly<z.infer<typeof alertSchema>>;
type PendingAlert = Extract<Alert, { state: 'pending' }>;
export type FiringAlert = Extract<Alert, { state: 'firing' }>;
export type ResolvedAlert = Extract<Alert, { state: 'resolved' }>;

/** The alert as the channel was last notified of it. */
export const deliveredAlertSchema = z.object({
  /** The `seq` and the occurrence of the alert. */
  seq: z.number(),
  since: z.number(),
  message: z.object({ channel: z.string(), ts: z.string() }).nullable(),
  /** Whether the message shows the alert as resolved. */
  resolved: z.boolean(),
  /**
   * The channel whose groups the message belongs to. It differs from that of the message if Slack refused it, and for direct
   * messages. Earlier versions did not store it: each message was about one alert.
   */
  destination: z.string().optional(),
});
export type DeliveredAlert = Readonly<z.infer<typeof deliveredAlertSchema>>;

export interface AlertRecord {
  readonly alert: Alert;
  readonly delivered: DeliveredAlert | null;
}
export type Alerts = Readonly<Partial<Record<AlertKind, AlertRecord>>>;

/** The channel whose alert groups have the message, or null if there is no message. */
export function deliveredTo(delivered: DeliveredAlert | null): string | null {
  return delivered?.destination ?? delivered?.message?.channel ?? null;
}

/** Whether the alert changed since the channel was last notified. */
export function needsNotification({ alert, delivered }: AlertRecord): boolean {
  return alert.seq > (delivered?.seq ?? 0);
}

/** The alerts that fire, the worst first. */
export function firingAlerts(alerts: Alerts): FiringAlert[] {
  return alertKinds.flatMap((kind) => {
    const alert = alerts[kind]?.alert;
    return alert?.state === 'firing' ? [alert] : [];
  });
}

/** The conditions whose alerts fire, the worst first. */
export function firingConditions(alerts: Alerts): Condition[] {
  return firingAlerts(alerts).map(({ condition }) => condition);
}

/** The causes of several failed tasks that made the project Failed, as its alert has them. Null if it has none. */
export function severalCauses({ project_failed: record }: Alerts): FailureCauses | null {
  const condition = record?.alert.state === 'firing' ? record.alert.condition : undefined;
  const causes = condition?.kind === 'project_failed' ? condition.causes : undefined;
  return causes !== undefined && causes.tasks > 1 ? causes : null;
}

/** Alerts whose condition may be gone at the next observation. They fire after two positive observations. */
const debounced: ReadonlySet<AlertKind> = new Set([
  'unexpectedly_running',
  'pause_ignored',
  'unexpectedly_paused',
  'queue_missing',
  'link_unreadable',
  'no_worker',
  'latency',
]);
/** Alerts whose condition comes and goes. */
const flapping: ReadonlySet<AlertKind> = new Set([
  'unexpectedly_paused',
  'queue_missing',
  'link_unreadable',
  'no_worker',
  'latency',
]);
export const flappingWindowMs = 10 * 60_000;
/** How often a firing alert that is not critical may change: latencies and link counts change all the time. */
const updateIntervalMs = 60_000;

/** The result of one observation for one kind. `unknown`: the observation is not sufficient. */
export type ConditionResult<Present extends Condition = Condition> =
  | { readonly kind: 'present'; readonly condition: Present }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown' };

export interface Observation {
  readonly result: ConditionResult;
  /** The version of the project that was observed. */
  readonly version: number;
  readonly now: number;
}

/**
 * The alert after one more observation. Returns the same object when nothing changed, and null while the condition was never
 * observed. An `unknown` observation changes nothing.
 *
 * An alert is in one of three states, as in Prometheus:
 *
 * - `pending`: a debounced condition was observed once. People are not notified. A second observation at the same version of
 *   the project makes it `firing`; at another version it counts as the first one again. An absent condition makes it
 *   `resolved`, without a notification.
 * - `firing`: people are notified, and again when the condition changes: at once if the kind is critical, else at most once a
 *   minute. An absent condition makes it `resolved`. A debounced kind needs two absent observations in a row. A new occurrence
 *   (the project failed again after a restore) also makes it `resolved`; the next observation starts the new occurrence.
 * - `resolved`: people are notified if it had fired. The condition starts it again as `pending`, or as `firing` if its kind is
 *   not debounced. An alert of a flapping kind that starts again within 10 minutes keeps its `since`, and so its message.
 */
export function reduceAlert(previous: Alert | null, { result, version, now }: Observation): Alert | null {
  if (result.kind === 'unknown') return previous;
  if (result.kind === 'absent') return previous === null ? null : onAbsent(previous, now);
  const { condition } = result;
  if (previous === null || previous.state === 'resolved') return start(previous, condition, { version, now });
  if (previous.state === 'firing') return onPresentWhileFiring(previous, condition, now);
  if (previous.version !== version) {
    const { acknowledgement: _ended, ...kept } = previous;
    return { ...kept, condition, version, since: now };
  }
  return fire(previous, condition, now);
}

function onAbsent(previous: Alert, now: number): Alert {
  if (previous.state === 'resolved') return previous;
  if (previous.state === 'pending') return toResolved(previous, { seq: previous.seq, changedAt: 0 });
  const resolvesAtOnce = !debounced.has(previous.condition.kind) || previous.absentOnce;
  return resolvesAtOnce
    ? toResolved(previous, { seq: previous.seq + 1, changedAt: now })
    : { ...previous, absentOnce: true };
}

function start(
  previous: ResolvedAlert | null,
  condition: Condition,
  { version, now }: { readonly version: number; readonly now: number },
): Alert {
  const returnsSoon = previous !== null && now - previous.changedAt < flappingWindowMs;
  const since = returnsSoon && flapping.has(condition.kind) ? previous.since : now;
  const seq = previous?.seq ?? 0;
  const kept = fieldsFrom(previous, since);
  const pending: PendingAlert = { state: 'pending', condition, since, seq, changedAt: now, version, ...kept };
  return debounced.has(condition.kind) ? pending : fire(pending, condition, now);
}

/**
 * Returns the last occurrence that fired before the one that began at `since`. If it is the same occurrence, returns the fields
 * that it keeps.
 */
function fieldsFrom(previous: ResolvedAlert | null, since: number): Pick<Alert, 'earlier' | 'acknowledgement'> {
  if (previous === null) return {};
  const { since: earlierSince, changedAt: resolvedAt, condition } = previous;
  if (earlierSince === since) return keptFields(previous);
  if (resolvedAt === 0) return previous.earlier === undefined ? {} : { earlier: previous.earlier };
  return { earlier: { since: earlierSince, resolvedAt, ...(condition === undefined ? {} : { condition }) } };
}

/** The fields that an occurrence keeps when its state changes. */
function keptFields({ earlier, acknowledgement }: Alert): Pick<Alert, 'earlier' | 'acknowledgement'> {
  return {
    ...(earlier === undefined ? {} : { earlier }),
    ...(acknowledgement === undefined ? {} : { acknowledgement }),
  };
}

function fire(pending: PendingAlert, condition: Condition, now: number): FiringAlert {
  const { since, seq, version } = pending;
  const fields = { since, seq: seq + 1, changedAt: now, version, ...keptFields(pending) };
  return { state: 'firing', condition, absentOnce: false, ...fields };
}

function onPresentWhileFiring(previous: FiringAlert, condition: Condition, now: number): Alert {
  if (occurrenceOf(previous.condition) !== occurrenceOf(condition))
    return toResolved(previous, { seq: previous.seq + 1, changedAt: beginOfRun(condition) ?? now });
  const continued = previous.absentOnce ? { ...previous, absentOnce: false } : previous;
  const mayChange = severities[condition.kind] === 'critical' || now - previous.changedAt >= updateIntervalMs;
  if (!mayChange || isEqual(previous.condition, condition)) return continued;
  return { ...continued, condition, seq: previous.seq + 1, changedAt: now };
}

/** The alert after a person has acknowledged it. Its message shows that. */
export function acknowledge(previous: FiringAlert, acknowledgement: Acknowledgement): FiringAlert {
  return { ...previous, acknowledgement, seq: previous.seq + 1 };
}

/** The reminder of a pause after a person has answered that the project stays Paused. */
export function keepPaused(
  previous: FiringAlert,
  kept: NonNullable<ConditionOf<'paused_reminder'>['kept']>,
): ResolvedAlert | null {
  const { condition, seq } = previous;
  if (condition.kind !== 'paused_reminder') return null;
  return toResolved({ ...previous, condition: { ...condition, kept } }, { seq: seq + 1, changedAt: kept.at });
}

/** The alert that a pause ends soon, after a person has moved that end. */
export function moveEnd(previous: FiringAlert, change: LimitChange): ResolvedAlert | null {
  const { condition, seq } = previous;
  if (condition.kind !== 'pause_ending') return null;
  return toResolved({ ...previous, condition: { ...condition, change } }, { seq: seq + 1, changedAt: change.at });
}

function toResolved(
  previous: PendingAlert | FiringAlert,
  { seq, changedAt }: { readonly seq: number; readonly changedAt: number },
): ResolvedAlert {
  const { since, version, condition } = previous;
  return { state: 'resolved', condition, since, seq, changedAt, version, ...keptFields(previous) };
}

/** A second failure, a second pause after a restore, or another end of a pause is another occurrence. */
function occurrenceOf(condition: Condition): number {
  if (condition.kind === 'pause_ending' || condition.kind === 'pause_overdue') return condition.until;
  return condition.kind === 'project_failed' || condition.kind === 'paused_reminder' ? condition.since : 0;
}

/** When the project became Running before this failure: the end of an earlier one. */
function beginOfRun(condition: Condition): number | undefined {
  return condition.kind === 'project_failed' ? condition.streak?.run.since : undefined;
}

/** Compares conditions in the form in which they are stored: the schema sets the order of the keys. */
function isEqual(a: Condition, b: Condition): boolean {
  return JSON.stringify(conditionSchema.parse(a)) === JSON.stringify(conditionSchema.parse(b));
}
