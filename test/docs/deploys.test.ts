import { EventEmitter, once } from 'node:events';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { blocksOf, readPage } from './pages.ts';
import { type ShellFixture, startShellFixture } from './shell-fixture.ts';

/** Two projects, one with a link whose task ends when the test says so. */
const config = `projects:
  orders: { adopt: true, labels: [prod], links: [{ queue: orders-full }] }
  users: { adopt: true, labels: [prod], links: [{ queue: users }] }
`;
/** What the script of the page deploys: it records the states during the deploy. */
const deploy = '#!/bin/sh\nsyncbot list --json > seen.json\nexit "$1"\n';

let shell: ShellFixture;
let redis: Redis;
let queue: Queue;
let worker: Worker;
const tasks = new EventEmitter();

beforeAll(async () => {
  shell = await startShellFixture();
  redis = new Redis(shell.redisUrl, { maxRetriesPerRequest: null });
  queue = new Queue('users', { connection: redis });
  const processor = async () => {
    tasks.emit('started');
    await once(tasks, 'end');
  };
  worker = new Worker('users', processor, { connection: redis });
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  await shell.write('.env', `REDIS_URL=${shell.redisUrl}\n`);
  await shell.write('syncbot.yml', config);
  await shell.write('deploy.sh', blocksOf(readPage('docs/deploys.md'), 'bash')[0]?.text ?? '');
  await shell.write('migrate.sh', deploy);
  expect(await shell.run('syncbot apply --yes')).toMatchObject({ code: 0 });
  await shell.start('syncbot run --role worker');
});
afterAll(async () => {
  tasks.emit('end');
  await worker.close();
  await queue.close();
  redis.disconnect();
  await shell[Symbol.asyncDispose]();
});

async function startTask(): Promise<void> {
  const started = once(tasks, 'started');
  await queue.add('task', {});
  await started;
}

/** The states of the projects now, or during the deploy. Null if it has not run. */
async function readStates(command: string): Promise<Record<string, string> | null> {
  const { stdout } = await shell.run(command);
  if (stdout === '') return null;
  const projects = JSON.parse(stdout) as { readonly id: string; readonly state: string }[];
  return Object.fromEntries(projects.map(({ id, state }) => [id, state]));
}
const statesNow = () => readStates('syncbot list --json');
const statesDuringDeploy = () => readStates('cat seen.json');
const [running, paused] = [
  { orders: 'running', users: 'running' },
  { orders: 'paused', users: 'paused' },
];

it('A deploy runs when no task is in flight, and the projects are restored.', async () => {
  await startTask();
  const deployed = shell.run('bash deploy.sh label:prod sh migrate.sh 0');
  await waitFor(() => queue.isPaused());
  expect(await statesDuringDeploy()).toBeNull();
  tasks.emit('end');
  expect(await deployed).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/"reached":true[\s\S]*\nCaught up: /),
  });
  expect(await statesDuringDeploy()).toEqual(paused);
  expect(await statesNow()).toEqual(running);
  await shell.run('rm seen.json');
});

it('A deploy that fails keeps its exit code, and the projects are restored.', async () => {
  expect(await shell.run('bash deploy.sh label:prod sh migrate.sh 7')).toMatchObject({ code: 7 });
  expect(await statesDuringDeploy()).toEqual(paused);
  expect(await statesNow()).toEqual(running);
  await shell.run('rm seen.json');
});

it('A deploy does not run when the time is over, and the projects are restored.', async () => {
  await startTask();
  const result = await shell.run('env QUIET_WITHIN=1s bash deploy.sh label:prod sh migrate.sh 0');
  expect(result).toMatchObject({ code: 3, stderr: expect.stringContaining('1 task in flight on users') });
  expect(await statesDuringDeploy()).toBeNull();
  expect(await statesNow()).toEqual(running);
  tasks.emit('end');
});

it('A deploy restores only what it has paused.', async () => {
  await shell.run('syncbot pause users --yes');
  expect(await shell.run('bash deploy.sh label:prod sh migrate.sh 0')).toMatchObject({ code: 0 });
  expect(await statesDuringDeploy()).toEqual(paused);
  expect(await statesNow()).toEqual({ orders: 'running', users: 'paused' });
});
