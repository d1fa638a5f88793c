import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Policy } from '../../src/domain/authorization.ts';
import type { ServicesConfig, ServicesOverrides } from '../../src/services.ts';
import type { SlackAppOptions } from '../../src/slack/app.ts';

/** Plain data: the process receives it as JSON. */
export interface SyncbotProcessOptions {
  readonly config: ServicesConfig;
  readonly overrides: Pick<ServicesOverrides, 'sweepIntervalMs' | 'lockDurationMs'>;
  /** How far the clock of the process is ahead, ms. */
  readonly clockOffsetMs?: number;
  /** Only for a bot. */
  readonly slack?: Pick<SlackAppOptions, 'botToken' | 'transport' | 'apiUrl' | 'command'> & { readonly policy: Policy };
}

/** A bot or a worker in its own process, which a test may kill or suspend. */
export interface SyncbotProcess extends AsyncDisposable {
  readonly pid: number;
  /** In epoch ms. */
  readonly startedAt: number;
  readonly exited: Promise<unknown>;
  kill(signal: NodeJS.Signals): void;
  /** Returns stderr and the exit code if the process exited by itself, else null. */
  failureOutput(): string | null;
  /** Returns its memory after a garbage collection, in bytes. */
  memory(): Promise<{ readonly heapUsed: number; readonly rss: number }>;
}

/** The process exits with this code if Redis is down at its start. */
export const redisUnavailableExitCode = 4;
const maxStartAttempts = 10;

/** Starts a process and waits until it is ready. Starts it again while Redis is down. `buildFolder`: `buildTestPrograms`. */
export async function startSyncbotProcess(
  buildFolder: string,
  role: 'bot' | 'worker',
  options: SyncbotProcessOptions,
): Promise<SyncbotProcess> {
  const program = join(buildFolder, 'syncbot-process-main.js');
  for (let attempt = 1; ; attempt++) {
    const child = spawnSyncbotProcess([program, role, JSON.stringify(options)]);
    if (await child.started) return child;
    if (child.exitCode() !== redisUnavailableExitCode || attempt === maxStartAttempts) {
      throw new Error(`the ${role} exited at its start: ${child.failureOutput()}`);
    }
  }
}

function spawnSyncbotProcess(args: readonly string[]) {
  const startedAt = Date.now();
  const child = spawn(process.execPath, ['--expose-gc', ...args], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let stderr = '';
  let hasExited = false;
  let wasKilled = false;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = once(child, 'close').then(() => {
    hasExited = true;
  });
  const kill = (signal: NodeJS.Signals) => {
    wasKilled ||= signal === 'SIGKILL';
    child.kill(signal);
  };
  return {
    startedAt,
    /** Resolves with false if the process exits before it is ready. */
    started: Promise.race([waitForMessage(child, 'ready').then(() => true), exited.then(() => false)]),
    exited,
    kill,
    pid: child.pid ?? 0,
    exitCode: () => child.exitCode,
    failureOutput: () => (hasExited && !wasKilled ? `${stderr} (exit code ${child.exitCode})` : null),
    async memory() {
      const memoryMessage = waitForMessage(child, 'memory');
      child.send('memory');
      const exitedEarly = exited.then((): never => {
        throw new Error(`the process has exited: ${stderr}`);
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

async function waitForMessage(child: ChildProcess, kind: string): Promise<Record<string, unknown>> {
  for (;;) {
    const [message] = (await once(child, 'message')) as [Record<string, unknown>];
    if (message['kind'] === kind) return message;
  }
}
