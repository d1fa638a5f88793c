import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { RedisEndpoint } from '../../../src/config/redis-url.ts';
import { connect, createPing, disconnect, whenReady } from '../../../src/infra/redis/client.ts';
import { sendCommands } from '../../../src/infra/redis/send-commands.ts';
import { Services } from '../../../src/services.ts';
import { sharedRedisUrl, startTestRedis } from '../../support/test-redis.ts';
import { endpointOf, testSettings } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';

/** An address without a server. */
async function unusedAddress() {
  const server = await startTestRedis();
  await server.stop();
  return { host: server.host, port: server.port, url: server.url };
}

describe('a Redis client', () => {
  it('A client closes at once in every phase of connecting.', async () => {
    const { url, ...node } = await unusedAddress();
    const targets: RedisEndpoint[] = [
      endpointOf(url),
      { kind: 'cluster', nodes: [node] },
      { kind: 'sentinel', nodes: [node], master: 'main', db: 0 },
    ];
    for (const target of targets) {
      for (const use of ['commands', 'blocking'] as const) {
        const newClient = connect(target, use, () => {});
        await disconnect(newClient);
        const retrying = connect(target, use, () => {});
        // ioredis queries the sentinels again within one attempt.
        const state = target.kind === 'sentinel' ? 'connecting' : 'reconnecting';
        await waitFor(() => retrying.status === state, { description: `${target.kind} ${use}` });
        await disconnect(retrying);
      }
    }
  });

  it('whenReady returns false after its timeout and after a disconnect.', async () => {
    const near = connect(endpointOf(sharedRedisUrl()), 'commands', () => {});
    expect(await whenReady(near, 10_000)).toBe(true);
    await disconnect(near);
    await disconnect(near);
    expect(await whenReady(near, 10_000)).toBe(false);
    const far = connect(endpointOf((await unusedAddress()).url), 'commands', () => {});
    expect(await whenReady(far, 20)).toBe(false);
    const waiting = whenReady(far, 3_600_000);
    await disconnect(far);
    expect(await waiting).toBe(false);
  });
});

it('A process that is too busy to connect in time does not report that Redis is down.', async () => {
  const client = connect(endpointOf(sharedRedisUrl()), 'commands', () => {});
  const pong = sendCommands(client, (redis) => redis.ping());
  const blockedUntil = performance.now() + 2_500;
  while (performance.now() < blockedUntil);
  expect(await pong).toBe('PONG');
  await disconnect(client);
});

it('A ping succeeds only if the server answers.', async () => {
  await using server = await startTestRedis();
  const client = connect(endpointOf(server.url), 'commands', () => {});
  const ping = createPing(client);
  expect(await Promise.all([ping(), ping()])).toEqual([true, true]);
  server.kill('SIGKILL');
  await server.exited;
  expect(await ping()).toBe(false);
  await disconnect(client);
});

it('Services whose Redis never answered can be closed.', async () => {
  const config = { redis: endpointOf((await unusedAddress()).url), connections: {}, settings: testSettings };
  const services = new Services(config, pino({ level: 'silent' }));
  await expect(services.context.projects.listIds()).rejects.toMatchObject({
    name: 'StoreUnavailableError',
    sent: 'no',
  });
  await services[Symbol.asyncDispose]();
});

it('Services log the start and the end of an outage once.', async () => {
  const server = await startTestRedis();
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line) => void lines.push(line) });
  const config = { redis: endpointOf(server.url), connections: {}, settings: testSettings };
  await using services = new Services(config, log);
  await services.context.projects.listIds();
  await server.stop();
  await waitFor(() => lines.length === 1);
  await using _again = await startTestRedis({ port: server.port });
  await waitFor(() => lines.length === 2);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 40, connection: 'bot', msg: 'Redis connection failed' },
    { level: 30, connection: 'bot', msg: 'Redis connection recovered' },
  ]);
});
