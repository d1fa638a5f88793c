import { createInterface } from 'node:readline';
import { messages } from '../messages/catalog.ts';
import type { ProcessIo } from './context.ts';
import type { CliError } from './output.ts';

/** Whether somebody can be asked. */
export function isInteractive({ stdin }: Pick<ProcessIo, 'stdin'>): boolean {
  return stdin.isTTY === true;
}

export const notInteractive: CliError = {
  code: 'usage',
  message: `Nobody can be asked here and --yes is not given. ${messages.nothingChanged}`,
};

/** Asks on the terminal (stderr, since stdout may be a pipe). Yes is `y` or `yes`; Ctrl-C and the end of input are a no. */
export async function promptYesNo(
  { stdin, stderr }: Pick<ProcessIo, 'stdin' | 'stderr'>,
  question: string,
): Promise<boolean> {
  const terminal = createInterface({ input: stdin, output: stderr, terminal: stdin.isTTY === true });
  const answer = await new Promise<string>((resolve) => {
    terminal.once('close', () => resolve(''));
    terminal.once('SIGINT', () => terminal.close());
    terminal.question(`${question} [y/N] `, resolve);
  });
  terminal.close();
  return /^\s*y(es)?\s*$/i.test(answer);
}
