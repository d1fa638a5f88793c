import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { freePort } from '../../src/demo/free-port.ts';
import { startRedisServer } from '../../src/demo/redis-server.ts';
import { build } from '../demo/demo-process.ts';
import { type Finished, type Running, startProgram, untilSaid } from '../support/program.ts';
import { socketEnv } from '../support/slack/env.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';

/** A folder as a checkout that was built, a Redis with the queues of the pages, and a Slack. Commands run in a shell in it. */
export interface ShellStage extends AsyncDisposable {
  readonly slack: StrictSlack;
  /** Writes a file of the checkout. */
  write(name: string, text: string): Promise<void>;
  /** Fills in what the page tells people to write into `.env`. */
  fillEnv(): Promise<void>;
  /** Runs a command to its end. The ports that the pages name are free ones here. */
  run(command: string): Promise<Finished>;
  /** Starts a command that runs until it is told to end, and waits until it says `running`. It must end well. */
  start(command: string, env?: Readonly<Record<string, string>>): Promise<void>;
  /** The port that stands for one of the pages. */
  port(named: NamedPort): string;
}

/** Where HTTP mode listens, and health and metrics. */
export type NamedPort = 3000 | 9090;

const root = new URL('../../', import.meta.url).pathname;

export async function openShellStage(): Promise<ShellStage> {
  const closing: (() => PromiseLike<unknown>)[] = [];
  const use = <Used extends AsyncDisposable>(used: Used): Used => {
    closing.push(() => used[Symbol.asyncDispose]());
    return used;
  };
  const built = use(await build());
  const redis = use(await startRedisServer({ args: ['--appendonly', 'yes'] }));
  const people = ['U0ALICE', 'U0123ABCD', 'U0BOT'];
  const directory = { users: [{ id: 'U0123ABCD' }], channels: [{ id: 'C0123ABCD', members: people }] };
  const slack = use(await StrictSlack.start(directory));
  use(await openQueues(redis.url));
  const { folder } = built;
  await copyFile(join(root, '.env.example'), join(folder, '.env.example'));
  await writeFile(join(folder, 'syncbot'), '#!/bin/sh\nexec node dist/main.js "$@"\n', { mode: 0o755 });
  const secrets = { ...socketEnv(slack), REDIS_URL: redis.url };
  const ports: Readonly<Record<NamedPort, string>> = {
    3000: String(await freePort('127.0.0.1')),
    9090: String(await freePort('127.0.0.1')),
  };
  const shell = (command: string, more: Readonly<Record<string, string>> = {}): Running => {
    const own = command.includes('--env-file') ? {} : secrets;
    const env = { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, ...own, ...more };
    const here = command.replaceAll(
      /(127\.0\.0\.1:)(3000|9090)/g,
      (_all, host: string, port: '3000' | '9090') => `${host}${ports[port]}`,
    );
    return startProgram('sh', ['-c', `exec ${here}`], { cwd: folder, env });
  };
  return {
    slack,
    write: (name, text) => writeFile(join(folder, name), text),
    async fillEnv() {
      const file = join(folder, '.env');
      const kept = (await readFile(file, 'utf8')).split('\n').filter((line) => !/^SLACK_SIGNING_SECRET=/.test(line));
      const left = kept.filter((line) => !Object.keys(secrets).some((name) => line.startsWith(`${name}=`)));
      const filled = Object.entries(secrets).map(([name, value]) => `${name}=${value}`);
      await writeFile(file, [...left, ...filled].join('\n'));
    },
    run: (command) => shell(command).exited,
    port: (named) => ports[named],
    async start(command, env = {}) {
      const running = shell(command, env);
      closing.push(async () => {
        running.kill('SIGTERM');
        expect(await running.exited, command).toMatchObject({ code: 0 });
      });
      await untilSaid(running, '"msg":"running"');
    },
    async [Symbol.asyncDispose]() {
      for (const close of closing.reverse()) await close();
    },
  };
}

/** The queues that the pages speak of, with their workers. */
async function openQueues(url: string): Promise<AsyncDisposable> {
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
