import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { openApp } from '../../src/app.ts';
import { startRedisServer } from '../../src/demo/redis-server.ts';
import { configFile, runHere } from '../cli/shell.ts';
import { listenHere } from '../support/listen.ts';
import { ownRedis } from '../support/redis.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { openWorld } from '../support/world.ts';
import { runApp } from './running.ts';

const ready = { redis: 'ready', slack: 'ready', workers: 'ready' };

test('readiness follows Slack and Redis; health does not; a scrape without Redis leaves out what it cannot know', async () => {
  await using world = await openWorld();
  await using slack = await StrictSlack.start();
  await using app = await runApp({ role: 'all', redisUrl: world.url, slack });
  await app.readiness(ready);
  expect(await app.get('/readyz')).toMatchObject({ status: 200 });
  expect((await app.scrape()).value('syncbot_slack_connected')).toBe(1);

  await slack.goDown();
  await app.readiness({ ...ready, slack: 'is not connected' });
  expect(await app.get('/readyz')).toMatchObject({ status: 503 });
  expect((await app.scrape()).value('syncbot_slack_connected')).toBe(0);
  await slack.comeBack();
  await app.readiness(ready);

  const before = await app.scrape();
  expect(before.value('syncbot_redis_up')).toBe(1);
  expect(before.samples.filter(({ name }) => name === 'syncbot_queue_jobs')).toHaveLength(15);
  for (const queue of ['actions', 'upkeep', 'notices', 'observe', 'sweep']) {
    expect(before.value('syncbot_queue_jobs', { queue, state: 'waiting' })).not.toBeNull();
  }
  const { port } = world.server();
  world.server().kill('SIGKILL');
  await world.server().exited;
  await app.readiness({ ...ready, redis: 'does not answer' });
  expect(await app.get('/healthz')).toMatchObject({ status: 200 });
  const during = await app.scrape();
  expect(during.value('syncbot_redis_up')).toBe(0);
  expect(during.samples.filter(({ name }) => name === 'syncbot_queue_jobs')).toEqual([]);
  expect((await app.get('/readyz')).text).not.toMatch(/127\.0\.0\.1|redis:\/\//);
  await using _again = await startRedisServer({ port });
  await app.readiness(ready);
});

test('a Redis that hangs does not make the answers hang', async () => {
  await using world = await openWorld();
  await using app = await runApp({ role: 'worker', redisUrl: world.url });
  await app.readiness({ redis: 'ready', workers: 'ready' });
  world.server().kill('SIGSTOP');
  await app.readiness({ redis: 'does not answer', workers: 'ready' });
  expect((await app.scrape()).value('syncbot_redis_up')).toBe(0);
  world.server().kill('SIGCONT');
  await app.readiness({ redis: 'ready', workers: 'ready' });
});

test('a process that waits is alive and not ready', async () => {
  const nowhere = await ownRedis();
  await nowhere.stop();
  await using slack = await StrictSlack.start();
  const away = slack.fail({ method: 'auth.test', status: 503, times: 1_000 });
  await using app = await runApp({ role: 'all', redisUrl: nowhere.url, slack });
  expect(await app.get('/healthz')).toMatchObject({ status: 200 });
  const { status, text } = await app.get('/readyz');
  expect(status).toBe(503);
  expect(JSON.parse(text).parts).toMatchObject({ redis: 'does not answer', slack: 'is not connected' });
  const scrape = await app.scrape();
  expect(scrape.value('syncbot_redis_up')).toBe(0);
  expect(scrape.value('syncbot_build_info', { version: '1.2.3', node_version: process.version, role: 'all' })).toBe(1);
  away.cancel();
});

test('stops being ready at once, and goes on answering until the end', async () => {
  await using world = await openWorld();
  await using slack = await StrictSlack.start();
  const app = await runApp({ role: 'all', redisUrl: world.url, slack });
  try {
    await app.readiness(ready);
    const hanging = slack.fail({ method: 'response_url', hang: true, times: 9 });
    slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: 'help' });
    await hanging.firstHit;
    const stopped = app.stop();
    const { status, text } = await app.get('/readyz');
    expect([status, JSON.parse(text)]).toEqual([503, { ready: false, parts: { process: 'is stopping' } }]);
    expect(await app.get('/healthz')).toMatchObject({ status: 200 });
    hanging.release();
    await stopped;
    await expect(app.get('/healthz')).rejects.toThrow();
  } finally {
    await app[Symbol.asyncDispose]();
  }
});

test('a taken port is one sentence and exit 2', async () => {
  await using world = await openWorld();
  await using file = await configFile('projects: {}\n');
  const taken = createServer();
  const port = String(await listenHere(taken));
  onTestFinished(() => void taken.close());
  const env = { ...file.env, REDIS_URL: world.url, ADMIN_PORT: port };
  const ran = await runHere(['run', '--role', 'worker'], { env, openApp });
  expect(ran).toMatchObject({ exit: 2, out: '' });
  expect(ran.err).toBe(`Port ${port} is taken by another program: set ADMIN_PORT to another one, or to nothing.\n`);
});

test('commands that do not run listen nowhere', async () => {
  await using world = await openWorld();
  await using file = await configFile('projects: {}\n');
  const env = { ...file.env, REDIS_URL: world.url, ADMIN_PORT: '0', LOG_LEVEL: 'trace' };
  const ran = await runHere(['list', '--json'], { env, openApp });
  expect(ran).toMatchObject({ exit: 0, err: expect.not.stringContaining('served') });
});
