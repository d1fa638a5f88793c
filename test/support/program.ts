import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { waitFor } from './wait.ts';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  /** What it has printed so far. */
  output(): string;
  /** What it has said on stderr so far. */
  errors(): string;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<Finished>;
}

/** Starts a program, keeps what it says, and gives it nothing to read. */
export function startProgram(command: string, args: readonly string[], options: SpawnOptions = {}): Running {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const exited = once(child, 'close').then(() => ({ code: child.exitCode, ...said }));
  return {
    pid: child.pid ?? 0,
    output: () => said.stdout,
    errors: () => said.stderr,
    kill: (signal) => void child.kill(signal),
    exited,
  };
}

/** Kills it at the end of the test if it still runs. */
export function endWithTest(program: Running): Running {
  onTestFinished(async () => {
    program.kill('SIGKILL');
    await program.exited;
  });
  return program;
}

/** Waits until it has printed or logged this; throws with all that it said when it ends before. */
export async function untilSaid(program: Running, text: string): Promise<void> {
  const isSaid = () => `${program.output()}${program.errors()}`.includes(text);
  let isOver = false;
  void program.exited.then(() => {
    isOver = true;
  });
  await waitFor(() => isSaid() || isOver, { describe: text, timeoutMs: 50_000 });
  if (!isSaid()) throw new Error(`it ended before it said ${text}: ${JSON.stringify(await program.exited)}`);
}
