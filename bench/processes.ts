import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../test/support/wait.ts';

/** Where the compiled sources lie; it is removed at the end of the run. */
export const folder = fileURLToPath(new URL('..', import.meta.url));

/** A program of the build in a process of its own. It ends with this one, whatever happens. */
export interface Program extends AsyncDisposable {
  /** Its memory after a collection, and the most that it ever took, bytes. */
  memory(): Promise<Memory>;
}

export interface Memory {
  readonly heapUsed: number;
  readonly rss: number;
  readonly peakRss: number;
}

export interface Running {
  readonly role: 'bot' | 'worker';
  readonly env: Readonly<Record<string, string>>;
}

/** `syncbot run`, as it is deployed, with its log in a file. Resolves when it says that it runs. */
export async function startSyncbot({ role, env }: Running): Promise<Program> {
  const { program, log } = start('src/main.js', ['run', '--role', role], env);
  await waitFor(() => readFileSync(log, 'utf8').includes('"msg":"running"'), {
    describe: `the ${role} to run`,
    timeoutMs: 120_000,
  });
  return started(program);
}

/** One of `bench/programs`. Resolves when it says that it is ready; `told` is what it says then. */
export async function startProgram(
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<Program & { readonly told: unknown }> {
  const { program } = start(`bench/programs/${name}.js`, [], env);
  const said: unknown[] = [];
  program.once('message', (message) => said.push(message));
  await waitFor(() => said.length > 0, { describe: `${name} to be ready` });
  return { ...started(program), told: said[0] };
}

const living = new Set<ChildProcess>();
let count = 0;
process.on('exit', () => {
  for (const program of living) program.kill('SIGKILL');
});

/** Nothing that is measured without it means anything. */
class ProgramEnded extends Error {
  override readonly name = 'ProgramEnded';

  constructor(file: string, log: string) {
    super(`${file} has ended: ${readFileSync(log, 'utf8').slice(-2_000)}`);
  }
}

function start(file: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const log = join(folder, `${++count}.log`);
  const written = openSync(log, 'w');
  const probe = new URL('programs/probe.js', import.meta.url).href;
  const program = spawn(process.execPath, ['--expose-gc', '--import', probe, join(folder, file), ...args], {
    env: { ...env },
    stdio: ['ignore', written, written, 'ipc'],
  });
  closeSync(written);
  living.add(program);
  program.once('exit', () => {
    if (living.delete(program)) throw new ProgramEnded(file, log);
  });
  return { program, log };
}

function started(program: ChildProcess): Program {
  return {
    async memory() {
      program.send('memory');
      const [memory] = await once(program, 'message');
      return memory as Memory;
    },
    async [Symbol.asyncDispose]() {
      if (!living.delete(program)) return;
      const ended = once(program, 'exit');
      program.kill('SIGKILL');
      await ended;
    },
  };
}
