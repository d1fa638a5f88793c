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

/** What may be gone at the next look, and is told when two looks in a row have found it. */
const needsTwo: ReadonlySet<AlertKind> = new Set(['loose', 'not_held', 'drift', 'unattended', 'latency']);
/** Figures change all the time: their message follows once a minute. */
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
  if (finding === null) return before === null || before.finding === null ? before : over(before, now);
  const known = before?.finding ?? null;
  if (before === null || known === null) return first(before, finding, { version, now });
  if (!before.open) {
    if (before.version !== version) return { ...first(before, finding, { version, now }), seq: before.seq };
    return { ...before, finding, open: true, seq: before.seq + 1, changedAt: now };
  }
  if (occurrenceOf(known) !== occurrenceOf(finding)) return over(before, now);
  const isNews = sameNews(known, finding) ? now - before.changedAt >= editEveryMs && !same(known, finding) : true;
  return isNews ? { ...before, finding, seq: before.seq + 1, changedAt: now } : before;
}

function first(before: Alert | null, finding: Finding, { version, now }: { version: number; now: number }): Alert {
  const open = !needsTwo.has(finding.kind);
  return { since: now, open, finding, version, changedAt: now, seq: (before?.seq ?? 0) + (open ? 1 : 0) };
}

function over(before: Alert, now: number): Alert {
  return { ...before, open: false, finding: null, seq: before.seq + (before.open ? 1 : 0), changedAt: now };
}

/** A second failure after a restore is another one; everything else goes on until it is over. */
function occurrenceOf(finding: Finding): number {
  return finding.kind === 'failed' ? finding.since : 0;
}

/** Whether two findings tell the same but for their figures. */
function sameNews(a: Finding, b: Finding): boolean {
  return a.kind === b.kind && (a.kind === 'latency' || a.kind === 'failures' || same(a, b));
}

function same(a: Finding, b: Finding): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
