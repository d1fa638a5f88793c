import { FlowProducer, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reconcile } from '../../../src/application/reconcile.ts';
import { noWatermark } from '../../../src/domain/link.ts';
import { createLinkConnections } from '../../../src/infra/bullmq/link-connections.ts';
import { createLinkGateway } from '../../../src/infra/bullmq/link-gateway.ts';
import { startTestRedis } from '../../support/test-redis.ts';
import { endpointOf, startTestServices, type TestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createOwnedQueue, missingLink, observeLink, snapshotKeys } from '../link-fixture.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices({ extraServers: ['warehouse'] });
});
afterEach(() => services[Symbol.asyncDispose]());

const withoutWatermarks = (...links: (typeof missingLink)[]) => links.map((link) => ({ link, watermark: noWatermark }));

describe('queues that other programs own', () => {
  it('No method of the gateway creates a queue that does not exist.', async () => {
    const { link } = await services.createLink('orders-full');
    await services.createProject('orders', [{ link: missingLink }, { link }] as never, { state: 'paused' });
    const before = await snapshotKeys(services);
    const { links } = services.context;
    expect(await links.readStatuses([missingLink, link], 5_000)).toEqual(['missing', 'resumed']);
    expect(await links.observe(withoutWatermarks(missingLink))).toEqual([{ kind: 'missing', link: missingLink }]);
    expect(await links.countWorkers([missingLink])).toEqual([0]);
    expect(await links.findUsage([missingLink])).toEqual([{ kind: 'unused' }]);
    expect(await links.retryFailed(withoutWatermarks(missingLink))).toMatchObject([{ tasks: 0 }]);
    expect(await snapshotKeys(services)).toEqual(before);

    expect(await reconcile(services.context, { project: 'orders', operationId: null, timeoutMs: 0 })).toMatchObject({
      kind: 'reconciled',
      missing: [missingLink],
      unreconciled: [],
    });
    expect(await links.readStatuses([missingLink, link], 5_000)).toEqual(['missing', 'paused']);
    expect(await services.redis.keys(`bull:${missingLink.queue}:*`)).toEqual([]);
  });

  it('Reads, and a reconcile that finds no difference, change no key and add no event.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.addBulk([
      { name: 'a', data: { secret: 1 } },
      { name: 'b', data: {}, opts: { priority: 3 } },
    ]);
    await queue.pause();
    await services.createProject('orders', [{ link }] as never, { state: 'paused' });
    const before = await snapshotKeys(services);
    await services.context.links.observe(withoutWatermarks(link));
    await services.context.links.readStatuses([link], 5_000);
    await services.context.links.findUsage([link]);
    await services.context.links.countWorkers([link]);
    expect(await reconcile(services.context, { project: 'orders', operationId: null, timeoutMs: 0 })).toMatchObject({
      kind: 'reconciled',
    });
    expect(await snapshotKeys(services)).toEqual(before);
  });

  it('A pause and a resume keep the options that the owner wrote into the meta key.', async () => {
    const { link, queue } = await createOwnedQueue(services, 'orders-full', {
      streams: { events: { maxLen: 123_456 } },
    });
    await waitFor(() => services.redis.hexists('bull:orders-full:meta', 'opts.maxLenEvents'));
    const before = await services.redis.hgetall('bull:orders-full:meta');
    expect(await services.context.links.setPaused([link], 'paused', { responseMs: 5_000, validForMs: 5_000 })).toEqual([
      'applied',
    ]);
    expect(await services.redis.hgetall('bull:orders-full:meta')).toEqual({ ...before, paused: '1' });
    expect(await services.context.links.setPaused([link], 'resumed', { responseMs: 5_000, validForMs: 5_000 })).toEqual(
      ['applied'],
    );
    expect(await services.redis.hgetall('bull:orders-full:meta')).toEqual(before);
    expect(before).toMatchObject({ 'opts.maxLenEvents': '123456' });
    await queue.close();
  });
});

