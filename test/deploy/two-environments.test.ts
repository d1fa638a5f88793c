import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { RedisServer } from '../../demo/redis-server.ts';
import { createApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { runCliInProcess, writeConfigFile } from '../cli/cli-fixture.ts';
import { deniedCommands, grantsByUser } from '../docs/acl-server.ts';
import { runApp } from '../metrics/running-app.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { dataOf, environments } from './manifests.ts';

const configTextOf = (environment: (typeof environments)[number]) =>
  dataOf(environment, 'syncbot-config')['syncbot.yml'] ?? '';
const users = dataOf('redis', 'redis-users')['users.acl'] ?? '';

const settingsOf = (environment: (typeof environments)[number]) => {
  const config = parseConfig(configTextOf(environment), {});
  if (config.kind === 'refused') throw new Error(JSON.stringify(config.errors));
  const queues = config.config.projects.flatMap(({ definition }) => definition.links.map(({ queue }) => queue));
  return { variables: dataOf(environment, 'syncbot-environment'), config: config.config, queues };
};

test('The two environments differ in key prefix, command, channel and queues.', () => {
  const [staging, production] = environments.map((environment) => {
    const { variables, config, queues } = settingsOf(environment);
    return [variables['SYNCBOT_PREFIX'], variables['SLACK_COMMAND'], ...config.policy.channels, ...queues];
  });
  expect(staging).toHaveLength(5);
  expect(staging?.filter((part) => part === undefined || production?.includes(part))).toEqual([]);
});

test('Both environments run on one Redis with the users of the template, and each pauses only its own queues.', async () => {
  await using server = await startServer();
  const owner = connect(server);
  const queues = environments.flatMap((environment) => settingsOf(environment).queues);
  for (const name of queues) {
    const queue = new Queue(name, { connection: owner });
    await queue.waitUntilReady();
    await queue.close();
  }
  const pausedQueues = async () => {
    const flags = await Promise.all(queues.map((name) => owner.hexists(`bull:${name}:meta`, 'paused')));
    return queues.filter((_name, index) => flags[index] === 1);
  };
  for (const environment of environments) {
    const yml = configTextOf(environment);
    await using file = await writeConfigFile(yml);
    const redisUrl = server.url.replace('//', `//${environment}:change-me@`);
    const env = { ...file.env, ...dataOf(environment, 'syncbot-environment'), REDIS_URL: redisUrl };
    const syncbot = (...argv: string[]) => runCliInProcess(argv, { env, openApp: createApp });
    expect(await syncbot('apply', '--yes')).toMatchObject({ exit: 0 });
    await using _worker = await runApp({ role: 'worker', redisUrl, yml, env });
    const before = await pausedQueues();
    expect(await syncbot('pause', 'orders', '--yes')).toMatchObject({ exit: 0 });
    expect((await pausedQueues()).sort()).toEqual([...before, ...settingsOf(environment).queues].sort());
  }
  // `apply` tries to read the links of the other syncbots, to compare them: also of one with the default prefix.
  const denied = (await deniedCommands(owner)).filter(
    (line) => !/: key (staging|production|syncbot):projects$/.test(line),
  );
  expect(denied).toEqual([]);
});

test('The user of an environment reaches no record and no queue of the other one, and that of the probe only pings.', async () => {
  await using server = await startServer();
  const [one, other] = [connect(server, 'staging'), connect(server, 'production')];
  for (const [redis, prefix, foreign] of [
    [one, 'staging', 'production'],
    [other, 'production', 'staging'],
  ] as const) {
    await redis.set(`${prefix}:configuration`, '1');
    await redis.hset(`{${prefix}}:actions:meta`, 'paused', '1');
    await expect(redis.get(`${foreign}:configuration`)).rejects.toThrow(/NOPERM/);
    await expect(redis.hget(`{${foreign}}:actions:meta`, 'paused')).rejects.toThrow(/NOPERM/);
  }
  await one.exists('bull:staging-orders-full:meta');
  await expect(one.exists('bull:orders-full:meta')).rejects.toThrow(/NOPERM/);
  await expect(other.exists('bull:staging-orders-full:meta')).rejects.toThrow(/NOPERM/);
  const probe = connect(server, 'probe');
  expect(await probe.ping()).toBe('PONG');
  await expect(probe.get('staging:configuration')).rejects.toThrow(/NOPERM/);
});

test('The users have the commands of docs/security.md.', () => {
  const { commands } = grantsByUser.get('syncbot-all') ?? expect.unreachable();
  for (const [environment, queues] of [
    ['staging', 'staging-orders'],
    ['production', 'orders'],
  ]) {
    const keys = `~${environment}:* ~{${environment}}:* ~syncbot:installations ~bull:${queues}-*`;
    const granted = commands.map((command) => `+${command}`).join(' ');
    expect(users.split('\n')).toContain(`user ${environment} on >change-me resetchannels -@all ${keys} ${granted}`);
  }
  expect(users).toMatch(/^user default off$/m);
});

/** Starts a server with the users of the template. `default` is the owner of the queues. */
async function startServer(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-users-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'users.acl');
  await writeFile(file, users.replace('user default off', 'user default on nopass ~* &* +@all'));
  return startTestRedis({ args: ['--aclfile', file, '--appendonly', 'yes'] });
}

function connect(server: RedisServer, username?: string): Redis {
  const user = username === undefined ? {} : { username, password: 'change-me' };
  const redis = new Redis(server.url, { ...user, maxRetriesPerRequest: null, enableReadyCheck: false });
  redis.on('error', () => {});
  onTestFinished(() => redis.disconnect());
  return redis;
}
