import { parseArgs } from 'node:util';

export const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'j', 'k', 'l'] as const;
export type Letter = (typeof letters)[number];

export type BenchmarkArguments =
  | ({ readonly kind: 'run' } & RunArguments)
  | { readonly kind: 'help' }
  /** `message` is one line with the problem and the usage. */
  | { readonly kind: 'invalid'; readonly message: string };

export interface RunArguments {
  /** In the order of `letters`. */
  readonly selected: readonly Letter[];
  /** Print the report as JSON on stdout, and the tables on stderr. */
  readonly json: boolean;
  /** Run for seconds instead of minutes. This checks that everything runs; the numbers are meaningless. */
  readonly tiny: boolean;
  /** Write the report to bench/RESULTS.md. */
  readonly write: boolean;
}

const usageLine = 'Usage: npm run bench -- [a b c d e f g j k l] [--json] [--tiny] [--write]';

export const helpText = `${usageLine}

  a        request to ack
  b        /sync list from request to response
  c        OK to last link paused
  d        operations through one worker
  e        one observation
  f        memory and connections
  g        failed task to paused link
  j        OK of a batch to last link paused
  k        start of the command line
  l        reading syncbot.yml

  --json   print the report as JSON on stdout, and the tables on stderr
  --tiny   run for seconds to check that everything runs; the numbers are meaningless
  --write  run all benchmarks and write bench/RESULTS.md
  --help   print this text

Without letters, all benchmarks run.`;

export function parseBenchmarkArguments(argv: readonly string[]): BenchmarkArguments {
  const parsed = parseOptions(argv);
  if (parsed.kind === 'invalid') return parsed;
  const { positionals, values } = parsed;
  const { json, tiny, write, help } = values;
  if (help) return { kind: 'help' };
  const unknownLetter = positionals.find((word) => !letters.some((letter) => letter === word));
  if (unknownLetter !== undefined) return invalid(`There is no benchmark "${unknownLetter}".`);
  if (tiny && write) return invalid('--write cannot be used with --tiny: its numbers are meaningless.');
  if (write && positionals.length > 0) return invalid('--write runs all benchmarks: name none of them.');
  const selected = letters.filter((letter) => positionals.length === 0 || positionals.includes(letter));
  return { kind: 'run', selected, json, tiny, write };
}

function parseOptions(argv: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  const options = { json: flag, tiny: flag, write: flag, help: { ...flag, short: 'h' } } as const;
  try {
    return { kind: 'parsed', ...parseArgs({ args: [...argv], allowPositionals: true, options }) } as const;
  } catch (error) {
    // Node appends hints about positional arguments as further sentences.
    const [problem] = (error instanceof Error ? error.message : String(error)).split('. ');
    return invalid(`${problem}.`);
  }
}

function invalid(problem: string) {
  return { kind: 'invalid', message: `${problem} ${usageLine}` } as const;
}
