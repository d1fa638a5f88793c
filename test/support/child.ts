import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { CoreConfig, CoreOverrides } from '../../src/core.ts';
import type { SlackAppOptions } from '../../src/slack/slack-app.ts';

/** What a process is told at its start: plain data. */
export interface ChildGiven {
  readonly config: CoreConfig;
  readonly overrides: Pick<CoreOverrides, 'sweepEveryMs' | 'lockMs'>;
  readonly slack?: Pick<SlackAppOptions, 'botToken' | 'way' | 'apiUrl' | 'command' | 'policy' | 'showErrors'>;
}

/** A bot or a worker in a process of its own, which a test may kill. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  readonly startedAt: number;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<unknown>;
  /** What it said at its end, when nobody killed it; null: it lives, or was killed. */
  lastWords(): string | null;
  /** Its memory after a collection, bytes. */
  memory(): Promise<{ readonly heapUsed: number; readonly rss: number }>;
}

const program = new URL('process-program.mjs', import.meta.url).pathname;

/** Ends at its start, which is nobody's fault: Redis was away. */
const couldNotStart = 4;

/** Starts a process of the compiled sources and waits until it works; starts it again while Redis is away. */
export async function startChild(folder: string, role: 'bot' | 'worker', given: ChildGiven): Promise<Child> {
  for (let attempt = 1; ; attempt++) {
    const child = spawnChild(folder, role, given);
    if (await child.begun) return child;
    if (child.exitCode() !== couldNotStart || attempt === 10) {
      throw new Error(`the ${role} ended at its start: ${child.lastWords()}`);
    }
  }
}

function spawnChild(folder: string, role: string, given: ChildGiven) {
  const startedAt = Date.now();
  const process = spawn(globalThis.process.execPath, ['--expose-gc', program, folder, role, JSON.stringify(given)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  let ended = false;
  let killed = false;
  process.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const exited = once(process, 'close').then(() => {
    ended = true;
  });
  const begun = Promise.race([message(process, 'ready').then(() => true), exited.then(() => false)]);
  const kill = (signal: NodeJS.Signals) => {
    killed ||= signal === 'SIGKILL';
    process.kill(signal);
  };
  return {
    startedAt,
    begun,
    kill,
    exited,
    pid: process.pid ?? 0,
    exitCode: () => process.exitCode,
    lastWords: () => (ended && !killed ? `${said} (exit code ${process.exitCode})` : null),
    async memory() {
      const answer = message(process, 'memory');
      process.send('memory');
      const gone = exited.then((): never => {
        throw new Error(`the ${role} has ended: ${said}`);
      });
      const { heapUsed, rss } = await Promise.race([answer, gone]);
      return { heapUsed: Number(heapUsed), rss: Number(rss) };
    },
    async [Symbol.asyncDispose]() {
      kill('SIGCONT');
      kill('SIGKILL');
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
