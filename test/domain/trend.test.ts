import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { directionOf, maxSamples, minuteOf, type TrendSample, toSamples, trendOf } from '../../src/domain/trend.ts';
import { sparkline } from '../../src/messages/sparkline.ts';
import { exampleNow, exampleProject, exampleProjectStats } from '../support/example-records.ts';

const minuteMs = 60_000;
const now = minuteOf(exampleNow);
const sample = (minutesAgo: number, backlog: number): TrendSample => ({
  at: now - minutesAgo * minuteMs,
  backlog,
  latencyMs: backlog * 10,
});

describe('the trend of the last hour', () => {
  it('has the highest value of each three minutes between the first and the last value', () => {
    const trend = trendOf(
      [sample(8, 7), sample(7, 9), sample(5, 3), sample(4, 6), sample(3, 4), sample(1, 2), sample(0, 1)],
      'backlog',
      now,
    );
    expect(trend).toEqual({
      cells: [7, 6, 1],
      first: { at: now - 8 * minuteMs, value: 7 },
      last: { at: now, value: 1 },
    });
    expect(trendOf([sample(5, 7), sample(0, 1)], 'latencyMs', now)?.cells).toEqual([70, 10]);
  });

  it('has a gap where nothing was observed, also at its end', () => {
    expect(trendOf([sample(11, 4), sample(10, 0), sample(3, 0)], 'backlog', now)?.cells).toEqual([4, null, 0, null]);
  });

  it('needs samples of the last hour in two cells', () => {
    expect(trendOf([sample(2, 3), sample(0, 4)], 'backlog', now)).toBeNull();
    expect(trendOf([], 'backlog', now)).toBeNull();
    expect(trendOf([sample(1, 3)], 'backlog', now)).toBeNull();
    expect(trendOf([sample(1, 3), sample(60, 3), sample(400, 3)], 'backlog', now)).toBeNull();
  });

  it('has at most 20 cells, in any order of the samples, and no value that was not observed', () => {
    const samples = fc.array(fc.tuple(fc.integer({ min: -5, max: 90 }), fc.nat(1_000)), { maxLength: 90 });
    fc.assert(
      fc.property(samples, (pairs) => {
        const all = pairs.map(([minutesAgo, backlog]) => sample(minutesAgo, backlog));
        const trend = trendOf(all, 'backlog', now);
        if (trend === null) return;
        expect(trend.cells.length).toBeLessThanOrEqual(20);
        expect(trend.cells[0]).not.toBeNull();
        const values = all.map(({ backlog }) => backlog);
        for (const cell of trend.cells) if (cell !== null) expect(values).toContain(cell);
        expect(sparkline(trend.cells)).toHaveLength(trend.cells.length);
      }),
    );
  });
});

describe('the direction', () => {
  const direction = (samples: readonly TrendSample[], value: number) =>
    directionOf(samples, 'backlog', { value, now: exampleNow });

  it('compares the value of now with the oldest sample of the last ten minutes', () => {
    expect(direction([sample(30, 1), sample(9, 1_000), sample(1, 10)], 400)).toBe('falling');
    expect(direction([sample(30, 9_000), sample(9, 10)], 400)).toBe('rising');
    expect(direction([sample(9, 1_000)], 1_040)).toBe('steady');
    expect(direction([sample(9, 0)], 0)).toBe('steady');
    expect(direction([sample(9, 0)], 1)).toBe('rising');
  });

  it('is not known without a sample of the last ten minutes', () => {
    expect(direction([], 400)).toBeNull();
    expect(direction([sample(12, 1_000)], 400)).toBeNull();
  });
});

describe('a sparkline', () => {
  it('has the lowest bar for 0 only, the highest bar for the highest value, and a shade for a gap', () => {
    expect(sparkline([0, 1, 500, 1_000, null])).toBe('▁▂▃▇░');
    expect(sparkline([0, 0])).toBe('▁▁');
    expect(sparkline([])).toBe('');
  });
});

it('A project whose links could not all be read has no sample.', () => {
  const observed = { project: exampleProject(), stats: exampleProjectStats };
  expect(toSamples([observed], now)).toEqual([
    { project: 'orders', at: now, backlog: exampleProjectStats.backlog, latencyMs: exampleProjectStats.latencyMs },
  ]);
  expect(toSamples([{ ...observed, stats: { ...exampleProjectStats, backlog: null } }], now)).toEqual([]);
});

it('An hour has as many minutes as samples are kept.', () => {
  expect(maxSamples * minuteMs).toBe(3_600_000);
});
