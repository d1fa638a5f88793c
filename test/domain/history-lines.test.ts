import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HistoryEntry, historyEntrySchema } from '../../src/domain/history.ts';
import {
  actorOf,
  compareLines,
  foldHistory,
  type HistoryCursor,
  type HistoryLine,
  timesOf,
} from '../../src/domain/history-lines.ts';
import { historyEntryArbitrary } from '../slack/arbitraries.ts';
import { exampleLink } from '../support/example-records.ts';

/** Parses entries, given oldest first. Returns them newest first, as the audit log does. Each one is 1 s after the other. */
function entriesFrom(oldestFirst: readonly object[]): HistoryEntry[] {
  return oldestFirst
    .map((entry, index) => historyEntrySchema.parse({ id: `${index + 1}-0`, at: (index + 1) * 1_000, ...entry }))
    .reverse();
}

const operationEntry = (operation: string, event: string) => ({ event, operation, action: 'pause', by: 'U0ALICE' });
const latency = { kind: 'latency', latencyMs: 9, limitMs: 1 };
const firing = (since: number, condition: object = latency) => ({
  event: 'alert_firing',
  alertKind: 'kind' in condition ? condition.kind : null,
  alert: { state: 'firing', condition, absentOnce: false, since, seq: 1, changedAt: since, version: 1 },
});
const resolved = (since: number, kind = 'latency') => ({
  event: 'alert_resolved',
  alertKind: kind,
  alert: { state: 'resolved', since, seq: 2, changedAt: since, version: 1 },
});
const notified = (since: number, kind = 'latency') => ({
  event: 'alert_notified',
  alertKind: kind,
  delivered: { seq: 1, since, message: { channel: 'C0OPS', ts: '1.2' }, resolved: false },
});
const failure = { kind: 'task_failed', link: exampleLink('orders-full'), taskId: '7', reason: 'refused', at: 1 };

function allPages(entries: readonly HistoryEntry[], size: number): HistoryLine[][] {
  const pages: HistoryLine[][] = [];
  for (let cursor: HistoryCursor | null = null; ; ) {
    const before = cursor?.before;
    const start = before === undefined ? 0 : entries.findLastIndex(({ id }) => id === before) + 1;
    const page = foldHistory(entries.slice(start), { size, cursor });
    pages.push([...page.lines]);
    if (page.next === null) return pages;
    cursor = page.next;
  }
}

const eventsOf = (lines: readonly HistoryLine[]) => lines.map(({ entries }) => entries.map(({ event }) => event));

describe('the lines of a history', () => {
  it('have one line for each operation, also when others interleave', () => {
    const entries = entriesFrom([
      { event: 'created' },
      operationEntry('op1', 'requested'),
      operationEntry('op2', 'requested'),
      operationEntry('op1', 'confirmed'),
      operationEntry('op1', 'started'),
      operationEntry('op2', 'cancelled'),
      operationEntry('op1', 'done'),
      operationEntry('op1', 'drained'),
    ]);
    const { lines, next } = foldHistory(entries, { size: 10, cursor: null });
    expect(next).toBeNull();
    expect(eventsOf(lines)).toEqual([
      ['drained', 'done', 'started', 'confirmed', 'requested'],
      ['cancelled', 'requested'],
      ['created'],
    ]);
    expect(lines.map(({ kind }) => kind)).toEqual(['operation', 'operation', 'entry']);
    expect(lines.map(timesOf)).toEqual([7_000, 6_000, 1_000].map((from) => ({ from, to: null })));
    expect(lines.map(actorOf)).toEqual(['U0ALICE', 'U0ALICE', null]);
  });

  it('have one line for each occurrence of an alert, with what was notified about it', () => {
    const entries = entriesFrom([
      firing(500),
      notified(500),
      resolved(500),
      firing(3_500),
      resolved(3_500),
      firing(3_500),
      notified(3_500),
    ]);
    const { lines } = foldHistory(entries, { size: 10, cursor: null });
    expect(eventsOf(lines)).toEqual([
      ['alert_notified', 'alert_firing', 'alert_resolved', 'alert_firing'],
      ['alert_resolved', 'alert_notified', 'alert_firing'],
    ]);
    expect(lines.map(timesOf)).toEqual([
      { from: 3_500, to: null },
      { from: 500, to: 3_000 },
    ]);
    expect([...lines].reverse().sort(compareLines)).toEqual(lines);
  });

  it('have the failure of a project in the line of the alert about it', () => {
    const condition = { kind: 'project_failed', since: 1_000, failure: null };
    const entries = entriesFrom([
      { event: 'failed', failure, by: 'syncbot' },
      firing(1_500, condition),
      resolved(1_500, 'project_failed'),
    ]);
    expect(eventsOf(foldHistory(entries, { size: 10, cursor: null }).lines)).toEqual([
      ['alert_resolved', 'alert_firing', 'failed'],
    ]);
    expect(eventsOf(allPages(entries, 1).flat())).toEqual([['alert_resolved', 'alert_firing', 'failed']]);
  });

  it('are completed by entries after the end of the page, and not repeated by the next page', () => {
    const entries = entriesFrom([
      operationEntry('op1', 'requested'),
      { event: 'changed' },
      operationEntry('op1', 'done'),
    ]);
    const page = foldHistory(entries, { size: 1, cursor: null });
    expect(eventsOf(page.lines)).toEqual([['done', 'requested']]);
    expect(page.next).toEqual({ before: '3-0', shown: ['operation:op1'] });
    expect(eventsOf(allPages(entries, 1)[1] ?? [])).toEqual([['changed']]);
  });

  it('do not carry an operation or an alert on when it has no older entry', () => {
    const entries = entriesFrom([{ event: 'created' }, firing(1_500), operationEntry('op1', 'requested')]);
    expect(foldHistory(entries, { size: 2, cursor: null }).next).toEqual({
      before: '2-0',
      shown: ['alert:latency:1500'],
    });
    const later = entriesFrom([{ event: 'created' }, { event: 'changed' }, firing(2_500)]);
    expect(foldHistory(later, { size: 2, cursor: null }).next).toEqual({ before: '2-0', shown: [] });
  });
});

