import { FlowProducer, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { converge } from '../../src/application/converge.ts';
import { startRedisServer } from '../../src/demo/redis-server.ts';
import { noWatermark } from '../../src/domain/project.ts';
import { openLinkConnections } from '../../src/infra/bullmq/link-connections.ts';
import { createLinkEngine } from '../../src/infra/bullmq/link-engine.ts';
import { waitFor } from '../support/wait.ts';
import { openWorld, targetOf, type World } from '../support/world.ts';
import { everything, lookAt, ownedQueue, typo } from './look-at.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld({ servers: ['warehouse'] });
});
afterEach(() => world[Symbol.asyncDispose]());

const watched = (...links: (typeof typo)[]) => links.map((link) => ({ link, watermark: noWatermark }));

describe('the engine leaves the queues of others as they are', () => {
  it('never makes a queue that does not exist, whoever asks', async () => {
    const { link } = await world.link('orders-full');
    await world.project('orders', [{ link: typo }, { link }] as never, { state: 'paused' });
    const before = await everything(world);
    const { links } = world.deps;
    expect(await links.readFlags([typo, link], 5_000)).toEqual(['missing', 'resumed']);
    expect(await links.observe(watched(typo))).toEqual([{ kind: 'missing', link: typo }]);
    expect(await links.workers([typo])).toEqual([0]);
    expect(await links.workedOn([typo])).toEqual([null]);
    expect(await links.putBack(watched(typo))).toMatchObject([{ tasks: 0 }]);
    expect(await everything(world)).toEqual(before);

    expect(await converge(world.deps, { project: 'orders', holder: null, tryForMs: 0 })).toMatchObject({
      kind: 'agreed',
      missing: [typo],
      unreachable: [],
    });
    expect(await links.readFlags([typo, link], 5_000)).toEqual(['missing', 'paused']);
    expect(await world.redis.keys(`bull:${typo.queue}:*`)).toEqual([]);
  });

  it('a look, a reading of the flags and a converge that finds nothing to do change no key and add no event', async () => {
    const { link, queue } = await world.link('orders-full');
    await queue.addBulk([
      { name: 'a', data: { secret: 1 } },
      { name: 'b', data: {}, opts: { priority: 3 } },
    ]);
    await queue.pause();
    await world.project('orders', [{ link }] as never, { state: 'paused' });
    const before = await everything(world);
    await world.deps.links.observe(watched(link));
    await world.deps.links.readFlags([link], 5_000);
    await world.deps.links.workedOn([link]);
    await world.deps.links.workers([link]);
    expect(await converge(world.deps, { project: 'orders', holder: null, tryForMs: 0 })).toMatchObject({
      kind: 'agreed',
    });
    expect(await everything(world)).toEqual(before);
  });

  it('pausing and resuming keep what the owner wrote into the queue’s record', async () => {
    const { link, queue } = await ownedQueue(world, 'orders-full', { streams: { events: { maxLen: 123_456 } } });
    await waitFor(() => world.redis.hexists('bull:orders-full:meta', 'opts.maxLenEvents'));
    const before = await world.redis.hgetall('bull:orders-full:meta');
    expect(await world.deps.links.drive([link], 'paused', { answerMs: 5_000, sendMs: 5_000 })).toEqual(['driven']);
    expect(await world.redis.hgetall('bull:orders-full:meta')).toEqual({ ...before, paused: '1' });
    expect(await world.deps.links.drive([link], 'resumed', { answerMs: 5_000, sendMs: 5_000 })).toEqual(['driven']);
    expect(await world.redis.hgetall('bull:orders-full:meta')).toEqual(before);
    expect(before).toMatchObject({ 'opts.maxLenEvents': '123456' });
    await queue.close();
  });
});

