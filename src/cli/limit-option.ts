import { InvalidArgumentError, Option } from 'commander';
import { messages } from '../messages/catalog.ts';

/** What is printed is in memory at once. */
const maxLimit = 100_000;

/** `--limit <number>`: how many rows or entries are printed at most. */
export function limitOption(description: string): Option {
  return new Option('--limit <number>', description).argParser(parseLimit);
}

function parseLimit(text: string): number {
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > maxLimit) throw new InvalidArgumentError(messages.cli.invalidLimit(maxLimit));
  return limit;
}
