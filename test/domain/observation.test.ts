import { describe, expect, it } from 'vitest';
import { linkId, linkName } from '../../src/domain/link.ts';
import {
  type LinkObservation,
  type LinkStats,
  linkBacklog,
  linkLatencyMs,
  oldestFailure,
  oldestFailures,
  toProjectStats,
} from '../../src/domain/observation.ts';
import { exampleLinkStats } from '../support/example-records.ts';

const link = (queue: string) => ({ queue, connection: 'default', prefix: 'bull' });
const linkStats = (queue: string, more: Partial<LinkStats> = {}): LinkStats =>
  exampleLinkStats(queue, { now: 10_000, bullmqVersion: null, ...more });

describe('the stats of a project', () => {
  it('are the highest latency, and the sums of the backlogs and of the tasks in flight', () => {
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

  it('are 0 when nothing is runnable, and never negative when the clock went back', () => {
    expect(toProjectStats([linkStats('a')], 5)).toMatchObject({ latencyMs: 0, backlog: 0, inFlight: 0 });
    expect(linkLatencyMs(linkStats('a', { oldestRunnableAt: 11_000 }))).toBe(0);
  });

  it('count a missing queue as 0, and are unknown with an unreachable link', () => {
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

  it('have the failures of all links, the oldest first', () => {
    const task = (taskId: string, at: number) => ({ taskId, at, reason: 'no' });
    const readings = [
      linkStats('a', { oldestFailures: [task('1', 50), task('2', 60)] }),
      linkStats('b', { oldestFailures: [task('3', 40)] }),
    ];
    const observations: LinkObservation[] = [{ kind: 'unreachable', link: link('c') }, ...readings];
    const failures = [
      { kind: 'task_failed', link: link('b'), ...task('3', 40) },
      { kind: 'task_failed', link: link('a'), ...task('1', 50) },
      { kind: 'task_failed', link: link('a'), ...task('2', 60) },
    ];
    expect(oldestFailures(observations)).toEqual(failures);
    expect(oldestFailure(observations)).toEqual(failures[0]);
    expect(oldestFailure([linkStats('a')])).toBeNull();
  });
});

it('a link has an id and a name of its own', () => {
  const ids = [link('a'), { ...link('a'), prefix: 'x' }, { ...link('a'), connection: 'x' }, link('b')].map(linkId);
  expect(new Set(ids).size).toBe(4);
  const names = [link('a'), { ...link('a'), prefix: 'x' }, { ...link('a'), connection: 'c', prefix: 'x' }].map(
    linkName,
  );
  expect(names).toEqual(['a', 'x:a', 'c/x:a']);
});
