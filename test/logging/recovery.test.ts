import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { checkObservation } from '../../src/application/check-observation.ts';
import { MissingConnections } from '../../src/application/missing-connections.ts';
import { Services } from '../../src/services.ts';
import { keys } from '../support/keys.ts';
import { completeCycleAgo } from '../support/observation.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { endpointOf, startTestServices, testSettings } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly queue?: string;
}

let lines: string[];
beforeEach(() => {
  lines = [];
});
const log = pino({ base: null }, { write: (line) => void lines.push(line) });
const logged = () => lines.map((line) => JSON.parse(line) as LogLine);
const messages = () => logged().map(({ level, msg }) => `${level === 30 ? 'info' : 'trouble'}: ${msg}`);

test('The log has the end of each trouble once, at the level info.', async () => {
  await using services = await startTestServices({ log });
  const { context, instance } = services;

  await completeCycleAgo(services, 10 * 60_000);
  for (let check = 0; check < 2; check++) await checkObservation(context);
  expect(messages()).toEqual([]);
  await services.redis.decrby(keys.observerMissing, 60_000);
  for (let check = 0; check < 2; check++) await checkObservation(context);
  await completeCycleAgo(services, 0);
  for (let check = 0; check < 2; check++) await checkObservation(context);
  expect(messages()).toEqual(['trouble: no worker observes the links', 'info: a worker observes the links again']);

  lines = [];
  const configuration = { policy: { operators: [], channels: [] }, onCall: [], digests: [] };
  const settings = { ...testSettings, showErrors: false };
  await context.configurations.save({ ...configuration, settings, connections: {} }, 0, 'cli:test');
  const stored = await services.redis.dumpBuffer(keys.configuration);
  await services.redis.hset(keys.configuration, 'configuration', 'damaged');
  for (let read = 0; read < 2; read++) await instance.refreshConfiguration();
  await services.redis.restore(keys.configuration, 0, stored ?? expect.unreachable(), 'REPLACE');
  for (let read = 0; read < 2; read++) await instance.refreshConfiguration();
  expect(messages()).toEqual([
    'trouble: stored configuration not readable, this process uses what it knew',
    'info: stored configuration readable again',
    'info: stored configuration in use',
  ]);

  lines = [];
  let state: 'not_configured' | 'available' = 'not_configured';
  const links = { ...context.links, connectionState: () => state };
  await services.createProject('orders', [await services.createLink('orders')]);
  const missing = new MissingConnections({ ...context, links });
  for (let check = 0; check < 2; check++) await missing.check();
  state = 'available';
  for (let check = 0; check < 2; check++) await missing.check();
  expect(messages()).toEqual([
    'trouble: connections that stored projects use are not configured in this process',
    'info: all connections that stored projects use are configured again',
  ]);
});

test('The log has no line about a new Redis, or about a restart after a long stop, when the first cycle completes.', async () => {
  await using services = await startTestServices({ log });
  for (const before of [null, 10 * 60_000]) {
    if (before !== null) await completeCycleAgo(services, before);
    await checkObservation(services.context);
    await completeCycleAgo(services, 0);
    await checkObservation(services.context);
  }
  expect(messages()).toEqual([]);
});

test('In each of two outages every queue of a worker has a line when its connection is lost, and when it has recovered.', async () => {
  const server = await startTestRedis();
  await using services = new Services({ redis: endpointOf(server.url), connections: {}, settings: testSettings }, log);
  await services.startWorkers();
  const queuesOf = (message: string) =>
    logged()
      .flatMap((line) => (line.msg === message ? [line.queue] : []))
      .sort();
  const queues = ['actions', 'batches', 'observe', 'reconcile', 'sweep'];
  let current = server;
  for (let outage = 1; outage <= 2; outage++) {
    lines = [];
    await current.stop();
    await waitFor(() => new Set(queuesOf('worker connection failed')).size === queues.length);
    current = await startTestRedis({ port: server.port });
    await waitFor(() => new Set(queuesOf('worker connection recovered')).size === queues.length);
    expect([...new Set(queuesOf('worker connection recovered'))]).toEqual(queues);
  }
  await services[Symbol.asyncDispose]();
  await current.stop();
});
