import { expect, it } from 'vitest';
import { interleaved, percentile, ratioOf, spreadOf } from '../../bench/statistics.ts';

it('spreadOf returns the median, the lowest and the highest value of the rounds', () => {
  expect(spreadOf([5, 1, 3])).toEqual({ median: 3, low: 1, high: 5, rounds: 3 });
  expect(spreadOf([4, 1, 3, 2])).toMatchObject({ median: 2.5, low: 1, high: 4 });
});

it('percentile interpolates a percentile between two values', () => {
  const values = Array.from({ length: 101 }, (_none, index) => 100 - index);
  expect(percentile(values, 0.99)).toBe(99);
  expect(percentile([10, 20], 0.25)).toBe(12.5);
});

it('ratioOf divides pair by pair, so that a slower machine does not change the ratio', () => {
  expect(ratioOf([2, 20, 200], [1, 10, 100])).toEqual({ median: 2, low: 2, high: 2, rounds: 3 });
});

it('interleaved runs the sides in turn, reverses their order in every second round, and does not count warm-ups', async () => {
  const order: string[] = [];
  const recordOrder = (name: string) => async () => order.push(name);
  const samples = await interleaved(
    { subject: recordOrder('subject'), baseline: recordOrder('baseline') },
    { rounds: 3, warmUps: 1 },
  );
  expect(order).toEqual(['subject', 'baseline', 'baseline', 'subject', 'subject', 'baseline', 'baseline', 'subject']);
  expect(samples).toEqual({ subject: [4, 5, 8], baseline: [3, 6, 7] });
});
