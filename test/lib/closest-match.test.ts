import { expect, it } from 'vitest';
import { closestMatch } from '../../src/lib/closest-match.ts';

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
