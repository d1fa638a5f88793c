import { FlowProducer, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRedisServer } from '../../../demo/redis-server.ts';
import { reconcile } from '../../../src/application/reconcile.ts';
import { noWatermark } from '../../../src/domain/link.ts';
import { createLinkConnections } from '../../../src/infra/bullmq/link-connections.ts';
import { createLinkGateway } from '../../../src/infra/bullmq/link-gateway.ts';
import { endpointOf, startTestServices, type TestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createOwnedQueue, nonexistentLink, observeLink, snapshotKeys } from '../redis-snapshot.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices({ extraServers: ['warehouse'] });
});
afterEach(() => services[Symbol.asyncDispose]());

const withoutWatermarks = (...links: (typeof nonexistentLink)[]) =>
  links.map((link) => ({ link, watermark: noWatermark }));

describe('the engine leaves the queues of others as they are', () => {
  it('never makes a queue that does not exist, whoever asks', async () => {
    const { link } = await services.createLink('orders-full');
    await services.createProject('orders', [{ link: nonexistentLink }, { link }] as never, { state: 'paused' });
    const before = await snapshotKeys(services);
    const { links } = services.deps;
    expect(await links.readStatuses([nonexistentLink, link], 5_000)).toEqual(['missing', 'resumed']);
    expect(await links.observe(withoutWatermarks(nonexistentLink))).toEqual([
      { kind: 'missing', link: nonexistentLink },
    ]);
    expect(await links.countWorkers([nonexistentLink])).toEqual([0]);
    expect(await links.findUsage([nonexistentLink])).toEqual([null]);
    expect(await links.retryFailed(withoutWatermarks(nonexistentLink))).toMatchObject([{ tasks: 0 }]);
    expect(await snapshotKeys(services)).toEqual(before);

    expect(await reconcile(services.deps, { project: 'orders', operationId: null, timeoutMs: 0 })).toMatchObject({
      kind: 'agreed',
      missing: [nonexistentLink],
      unreachable: [],
    });
    expect(await links.readStatuses([nonexistentLink, link], 5_000)).toEqual(['missing', 'paused']);
    expect(await services.redis.keys(`bull:${nonexistentLink.queue}:*`)).toEqual([]);
  });

  it('a look, a reading of the flags and a converge that finds nothing to do change no key and add no event', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.addBulk([
      { name: 'a', data: { secret: 1 } },
      { name: 'b', data: {}, opts: { priority: 3 } },
    ]);
    await queue.pause();
    await services.createProject('orders', [{ link }] as never, { state: 'paused' });
    const before = await snapshotKeys(services);
    await services.deps.links.observe(withoutWatermarks(link));
    await services.deps.links.readStatuses([link], 5_000);
    await services.deps.links.findUsage([link]);
    await services.deps.links.countWorkers([link]);
    expect(await reconcile(services.deps, { project: 'orders', operationId: null, timeoutMs: 0 })).toMatchObject({
      kind: 'agreed',
    });
    expect(await snapshotKeys(services)).toEqual(before);
  });

  it('pausing and resuming keep what the owner wrote into the queue’s record', async () => {
    const { link, queue } = await createOwnedQueue(services, 'orders-full', {
      streams: { events: { maxLen: 123_456 } },
    });
    await waitFor(() => services.redis.hexists('bull:orders-full:meta', 'opts.maxLenEvents'));
    const before = await services.redis.hgetall('bull:orders-full:meta');
    expect(await services.deps.links.setPaused([link], 'paused', { responseMs: 5_000, validForMs: 5_000 })).toEqual([
      'driven',
    ]);
    expect(await services.redis.hgetall('bull:orders-full:meta')).toEqual({ ...before, paused: '1' });
    expect(await services.deps.links.setPaused([link], 'resumed', { responseMs: 5_000, validForMs: 5_000 })).toEqual([
      'driven',
    ]);
    expect(await services.redis.hgetall('bull:orders-full:meta')).toEqual(before);
    expect(before).toMatchObject({ 'opts.maxLenEvents': '123456' });
    await queue.close();
  });
});