describe('a server that does not answer', () => {
  it('A server that is down makes its own links unreachable, and the others answer.', async () => {
    const [near, far] = [
      await services.createLink('orders-full'),
      await services.createLink('orders-incr', 'warehouse'),
    ];
    const links = [far.link, near.link];
    expect(await services.context.links.readStatuses(links, 5_000)).toEqual(['resumed', 'resumed']);
    const server = services.server('warehouse');
    server.kill('SIGKILL');
    await server.exited;
    expect(await services.context.links.readStatuses(links, 500)).toEqual(['unreachable', 'resumed']);
    expect(await services.context.links.setPaused(links, 'paused', { responseMs: 500, validForMs: 500 })).toEqual([
      'unreachable',
      'applied',
    ]);
    const results = await Promise.all([
      services.context.links.observe(withoutWatermarks(...links)),
      services.context.links.countWorkers(links),
      services.context.links.findUsage(links),
      services.context.links.readConnections(['warehouse', 'default']),
    ]);
    expect(results).toMatchObject([
      [{ kind: 'unreachable' }, { kind: 'read' }],
      [null, 0],
      [{ kind: 'unreachable' }, { kind: 'unused' }],
      [
        { kind: 'unreachable', name: 'warehouse', fault: expect.anything() },
        { kind: 'read', name: 'default' },
      ],
    ]);
  });

  it('A server that hangs makes its own links unreachable, and the others answer.', async () => {
    const [near, far] = [
      await services.createLink('orders-full'),
      await services.createLink('orders-incr', 'warehouse'),
    ];
    const links = [far.link, near.link];
    await services.context.links.readStatuses(links, 5_000);
    const server = services.server('warehouse');
    server.kill('SIGSTOP');
    try {
      expect(await services.context.links.readStatuses(links, 300)).toEqual(['unreachable', 'resumed']);
      expect(await services.context.links.setPaused(links, 'paused', { responseMs: 300, validForMs: 300 })).toEqual([
        'unreachable',
        'applied',
      ]);
    } finally {
      server.kill('SIGCONT');
    }
  });

  it('A command that has expired is not sent.', async () => {
    const { link, queue } = await createOwnedQueue(services, 'orders-full', {});
    const expired = { responseMs: 5_000, validForMs: 0 };
    expect(await services.context.links.setPaused([link], 'paused', expired)).toEqual(['expired']);
    expect(await queue.isPaused()).toBe(false);
    await queue.pause();
    expect(await services.context.links.setPaused([link], 'resumed', expired)).toEqual(['expired']);
    expect(await queue.isPaused()).toBe(true);
    await queue.close();
  });

  it('A server that was down at the first query is reached as soon as it is up.', async () => {
    const { port, url } = services.server('warehouse');
    await services.server('warehouse').stop();
    await using connections = createLinkConnections({ warehouse: endpointOf(url) }, () => {});
    const gateway = createLinkGateway(connections);
    const link = { queue: 'orders-incr', connection: 'warehouse', prefix: 'bull' };
    expect(await gateway.readStatuses([link], 300)).toEqual(['unreachable']);
    await using _server = await startTestRedis({ port });
    const owner = new Redis(url, { maxRetriesPerRequest: null });
    const queue = new Queue('orders-incr', { connection: owner });
    await queue.add('x', {});
    expect(await gateway.readStatuses([link], 10_000)).toEqual(['resumed']);
    expect(await gateway.setPaused([link], 'paused', { responseMs: 10_000, validForMs: 10_000 })).toEqual(['applied']);
    expect(await queue.isPaused()).toBe(true);
    await queue.close();
    owner.disconnect();
  });

  it('The links of a connection that is not configured are unreachable.', async () => {
    for (const connection of ['nowhere', 'constructor', '__proto__']) {
      const link = { ...missingLink, connection };
      expect(await services.context.links.readStatuses([link], 500)).toEqual(['unreachable']);
      expect(await services.context.links.observe(withoutWatermarks(link))).toEqual([
        { kind: 'unreachable', link, fault: { kind: 'not_configured' } },
      ]);
      expect(await services.context.links.readConnections([connection])).toEqual([
        { kind: 'unreachable', name: connection, fault: { kind: 'not_configured' } },
      ]);
      expect(await services.context.links.countWorkers([link])).toEqual([null]);
    }
  });
});

describe('connections and workers', () => {
  it('The eviction policy and the persistence of each server are read.', async () => {
    await using server = await startTestRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    await using durable = await startTestRedis({ args: ['--appendonly', 'yes', '--save', '3600 1'] });
    await using saving = await startTestRedis({ args: ['--save', '3600 1'] });
    const targets = { a: endpointOf(server.url), b: endpointOf(durable.url), c: endpointOf(saving.url) };
    await using connections = createLinkConnections(targets, () => {});
    expect(await createLinkGateway(connections).readConnections(['a', 'b', 'c'])).toMatchObject([
      { name: 'a', evictionPolicy: 'allkeys-lru', persistence: 'none' },
      {
        name: 'b',
        evictionPolicy: 'noeviction',
        persistence: 'aof',
        redisVersion: expect.any(String),
      },
      { name: 'c', persistence: 'snapshots' },
    ]);
  });

  it('The persistence of a server that refuses CONFIG is unknown.', async () => {
    await using server = await startTestRedis({ args: ['--rename-command', 'CONFIG', ''] });
    await using connections = createLinkConnections({ a: endpointOf(server.url) }, () => {});
    expect(await createLinkGateway(connections).readConnections(['a'])).toMatchObject([
      { kind: 'read', evictionPolicy: 'noeviction', persistence: null },
    ]);
  });

  it('Each worker counts once and for its own queue only, whether or not it has a name.', async () => {
    const links = [
      await services.createLink('orders-full'),
      await services.createLink('orders-incr'),
      await services.createLink('orders'),
    ];
    const [firstLink] = links;
    if (firstLink === undefined) throw new Error('no link');
    await firstLink.startWorker(async () => {});
    await firstLink.startWorker(async () => {});
    const named = new Worker('orders-incr', async () => {}, { connection: services.redis, name: 'berlin' });
    await named.waitUntilReady();
    const counts = () => services.context.links.countWorkers(links.map(({ link }) => link));
    await waitFor(async () => (await counts()).join() === '2,1,0');
    await named.close();
    await waitFor(async () => (await counts()).join() === '2,0,0');
  });
});

