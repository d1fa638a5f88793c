import { createInterface } from 'node:readline';
import { unchanged } from '../domain/words.ts';
import type { Shell } from './context.ts';
import type { Told } from './say.ts';

/** Whether somebody can be asked. */
export function canAsk({ stdin }: Pick<Shell, 'stdin'>): boolean {
  return stdin.isTTY === true;
}

export const nobodyToAsk: Told = {
  code: 'usage',
  message: `Nobody can be asked here and --yes is not given. ${unchanged}`,
};

/** Asks on the terminal (stderr, since stdout may be a pipe). Yes is `y` or `yes`; Ctrl-C and the end of input are a no. */
export async function askYesNo({ stdin, stderr }: Pick<Shell, 'stdin' | 'stderr'>, question: string): Promise<boolean> {
  const terminal = createInterface({ input: stdin, output: stderr, terminal: stdin.isTTY === true });
  const answer = await new Promise<string>((resolve) => {
    terminal.once('close', () => resolve(''));
    terminal.once('SIGINT', () => terminal.close());
    terminal.question(`${question} [y/N] `, resolve);
  });
  terminal.close();
  return /^\s*y(es)?\s*$/i.test(answer);
}
