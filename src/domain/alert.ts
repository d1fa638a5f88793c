import { z } from 'zod';
import { alertKinds, type Condition, conditionSchema } from './conditions.ts';

/** One thing that a project's channel is to know, in one message. Times are epoch ms of the bot's Redis server. */
export const alertSchema = z.object({
  /** When it was first found; also what tells one occurrence from the next. */
  since: z.number(),
  /** False: found once and not to be told yet, or over. */
  firing: z.boolean(),
  /** As found last; null: over. */
  condition: conditionSchema.nullable(),
  /** Open, and the last look did not find it: another one like that, and it is over. */
  resolving: z.boolean(),
  /** Grows with each change that people are to be told. */
  seq: z.number(),
  changedAt: z.number(),
  /** The project's version at which it was found. */
  version: z.number(),
});
export type Alert = Readonly<z.infer<typeof alertSchema>>;

/** What a channel was told: up to which change, of which occurrence, in which message. */
export const deliveredAlertSchema = z.object({
  seq: z.number(),
  since: z.number(),
  message: z.object({ channel: z.string(), ts: z.string() }).nullable(),
  /** Whether the message says that it is over. */
  resolved: z.boolean(),
});
export type DeliveredAlert = Readonly<z.infer<typeof deliveredAlertSchema>>;

export type AlertKind = (typeof alertKinds)[number];
export interface AlertRecord {
  readonly alert: Alert;
  readonly delivered: DeliveredAlert | null;
}
export type Alerts = Readonly<Partial<Record<AlertKind, AlertRecord>>>;

/** Whether there is something that the channel was not told yet. */
export function needsNotification({ alert, delivered }: AlertRecord): boolean {
  return alert.seq > (delivered?.seq ?? 0);
}

/** What is so of a project now, the worst first. */
export function firingConditions(alerts: Alerts): Condition[] {
  return alertKinds.flatMap((kind) => {
    const alert = alerts[kind]?.alert;
    return alert?.firing && alert.condition !== null ? [alert.condition] : [];
  });
}

/** Tasks are being worked on while people believe that they are held. */
export const critical: ReadonlySet<AlertKind> = new Set(['unexpectedly_running', 'pause_ignored']);
/** What may be gone at the next look begins when two looks in a row have found it, and ends when two have not. */
const debounced: ReadonlySet<AlertKind> = new Set([
  'unexpectedly_running',
  'pause_ignored',
  'unexpectedly_paused',
  'no_worker',
  'latency',
]);
/** What comes and goes: when it is back soon it goes on in the same message. */
const flapping: ReadonlySet<AlertKind> = new Set(['unexpectedly_paused', 'no_worker', 'latency']);
const flappingWindowMs = 10 * 60_000;
/** Figures and links change all the time: the message follows once a minute, of the loudest at once. */
const updateIntervalMs = 60_000;

export interface Observation {
  /** Null: nothing of the kind. Undefined: it cannot be told this time. */
  readonly condition: Condition | null | undefined;
  /** The project's version that was looked at. */
  readonly version: number;
  readonly now: number;
}

/** The alert after one more look; the same object when nothing has changed. */
export function reduceAlert(previous: Alert | null, { condition, version, now }: Observation): Alert | null {
  if (condition === undefined) return previous;
  if (condition === null) return onAbsent(previous, now);
  if (previous === null || previous.condition === null) return onFirstPresent(previous, condition, { version, now });
  if (!previous.firing) {
    if (previous.version !== version) return { ...previous, condition, version, since: now };
    return { ...previous, condition, firing: true, seq: previous.seq + 1, changedAt: now };
  }
  if (occurrenceOf(previous.condition) !== occurrenceOf(condition)) return resolve(previous, now);
  const continued = previous.resolving ? { ...previous, resolving: false } : previous;
  if (isEqual(previous.condition, condition)) return continued;
  const isUrgent = critical.has(condition.kind);
  if (!isUrgent && now - previous.changedAt < updateIntervalMs) return continued;
  return { ...continued, condition, seq: previous.seq + 1, changedAt: now };
}

interface ObservationPoint {
  readonly version: number;
  readonly now: number;
}

function onFirstPresent(previous: Alert | null, condition: Condition, { version, now }: ObservationPoint): Alert {
  const firing = !debounced.has(condition.kind);
  const isBack = previous !== null && flapping.has(condition.kind) && now - previous.changedAt < flappingWindowMs;
  const since = isBack ? previous.since : now;
  return {
    since,
    firing,
    condition,
    resolving: false,
    seq: (previous?.seq ?? 0) + (firing ? 1 : 0),
    changedAt: now,
    version,
  };
}

function onAbsent(previous: Alert | null, now: number): Alert | null {
  if (previous === null || previous.condition === null) return previous;
  if (!previous.firing) return { ...previous, condition: null, changedAt: 0 };
  if (debounced.has(previous.condition.kind) && !previous.resolving) return { ...previous, resolving: true };
  return resolve(previous, now);
}

function resolve(previous: Alert, now: number): Alert {
  return { ...previous, firing: false, resolving: false, condition: null, seq: previous.seq + 1, changedAt: now };
}

/** A second failure after a restore is another one; everything else goes on until it is over. */
function occurrenceOf(condition: Condition): number {
  return condition.kind === 'project_failed' ? condition.since : 0;
}

function isEqual(a: Condition, b: Condition): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
