import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../test/support/wait-for.ts';

/** The folder with the compiled sources. scripts/bench.mjs removes it at the end of the run. */
export const buildFolder = fileURLToPath(new URL('..', import.meta.url));

/** A program of the build in its own process. It always ends with this process. */
export interface BenchProgram extends AsyncDisposable {
  /** Returns its memory after a garbage collection, and the peak since its start. */
  memory(): Promise<Memory>;
}

/** In bytes. */
export interface Memory {
  readonly heapUsed: number;
  readonly rss: number;
  readonly peakRss: number;
}

export interface SyncbotOptions {
  readonly role: 'bot' | 'worker';
  readonly env: Readonly<Record<string, string>>;
}

/** Starts `syncbot run` like a deployed process, with its log in a file. Resolves when the role runs. */
export async function startSyncbot({ role, env }: SyncbotOptions): Promise<BenchProgram> {
  const { program, log } = spawnProgram('src/main.js', ['run', '--role', role], env);
  await waitFor(() => readFileSync(log, 'utf8').includes('"msg":"running"'), {
    description: `the ${role} to run`,
    timeoutMs: 120_000,
  });
  return toBenchProgram(program);
}

/** Starts a program of `bench/programs`. Resolves with its first message, which reports that it is ready. */
export async function startProgram(
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<BenchProgram & { readonly readyMessage: unknown }> {
  const { program } = spawnProgram(`bench/programs/${name}.js`, [], env);
  const messages: unknown[] = [];
  program.once('message', (message) => messages.push(message));
  await waitFor(() => messages.length > 0, { description: `${name} to be ready` });
  return { ...toBenchProgram(program), readyMessage: messages[0] };
}

const runningPrograms = new Set<ChildProcess>();
let programCount = 0;
process.on('exit', () => {
  for (const program of runningPrograms) program.kill('SIGKILL');
});

/** A measured program exited too early, so its numbers are invalid. */
class ProgramExitedError extends Error {
  override readonly name = 'ProgramExitedError';

  constructor(file: string, log: string) {
    super(`${file} has exited: ${readFileSync(log, 'utf8').slice(-2_000)}`);
  }
}

function spawnProgram(file: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const log = join(buildFolder, `${++programCount}.log`);
  const logFile = openSync(log, 'w');
  const probeUrl = new URL('programs/memory-probe.js', import.meta.url).href;
  const program = spawn(process.execPath, ['--expose-gc', '--import', probeUrl, join(buildFolder, file), ...args], {
    env: { ...env },
    stdio: ['ignore', logFile, logFile, 'ipc'],
  });
  closeSync(logFile);
  runningPrograms.add(program);
  program.once('exit', () => {
    if (runningPrograms.delete(program)) throw new ProgramExitedError(file, log);
  });
  return { program, log };
}

function toBenchProgram(program: ChildProcess): BenchProgram {
  return {
    async memory() {
      program.send('memory');
      const [memory] = await once(program, 'message');
      return memory as Memory;
    },
    async [Symbol.asyncDispose]() {
      if (!runningPrograms.delete(program)) return;
      const exited = once(program, 'exit');
      program.kill('SIGKILL');
      await exited;
    },
  };
}
