import { randomBytes } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test, vi } from 'vitest';
import { actionIds } from '../../src/slack/action-ids.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { type RunningApp, runApp } from '../metrics/running-app.ts';
import { keys } from '../support/keys.ts';
import { makeDefinition } from '../support/project-definition.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { waitFor } from '../support/wait-for.ts';

const alice = { user: 'U0ALICE', channel: 'C0SYNC' };
const password = 'hush-password';
const payload = 'hush-payload of bob.smith@example.co.uk';

/** Starts a link whose tasks fail with errors that contain their payload. */
async function startFailingLink(port: number, name: string): Promise<AsyncDisposable> {
  const connection = new Redis({ port, password, maxRetriesPerRequest: null });
  const queue = new Queue(name, { connection });
  const failTask = async (job: { data: unknown }) =>
    Promise.reject(new Error(`row ${JSON.stringify(job.data)} refused`));
  const worker = new Worker(name, failTask, { connection });
  connection.on('error', () => {});
  queue.on('error', () => {});
  worker.on('error', () => {});
  await queue.add('row', { payload });
  return {
    async [Symbol.asyncDispose]() {
      await worker.close(true);
      await queue.close();
      connection.disconnect();
    },
  };
}

/** Adds a job with unknown fields to the bot's queue, and a job whose operation record is invalid. */
async function addInvalidJobs(port: number): Promise<void> {
  const connection = new Redis({ port, password });
  const queue = new Queue('actions', { connection, prefix: keys.queuePrefix });
  await connection.hset('syncbot:{p:orders}:op:odd', {
    id: 'odd',
    state: 'confirmed',
    by: payload,
    dialog: `{"url":"${payload}`,
  });
  await queue.add('execute', { project: 'orders', operation: 'odd' });
  await queue.add('execute', { project: payload, password });
  await queue.close();
  connection.disconnect();
}

const waitForLog = (app: RunningApp, message: string) =>
  waitFor(() => app.logLines.some(({ msg }) => msg === message), { description: message });

test('The log at the level trace contains no secret after faults of links, jobs, Slack and Redis.', async () => {
  // Checked at the end of the test, because libraries may also print while they are closed.
  const printed = vi.spyOn(console, 'error');
  onTestFinished(() => expect(printed.mock.calls).toEqual([]));
  const secret = randomBytes(8).toString('hex');
  await using slack = await FakeSlack.start({ botToken: `xoxb-${secret}`, appToken: `xapp-1-${secret}` });
  const server = await startTestRedis({ args: ['--requirepass', password] });
  const redisUrl = `redis://:${password}@127.0.0.1:${server.port}`;
  await using app = await runApp({ role: 'all', redisUrl, slack });
  await app.waitForReadiness({ redis: 'ready', slack: 'ready', workers: 'ready' });
  const link = { queue: 'orders', connection: 'default', prefix: 'bull' };
  const definition = makeDefinition('orders', { links: [link], channel: 'C0SYNC' });
  await app.app.useCaseContext.projects.save(definition, { state: 'running', watermarks: {} }, 'cli:test');

  {
    await using _link = await startFailingLink(server.port, 'orders');
    await waitForLog(app, 'project failed');
    await addInvalidJobs(server.port);
    await waitForLog(app, 'job attempt failed');
    await waitForLog(app, 'unknown job dropped');
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 1, times: 2 });
    slack.injectFault({ method: 'response_url', dropReply: true });
    slack.injectFault({ method: 'response_url', error: 'used_url' });
    slack.command({ ...alice, text: 'restore orders' });
    slack.command({ ...alice, text: `pause ${payload}` });
    slack.command({ ...alice, text: 'history orders' });
    slack.pressForged({ ...alice, actionId: actionIds.ok, value: payload });
    await waitForLog(app, 'operation requested');
  }
  slack.injectFault({ method: 'apps.connections.open', status: 500, times: 2 });
  slack.terminateSocket();
  await waitForLog(app, 'Slack connection not back yet');
  await app.waitForReadiness({ redis: 'ready', slack: 'ready', workers: 'ready' });
  server.kill('SIGKILL');
  await server.exited;
  await app.waitForReadiness({ redis: 'does not answer', slack: 'ready', workers: 'ready' });
  slack.command({ ...alice, text: 'list' });
  await waitForLog(app, 'not done: Redis did not answer');
  await using _serverWithOtherPassword = await startTestRedis({
    port: server.port,
    args: ['--requirepass', 'another'],
  });
  await waitFor(() => app.logText().includes('WRONGPASS'));
  await app.stop();

  const text = app.logText();
  const urls = slack.callsTo('response_url').map(({ args }) => String(args['url']));
  expect(urls.length).toBeGreaterThan(0);
  for (const url of [...urls, ...urls.map((responseUrl) => new URL(responseUrl).pathname)])
    expect(text).not.toContain(url);
  for (const fragment of [
    secret,
    'hush',
    'bob.smith',
    '127.0.0.1',
    'redis://',
    'http://',
    'https://',
    `:${server.port}`,
  ]) {
    expect(text).not.toContain(fragment);
  }
  expect(text).not.toMatch(/\d{9,}\.\d{9,}\./);
});
