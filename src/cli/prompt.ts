import { createInterface } from 'node:readline/promises';
import { messages } from '../messages/catalog.ts';
import type { CliError } from './output.ts';
import type { ProcessIo } from './process-io.ts';

/** Whether there is a terminal to ask for confirmation. */
export function isInteractive({ stdin }: Pick<ProcessIo, 'stdin'>): boolean {
  return stdin.isTTY === true;
}

export const notInteractiveError: CliError = { code: 'usage', message: messages.cli.notInteractive };

/**
 * Asks on stderr, because stdout can be a pipe. Returns true for `y` or `yes`, and false for any other answer, Ctrl-C and
 * the end of the input.
 */
export async function promptYesNo(
  { stdin, stderr }: Pick<ProcessIo, 'stdin' | 'stderr'>,
  question: string,
): Promise<boolean> {
  const terminal = createInterface({ input: stdin, output: stderr, terminal: isInteractive({ stdin }) });
  // In Node 20 a question does not settle if the terminal closes (nodejs/node#53497). Remove the signal once every supported
  // version of Node settles it.
  const closed = new AbortController();
  terminal.once('close', () => closed.abort());
  const answer = await terminal.question(messages.cli.yesOrNo(question), { signal: closed.signal }).catch(() => '');
  terminal.close();
  return /^\s*y(es)?\s*$/i.test(answer);
}
