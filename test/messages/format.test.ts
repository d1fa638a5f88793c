import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  formatNumber,
  formatRemaining,
  joinOr,
  nameAndMore,
  pluralize,
} from '../../src/messages/en/format.ts';
import { joinDots } from '../../src/messages/format.ts';

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
])('the duration %d ms is formatted as %s', (ms, expected) => {
  expect(formatDuration(ms)).toBe(expected);
});

it('a whole number has the separators of toLocaleString', () => {
  const hasSeparators = (n: number) => formatNumber(n) === n.toLocaleString('en-US');
  fc.assert(fc.property(fc.maxSafeInteger(), hasSeparators));
});

describe('names', () => {
  it.each([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a and b'],
    [Array.from({ length: 2_000 }, () => 'a'), 'a and 1,999 more'],
  ])('%j are both of two, or the first one and the number of the others', (names, expected) => {
    expect(nameAndMore(names)).toBe(expected);
  });

  it('of a sample are counted with the total', () => {
    expect(nameAndMore(['a', 'b'], 7)).toBe('a and 6 more');
  });

  it.each([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a or b'],
    [['a', 'b', 'c'], 'a, b or c'],
  ])('%j are alternatives', (names, expected) => {
    expect(joinOr(names)).toBe(expected);
  });
});

it('a number has separators, and its noun the right form', () => {
  expect([0, 1, 12_345].map((n) => pluralize(n, 'link'))).toEqual(['0 links', '1 link', '12,345 links']);
});

it('joinDots leaves out empty parts', () => {
  expect(joinDots('a', null, '', 'b')).toBe('a · b');
});

describe('the time until a moment', () => {
  const [second, minute, hour] = [1_000, 60_000, 3_600_000];

  it.each([
    [2 * hour, '2 h'],
    [2 * hour - 300, '2 h'],
    [2 * hour - 30 * second, '2 h'],
    [2 * hour - 31 * second, '1 h 59 min'],
    [48 * hour - 300, '2 d'],
    [minute - 300, '1 min'],
    [59 * second, '59 s'],
    [90 * second, '2 min'],
    [0, '0 s'],
    [-5 * second, '0 s'],
  ])('%i ms is shown as %s.', (ms, expected) => {
    expect(formatRemaining(ms)).toBe(expected);
  });
});
