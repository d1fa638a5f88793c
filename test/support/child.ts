import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { CoreConfig, CoreOverrides } from '../../src/core.ts';
import type { SlackAppOptions } from '../../src/slack/slack-app.ts';

/** What a process is told at its start: plain data. */
export interface ChildGiven {
  readonly config: CoreConfig;
  readonly overrides: Pick<CoreOverrides, 'sweepEveryMs' | 'lockMs'>;
  readonly slack?: Pick<SlackAppOptions, 'tokens' | 'apiUrl' | 'command' | 'policy' | 'showErrors'>;
}

/** A bot or a worker in a process of its own, which a test may kill. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  readonly startedAt: number;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<unknown>;
  /** Its memory after a collection, bytes. */
  memory(): Promise<{ readonly heapUsed: number; readonly rss: number }>;
}

const program = new URL('process-program.mjs', import.meta.url).pathname;

/** Starts a process of the compiled sources and waits until it works. Throws what it said when it ends before. */
export async function startChild(folder: string, role: 'bot' | 'worker', given: ChildGiven): Promise<Child> {
  const startedAt = Date.now();
  const process = spawn(globalThis.process.execPath, ['--expose-gc', program, folder, role, JSON.stringify(given)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  process.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const exited = once(process, 'close');
  const early = exited.then(() => {
    throw new Error(`the ${role} ended: ${said}`);
  });
  await Promise.race([message(process, 'ready'), early]);
  early.catch(() => {});
  return {
    pid: process.pid ?? 0,
    startedAt,
    kill: (signal) => void process.kill(signal),
    exited,
    async memory() {
      const answer = message(process, 'memory');
      process.send('memory');
      const { heapUsed, rss } = await Promise.race([answer, early]);
      return { heapUsed: Number(heapUsed), rss: Number(rss) };
    },
    async [Symbol.asyncDispose]() {
      process.kill('SIGCONT');
      process.kill('SIGKILL');
      await exited;
    },
  };
}

async function message(process: ChildProcess, kind: string): Promise<Record<string, unknown>> {
  for (;;) {
    const [said] = (await once(process, 'message')) as [Record<string, unknown>];
    if (said['kind'] === kind) return said;
  }
}
