import { fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { ServicesConfig } from '../../src/services.ts';
import { waitFor } from '../support/wait-for.ts';

/** A process of the bot, to be stopped. */
export interface SubjectProcess {
  /** Opens its connections, and begins to work if it is to. */
  open(details: {
    readonly config: ServicesConfig;
    readonly lockDurationMs: number;
    readonly works: boolean;
  }): Promise<void>;
  /** Begins to handle the press of OK, from settling to telling. */
  pressOk(details: { readonly ref: OperationRef; readonly by: string }): void;
  /** Resolves when that is handled. */
  waitForPress(): Promise<void>;
  /** Finishes what it is about. */
  close(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it whatever it does; may be called again. */
  kill(): Promise<void>;
}

const replySchema = z.object({ name: z.string(), failed: z.string().optional() });
type Reply = z.infer<typeof replySchema>;

export async function startSubjectProcess(folder: string): Promise<SubjectProcess> {
  const child = fork(new URL('victim.mjs', import.meta.url), {
    env: { ...process.env, BUILT: folder },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const replies: Reply[] = [];
  child.on('message', (message) => replies.push(replySchema.parse(message)));
  const waitForReply = async (name: string) => {
    const reply = await waitFor(() => replies.find((one) => one.name === name), { description: `the victim: ${name}` });
    if (reply.failed !== undefined) throw new Error(`the victim: ${name}: ${reply.failed}`);
  };
  const sendCommand = async (name: string, details: object) => {
    child.send({ name, details });
    await waitForReply(name);
  };
  await waitForReply('loaded');
  return {
    open: (details) => sendCommand('open', details),
    pressOk: (details) => void child.send({ name: 'press', details }),
    waitForPress: () => waitForReply('press'),
    close: () => sendCommand('close', {}),
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
