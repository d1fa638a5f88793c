import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { findFreePort } from '../../demo/free-port.ts';
import { socketModeEnv } from '../fake-slack/bot-env.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { type ProgramResult, type RunningProgram, startProgram, waitForOutput } from '../support/running-program.ts';
import { buildSyncbot } from '../support/syncbot-build.ts';
import { startTestRedis } from '../support/test-redis.ts';

/** A folder with a built checkout, a Redis with the queues of the pages, and a fake Slack. Commands run in that folder. */
export interface ShellFixture extends AsyncDisposable {
  readonly slack: FakeSlack;
  readonly redisUrl: string;
  /** Writes a file into the folder. */
  write(name: string, text: string): Promise<void>;
  /** Writes the values into `.env` that the page asks the reader to write. */
  fillEnv(): Promise<void>;
  /** Runs a command to its end. The ports of the pages are replaced by free ones. */
  run(command: string): Promise<ProgramResult>;
  /** Starts a command that runs until SIGTERM and waits until it logs `running`. It must end with exit code 0. */
  start(command: string, env?: Readonly<Record<string, string>>): Promise<void>;
  /** The free port that replaces a port of the pages. */
  port(named: DocumentedPort): string;
}

/** The ports of HTTP mode and of health and metrics. */
export type DocumentedPort = 3000 | 9090;

const root = new URL('../../', import.meta.url).pathname;

export async function startShellFixture(): Promise<ShellFixture> {
  const disposers: (() => PromiseLike<unknown>)[] = [];
  const track = <Resource extends AsyncDisposable>(resource: Resource): Resource => {
    disposers.push(() => resource[Symbol.asyncDispose]());
    return resource;
  };
  const syncbotBuild = track(await buildSyncbot());
  const redis = track(await startTestRedis({ args: ['--appendonly', 'yes'] }));
  const memberIds = ['U0ALICE', 'U0123ABCD', 'U0BOT'];
  const workspace = { users: [{ id: 'U0123ABCD' }], channels: [{ id: 'C0123ABCD', members: memberIds }] };
  const slack = track(await FakeSlack.start(workspace));
  track(await startQueues(redis.url));
  const { folder } = syncbotBuild;
  await copyFile(join(root, '.env.example'), join(folder, '.env.example'));
  await writeFile(join(folder, 'syncbot'), '#!/bin/sh\nexec node dist/main.js "$@"\n', { mode: 0o755 });
  const secrets = { ...socketModeEnv(slack), REDIS_URL: redis.url };
  const ports: Readonly<Record<DocumentedPort, string>> = {
    3000: String(await findFreePort('127.0.0.1')),
    9090: String(await findFreePort('127.0.0.1')),
  };
  const startInShell = (command: string, extraEnv: Readonly<Record<string, string>> = {}): RunningProgram => {
    // The secrets are in `.env` of this folder.
    const env = { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, ...extraEnv };
    const commandLine = command.replaceAll(
      /(127\.0\.0\.1:)(3000|9090)/g,
      (_all, host: string, port: '3000' | '9090') => `${host}${ports[port]}`,
    );
    return startProgram('sh', ['-c', `exec ${commandLine}`], { cwd: folder, env });
  };
  return {
    slack,
    redisUrl: redis.url,
    write: (name, text) => writeFile(join(folder, name), text),
    async fillEnv() {
      const file = join(folder, '.env');
      const keptLines = (await readFile(file, 'utf8'))
        .split('\n')
        .filter((line) => !/^SLACK_SIGNING_SECRET=/.test(line));
      const unfilledLines = keptLines.filter(
        (line) => !Object.keys(secrets).some((name) => line.startsWith(`${name}=`)),
      );
      const filledLines = Object.entries(secrets).map(([name, value]) => `${name}=${value}`);
      await writeFile(file, [...unfilledLines, ...filledLines].join('\n'));
    },
    run: (command) => startInShell(command).exited,
    port: (documentedPort) => ports[documentedPort],
    async start(command, env = {}) {
      const running = startInShell(command, env);
      disposers.push(async () => {
        running.kill('SIGTERM');
        expect(await running.exited, command).toMatchObject({ code: 0 });
      });
      await waitForOutput(running, '"msg":"running"');
    },
    async [Symbol.asyncDispose]() {
      for (const close of disposers.reverse()) await close();
    },
  };
}

/** Creates the queues of the pages and starts their workers. */
async function startQueues(url: string): Promise<AsyncDisposable> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const names = ['orders-full', 'orders-incr'];
  const queues = names.map((name) => new Queue(name, { connection }));
  const workers = names.map((name) => new Worker(name, async () => {}, { connection }).on('error', () => {}));
  await Promise.all([...queues, ...workers].map((one) => one.waitUntilReady()));
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([...workers, ...queues].map((one) => one.close()));
      connection.disconnect();
    },
  };
}
