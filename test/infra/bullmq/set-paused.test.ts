import { connect, type Socket } from 'node:net';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLinkConnections } from '../../../src/infra/bullmq/link-connections.ts';
import { createLinkGateway } from '../../../src/infra/bullmq/link-gateway.ts';
import { startTestCluster } from '../../support/redis-cluster.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { startTestRedis } from '../../support/test-redis.ts';
import { endpointOf, startTestServices, type TestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices();
});
afterEach(() => services[Symbol.asyncDispose]());

const longTimeouts = { responseMs: 10_000, validForMs: 10_000 };

async function readPauseEvents(name: string): Promise<(string | undefined)[]> {
  const events = await services.redis.xrange(`bull:${name}:events`, '-', '+');
  return events.map(([, fields]) => fields[1]).filter((event) => event === 'paused' || event === 'resumed');
}

/** A proxy before Redis. After `hold` it keeps what clients send, as a network does during a partition. */
async function startHoldingProxy(port: number) {
  let isHolding = false;
  let resets = 0;
  const held: Buffer[] = [];
  const proxy = await startTcpProxy(port, ({ client, server }) => {
    client.on('data', (data) => (isHolding ? held.push(data) : server.write(data)));
    client.on('error', () => {
      resets += 1;
    });
    server.on('data', (data) => client.write(data));
  });
  return {
    url: `redis://127.0.0.1:${proxy.port}`,
    held: () => Buffer.concat(held).toString(),
    resets: () => resets,
    hold: () => {
      isHolding = true;
    },
    release: () => {
      isHolding = false;
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

/** Sends these bytes to Redis, and resolves with its replies once they contain `end`. */
async function deliver(port: number, data: string, end: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  let replies = '';
  socket.on('data', (reply) => {
    replies += reply.toString();
  });
  socket.write(data);
  await waitFor(() => replies.includes(end), { description: `the reply ${end}` });
  socket.destroy();
  return replies;
}

async function serverNow(): Promise<number> {
  const [seconds, microseconds] = await services.redis.time();
  return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
}

it('A command that the network delays beyond its deadline changes nothing, and its socket is reset.', async () => {
  const { link, queue } = await services.createLink('orders');
  const { port } = services.server();
  await using proxy = await startHoldingProxy(port);
  await using connections = createLinkConnections({ default: endpointOf(proxy.url) }, () => {});
  const gateway = createLinkGateway(connections);
  // The server knows the script from here on.
  expect(await gateway.setPaused([link], 'paused', longTimeouts)).toEqual(['applied']);
  expect(await gateway.setPaused([link], 'resumed', longTimeouts)).toEqual(['applied']);
  proxy.hold();
  expect(await gateway.setPaused([link], 'paused', { responseMs: 200, validForMs: 200 })).toEqual(['unreachable']);
  await waitFor(() => proxy.resets() > 0, { description: 'the reset' });
  const deadline = Number(/"deadline":(\d+)/.exec(proxy.held())?.[1]);
  expect(deadline).toBeGreaterThan(0);
  await waitFor(async () => (await serverNow()) > deadline + 1, { description: 'the end of the deadline' });
  expect(await deliver(port, proxy.held(), '"results":["expired"]')).not.toContain('"applied"');
  expect(await queue.isPaused()).toBe(false);
  expect(await readPauseEvents('orders')).toEqual(['paused', 'resumed']);

  proxy.release();
  expect(await gateway.setPaused([link], 'paused', longTimeouts)).toEqual(['applied']);
  expect(await queue.isPaused()).toBe(true);
});

it('A command with the flag that a link has already changes nothing and adds no event.', async () => {
  const { link } = await services.createLink('orders');
  for (const desired of ['paused', 'paused', 'resumed', 'resumed'] as const) {
    expect(await services.context.links.setPaused([link], desired, longTimeouts)).toEqual(['applied']);
  }
  expect(await readPauseEvents('orders')).toEqual(['paused', 'resumed']);
});

it('A server that does not answer delays no other link, also at the first command.', async () => {
  await using hanging = await startTestRedis();
  const { link } = await services.createLink('orders');
  const far = { queue: 'far', connection: 'far', prefix: 'bull' };
  hanging.kill('SIGSTOP');
  try {
    const endpoints = { default: endpointOf(services.url), far: endpointOf(hanging.url) };
    await using connections = createLinkConnections(endpoints, () => {});
    const links = [far, link];
    const timeouts = { responseMs: 300, validForMs: 10_000 };
    expect(await createLinkGateway(connections).setPaused(links, 'paused', timeouts)).toEqual([
      'unreachable',
      'applied',
    ]);
  } finally {
    hanging.kill('SIGCONT');
  }
});

/** Tasks of a queue in each list, added by this function. */
const queueContents: Readonly<
  Record<string, (queue: Queue, redis: Redis, key: (name: string) => string) => Promise<unknown>>
> = {
  'an empty queue': async () => {},
  'waiting tasks': (queue) => queue.addBulk([1, 2, 3].map((number) => ({ name: 'row', data: { number } }))),
  'prioritized tasks': (queue) => queue.add('row', {}, { priority: 5 }),
  'a delayed task': (queue) => queue.add('row', {}, { delay: 3_600_000, timestamp: 1_700_000_000_000 }),
  'tasks that a BullMQ 5 producer added': (_queue, redis, key) => redis.lpush(key('paused'), 'a', 'b', 'c'),
};
const bullmqKeys = ['wait', 'paused', 'prioritized', 'delayed', 'marker', 'meta'];

describe.each(Object.keys(queueContents))('%s', (contents) => {
  it('A pause and a resume leave the same keys as those of BullMQ, with the same events.', async () => {
    const [ours, bullmqs] = [await services.createLink('ours'), await services.createLink('bullmqs')];
    const read = async (name: string) => {
      const dumps = bullmqKeys.map((key) => services.redis.dumpBuffer(`bull:${name}:${key}`));
      const lists = (await Promise.all(dumps)).map((dump) => dump?.toString('hex') ?? 'gone');
      return { lists, events: await readPauseEvents(name) };
    };
    for (const { queue } of [ours, bullmqs]) {
      await queueContents[contents]?.(queue, services.redis, (name) => `bull:${queue.name}:${name}`);
    }
    expect(await services.context.links.setPaused([ours.link], 'paused', longTimeouts)).toEqual(['applied']);
    await bullmqs.queue.pause();
    expect(await read('ours')).toEqual(await read('bullmqs'));
    expect(await services.context.links.setPaused([ours.link], 'resumed', longTimeouts)).toEqual(['applied']);
    await bullmqs.queue.resume();
    expect(await read('ours')).toEqual(await read('bullmqs'));
    expect(await readPauseEvents('ours')).toEqual(['paused', 'resumed']);
  });
});

it('A resume moves every task of a long paused list.', async () => {
  const { link } = await services.createLink('orders');
  // The link is not paused: these tasks are left of a resume that did not end.
  const ids = Array.from({ length: 15_000 }, (_, index) => `task-${index}`);
  await services.redis.lpush('bull:orders:wait', 'waiting');
  await services.redis.rpush('bull:orders:paused', ...ids);
  expect(await services.context.links.setPaused([link], 'resumed', longTimeouts)).toEqual(['applied']);
  expect(await services.redis.lrange('bull:orders:wait', 0, -1)).toEqual(['waiting', ...ids]);
  expect(await services.redis.exists('bull:orders:paused')).toBe(0);
});

it('The connection to a cluster is reset also before each node was used.', async () => {
  await using cluster = await startTestCluster();
  await using connections = createLinkConnections({ default: cluster.endpoint }, () => {});
  const link = { queue: '{orders}', connection: 'default', prefix: 'bull' };
  const gateway = createLinkGateway(connections);
  expect(await gateway.readStatuses([link], 10_000)).toEqual(['missing']);
  connections.get('default')?.reset();
  expect(await gateway.readStatuses([link], 10_000)).toEqual(['missing']);
});