describe('a server that does not answer', () => {
  it('makes its own links unreachable; the others answer', async () => {
    const [near, far] = [
      await services.createLink('orders-full'),
      await services.createLink('orders-incr', 'warehouse'),
    ];
    const links = [far.link, near.link];
    expect(await services.deps.links.readStatuses(links, 5_000)).toEqual(['resumed', 'resumed']);
    const server = services.server('warehouse');
    server.kill('SIGKILL');
    await server.exited;
    expect(await services.deps.links.readStatuses(links, 500)).toEqual(['unreachable', 'resumed']);
    expect(await services.deps.links.setPaused(links, 'paused', { responseMs: 500, validForMs: 500 })).toEqual([
      'unreachable',
      'driven',
    ]);
    const results = await Promise.all([
      services.deps.links.observe(withoutWatermarks(...links)),
      services.deps.links.countWorkers(links),
      services.deps.links.findUsage(links),
      services.deps.links.readConnections(['warehouse', 'default']),
    ]);
    expect(results).toMatchObject([
      [{ kind: 'unreachable' }, { kind: 'read' }],
      [null, 0],
      ['unreachable', null],
      [
        { kind: 'unreachable', name: 'warehouse' },
        { kind: 'read', name: 'default' },
      ],
    ]);
  });

  it('one that hangs is as good as none', async () => {
    const [near, far] = [
      await services.createLink('orders-full'),
      await services.createLink('orders-incr', 'warehouse'),
    ];
    const links = [far.link, near.link];
    await services.deps.links.readStatuses(links, 5_000);
    const server = services.server('warehouse');
    server.kill('SIGSTOP');
    try {
      expect(await services.deps.links.readStatuses(links, 300)).toEqual(['unreachable', 'resumed']);
      expect(await services.deps.links.setPaused(links, 'paused', { responseMs: 300, validForMs: 300 })).toEqual([
        'unreachable',
        'driven',
      ]);
    } finally {
      server.kill('SIGCONT');
    }
  });

  it('what may not be sent any more is not sent', async () => {
    const { link, queue } = await createOwnedQueue(services, 'orders-full', {});
    const expired = { responseMs: 5_000, validForMs: 0 };
    expect(await services.deps.links.setPaused([link], 'paused', expired)).toEqual(['late']);
    expect(await queue.isPaused()).toBe(false);
    await queue.pause();
    expect(await services.deps.links.setPaused([link], 'resumed', expired)).toEqual(['late']);
    expect(await queue.isPaused()).toBe(true);
    await queue.close();
  });

  it('one that was away when it was first asked is reached as soon as it is there', async () => {
    const { port, url } = services.server('warehouse');
    await services.server('warehouse').stop();
    await using connections = createLinkConnections({ warehouse: endpointOf(url) }, () => {});
    const engine = createLinkGateway(connections);
    const link = { queue: 'orders-incr', connection: 'warehouse', prefix: 'bull' };
    expect(await engine.readStatuses([link], 300)).toEqual(['unreachable']);
    await using _server = await startRedisServer({ port });
    const owner = new Redis(url, { maxRetriesPerRequest: null });
    const queue = new Queue('orders-incr', { connection: owner });
    await queue.add('x', {});
    expect(await engine.readStatuses([link], 10_000)).toEqual(['resumed']);
    expect(await engine.setPaused([link], 'paused', { responseMs: 10_000, validForMs: 10_000 })).toEqual(['driven']);
    expect(await queue.isPaused()).toBe(true);
    await queue.close();
    owner.disconnect();
  });

  it('a connection that nobody configured has no links that answer', async () => {
    for (const connection of ['nowhere', 'constructor', '__proto__']) {
      const link = { ...nonexistentLink, connection };
      expect(await services.deps.links.readStatuses([link], 500)).toEqual(['unreachable']);
      expect(await services.deps.links.observe(withoutWatermarks(link))).toEqual([{ kind: 'unreachable', link }]);
      expect(await services.deps.links.readConnections([connection])).toEqual([
        { kind: 'unreachable', name: connection },
      ]);
      expect(await services.deps.links.countWorkers([link])).toEqual([null]);
    }
  });
});

