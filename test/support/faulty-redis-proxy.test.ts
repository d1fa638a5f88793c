import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { startFaultyRedisProxy } from './faulty-redis-proxy.ts';
import { startTestRedis } from './test-redis.ts';
import { waitFor } from './wait-for.ts';

async function startProxy() {
  const redis = await startTestRedis();
  const proxy = await startFaultyRedisProxy(redis.port);
  const client = new Redis(proxy.url, { maxRetriesPerRequest: 0, retryStrategy: () => 5 });
  client.on('error', () => {});
  onTestFinished(async () => {
    client.disconnect();
    await proxy[Symbol.asyncDispose]();
    await redis.stop();
  });
  await client.ping();
  return { proxy, client };
}

it('the proxy keeps the order of requests and replies while the delay changes', async () => {
  const { proxy, client } = await startProxy();
  const replies = [];
  for (let round = 0; round < 40; round++) {
    proxy.setDelayMs([20, 1, 0, 3][round % 4] ?? 0);
    replies.push(client.echo(`message ${round}`), client.incr('counter'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const expected = Array.from({ length: 40 }, (_round, index) => [`message ${index}`, index + 1]).flat();
  expect(await Promise.all(replies)).toEqual(expected);
});

it('the proxy loses the reply of an executed request, or the request itself', async () => {
  const { proxy, client } = await startProxy();
  proxy.dropOneConnection('reply', 0);
  await expect(client.incr('counter')).rejects.toThrow();
  expect(await client.get('counter')).toBe('1');
  proxy.dropOneConnection('request', 0);
  await expect(client.incr('counter')).rejects.toThrow();
  expect(await client.get('counter')).toBe('1');
  expect(proxy.droppedConnections).toBe(2);
});

it('the proxy delivers a request late, after its connection has ended', async () => {
  const { proxy, client } = await startProxy();
  proxy.deliverLate(0, 30);
  await expect(client.incr('counter')).rejects.toThrow();
  await waitFor(async () => (await client.get('counter')) === '1');
  expect(proxy.lateRequests).toBe(1);
});

it('the proxy delivers the next request with a text late, on whichever connection it is', async () => {
  const { proxy, client } = await startProxy();
  proxy.deliverLateWith('counter', 30);
  expect(await client.ping()).toBe('PONG');
  await expect(client.incr('counter')).rejects.toThrow();
  await waitFor(async () => (await client.get('counter')) === '1');
});

it('the proxy goes down at a request, which Redis gets at the end of the outage', async () => {
  const { proxy, client } = await startProxy();
  proxy.goDownAt('counter', 200);
  await expect(client.incr('counter')).rejects.toThrow();
  expect(proxy.isDown).toBe(true);
  expect(await waitFor(() => client.get('counter'))).toBe('1');
  expect(proxy.isDown).toBe(false);
});

it('a planned drop can be cancelled', async () => {
  const { proxy, client } = await startProxy();
  proxy.dropOneConnection('request', 0);
  proxy.deliverLateWith('counter', 30);
  proxy.cancelDrops();
  expect(await client.incr('counter')).toBe(1);
  expect(proxy.droppedConnections).toBe(0);
});

it('the proxy accepts no connection during an outage', async () => {
  const { proxy, client } = await startProxy();
  const newClient = new Redis(proxy.url, { lazyConnect: true, retryStrategy: () => null });
  newClient.on('error', () => {});
  proxy.goDown();
  await expect(client.ping()).rejects.toThrow();
  await expect(newClient.connect()).rejects.toThrow();
  proxy.recover();
  expect(await waitFor(() => client.ping())).toBe('PONG');
  newClient.disconnect();
});
