import { expect, it } from 'vitest';
import { letters, parseBenchmarkArguments } from '../../bench/arguments.ts';

const noFlags = { json: false, tiny: false, write: false };

it('runs all of them unless some are chosen, in their order', () => {
  expect(parseBenchmarkArguments([])).toEqual({ selected: letters, ...noFlags });
  expect(parseBenchmarkArguments(['c', 'a', 'c', '--json'])).toEqual({ selected: ['a', 'c'], ...noFlags, json: true });
});

it.each([
  { argv: ['g'], message: 'There is no benchmark "g".' },
  { argv: ['--quick'], message: "Unknown option '--quick'." },
  { argv: ['--json=yes'], message: "Option '--json' does not take an argument." },
  { argv: ['--tiny', '--write'], message: 'The figures of --tiny mean nothing and are not written.' },
  { argv: ['c', '--write'], message: 'RESULTS.md is written from all of them: choose none.' },
])('says in one line what is wrong with $argv', ({ argv, message }) => {
  expect(parseBenchmarkArguments(argv)).toBe(
    `${message} Usage: npm run bench -- [a b c d e f] [--json] [--tiny] [--write]`,
  );
});
