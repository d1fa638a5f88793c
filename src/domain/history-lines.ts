import type { AlertKind } from './conditions.ts';
import type { HistoryEntry, HistoryEvent } from './history.ts';
import type { Actor } from './project.ts';

/**
 * What one line of a history shows: all entries of one operation, all entries of one occurrence of an alert, or one other
 * entry. The entry of a project that became Failed belongs to the alert about it.
 */
export interface HistoryLine {
  readonly kind: 'operation' | 'alert' | 'entry';
  readonly newest: HistoryEntry;
  /** All of them, newest first. The oldest ones are missing if they were not read. */
  readonly entries: readonly HistoryEntry[];
  /** How long the project ran after this operation before it failed again, ms. Null if it did not, or if that is not known. */
  readonly failedAfterMs: number | null;
}

/** Where the next page begins. */
export interface HistoryCursor {
  /** Id of the oldest entry of the earlier pages. The next page has older entries only. */
  readonly before: string;
  /** The operations and alerts of earlier pages that may have older entries. No later page shows them again. */
  readonly shown: readonly string[];
}

export interface HistoryPage {
  /** The line with the newest entry first. `size` lines at most, or one more: a page does not end between two entries with the same id. */
  readonly lines: readonly HistoryLine[];
  /** Null if there is no entry after this page. */
  readonly next: HistoryCursor | null;
}

/**
 * Folds entries into the lines of one page. The entries are newest first, and all below the cursor. Entries after the end of
 * the page only complete its lines. Every entry is in a line of this page or of a later one, or belongs to a line of an
 * earlier one.
 */
export function foldHistory(
  entries: readonly HistoryEntry[],
  { size, cursor }: { readonly size: number; readonly cursor: HistoryCursor | null },
): HistoryPage {
  const lines: Omit<HistoryLine, 'failedAfterMs'>[] = [];
  /** The entries of the line of each subject. Null if an earlier page has the line. */
  const entriesOf = new Map<string, HistoryEntry[] | null>((cursor?.shown ?? []).map((subject) => [subject, null]));
  let next: HistoryCursor | null = null;
  for (const [index, entry] of entries.entries()) {
    const [subject = null, ...otherSubjects] = subjectsOf(entry);
    let line = subject === null ? undefined : entriesOf.get(subject);
    if (line === undefined) {
      const previous = entries[index - 1];
      if (next === null && lines.length >= size && previous?.id !== entry.id)
        next = cursorAfter(entries.slice(0, index), cursor);
      if (next !== null) continue;
      line = [];
      lines.push({ kind: kindOf(entry), newest: entry, entries: line });
      if (subject !== null) entriesOf.set(subject, line);
    }
    line?.push(entry);
    for (const other of otherSubjects) entriesOf.set(other, line);
  }
  return { lines: addFailedRuns(lines), next };
}

/** Adds what an alert says about a repeated failure to the operation before it. */
function addFailedRuns(lines: readonly Omit<HistoryLine, 'failedAfterMs'>[]): HistoryLine[] {
  const runs = new Map(
    lines
      .flatMap(({ entries }) => entries.flatMap(({ alert }) => (alert?.state === 'firing' ? [alert.condition] : [])))
      .flatMap((condition) => (condition.kind === 'project_failed' && condition.streak ? [condition.streak] : []))
      .filter(({ count }) => count > 1)
      .map(({ run, failedAt }) => [run.since, failedAt - run.since] as const),
  );
  return lines.map((line) => {
    const done = line.kind === 'operation' ? line.entries.find(({ event }) => event === 'done') : undefined;
    return { ...line, failedAfterMs: done === undefined ? null : (runs.get(done.at) ?? null) };
  });
}

/** The cursor after all of these entries, which are below `cursor`. Null if there is none. */
export function cursorAfter(entries: readonly HistoryEntry[], cursor: HistoryCursor | null): HistoryCursor | null {
  const last = entries.at(-1);
  if (last === undefined) return cursor;
  const subjects = new Set([...(cursor?.shown ?? []), ...entries.flatMap(subjectsOf)]);
  for (const { event, operation } of entries)
    if (event === 'requested' && operation !== null) subjects.delete(operationSubject(operation));
  return { before: last.id, shown: [...subjects].filter((subject) => startOf(subject) <= last.at) };
}

/** A person did something about an alert. It is a line of its own. */
const pressEvents: ReadonlySet<string> = new Set<HistoryEvent>([
  'alert_owned',
  'alert_taken_over',
  'alert_given_back',
  'alert_snoozed',
]);
const addingEvents: ReadonlySet<string> = new Set<HistoryEvent>(['drained', 'caught_up', 'alert_notified']);

/** The newest entry that does not only add to another one: the outcome of an operation, or the last change of an alert. */
export function mainEntry({ newest, entries }: HistoryLine): HistoryEntry {
  return entries.find(({ event }) => !addingEvents.has(event)) ?? newest;
}

/**
 * When it happened, epoch ms: the outcome of an operation, or its last step; the beginning of an alert, and `to` its end, null
 * while it fires.
 */
export function timesOf(line: HistoryLine): { readonly from: number; readonly to: number | null } {
  const { at, event } = mainEntry(line);
  if (line.kind !== 'alert') return { from: at, to: null };
  return { from: alertSince(line.newest) ?? at, to: event === 'alert_resolved' ? at : null };
}

/** Orders lines by the first time that they show, newest first: a failure is below the operation that ended it. */
export function compareLines(a: HistoryLine, b: HistoryLine): number {
  return timesOf(b).from - timesOf(a).from;
}

/** Who asked for the operation, or did what the entry says. Null when no person did. */
export function actorOf({ kind, entries }: HistoryLine): Actor | null {
  return kind === 'alert' ? null : (entries.find(({ by }) => by !== null)?.by ?? null);
}

/** When the condition of an alert was first observed, epoch ms. Null when it is not recorded. */
function alertSince({ alert, delivered }: HistoryEntry): number | null {
  return alert?.since ?? delivered?.since ?? null;
}

/** The kind of alert that an entry is about, or null. */
export function alertKindOf({ alertKind, alert }: HistoryEntry): AlertKind | null {
  return alertKind ?? (alert?.state === 'firing' ? alert.condition.kind : null);
}

/** The operation or alert that an entry belongs to, then those whose entries belong to the same line. */
function subjectsOf(entry: HistoryEntry): string[] {
  const { event, operation, alert, at, failure } = entry;
  if (operation !== null) return [operationSubject(operation)];
  if (event === 'failed' && failure !== null) return [failureSubject(at)];
  const kind = alertKindOf(entry);
  const since = alertSince(entry);
  if (kind === null || since === null || pressEvents.has(event)) return [];
  const subject = `alert:${kind}:${since}`;
  const condition = alert?.state === 'firing' ? alert.condition : null;
  return condition?.kind === 'project_failed' ? [subject, failureSubject(condition.since)] : [subject];
}

function operationSubject(operation: string): string {
  return `operation:${operation}`;
}

function failureSubject(at: number): string {
  return `failed:${at}`;
}

/** The time of the oldest entry that an alert can have, epoch ms. It is at the end of the subject. 0 for an operation. */
function startOf(subject: string): number {
  return subject.startsWith('operation:') ? 0 : Number(subject.slice(subject.lastIndexOf(':') + 1));
}

function kindOf(entry: HistoryEntry): HistoryLine['kind'] {
  if (entry.operation !== null) return 'operation';
  return alertKindOf(entry) === null || pressEvents.has(entry.event) ? 'entry' : 'alert';
}
