import { z } from 'zod';
import { type Finding, findingKinds, findingSchema } from './finding.ts';

/** One thing that a project's channel is to know, in one message. Times are epoch ms of the bot's Redis server. */
export const alertSchema = z.object({
  /** When it was first found; also what tells one occurrence from the next. */
  since: z.number(),
  /** False: found once and not to be told yet, or over. */
  open: z.boolean(),
  /** As found last; null: over. */
  finding: findingSchema.nullable(),
  /** Open, and the last look did not find it: another one like that, and it is over. */
  fading: z.boolean(),
  /** Grows with each change that people are to be told. */
  seq: z.number(),
  changedAt: z.number(),
  /** The project's version at which it was found. */
  version: z.number(),
});
export type Alert = Readonly<z.infer<typeof alertSchema>>;

/** What a channel was told: up to which change, of which occurrence, in which message. */
export const toldSchema = z.object({
  seq: z.number(),
  since: z.number(),
  message: z.object({ channel: z.string(), ts: z.string() }).nullable(),
  /** Whether the message says that it is over. */
  over: z.boolean(),
});
export type Told = Readonly<z.infer<typeof toldSchema>>;

export type AlertKind = (typeof findingKinds)[number];
export interface KnownAlert {
  readonly alert: Alert;
  readonly told: Told | null;
}
export type Alerts = Readonly<Partial<Record<AlertKind, KnownAlert>>>;

/** Whether there is something that the channel was not told yet. */
export function isDue({ alert, told }: KnownAlert): boolean {
  return alert.seq > (told?.seq ?? 0);
}

/** What is so of a project now, the worst first. */
export function openFindings(alerts: Alerts): Finding[] {
  return findingKinds.flatMap((kind) => {
    const alert = alerts[kind]?.alert;
    return alert?.open && alert.finding !== null ? [alert.finding] : [];
  });
}

/** Tasks are being worked on while people believe that they are held. */
export const loudest: ReadonlySet<AlertKind> = new Set(['loose', 'not_held']);
/** What may be gone at the next look begins when two looks in a row have found it, and ends when two have not. */
const needsTwo: ReadonlySet<AlertKind> = new Set(['loose', 'not_held', 'drift', 'unattended', 'latency']);
/** What comes and goes: when it is back soon it goes on in the same message. */
const mayReturn: ReadonlySet<AlertKind> = new Set(['drift', 'unattended', 'latency']);
const returnsWithinMs = 10 * 60_000;
/** Figures and links change all the time: the message follows once a minute, of the loudest at once. */
const editEveryMs = 60_000;

export interface Look {
  /** Null: nothing of the kind. Undefined: it cannot be told this time. */
  readonly finding: Finding | null | undefined;
  /** The project's version that was looked at. */
  readonly version: number;
  readonly now: number;
}

/** The alert after one more look; the same object when nothing has changed. */
export function advance(before: Alert | null, { finding, version, now }: Look): Alert | null {
  if (finding === undefined) return before;
  if (finding === null) return notFound(before, now);
  if (before === null || before.finding === null) return firstFound(before, finding, { version, now });
  if (!before.open) {
    if (before.version !== version) return { ...before, finding, version, since: now };
    return { ...before, finding, open: true, seq: before.seq + 1, changedAt: now };
  }
  if (occurrenceOf(before.finding) !== occurrenceOf(finding)) return over(before, now);
  const still = before.fading ? { ...before, fading: false } : before;
  if (same(before.finding, finding)) return still;
  const isUrgent = loudest.has(finding.kind);
  if (!isUrgent && now - before.changedAt < editEveryMs) return still;
  return { ...still, finding, seq: before.seq + 1, changedAt: now };
}

interface Moment {
  readonly version: number;
  readonly now: number;
}

function firstFound(before: Alert | null, finding: Finding, { version, now }: Moment): Alert {
  const open = !needsTwo.has(finding.kind);
  const isBack = before !== null && mayReturn.has(finding.kind) && now - before.changedAt < returnsWithinMs;
  const since = isBack ? before.since : now;
  return { since, open, finding, fading: false, seq: (before?.seq ?? 0) + (open ? 1 : 0), changedAt: now, version };
}

function notFound(before: Alert | null, now: number): Alert | null {
  if (before === null || before.finding === null) return before;
  if (!before.open) return { ...before, finding: null, changedAt: 0 };
  if (needsTwo.has(before.finding.kind) && !before.fading) return { ...before, fading: true };
  return over(before, now);
}

function over(before: Alert, now: number): Alert {
  return { ...before, open: false, fading: false, finding: null, seq: before.seq + 1, changedAt: now };
}

/** A second failure after a restore is another one; everything else goes on until it is over. */
function occurrenceOf(finding: Finding): number {
  return finding.kind === 'failed' ? finding.since : 0;
}

function same(a: Finding, b: Finding): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
