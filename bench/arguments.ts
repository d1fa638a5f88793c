import { parseArgs } from 'node:util';

export const letters = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
export type Letter = (typeof letters)[number];

/** What was asked for on the command line. */
export interface BenchmarkArguments {
  /** In the order of `letters`. */
  readonly selected: readonly Letter[];
  /** The results as JSON on stdout, nothing else. */
  readonly json: boolean;
  /** Seconds instead of minutes: shows that everything runs, its figures mean nothing. */
  readonly tiny: boolean;
  /** Also writes bench/RESULTS.md, from all of them. */
  readonly write: boolean;
}

const usage = 'Usage: npm run bench -- [a b c d e f] [--json] [--tiny] [--write]';

/** Reads the arguments; a text is the one sentence that says what is wrong with them. */
export function parseBenchmarkArguments(argv: readonly string[]): BenchmarkArguments | string {
  const parsed = parseOptions(argv);
  if (typeof parsed === 'string') return `${parsed} ${usage}`;
  const { positionals, values } = parsed;
  const unknownLetter = positionals.find((word) => !letters.some((letter) => letter === word));
  if (unknownLetter !== undefined) return `There is no benchmark "${unknownLetter}". ${usage}`;
  const { json, tiny, write } = values;
  if (tiny && write) return `The figures of --tiny mean nothing and are not written. ${usage}`;
  if (write && positionals.length > 0) return `RESULTS.md is written from all of them: choose none. ${usage}`;
  const selected = letters.filter((letter) => positionals.length === 0 || positionals.includes(letter));
  return { selected, json, tiny, write };
}

function parseOptions(argv: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, options: { json: flag, tiny: flag, write: flag } });
  } catch (error) {
    return error instanceof Error ? `${error.message.split('. ')[0]}.` : 'These arguments cannot be read.';
  }
}
