import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { messages } from '../../messages/catalog.ts';
import type { ProcessIo } from '../process-io.ts';

const texts = messages.init;

/** Asks questions, one after the other. */
export interface Terminal extends Disposable {
  print(text: string): void;
  /** Returns the answer without spaces around it. `isSecret`: it is not shown. Throws `StoppedError`. */
  ask(question: string, options?: { readonly isSecret?: boolean }): Promise<string>;
  /** Asks until the answer is yes, no or empty. An empty answer is `byDefault`. Throws `StoppedError`. */
  confirm(question: string, byDefault: boolean): Promise<boolean>;
  /** Waits for work between two questions. Throws `StoppedError`. */
  waitFor<T>(work: Promise<T>): Promise<T>;
}

/** The user pressed Ctrl-C, or the input ended. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

/**
 * Writes to stderr, because stdout can be a pipe. Shows what is typed only while a question that is not secret is open, so
 * neither a secret nor what is typed ahead of its question is shown.
 */
export function openTerminal({ stdin, stderr }: Pick<ProcessIo, 'stdin' | 'stderr'>): Terminal {
  let isShown = false;
  const output = new Writable({
    write: (chunk, _encoding, done) => {
      if (isShown) stderr.write(chunk);
      done();
    },
  });
  // Without a history the arrow keys cannot show a secret.
  const lines = createInterface({ input: stdin, output, terminal: true, historySize: 0 });
  const stopped = new AbortController();
  const closed = new Promise<never>((_resolve, reject) => {
    lines.once('close', () => {
      stopped.abort();
      reject(new StoppedError());
    });
  });
  closed.catch(() => {});
  const ifStopped = (error: unknown): never => {
    throw stopped.signal.aborted ? new StoppedError() : error;
  };
  const ask: Terminal['ask'] = async (question, { isSecret = false } = {}) => {
    // Ctrl-C came while no question was open. A closed interface would read stdin again.
    if (stopped.signal.aborted) throw new StoppedError();
    // Removes what was typed ahead.
    lines.write(null, { ctrl: true, name: 'u' });
    if (isSecret) stderr.write(question);
    isShown = !isSecret;
    // In Node 20 a question does not settle if the terminal closes (nodejs/node#53497), as in `prompt.ts`.
    const answer = await lines
      .question(isSecret ? '' : question, { signal: stopped.signal })
      .catch(ifStopped)
      .finally(() => {
        if (isSecret || stopped.signal.aborted) stderr.write('\n');
        isShown = false;
      });
    return answer.trim();
  };
  return {
    print: (text) => void stderr.write(`${text}\n`),
    ask,
    async confirm(question, byDefault) {
      for (;;) {
        const answer = await ask(texts.yesOrNo(question, byDefault));
        if (answer === '') return byDefault;
        if (/^(y|yes|n|no)$/i.test(answer)) return /^y/i.test(answer);
        stderr.write(`${texts.needsYesOrNo}\n`);
      }
    },
    waitFor: (work) => Promise.race([work, closed]),
    [Symbol.dispose]: () => lines.close(),
  };
}