describe('the usage of a queue', () => {
  const readUsage = async (link: typeof missingLink) => (await services.context.links.findUsage([link]))[0];

  it('A queue whose tasks all wait is unused.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    expect(await readUsage(link)).toEqual({ kind: 'unused' });
    await queue.pause();
    await queue.addBulk([
      { name: 'waits', data: {} },
      { name: 'urgent', data: {}, opts: { priority: 2 } },
      { name: 'later', data: {}, opts: { delay: 60_000, jobId: 'own-id' } },
    ]);
    const flow = new FlowProducer({ connection: services.redis });
    await flow.add({
      name: 'parent',
      queueName: 'orders-full',
      children: [{ name: 'child', queueName: 'orders-full' }],
    });
    await flow.close();
    expect(await readUsage(link)).toEqual({ kind: 'unused' });
  });

  it.each([
    ['active', 'active_tasks'],
    ['completed', 'completed_tasks'],
    ['failed', 'failed_tasks'],
  ])('A queue with %s tasks is used.', async (state, evidence) => {
    const { link, queue, startWorker } = await services.createLink('orders-full');
    let finishTask = () => {};
    const taskFinished = new Promise<void>((resolve) => {
      finishTask = resolve;
    });
    await startWorker(() =>
      state === 'failed' ? Promise.reject(new Error('no')) : state === 'active' ? taskFinished : Promise.resolve(),
    );
    await queue.add('x', {});
    await waitFor(() => queue.getJobCountByTypes(state as 'active'));
    expect(await readUsage(link)).toEqual({ kind: 'used', evidence });
    finishTask();
  });

  it('A queue is used if it has fewer tasks than it has assigned ids.', async () => {
    const { link, queue, startWorker } = await services.createLink('orders-full');
    let done = 0;
    await startWorker(async () => ++done);
    await queue.add('x', {}, { removeOnComplete: true });
    await waitFor(async () => done === 1 && (await queue.getActiveCount()) === 0);
    expect(await readUsage(link)).toEqual({ kind: 'used', evidence: 'removed_tasks' });
  });

  it('A queue is used if an event of a task is in its stream, also before a thousand later events.', async () => {
    const { link } = await services.createLink('orders-full');
    const events = 'bull:orders-full:events';
    await services.redis.xadd(events, '*', 'event', 'active', 'jobId', '1', 'prev', 'waiting');
    for (let i = 0; i < 1_100; i++) await services.redis.xadd(events, '*', 'event', 'paused');
    expect(await readUsage(link)).toEqual({ kind: 'used', evidence: 'work_events' });
  });
});

describe('scripts', () => {
  it('More links than one batch holds are answered in their order.', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `bulk-${index}`);
    await Promise.all(
      names.map((name) =>
        services.redis.hset(`bull:${name}:meta`, name.endsWith('7') ? { paused: 1 } : { version: 'x' }),
      ),
    );
    const links = names.map((queue) => ({ ...missingLink, queue }));
    const statuses = await services.context.links.readStatuses(links, 5_000);
    expect(statuses).toEqual(names.map((name) => (name.endsWith('7') ? 'paused' : 'resumed')));
    const observations = await services.context.links.observe(withoutWatermarks(...links));
    expect(observations.map(({ link }) => link.queue)).toEqual(names);
  });

  it('A script is sent again to a server that lost it.', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('x', {});
    await observeLink(services, link);
    await services.redis.script('FLUSH');
    expect(await observeLink(services, link)).toMatchObject({ waiting: 1 });
    await services.redis.script('FLUSH');
    expect(await services.context.links.setPaused([link], 'paused', { responseMs: 5_000, validForMs: 5_000 })).toEqual([
      'applied',
    ]);
    expect(await services.context.links.readStatuses([link], 5_000)).toEqual(['paused']);
  });
});
