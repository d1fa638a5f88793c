import { describe, expect, it } from 'vitest';
import { formatDuration, formatTimeLeft, pluralize, summarizeNames } from '../../src/messages/en/format.ts';
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

it('the time that is left is rounded up', () => {
  expect([299_999, 4_001, 0, -1].map(formatTimeLeft)).toEqual(['5 min', '5 s', '0 s', '0 s']);
});

describe('names', () => {
  it.each([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a and b'],
    [['a', 'b', 'c'], 'a, b and c'],
    [['a', 'b', 'c', 'd'], 'a, b, c and 1 more link'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more links'],
  ])('%j are summarized', (names, expected) => {
    expect(summarizeNames(names, 'link')).toBe(expected);
  });

  it('of a sample are summarized with the total', () => {
    expect(summarizeNames(['a', 'b'], 'link', 7)).toBe('a, b and 5 more links');
  });
});

it('a number has separators, and its noun the right form', () => {
  expect([0, 1, 12_345].map((n) => pluralize(n, 'link'))).toEqual(['0 links', '1 link', '12,345 links']);
});

it('joinDots leaves out empty parts', () => {
  expect(joinDots('a', null, '', 'b')).toBe('a · b');
});
