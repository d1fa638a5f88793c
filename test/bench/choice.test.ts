import { expect, it } from 'vitest';
import { letters, readChoice } from '../../bench/choice.ts';

const nothingElse = { json: false, tiny: false, write: false };

it('runs all of them unless some are chosen, in their order', () => {
  expect(readChoice([])).toEqual({ chosen: letters, ...nothingElse });
  expect(readChoice(['c', 'a', 'c', '--json'])).toEqual({ chosen: ['a', 'c'], ...nothingElse, json: true });
});

it.each([
  { argv: ['g'], says: 'There is no benchmark "g".' },
  { argv: ['--quick'], says: "Unknown option '--quick'." },
  { argv: ['--json=yes'], says: "Option '--json' does not take an argument." },
  { argv: ['--tiny', '--write'], says: 'The figures of --tiny mean nothing and are not written.' },
  { argv: ['c', '--write'], says: 'RESULTS.md is written from all of them: choose none.' },
])('says in one line what is wrong with $argv', ({ argv, says }) => {
  expect(readChoice(argv)).toBe(`${says} Usage: npm run bench -- [a b c d e f] [--json] [--tiny] [--write]`);
});
