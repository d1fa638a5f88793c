import { Queue } from 'bullmq';
import { expect, it } from 'vitest';
import { createLinkConnections } from '../../../src/infra/bullmq/link-connections.ts';
import { createLinkGateway } from '../../../src/infra/bullmq/link-gateway.ts';
import { startTestCluster } from '../../support/redis-cluster.ts';
import { startTestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createOwnedQueue, snapshotKeys } from '../link-fixture.ts';

const options = { prefix: null, maxKeys: 1_000_000, maxQueues: 100, keyPrefix: 'syncbot' };

it('Queues of every prefix are found, without other keys, queues of syncbots, and names that a link cannot have.', async () => {
  await using services = await startTestServices();
  const { redis } = services;
  await services.createLink('orders');
  const staging = await createOwnedQueue(services, 'orders', { prefix: '{staging}' });
  const paused = await createOwnedQueue(services, 'silent', { skipMetasUpdate: true });
  await paused.queue.pause();
  const meta = { version: 'bullmq:6.7.0', 'opts.maxLenEvents': '10000' };
  for (const prefix of ['{syncbot}', '{other}', 'a:b', ':', 'line\nbreak']) await redis.hset(`${prefix}:q:meta`, meta);
  await redis.sadd('syncbot:installations', 'other');
  await redis.hset('user:1:meta', { name: 'Ada' });
  await redis.set('bull:text:meta', 'x');
  await redis.hset('alone:meta', meta);
  await waitFor(async () => (await redis.hexists('{staging}:orders:meta', 'version')) === 1);
  const before = await snapshotKeys(services);

  const found = await services.context.links.findQueues('default', options);
  expect(found).toMatchObject({ kind: 'found', stoppedAt: null, unreadable: 0 });
  const names = found.kind === 'found' ? found.links.map(({ prefix, queue }) => `${prefix} ${queue}`) : [];
  expect(names.toSorted()).toEqual([': q', 'a:b q', 'bull orders', 'bull silent', '{staging} orders']);

  const ofPrefix = await services.context.links.findQueues('default', { ...options, prefix: '{staging}' });
  expect(ofPrefix).toMatchObject({ links: [{ queue: 'orders', prefix: '{staging}', connection: 'default' }] });
  expect(await snapshotKeys(services)).toEqual(before);
  await Promise.all([staging, paused].map(({ queue }) => queue.close()));
});

it('A scan that stops at a limit, or that meets keys it may not read, says so.', async () => {
  await using services = await startTestServices();
  const { redis, addInstance } = services;
  const meta = { version: 'bullmq:6.7.0' };
  const pipeline = redis.pipeline();
  for (let n = 0; n < 3_000; n++) pipeline.hset(`bull:q${n}:meta`, meta);
  await pipeline.exec();
  const { links } = services.context;
  const atKeys = await links.findQueues('default', { ...options, maxKeys: 1_000, maxQueues: 5_000 });
  expect(atKeys).toMatchObject({ stoppedAt: 'keys', examinedKeys: 1_000 });
  const atQueues = await links.findQueues('default', { ...options, maxQueues: 10 });
  expect(atQueues).toMatchObject({ stoppedAt: 'queues' });
  expect(atQueues.kind === 'found' && atQueues.links).toHaveLength(10);
  const all = await links.findQueues('default', { ...options, maxQueues: 3_000 });
  expect(all).toMatchObject({ stoppedAt: null });
  expect(all.kind === 'found' && all.links).toHaveLength(3_000);

  await redis.hset('secret:q:meta', meta);
  await redis.call('ACL', 'SETUSER', 'reader', 'on', '>pw', '~bull:*', '+@all');
  const url = services.url.replace('redis://', 'redis://reader:pw@');
  const limited = addInstance({}, { redis: { kind: 'standalone', url } }).context.links;
  expect(await limited.findQueues('default', { ...options, maxQueues: 5_000 })).toMatchObject({
    stoppedAt: null,
    unreadable: 1,
  });
  await redis.call('ACL', 'SETUSER', 'reader', '-scan');
  expect(await limited.findQueues('default', options)).toMatchObject({
    kind: 'unreachable',
    fault: { kind: 'no_permission', command: 'SCAN' },
  });
});

it('On a cluster the queues of every primary are found.', async () => {
  await using cluster = await startTestCluster();
  await using connections = createLinkConnections({ default: cluster.endpoint }, () => {});
  const names = await Promise.all([0, 1, 2].map(async (node) => `{${await cluster.keyOn(node)}}`));
  const client = cluster.client();
  const queues = names.map((name) => new Queue(name, { connection: client }));
  await Promise.all(queues.map((queue) => queue.waitUntilReady()));
  await waitFor(async () => (await Promise.all(queues.map((queue) => queue.getVersion()))).every(Boolean));
  const found = await createLinkGateway(connections).findQueues('default', options);
  expect(found.kind === 'found' && found.links.map(({ queue }) => queue).toSorted()).toEqual(names.toSorted());
  await Promise.all(queues.map((queue) => queue.close()));
});
