import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginFollowUp, type FollowEnd } from '../../src/domain/follow-up.ts';
import { type LinkStats, toProjectStats } from '../../src/domain/observation.ts';
import { type FollowInput, isFollowOverdue, observeFollowUp } from '../../src/domain/observe-follow-up.ts';
import type { Operation } from '../../src/domain/operation.ts';
import {
  exampleLink,
  exampleLinkStats,
  exampleNow,
  exampleOperation,
  exampleOutcome,
} from '../support/example-records.ts';

const hourMs = 3_600_000;

function done(
  action: 'pause' | 'restore',
  counts: { readonly inFlight?: number | null; readonly backlog?: number | null },
) {
  const outcome = { ...exampleOutcome, inFlight: null, ...counts };
  return exampleOperation({
    action,
    state: 'done',
    finishedAt: exampleNow,
    outcome,
    followUp: beginFollowUp(action, outcome),
  });
}

/** One observation of a link, `seconds` after the operation ended. */
function observe(seconds: number, link: Partial<LinkStats> | null, more: Partial<FollowInput> = {}): FollowInput {
  const now = exampleNow + seconds * 1_000;
  const stats =
    link === null
      ? ({ kind: 'unreachable', link: exampleLink('orders-full') } as const)
      : exampleLinkStats('orders-full', { now, ...link });
  return { stats: toProjectStats([stats], now), workers: [1], now, minIntervalMs: 0, ...more };
}

/** Follows an operation through observations. Returns it, how it ended, and when its message was edited, s after the end. */
function follow(operation: Operation, inputs: readonly FollowInput[]) {
  const edits: number[] = [];
  let [followed, end]: [Operation, FollowEnd | null] = [operation, null];
  for (const input of inputs) {
    const step = observeFollowUp(followed, input);
    if (step.kind === 'unchanged') continue;
    edits.push((input.now - exampleNow) / 1_000);
    followed = { ...followed, followUp: step.followUp, followEnd: step.end };
    end = step.end;
  }
  return { operation: followed, end, edits, latest: followed.followUp?.latest ?? null };
}

describe('what is followed', () => {
  it.each([
    ['pause', { inFlight: 0 }, null],
    ['pause', { inFlight: 3 }, 'quiet'],
    ['pause', { inFlight: null }, 'quiet'],
    ['start', { inFlight: null, backlog: 0 }, null],
    ['restore', { inFlight: null, backlog: 0 }, null],
    ['restore', { inFlight: null, backlog: 12_400 }, 'caught_up'],
    ['restore', { inFlight: null, backlog: null }, 'caught_up'],
    ['restore', { inFlight: null }, 'caught_up'],
    ['reapply', { inFlight: 3, backlog: 3 }, null],
    ['adopt', { inFlight: 3, backlog: 3 }, null],
  ] as const)('after %s with %j is %s', (action, counts, goal) => {
    expect(beginFollowUp(action, counts)?.goal ?? null).toBe(goal);
  });
});

describe('a pause', () => {
  it('is followed until no task is in flight, and edited only when the count changes', () => {
    const counts = [3, 3, 1, 1, 0, 0];
    const { edits, end } = follow(
      done('pause', { inFlight: 3 }),
      counts.map((active, index) => observe(5 * (index + 1), { active })),
    );
    expect(edits).toEqual([15, 25]);
    expect(end).toEqual({ kind: 'reached', at: exampleNow + 25_000 });
  });

  it('is not quiet while a link does not answer', () => {
    const { end, latest } = follow(done('pause', { inFlight: 1 }), [observe(5, null)]);
    expect({ end, remaining: latest?.remaining }).toEqual({ end: null, remaining: null });
  });

  it('is followed for 12 h at most', () => {
    const input = (hours: number) => observe(hours * 3_600, { active: 1 });
    expect(follow(done('pause', { inFlight: 1 }), [input(11)]).end).toBeNull();
    expect(follow(done('pause', { inFlight: 1 }), [input(12)]).end).toMatchObject({ kind: 'timed_out' });
  });
});

