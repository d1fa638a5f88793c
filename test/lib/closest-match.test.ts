import fc from 'fast-check';
import { expect, it } from 'vitest';
import { closestMatch, closestMatches, findClosest } from '../../src/lib/closest-match.ts';

it.each([
  ['ordes', 'orders'],
  ['ordesr', 'orders'],
  ['ORDERS', 'orders'],
  ['invoicess', 'invoices'],
  ['xyz', null],
  ['', null],
])('the closest match of %j is %j', (word, expected) => {
  expect(closestMatch(word, ['users', 'orders', 'invoices'])).toBe(expected);
});

it('there is no match without candidates', () => {
  expect(closestMatch('orders', [])).toBeNull();
});

it('the first of two equally close candidates is the match', () => {
  expect(closestMatch('order', ['orderly', 'orders', 'ordera'])).toBe('orders');
});

const word = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 9 }),
  fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 20 }),
);

it('the matches are the closest candidates, the closest first (property)', () => {
  fc.assert(
    fc.property(word, fc.array(word, { maxLength: 8 }), fc.integer({ min: 1, max: 5 }), (typed, candidates, max) => {
      const expected = candidates
        .map((candidate) => ({ candidate, distance: editDistance(typed, candidate) }))
        .filter(({ candidate, distance }) => distance <= Math.min(5, Math.max(1, Math.floor(candidate.length / 3))))
        .sort((a, b) => a.distance - b.distance)
        .map(({ candidate }) => candidate);
      expect(closestMatches(typed, candidates, max)).toEqual(expected.slice(0, max));
      expect(closestMatch(typed, candidates)).toBe(expected[0] ?? null);
    }),
    { numRuns: 1_000 },
  );
});

it('a candidate takes at most 693 steps (property)', () => {
  const longWord = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 5_000 });
  fc.assert(
    fc.property(longWord, fc.array(longWord, { maxLength: 5 }), (typed, candidates) => {
      expect(findClosest(typed, candidates, 5).steps).toBeLessThanOrEqual(693 * candidates.length);
    }),
  );
});

it.each([
  ['unlike ids', (index: number) => `${index}-${'abcdefgh'.repeat(3)}`.slice(0, 30), 'orders-to-the-warehouse-in-eu'],
  ['alike ids', (index: number) => `orders-to-the-warehouse-${index}`, 'orders-to-the-warehuose-12345'],
])('a mistyped name among 10,000 %s takes less than a million steps', (_what, idOf, typed) => {
  expect(
    findClosest(
      typed,
      Array.from({ length: 10_000 }, (_, index) => idOf(index)),
      5,
    ).steps,
  ).toBeLessThan(1_000_000);
});

/** The definition of the distance, by recursion. */
function editDistance(a: string, b: string): number {
  const known = new Map<string, number>();
  const distance = (i: number, j: number): number => {
    if (i === 0 || j === 0) return i + j;
    const key = `${i} ${j}`;
    const cost =
      known.get(key) ??
      Math.min(
        distance(i - 1, j) + 1,
        distance(i, j - 1) + 1,
        distance(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          ? distance(i - 2, j - 2) + 1
          : Number.POSITIVE_INFINITY,
      );
    known.set(key, cost);
    return cost;
  };
  return distance(a.length, b.length);
}
