import { fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import type { CoreConfig } from '../../src/core.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { waitFor } from '../support/wait.ts';

/** A process of the bot, to be stopped. */
export interface Victim {
  /** Opens its connections, and begins to work if it is to. */
  open(details: { readonly config: CoreConfig; readonly lockMs: number; readonly works: boolean }): Promise<void>;
  /** Begins to handle the press of OK, from settling to telling. */
  press(details: { readonly ref: OperationRef; readonly by: string }): void;
  /** Resolves when that is handled. */
  pressed(): Promise<void>;
  /** Finishes what it is about. */
  close(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it whatever it does; may be called again. */
  kill(): Promise<void>;
}

const answerSchema = z.object({ name: z.string(), failed: z.string().optional() });
type Answer = z.infer<typeof answerSchema>;

export async function startVictim(folder: string): Promise<Victim> {
  const child = fork(new URL('victim.mjs', import.meta.url), {
    env: { ...process.env, BUILT: folder },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const answers: Answer[] = [];
  child.on('message', (message) => answers.push(answerSchema.parse(message)));
  const answered = async (name: string) => {
    const answer = await waitFor(() => answers.find((one) => one.name === name), { describe: `the victim: ${name}` });
    if (answer.failed !== undefined) throw new Error(`the victim: ${name}: ${answer.failed}`);
  };
  const order = async (name: string, details: object) => {
    child.send({ name, details });
    await answered(name);
  };
  await answered('loaded');
  return {
    open: (details) => order('open', details),
    press: (details) => void child.send({ name: 'press', details }),
    pressed: () => answered('press'),
    close: () => order('close', {}),
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
