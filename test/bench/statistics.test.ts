import { expect, it } from 'vitest';
import { interleaved, percentile, ratioOf, spreadOf } from '../../bench/statistics.ts';

it('tells the median, the lowest and the highest of the rounds', () => {
  expect(spreadOf([5, 1, 3])).toEqual({ median: 3, low: 1, high: 5, rounds: 3 });
  expect(spreadOf([4, 1, 3, 2])).toMatchObject({ median: 2.5, low: 1, high: 4 });
});

it('finds a percentile between two values in proportion', () => {
  const values = Array.from({ length: 101 }, (_none, index) => 100 - index);
  expect(percentile(values, 0.99)).toBe(99);
  expect(percentile([10, 20], 0.25)).toBe(12.5);
});

it('takes ratios pair by pair: a machine that slows down in the middle changes none', () => {
  expect(ratioOf([2, 20, 200], [1, 10, 100])).toEqual({ median: 2, low: 2, high: 2, rounds: 3 });
});

it('runs the sides in turn, each second round the other way round, and does not count warm-ups', async () => {
  const order: string[] = [];
  const recordOrder = (name: string) => async () => order.push(name);
  const samples = await interleaved(
    { subject: recordOrder('ours'), baseline: recordOrder('floor') },
    { rounds: 3, warmUps: 1 },
  );
  expect(order).toEqual(['ours', 'floor', 'floor', 'ours', 'ours', 'floor', 'floor', 'ours']);
  expect(samples).toEqual({ subject: [4, 5, 8], baseline: [3, 6, 7] });
});
