import { fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { ServicesConfig } from '../../src/services.ts';
import { waitFor } from '../support/wait-for.ts';

/** The process under test: a worker or a bot that a test kills or suspends. */
export interface SubjectProcess {
  /** Opens its connections. Starts a worker if `works`. */
  open(details: {
    readonly config: ServicesConfig;
    readonly lockDurationMs: number;
    readonly works: boolean;
  }): Promise<void>;
  /** Handles a press of OK: resolves the operation, adds its job and its notification. Does not wait for it. */
  pressOk(details: { readonly ref: OperationRef; readonly by: string }): void;
  /** Resolves when the press has been handled. */
  waitForPress(): Promise<void>;
  /** Waits for the jobs under way, as at an orderly stop. */
  close(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Kills the process. May be called again. */
  kill(): Promise<void>;
}

const replySchema = z.object({ name: z.string(), error: z.string().optional() });
type Reply = z.infer<typeof replySchema>;

export async function startSubjectProcess(folder: string): Promise<SubjectProcess> {
  const child = fork(new URL('subject-process-main.mjs', import.meta.url), {
    env: { ...process.env, BUILT: folder },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const replies: Reply[] = [];
  child.on('message', (message) => replies.push(replySchema.parse(message)));
  const waitForReply = async (name: string) => {
    const reply = await waitFor(() => replies.find((one) => one.name === name), {
      description: `reply of the process: ${name}`,
    });
    if (reply.error !== undefined) throw new Error(`${name} failed in the process: ${reply.error}`);
  };
  const sendCommand = async (name: string, details: object) => {
    child.send({ name, details });
    await waitForReply(name);
  };
  await waitForReply('loaded');
  return {
    open: (details) => sendCommand('open', details),
    pressOk: (details) => void child.send({ name: 'pressOk', details }),
    waitForPress: () => waitForReply('pressOk'),
    close: () => sendCommand('close', {}),
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
