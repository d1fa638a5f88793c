import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { runCliInProcess, writeConfigFile } from '../cli/cli-fixture.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { startTestServices } from '../support/test-services.ts';
import { runApp } from './running-app.ts';

const ready = { redis: 'ready', slack: 'ready', workers: 'ready' };

test('Readiness depends on Slack and Redis, health does not, and a scrape without Redis omits the job counts.', async () => {
  await using services = await startTestServices();
  await using slack = await FakeSlack.start();
  await using app = await runApp({ role: 'all', redisUrl: services.url, slack });
  await app.waitForReadiness(ready);
  expect(await app.get('/readyz')).toMatchObject({ status: 200 });
  expect((await app.scrape()).value('syncbot_slack_connected')).toBe(1);

  await slack.goDown();
  await app.waitForReadiness({ ...ready, slack: 'is not connected' });
  expect(await app.get('/readyz')).toMatchObject({ status: 503 });
  expect((await app.scrape()).value('syncbot_slack_connected')).toBe(0);
  await slack.recover();
  await app.waitForReadiness(ready);

  const before = await app.scrape();
  expect(before.value('syncbot_redis_up')).toBe(1);
  expect(before.samples.filter(({ name }) => name === 'syncbot_queue_jobs')).toHaveLength(18);
  for (const queue of ['actions', 'reconcile', 'batches', 'notifications', 'observe', 'sweep']) {
    expect(before.value('syncbot_queue_jobs', { queue, state: 'waiting' })).not.toBeNull();
  }
  const { port } = services.server();
  services.server().kill('SIGKILL');
  await services.server().exited;
  await app.waitForReadiness({ ...ready, redis: 'does not answer' });
  expect(await app.get('/healthz')).toMatchObject({ status: 200 });
  const during = await app.scrape();
  expect(during.value('syncbot_redis_up')).toBe(0);
  expect(during.samples.filter(({ name }) => name === 'syncbot_queue_jobs')).toEqual([]);
  expect((await app.get('/readyz')).text).not.toMatch(/127\.0\.0\.1|redis:\/\//);
  await using _again = await startTestRedis({ port });
  await app.waitForReadiness(ready);
});

test('The admin server answers while Redis hangs.', async () => {
  await using services = await startTestServices();
  await using app = await runApp({ role: 'worker', redisUrl: services.url });
  await app.waitForReadiness({ redis: 'ready', workers: 'ready' });
  services.server().kill('SIGSTOP');
  await app.waitForReadiness({ redis: 'does not answer', workers: 'ready' });
  expect((await app.scrape()).value('syncbot_redis_up')).toBe(0);
  services.server().kill('SIGCONT');
  await app.waitForReadiness({ redis: 'ready', workers: 'ready' });
});

test('A process that waits for Redis and Slack is healthy and not ready.', async () => {
  const stoppedRedis = await startTestRedis();
  await stoppedRedis.stop();
  await using slack = await FakeSlack.start();
  const outage = slack.injectFault({ method: 'auth.test', status: 503, times: 1_000 });
  await using app = await runApp({ role: 'all', redisUrl: stoppedRedis.url, slack });
  expect(await app.get('/healthz')).toMatchObject({ status: 200 });
  const { status, text } = await app.get('/readyz');
  expect(status).toBe(503);
  expect(JSON.parse(text).parts).toMatchObject({ redis: 'does not answer', slack: 'is not connected' });
  const scrape = await app.scrape();
  expect(scrape.value('syncbot_redis_up')).toBe(0);
  expect(scrape.value('syncbot_build_info', { version: '1.2.3', node_version: process.version, role: 'all' })).toBe(1);
  outage.cancel();
});

test('A stopping process is not ready at once, and answers until it has stopped.', async () => {
  await using services = await startTestServices();
  await using slack = await FakeSlack.start();
  const app = await runApp({ role: 'all', redisUrl: services.url, slack });
  try {
    await app.waitForReadiness(ready);
    const hangingCall = slack.injectFault({ method: 'response_url', hang: true, times: 9 });
    slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: 'help' });
    await hangingCall.firstHit;
    const stopped = app.stop();
    const { status, text } = await app.get('/readyz');
    expect([status, JSON.parse(text)]).toEqual([503, { ready: false, parts: { process: 'is stopping' } }]);
    expect(await app.get('/healthz')).toMatchObject({ status: 200 });
    hangingCall.release();
    await stopped;
    await expect(app.get('/healthz')).rejects.toThrow();
  } finally {
    await app[Symbol.asyncDispose]();
  }
});

test('A port that is in use is reported in one sentence with exit code 2.', async () => {
  await using services = await startTestServices();
  await using file = await writeConfigFile('projects: {}\n');
  const otherServer = createServer();
  const port = String(await listenOnFreePort(otherServer));
  onTestFinished(() => void otherServer.close());
  const env = { ...file.env, REDIS_URL: services.url, ADMIN_PORT: port };
  const result = await runCliInProcess(['run', '--role', 'worker'], { env, openApp: createApp });
  expect(result).toMatchObject({ exit: 2, out: '' });
  expect(result.err).toBe(`Port ${port} is taken: set ADMIN_PORT to another one, or leave it empty.\n`);
});

test('Only the command run opens the admin server.', async () => {
  await using services = await startTestServices();
  await using file = await writeConfigFile('projects: {}\n');
  const env = { ...file.env, REDIS_URL: services.url, ADMIN_PORT: '0', LOG_LEVEL: 'trace' };
  const result = await runCliInProcess(['list', '--json'], { env, openApp: createApp });
  expect(result).toMatchObject({ exit: 0, err: expect.not.stringContaining('served') });
});