describe('a restore', () => {
  const restore = done('restore', { backlog: 12_400 });
  const oldest = (waitedMs: number, seconds: number) => exampleNow + seconds * 1_000 - waitedMs;
  const backlog = (
    seconds: number,
    waiting: number,
    counts: Partial<LinkStats> = {},
    more: Partial<FollowInput> = {},
  ) => observe(seconds, { waiting, oldestRunnableAt: oldest(hourMs, seconds), ...counts }, more);

  it('has no rate before two observations, and then what was measured between them', () => {
    const first = backlog(5, 12_000, { added: 100_000, ended: 88_000 });
    expect(follow(restore, [first]).latest).toMatchObject({ remaining: 12_000, rates: null });
    const second = backlog(15, 9_000, { added: 100_400, ended: 91_400 });
    expect(follow(restore, [first, second]).latest).toMatchObject({
      remaining: 9_000,
      rates: { fewerPerS: 300, addedPerS: 40, endedPerS: 340 },
    });
  });

  it('measures by the clock of the link, since its observation may be late', () => {
    const first = backlog(5, 12_000);
    const second = backlog(15, 9_000, { now: exampleNow + 25_000, oldestRunnableAt: exampleNow });
    expect(follow(restore, [first, second]).latest?.rates?.fewerPerS).toBe(150);
  });

  it('has no rates of added and ended tasks if a counter went back', () => {
    const steps = [backlog(5, 12_000, { added: 100, ended: 50 }), backlog(15, 9_000, { added: 5, ended: 1 })];
    expect(follow(restore, steps).latest?.rates).toEqual({ fewerPerS: 300, addedPerS: null, endedPerS: null });
  });

  it('has caught up when nothing waits', () => {
    expect(follow(restore, [backlog(5, 0)]).end).toEqual({ kind: 'reached', at: exampleNow + 5_000 });
  });

  it.each([
    ['a new task waits less than 10 s', { waitedMs: 9_999, waiting: 3_400, isReached: true }],
    ['the oldest task has waited for 10 s', { waitedMs: 10_000, waiting: 3_400, isReached: false }],
    [
      'the workers need longer for the rest: the latency is a lower bound',
      { waitedMs: 5, waiting: 3_401, isReached: false },
    ],
  ])('has caught up only if %s', (_name, { waitedMs, waiting, isReached }) => {
    const first = backlog(5, 6_400, { added: 100_000, ended: 0 });
    const counts = { added: 100_400, ended: 3_400, oldestRunnableAt: oldest(waitedMs, 15) };
    const { end } = follow(restore, [first, backlog(15, waiting, counts)]);
    expect(end?.kind === 'reached').toBe(isReached);
  });

  it('has not caught up by its latency alone, before a rate was measured', () => {
    expect(follow(restore, [backlog(5, 10, { oldestRunnableAt: oldest(5, 5) })]).end).toBeNull();
  });

  it('names the links that have a backlog and no worker', () => {
    expect(follow(restore, [backlog(5, 1, {}, { workers: [0] })]).latest?.noWorker.total).toBe(1);
    expect(follow(restore, [backlog(5, 1, {}, { workers: [null] })]).latest?.noWorker.total).toBe(0);
  });

  it('is followed for an hour, and an unknown backlog is shown as such', () => {
    expect(follow(restore, [observe(5, null)]).latest).toMatchObject({ remaining: null, rates: null });
    const { end, latest } = follow(restore, [backlog(5, 12_000), backlog(3_600, 12_000)]);
    expect(end).toEqual({ kind: 'timed_out', at: exampleNow + hourMs });
    expect(latest?.remaining).toBe(12_000);
    expect(isFollowOverdue(restore, exampleNow + hourMs + 60_000)).toBe(false);
    expect(isFollowOverdue(restore, exampleNow + hourMs + 60_001)).toBe(true);
  });

  it('is edited after 1, 2, 4 … s and from then on once a minute, less often while others are followed', () => {
    const everySecond = Array.from({ length: 200 }, (_, second) => backlog(second, 12_400));
    expect(follow(restore, everySecond).edits).toEqual([1, 3, 7, 15, 31, 63, 123, 183]);
    const withOthers = everySecond.map((input) => ({ ...input, minIntervalMs: 50_000 }));
    expect(follow(restore, withOthers).edits).toEqual([50, 100, 150]);
  });
});

describe('at any time', () => {
  const steps = fc.array(
    fc.record({ afterMs: fc.nat(200_000), waiting: fc.nat(50), active: fc.nat(3), answers: fc.boolean() }),
    {
      maxLength: 60,
    },
  );

  it.each(['pause', 'restore'] as const)(
    'the message of a %s is edited once a second at most, and not after its end',
    (action) => {
      fc.assert(
        fc.property(steps, (sequence) => {
          let seconds = 0;
          const inputs = sequence.map(({ afterMs, answers, ...link }) => {
            seconds += afterMs / 1_000;
            return observe(seconds, answers ? link : null);
          });
          const { edits, end, latest } = follow(done(action, { inFlight: 5, backlog: 5 }), inputs);
          for (const [index, at] of edits.entries()) expect(at - (edits[index - 1] ?? 0)).toBeGreaterThanOrEqual(0.999);
          if (end !== null) expect(end.at).toBe(latest?.at);
          if (end?.kind === 'reached' && action === 'pause') expect(latest?.remaining).toBe(0);
          expect(edits.length).toBeLessThanOrEqual(6 + Math.ceil(seconds / 60) + 1);
        }),
      );
    },
  );
});