describe('a server that does not answer', () => {
  it('makes its own links unreachable; the others answer', async () => {
    const [near, far] = [await world.link('orders-full'), await world.link('orders-incr', 'warehouse')];
    const links = [far.link, near.link];
    expect(await world.deps.links.readFlags(links, 5_000)).toEqual(['resumed', 'resumed']);
    const server = world.server('warehouse');
    server.kill('SIGKILL');
    await server.exited;
    expect(await world.deps.links.readFlags(links, 500)).toEqual(['unreachable', 'resumed']);
    expect(await world.deps.links.drive(links, 'paused', { answerMs: 500, sendMs: 500 })).toEqual([
      'unreachable',
      'driven',
    ]);
    const answers = await Promise.all([
      world.deps.links.observe(watched(...links)),
      world.deps.links.workers(links),
      world.deps.links.workedOn(links),
      world.deps.links.connections(['warehouse', 'default']),
    ]);
    expect(answers).toMatchObject([
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
    const [near, far] = [await world.link('orders-full'), await world.link('orders-incr', 'warehouse')];
    const links = [far.link, near.link];
    await world.deps.links.readFlags(links, 5_000);
    const server = world.server('warehouse');
    server.kill('SIGSTOP');
    try {
      expect(await world.deps.links.readFlags(links, 300)).toEqual(['unreachable', 'resumed']);
      expect(await world.deps.links.drive(links, 'paused', { answerMs: 300, sendMs: 300 })).toEqual([
        'unreachable',
        'driven',
      ]);
    } finally {
      server.kill('SIGCONT');
    }
  });

  it('what may not be sent any more is not sent', async () => {
    const { link, queue } = await ownedQueue(world, 'orders-full', {});
    const late = { answerMs: 5_000, sendMs: 0 };
    expect(await world.deps.links.drive([link], 'paused', late)).toEqual(['late']);
    expect(await queue.isPaused()).toBe(false);
    await queue.pause();
    expect(await world.deps.links.drive([link], 'resumed', late)).toEqual(['late']);
    expect(await queue.isPaused()).toBe(true);
    await queue.close();
  });

  it('one that was away when it was first asked is reached as soon as it is there', async () => {
    const { port, url } = world.server('warehouse');
    await world.server('warehouse').stop();
    await using connections = openLinkConnections({ warehouse: targetOf(url) }, () => {});
    const engine = createLinkEngine(connections);
    const link = { queue: 'orders-incr', connection: 'warehouse', prefix: 'bull' };
    expect(await engine.readFlags([link], 300)).toEqual(['unreachable']);
    await using _server = await startRedisServer({ port });
    const owner = new Redis(url, { maxRetriesPerRequest: null });
    const queue = new Queue('orders-incr', { connection: owner });
    await queue.add('x', {});
    expect(await engine.readFlags([link], 10_000)).toEqual(['resumed']);
    expect(await engine.drive([link], 'paused', { answerMs: 10_000, sendMs: 10_000 })).toEqual(['driven']);
    expect(await queue.isPaused()).toBe(true);
    await queue.close();
    owner.disconnect();
  });

  it('a connection that nobody configured has no links that answer', async () => {
    for (const connection of ['nowhere', 'constructor', '__proto__']) {
      const link = { ...typo, connection };
      expect(await world.deps.links.readFlags([link], 500)).toEqual(['unreachable']);
      expect(await world.deps.links.observe(watched(link))).toEqual([{ kind: 'unreachable', link }]);
      expect(await world.deps.links.connections([connection])).toEqual([{ kind: 'unreachable', name: connection }]);
      expect(await world.deps.links.workers([link])).toEqual([null]);
    }
  });
});

describe('what connections and workers tell', () => {
  it('a server that evicts keys and keeps nothing on disk', async () => {
    await using server = await startRedisServer({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    await using durable = await startRedisServer({ args: ['--appendonly', 'yes', '--save', '3600 1'] });
    await using saving = await startRedisServer({ args: ['--save', '3600 1'] });
    const targets = { a: targetOf(server.url), b: targetOf(durable.url), c: targetOf(saving.url) };
    await using connections = openLinkConnections(targets, () => {});
    expect(await createLinkEngine(connections).connections(['a', 'b', 'c'])).toMatchObject([
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
    await using connections = openLinkConnections({ a: targetOf(server.url) }, () => {});
    expect(await createLinkEngine(connections).connections(['a'])).toMatchObject([
      { kind: 'read', evictionPolicy: 'noeviction', persistence: null },
    ]);
  });

  it('each worker counts once, with a name of its own or without, for its own queue only', async () => {
    const links = [await world.link('orders-full'), await world.link('orders-incr'), await world.link('orders')];
    const [full] = links;
    if (full === undefined) throw new Error('no link');
    await full.work(async () => {});
    await full.work(async () => {});
    const named = new Worker('orders-incr', async () => {}, { connection: world.redis, name: 'berlin' });
    await named.waitUntilReady();
    const counts = () => world.deps.links.workers(links.map(({ link }) => link));
    await waitFor(async () => (await counts()).join() === '2,1,0');
    await named.close();
    await waitFor(async () => (await counts()).join() === '2,0,0');
  });
});

describe('the signs that a queue has been worked on', () => {
  const sign = async (link: typeof typo) => (await world.deps.links.workedOn([link]))[0];

  it('none while tasks only wait, in whatever way', async () => {
    const { link, queue } = await world.link('orders-full');
    expect(await sign(link)).toBeNull();
    await queue.pause();
    await queue.addBulk([
      { name: 'waits', data: {} },
      { name: 'urgent', data: {}, opts: { priority: 2 } },
      { name: 'later', data: {}, opts: { delay: 60_000, jobId: 'own-id' } },
    ]);
    const flow = new FlowProducer({ connection: world.redis });
    await flow.add({
      name: 'parent',
      queueName: 'orders-full',
      children: [{ name: 'child', queueName: 'orders-full' }],
    });
    await flow.close();
    expect(await sign(link)).toBeNull();
  });

  it.each([
    ['active', 'a task is being worked on'],
    ['completed', 'it has completed tasks'],
    ['failed', 'it has failed tasks'],
  ])('%s tasks', async (state, sentence) => {
    const { link, queue, work } = await world.link('orders-full');
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    await work(() =>
      state === 'failed' ? Promise.reject(new Error('no')) : state === 'active' ? ended : Promise.resolve(),
    );
    await queue.add('x', {});
    await waitFor(() => queue.getJobCountByTypes(state as 'active'));
    expect(await sign(link)).toBe(sentence);
    end();
  });

  it('tasks that are gone again, by the counter', async () => {
    const { link, queue, work } = await world.link('orders-full');
    let done = 0;
    await work(async () => ++done);
    await queue.add('x', {}, { removeOnComplete: true });
    await waitFor(async () => done === 1 && (await queue.getActiveCount()) === 0);
    expect(await sign(link)).toBe('tasks have come and gone');
  });

  it('tasks that are gone again, by the events alone, however many came later', async () => {
    const { link } = await world.link('orders-full');
    const events = 'bull:orders-full:events';
    await world.redis.xadd(events, '*', 'event', 'active', 'jobId', '1', 'prev', 'waiting');
    for (let i = 0; i < 1_100; i++) await world.redis.xadd(events, '*', 'event', 'paused');
    expect(await sign(link)).toBe('its events tell of work');
  });
});

describe('the flag and the counts under load', () => {
  it('more links on one connection than one script looks at, in the order asked for', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `bulk-${index}`);
    await Promise.all(
      names.map((name) => world.redis.hset(`bull:${name}:meta`, name.endsWith('7') ? { paused: 1 } : { version: 'x' })),
    );
    const links = names.map((queue) => ({ ...typo, queue }));
    const flags = await world.deps.links.readFlags(links, 5_000);
    expect(flags).toEqual(names.map((name) => (name.endsWith('7') ? 'paused' : 'resumed')));
    const readings = await world.deps.links.observe(watched(...links));
    expect(readings.map(({ link }) => link.queue)).toEqual(names);
  });

  it('a server that has forgotten its scripts is told them again', async () => {
    const { link, queue } = await world.link('orders-full');
    await queue.add('x', {});
    await lookAt(world, link);
    await world.redis.script('FLUSH');
    expect(await lookAt(world, link)).toMatchObject({ waiting: 1 });
    await world.redis.script('FLUSH');
    expect(await world.deps.links.drive([link], 'paused', { answerMs: 5_000, sendMs: 5_000 })).toEqual(['driven']);
    expect(await world.deps.links.readFlags([link], 5_000)).toEqual(['paused']);
  });
});