describe('what connections and workers tell', () => {
  it('a server that evicts keys and keeps nothing on disk', async () => {
    await using server = await startRedisServer({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    await using durable = await startRedisServer({ args: ['--appendonly', 'yes', '--save', '3600 1'] });
    await using saving = await startRedisServer({ args: ['--save', '3600 1'] });
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

  it('a server that does not let its settings be read has no known persistence', async () => {
    await using server = await startRedisServer({ args: ['--rename-command', 'CONFIG', ''] });
    await using connections = createLinkConnections({ a: endpointOf(server.url) }, () => {});
    expect(await createLinkGateway(connections).readConnections(['a'])).toMatchObject([
      { kind: 'read', evictionPolicy: 'noeviction', persistence: null },
    ]);
  });

  it('each worker counts once, with a name of its own or without, for its own queue only', async () => {
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
    const counts = () => services.deps.links.countWorkers(links.map(({ link }) => link));
    await waitFor(async () => (await counts()).join() === '2,1,0');
    await named.close();
    await waitFor(async () => (await counts()).join() === '2,0,0');
  });
});

describe('the signs that a queue has been worked on', () => {
  const readUsage = async (link: typeof nonexistentLink) => (await services.deps.links.findUsage([link]))[0];

  it('none while tasks only wait, in whatever way', async () => {
    const { link, queue } = await services.createLink('orders-full');
    expect(await readUsage(link)).toBeNull();
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
    expect(await readUsage(link)).toBeNull();
  });

  it.each([
    ['active', 'active_tasks'],
    ['completed', 'completed_tasks'],
    ['failed', 'failed_tasks'],
  ])('%s tasks', async (state, expected) => {
    const { link, queue, startWorker: work } = await services.createLink('orders-full');
    let finishTask = () => {};
    const taskFinished = new Promise<void>((resolve) => {
      finishTask = resolve;
    });
    await work(() =>
      state === 'failed' ? Promise.reject(new Error('no')) : state === 'active' ? taskFinished : Promise.resolve(),
    );
    await queue.add('x', {});
    await waitFor(() => queue.getJobCountByTypes(state as 'active'));
    expect(await readUsage(link)).toBe(expected);
    finishTask();
  });

  it('tasks that are gone again, by the counter', async () => {
    const { link, queue, startWorker: work } = await services.createLink('orders-full');
    let done = 0;
    await work(async () => ++done);
    await queue.add('x', {}, { removeOnComplete: true });
    await waitFor(async () => done === 1 && (await queue.getActiveCount()) === 0);
    expect(await readUsage(link)).toBe('removed_tasks');
  });

  it('tasks that are gone again, by the events alone, however many came later', async () => {
    const { link } = await services.createLink('orders-full');
    const events = 'bull:orders-full:events';
    await services.redis.xadd(events, '*', 'event', 'active', 'jobId', '1', 'prev', 'waiting');
    for (let i = 0; i < 1_100; i++) await services.redis.xadd(events, '*', 'event', 'paused');
    expect(await readUsage(link)).toBe('work_events');
  });
});

describe('the flag and the counts under load', () => {
  it('more links on one connection than one script looks at, in the order asked for', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `bulk-${index}`);
    await Promise.all(
      names.map((name) =>
        services.redis.hset(`bull:${name}:meta`, name.endsWith('7') ? { paused: 1 } : { version: 'x' }),
      ),
    );
    const links = names.map((queue) => ({ ...nonexistentLink, queue }));
    const flags = await services.deps.links.readStatuses(links, 5_000);
    expect(flags).toEqual(names.map((name) => (name.endsWith('7') ? 'paused' : 'resumed')));
    const readings = await services.deps.links.observe(withoutWatermarks(...links));
    expect(readings.map(({ link }) => link.queue)).toEqual(names);
  });

  it('a server that has forgotten its scripts is told them again', async () => {
    const { link, queue } = await services.createLink('orders-full');
    await queue.add('x', {});
    await observeLink(services, link);
    await services.redis.script('FLUSH');
    expect(await observeLink(services, link)).toMatchObject({ waiting: 1 });
    await services.redis.script('FLUSH');
    expect(await services.deps.links.setPaused([link], 'paused', { responseMs: 5_000, validForMs: 5_000 })).toEqual([
      'driven',
    ]);
    expect(await services.deps.links.readStatuses([link], 5_000)).toEqual(['paused']);
  });
});
