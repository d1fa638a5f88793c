import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { historyEntrySchema } from '../../src/domain/history.ts';
import { compareLines, foldHistory, type HistoryLine, timesOf } from '../../src/domain/history-lines.ts';
import { groupSimilarLines, type ProjectLine } from '../../src/domain/similar-lines.ts';

function lineAt(at: number, entry: object = { event: 'created' }): HistoryLine {
  const parsed = historyEntrySchema.parse({ id: `${at}-0`, at, ...entry });
  const [line] = foldHistory([parsed], { size: 1, cursor: null }).lines;
  return line ?? expect.unreachable();
}

const sameText = () => 'added the project';
const minute = 60_000;

describe('lines that say the same', () => {
  it('are one group if they are of different projects and begin within five minutes', () => {
    const lines = [
      { project: 'users', line: lineAt(7 * minute) },
      { project: 'orders', line: lineAt(4 * minute) },
      { project: 'carts', line: lineAt(2 * minute) },
      { project: 'users', line: lineAt(1 * minute) },
      { project: 'carts', line: lineAt(0) },
    ];
    expect(groupSimilarLines(lines, sameText)).toMatchObject([
      { projects: ['users', 'orders', 'carts'], times: { from: 2 * minute, to: null } },
      { projects: ['users', 'carts'], times: { from: 0, to: null } },
    ]);
    expect(groupSimilarLines(lines, () => null).map(({ projects }) => projects.length)).toEqual([1, 1, 1, 1, 1]);
  });

  it('ended when the last of them ended, and not while one goes on', () => {
    const resolved = (since: number, at: number) =>
      lineAt(at, {
        event: 'alert_resolved',
        alertKind: 'latency',
        alert: { state: 'resolved', since, seq: 2, changedAt: at, version: 1 },
      });
    const lines = [
      { project: 'users', line: resolved(2, 90) },
      { project: 'orders', line: resolved(1, 95) },
    ];
    expect(groupSimilarLines(lines, sameText)).toMatchObject([{ times: { from: 1, to: 95 } }]);
    const withOpen = [{ project: 'carts', line: lineAt(3) }, ...lines];
    expect(groupSimilarLines(withOpen, sameText)).toMatchObject([{ times: { from: 1, to: null } }]);
  });

  it('are each in one group, which has each project once and keeps the order', () => {
    const lines = fc
      .array(
        fc.record({
          project: fc.constantFrom('a', 'b', 'c'),
          at: fc.nat(20 * minute),
          event: fc.constantFrom('created', 'changed'),
        }),
      )
      .map((all) =>
        all
          .map(({ project, at, event }): ProjectLine => ({ project, line: lineAt(at, { event }) }))
          .sort((a, b) => compareLines(a.line, b.line)),
      );
    fc.assert(
      fc.property(lines, (all) => {
        const groups = groupSimilarLines(all, ({ newest }) => newest.event);
        expect(groups.flatMap(({ projects }) => projects).sort()).toEqual(all.map(({ project }) => project).sort());
        for (const { projects } of groups) expect(new Set(projects).size).toBe(projects.length);
        const starts = groups.map(({ newest }) => timesOf(newest).from);
        expect(starts).toEqual([...starts].sort((a, b) => b - a));
        for (const { newest, times } of groups)
          expect(timesOf(newest).from - times.from).toBeLessThanOrEqual(5 * minute);
      }),
    );
  });
});
