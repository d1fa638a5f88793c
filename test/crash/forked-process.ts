import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { ServicesConfig } from '../../src/services.ts';
import { waitFor } from '../support/wait-for.ts';

export type ProcessRole = 'worker' | 'bot';

export interface OpenDetails {
  readonly config: ServicesConfig;
  readonly lockDurationMs: number;
  readonly role: ProcessRole;
}

export interface PressDetails {
  readonly ref: OperationRef;
  readonly by: string;
}

/** A step outside the queue `actions`: a cycle, the job or a button of a batch, what a pause waits for, or a button of a pause or an alert. */
export type ProcessStep =
  | { readonly kind: 'observe' | 'sweep' }
  | { readonly kind: 'run_batch'; readonly batch: string }
  | { readonly kind: 'confirm_batch' | 'go_on'; readonly batch: string; readonly by: string }
  | { readonly kind: 'keep_paused' | 'own_alerts'; readonly project: string; readonly by: string }
  /** Requests a pause when caught up with this id, and confirms it. */
  | { readonly kind: 'request_wait'; readonly ref: OperationRef; readonly by: string }
  /** The job of an operation, once. */
  | { readonly kind: 'execute'; readonly ref: OperationRef }
  | {
      readonly kind: 'decide_wait';
      readonly ref: OperationRef;
      readonly by: string;
      readonly event: 'pause_now' | 'cancel';
    }
  /** `expected`: the end of the pause that the button shows. */
  | {
      readonly kind: 'extend' | 'keep_beyond_end';
      readonly project: string;
      readonly by: string;
      readonly expected: number;
    };

/** A message to the process. */
export type ProcessCommand =
  | { readonly name: 'open'; readonly details: OpenDetails }
  | { readonly name: 'press'; readonly details: PressDetails }
  | { readonly name: 'step'; readonly step: ProcessStep }
  | { readonly name: 'close' };

/** A process of the bot that a crash test stops. */
export interface ForkedProcess {
  /** Opens the connections of the process, and starts its worker. */
  open(details: OpenDetails): Promise<void>;
  /** Starts to handle a press of OK, up to the job and the notification. */
  pressOk(details: PressDetails): void;
  /** Resolves when the press is handled. */
  waitForPress(): Promise<void>;
  /** Starts a step. */
  startStep(step: ProcessStep): void;
  /** Resolves when the step has ended. */
  waitForStep(): Promise<void>;
  /** Waits for the running jobs and stops the worker. */
  close(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Kills the process. May be called again. */
  kill(): Promise<void>;
}

const replySchema = z.object({ name: z.string(), error: z.string().optional() });
type Reply = z.infer<typeof replySchema>;

/** `folder` is the folder of `buildTestPrograms`. */
export async function startForkedProcess(folder: string): Promise<ForkedProcess> {
  const child = fork(join(folder, 'forked-process-main.js'), {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const replies: Reply[] = [];
  child.on('message', (message) => replies.push(replySchema.parse(message)));
  const waitForReply = async (name: string) => {
    const description = `the reply ${name} of the process`;
    const reply = await waitFor(() => replies.find((one) => one.name === name), { description });
    if (reply.error !== undefined) throw new Error(`${name} failed in the process: ${reply.error}`);
  };
  const send = (command: ProcessCommand) => void child.send(command);
  await waitForReply('loaded');
  return {
    async open(details) {
      send({ name: 'open', details });
      await waitForReply('open');
    },
    pressOk: (details) => send({ name: 'press', details }),
    waitForPress: () => waitForReply('press'),
    startStep: (step) => send({ name: 'step', step }),
    waitForStep: () => waitForReply('step'),
    async close() {
      send({ name: 'close' });
      await waitForReply('close');
    },
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
