import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServicesConfig, ServicesOverrides } from '../../src/services.ts';
import type { SlackAppOptions } from '../../src/slack/app.ts';

/** What a process is told at its start: plain data. */
export interface SyncbotProcessOptions {
  readonly config: ServicesConfig;
  readonly overrides: Pick<ServicesOverrides, 'sweepIntervalMs' | 'lockDurationMs'>;
  readonly slack?: Pick<SlackAppOptions, 'botToken' | 'transport' | 'apiUrl' | 'command' | 'policy' | 'showErrors'>;
}

/** A bot or a worker in a process of its own, which a test may kill. */
export interface SyncbotProcess extends AsyncDisposable {
  readonly pid: number;
  readonly startedAt: number;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<unknown>;
  /** What it said at its end, when nobody killed it; null: it lives, or was killed. */
  failureOutput(): string | null;
  /** Its memory after a collection, bytes. */
  memory(): Promise<{ readonly heapUsed: number; readonly rss: number }>;
}

const program = new URL('syncbot-process-main.mjs', import.meta.url).pathname;

/** Ends at its start, which is nobody's fault: Redis was away. */
const startFailedExitCode = 4;

/** Starts a process of the compiled sources and waits until it works; starts it again while Redis is away. */
export async function startSyncbotProcess(
  buildFolder: string,
  role: 'bot' | 'worker',
  options: SyncbotProcessOptions,
): Promise<SyncbotProcess> {
  for (let attempt = 1; ; attempt++) {
    const child = spawnSyncbotProcess(buildFolder, role, options);
    if (await child.begun) return child;
    if (child.exitCode() !== startFailedExitCode || attempt === 10) {
      throw new Error(`the ${role} ended at its start: ${child.failureOutput()}`);
    }
  }
}

function spawnSyncbotProcess(buildFolder: string, role: string, options: SyncbotProcessOptions) {
  const startedAt = Date.now();
  const process = spawn(
    globalThis.process.execPath,
    ['--expose-gc', program, buildFolder, role, JSON.stringify(options)],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    },
  );
  let stderr = '';
  let hasExited = false;
  let wasKilled = false;
  process.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = once(process, 'close').then(() => {
    hasExited = true;
  });
  const ready = Promise.race([waitForMessage(process, 'ready').then(() => true), exited.then(() => false)]);
  const kill = (signal: NodeJS.Signals) => {
    wasKilled ||= signal === 'SIGKILL';
    process.kill(signal);
  };
  return {
    startedAt,
    begun: ready,
    kill,
    exited,
    pid: process.pid ?? 0,
    exitCode: () => process.exitCode,
    failureOutput: () => (hasExited && !wasKilled ? `${stderr} (exit code ${process.exitCode})` : null),
    async memory() {
      const memoryMessage = waitForMessage(process, 'memory');
      process.send('memory');
      const exitedEarly = exited.then((): never => {
        throw new Error(`the ${role} has ended: ${stderr}`);
      });
      const { heapUsed, rss } = await Promise.race([memoryMessage, exitedEarly]);
      return { heapUsed: Number(heapUsed), rss: Number(rss) };
    },
    async [Symbol.asyncDispose]() {
      kill('SIGCONT');
      kill('SIGKILL');
      await exited;
    },
  };
}

async function waitForMessage(process: ChildProcess, kind: string): Promise<Record<string, unknown>> {
  for (;;) {
    const [received] = (await once(process, 'message')) as [Record<string, unknown>];
    if (received['kind'] === kind) return received;
  }
}