/** What happens to a project in this order: operations and alerts that overlap, and single entries. */
const historyArbitrary = fc
  .array(
    fc.record({
      subject: fc.oneof(
        fc.nat(5).map((n) => `op${n}`),
        fc.constantFrom('latency', 'no_worker', 'project_failed', 'none'),
      ),
      step: fc.nat(3),
    }),
    { maxLength: 60, size: 'max' },
  )
  .map((steps) => {
    const entries: object[] = [];
    const operations = new Map<string, { id: string; done: string[] }>();
    const alerts = new Map<string, number>();
    const now = () => (entries.length + 1) * 1_000;
    for (const { subject, step } of steps) {
      if (subject.startsWith('op')) {
        const open = operations.get(subject);
        if (open === undefined) {
          const id = `${subject}x${entries.length}`;
          entries.push(operationEntry(id, 'requested'));
          operations.set(subject, { id, done: ['confirmed', 'started', 'done', 'drained'].slice(step) });
        } else {
          entries.push(operationEntry(open.id, open.done.shift() ?? 'cancelled'));
          if (open.done.length === 0) operations.delete(subject);
        }
      } else if (subject === 'none') {
        entries.push({ event: step === 0 ? 'unknown_event' : 'changed' });
      } else {
        const since = alerts.get(subject);
        const isFailure = subject === 'project_failed';
        if (since === undefined) {
          const failedAt = now();
          if (isFailure) entries.push({ event: 'failed', failure, by: 'syncbot' });
          const condition = isFailure
            ? { kind: subject, since: failedAt, failure: null }
            : { ...latency, kind: subject };
          const links = { total: 0, first: [] };
          const full = subject === 'no_worker' ? { kind: subject, noWorker: links, overdue: links } : condition;
          alerts.set(subject, now() - 500);
          entries.push(firing(now() - 500, full));
        } else {
          entries.push(step === 0 ? notified(since, subject) : resolved(since, subject));
          if (step > 1) alerts.delete(subject);
        }
      }
    }
    return entriesFrom(entries);
  });

describe('the pages of a history (property)', () => {
  const operationOf = ({ entries }: HistoryLine) => entries[0]?.operation ?? null;
  const occurrenceOf = ({ entries: [entry] }: HistoryLine) =>
    entry?.alertKind === null || entry === undefined
      ? null
      : `${entry.alertKind} ${entry.alert?.since ?? entry.delivered?.since}`;

  it('have each operation and each alert in one line, and no entry twice, for any size of a page', () => {
    fc.assert(
      fc.property(historyArbitrary, fc.integer({ min: 1, max: 7 }), (entries, size) => {
        const pages = allPages(entries, size);
        for (const page of pages.slice(0, -1)) expect(page).toHaveLength(size);
        const lines = pages.flat();
        const subjects = lines.flatMap((line) => [operationOf(line) ?? occurrenceOf(line) ?? []].flat());
        expect(new Set(subjects).size).toBe(subjects.length);
        const ids = lines.flatMap((line) => line.entries.map(({ id }) => id));
        expect([...ids].sort()).toEqual(entries.map(({ id }) => id).sort());
      }),
      { numRuns: 300 },
    );
  });

  it('lose no entry of any other history either, also when two entries have the same id', () => {
    const anyEntries = fc.array(fc.tuple(historyEntryArbitrary, fc.boolean()), { maxLength: 40 }).map((pairs) => {
      let sequence = pairs.length;
      let hasPair = false;
      return pairs.map(([entry, isPair]) => {
        hasPair = isPair && !hasPair;
        if (!hasPair) sequence -= 1;
        return { ...entry, id: `${1_000 + sequence}-0` };
      });
    });
    fc.assert(
      fc.property(anyEntries, fc.integer({ min: 1, max: 4 }), (entries, size) => {
        const shownEntries = new Set<HistoryEntry>(
          allPages(entries, size).flatMap((page) => page.flatMap((line) => line.entries)),
        );
        const subjects = new Set(
          [...shownEntries].flatMap(({ operation, alertKind }) => [operation ?? alertKind ?? []].flat()),
        );
        for (const entry of entries) {
          if (shownEntries.has(entry)) continue;
          expect(subjects).toContain(entry.operation ?? entry.alertKind ?? entry.alert);
        }
      }),
      { numRuns: 200 },
    );
  });
});
