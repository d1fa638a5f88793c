import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished as onCurrentTestFinished, type TestContext } from 'vitest';
import { waitFor } from './wait-for.ts';

export interface ProgramResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `stdout` and `stderr` return the output so far. */
export interface RunningProgram {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<ProgramResult>;
}

/** Starts a program without stdin and collects its output. */
export function startProgram(command: string, args: readonly string[], options: SpawnOptions = {}): RunningProgram {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const captured = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    captured.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    captured.stderr += text;
  });
  const exited = once(child, 'close').then(() => ({ code: child.exitCode, ...captured }));
  return {
    pid: child.pid ?? 0,
    stdout: () => captured.stdout,
    stderr: () => captured.stderr,
    kill: (signal) => void child.kill(signal),
    exited,
  };
}

/** Kills the program at the end of the test if it still runs. A concurrent test passes the function of its context. */
export function killAtTestEnd(
  program: RunningProgram,
  onTestFinished: TestContext['onTestFinished'] = onCurrentTestFinished,
): RunningProgram {
  onTestFinished(async () => {
    program.kill('SIGKILL');
    await program.exited;
  });
  return program;
}

/** Waits until stdout or stderr contains the text. Throws with the whole output if the program exits before. */
export async function waitForOutput(program: RunningProgram, text: string): Promise<void> {
  const hasPrinted = () => `${program.stdout()}${program.stderr()}`.includes(text);
  let hasExited = false;
  void program.exited.then(() => {
    hasExited = true;
  });
  await waitFor(() => hasPrinted() || hasExited, { description: text });
  if (!hasPrinted())
    throw new Error(`the program exited before it printed ${text}: ${JSON.stringify(await program.exited)}`);
}
