import { expect, it } from 'vitest';
import { letters, parseBenchmarkArguments } from '../../bench/arguments.ts';

const noFlags = { json: false, tiny: false, write: false };

it('the arguments select all benchmarks by default, or the named ones in their order', () => {
  expect(parseBenchmarkArguments([])).toEqual({ kind: 'run', selected: letters, ...noFlags });
  const selected = ['a', 'c'];
  expect(parseBenchmarkArguments(['c', 'a', 'c', '--json'])).toEqual({ kind: 'run', selected, ...noFlags, json: true });
});

it.each([['--help'], ['-h'], ['c', '--help', '--json']])('the arguments %j show the help', (...argv) => {
  expect(parseBenchmarkArguments(argv)).toEqual({ kind: 'help' });
});

it.each([
  { argv: ['h'], problem: 'There is no benchmark "h".' },
  { argv: ['--quick'], problem: "Unknown option '--quick'." },
  { argv: ['--json=yes'], problem: "Option '--json' does not take an argument." },
  { argv: ['--tiny', '--write'], problem: '--write cannot be used with --tiny: its numbers are meaningless.' },
  { argv: ['c', '--write'], problem: '--write runs all benchmarks: name none of them.' },
])('the arguments $argv are refused with one line that contains the usage', ({ argv, problem }) => {
  expect(parseBenchmarkArguments(argv)).toEqual({
    kind: 'invalid',
    message: `${problem} Usage: npm run bench -- [a b c d e f g j k l] [--json] [--tiny] [--write]`,
  });
});
