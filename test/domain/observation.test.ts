import { describe, expect, it } from 'vitest';
import { linkId, linkName } from '../../src/domain/link.ts';
import {
  type LinkStats,
  linkBacklog,
  linkLatencyMs,
  oldestFailure,
  toProjectStats,
} from '../../src/domain/observation.ts';
import { closestMatch } from '../../src/lib/closest-match.ts';
import {
  formatDuration,
  formatTimeLeft,
  joinDots,
  pluralize,
  stateClause,
  summarizeNames,
} from '../../src/messages/format.ts';
import { exampleLinkStats } from '../slack/example-records.ts';

const link = (queue: string) => ({ queue, connection: 'default', prefix: 'bull' });
const linkStats = (queue: string, more: Partial<LinkStats> = {}): LinkStats =>
  exampleLinkStats(queue, { now: 10_000, bullmqVersion: null, ...more });

describe('the figures of a project', () => {
  it('the worst link’s latency, the sum of the backlogs and of the tasks in flight', () => {
    const a = linkStats('a', {
      waiting: 2,
      prioritized: 3,
      overdue: 1,
      delayed: 9,
      active: 2,
      oldestRunnableAt: 4_000,
    });
    const b = linkStats('b', { waiting: 1, active: 1, oldestRunnableAt: 9_000 });
    expect(toProjectStats([a, b], 5)).toMatchObject({ observedAt: 5, latencyMs: 6_000, backlog: 7, inFlight: 3 });
    expect([linkLatencyMs(a), linkBacklog(a)]).toEqual([6_000, 6]);
  });

  it('nothing runnable is 0; a clock that runs ahead shows no negative figure', () => {
    expect(toProjectStats([linkStats('a')], 5)).toMatchObject({ latencyMs: 0, backlog: 0, inFlight: 0 });
    expect(linkLatencyMs(linkStats('a', { oldestRunnableAt: 11_000 }))).toBe(0);
  });

  it('a missing queue carries nothing; an unreachable link makes them unknown', () => {
    const read = linkStats('a', { waiting: 1, oldestRunnableAt: 9_000 });
    expect(toProjectStats([read, { kind: 'missing', link: link('b') }], 5)).toMatchObject({
      latencyMs: 1_000,
      backlog: 1,
    });
    expect(toProjectStats([read, { kind: 'unreachable', link: link('b') }], 5)).toMatchObject({
      latencyMs: null,
      backlog: null,
      inFlight: null,
    });
  });

  it('the oldest failure over all links', () => {
    const task = (taskId: string, at: number) => ({ taskId, at, reason: 'no' });
    const readings = [
      linkStats('a', { oldestFailures: [task('1', 50), task('2', 60)] }),
      linkStats('b', { oldestFailures: [task('3', 40)] }),
    ];
    expect(oldestFailure([...readings, { kind: 'unreachable', link: link('c') }])).toEqual({
      link: link('b'),
      task: task('3', 40),
    });
    expect(oldestFailure([linkStats('a')])).toBeNull();
  });

  it('a link is told from every other', () => {
    const ids = [link('a'), { ...link('a'), prefix: 'x' }, { ...link('a'), connection: 'x' }, link('b')].map(linkId);
    expect(new Set(ids).size).toBe(4);
    const names = [link('a'), { ...link('a'), prefix: 'x' }, { ...link('a'), connection: 'c', prefix: 'x' }].map(
      linkName,
    );
    expect(names).toEqual(['a', 'x:a', 'c/x:a']);
  });
});

describe('words', () => {
  it.each([
    [-5, '0 s'],
    [999, '0 s'],
    [12_000, '12 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [3_600_000, '1 h'],
    [7_800_000, '2 h 10 min'],
    [86_400_000, '1 d'],
    [273_600_000, '3 d 4 h'],
  ])('%d ms are %s', (ms, expected) => {
    expect(formatDuration(ms)).toBe(expected);
  });

  it('what is left is rounded up', () => {
    expect([formatTimeLeft(299_999), formatTimeLeft(4_001), formatTimeLeft(0), formatTimeLeft(-1)]).toEqual([
      '5 min',
      '5 s',
      '0 s',
      '0 s',
    ]);
  });

  it.each([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a and b'],
    [['a', 'b', 'c'], 'a, b and c'],
    [['a', 'b', 'c', 'd'], 'a, b, c and 1 more link'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more links'],
  ])('%j are named', (names, expected) => {
    expect(summarizeNames(names, 'link')).toBe(expected);
  });

  it('what is empty leaves no dot', () => {
    expect(joinDots('a', null, '', 'b')).toBe('a · b');
  });

  it('counts and states', () => {
    expect([pluralize(0, 'link'), pluralize(1, 'link'), pluralize(12_345, 'task')]).toEqual([
      '0 links',
      '1 link',
      '12,345 tasks',
    ]);
    expect(stateClause('orders', 'not_started')).toBe('orders is Not Started');
  });
});

describe('the id that was meant', () => {
  it.each([
    ['ordes', 'orders'],
    ['ordesr', 'orders'],
    ['ORDERS', 'orders'],
    ['invoicess', 'invoices'],
    ['xyz', null],
    ['', null],
  ])('%s: %s', (input, expected) => {
    expect(closestMatch(input, ['users', 'orders', 'invoices'])).toBe(expected);
  });

  it('knows nothing among nothing, and takes the nearest, the first of equals', () => {
    expect(closestMatch('orders', [])).toBeNull();
    expect(closestMatch('order', ['orderly', 'orders', 'ordera'])).toBe('orders');
  });
});
