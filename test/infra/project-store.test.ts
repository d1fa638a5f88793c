import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProjectStore } from '../../src/application/store.ts';
import { openCore } from '../../src/core.ts';
import { operationKey, projectKeys } from '../../src/infra/redis/keys.ts';
import { definitionOf } from '../support/definition.ts';
import { ownRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { openWorld, targetOf, testSettings, type World } from '../support/world.ts';

let world: World;
let store: ProjectStore;
beforeEach(async () => {
  world = await openWorld();
  store = world.deps.store;
  await store.put(definition, { state: 'running', watermarks: {} }, 'cli:test');
});
afterEach(() => world[Symbol.asyncDispose]());

const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
const definition = definitionOf('orders');
const keys = projectKeys('orders');

const marks = { 'default/bull:orders-full': { at: 1, taskIds: [] } };

describe('projects', () => {
  it('are written, changed and removed only at the version that was seen', async () => {
    expect(await store.put(definition, { state: 'paused', watermarks: {} }, 'x')).toBe(false);
    expect(await store.put(definition, { expectedVersion: 7, added: ['default/bull:orders-full'] }, 'x')).toBe(false);
    await store.markConverged('orders', 1, []);
    expect(await store.put(definition, { expectedVersion: 1, added: [] }, 'x')).toBe(true);
    expect(await store.read('orders')).toMatchObject({
      version: 2,
      convergedVersion: 2,
      state: 'running',
      by: 'cli:test',
    });
    expect(await store.put(definition, { expectedVersion: 2, added: ['default/bull:orders-full'] }, 'x')).toBe(true);
    expect(await store.read('orders')).toMatchObject({ version: 3, convergedVersion: 2 });
    expect(await store.markConverged('orders', 2, [])).toEqual({ kind: 'moved' });
    expect(await store.setWatermarks('orders', 2, marks)).toBe(false);
    expect(
      await store.fail('orders', 2, {
        failure: { link, taskId: '1', reason: 'no', at: 1 },
        by: 'syncbot',
        logFrom: null,
      }),
    ).toEqual({ kind: 'moved' });
    expect(await store.remove('orders', 2, 'x')).toBe(false);
    expect(await store.remove('orders', 3, 'x')).toBe(true);
    expect([await store.ids(), await store.read('orders'), await store.version('orders')]).toEqual([[], null, null]);
    expect(await store.readMany(['orders'])).toEqual([]);
  });

  it('that are held are neither changed, removed nor failed', async () => {
    const ref = { project: 'orders', operation: 'op1' };
    await store.request({
      id: 'op1',
      project: 'orders',
      action: 'pause',
      by: 'U0ALICE',
      reason: null,
      origin: 'slack',
      channel: null,
      projectVersion: 1,
      ttlMs: 60_000,
    });
    await store.settle({ ref, settlement: 'confirm', by: 'U0ALICE', dialog: null });
    expect(await store.claim(ref, 'run')).toMatchObject({ kind: 'claimed' });
    expect(await store.put(definition, { expectedVersion: 2, added: [] }, 'x')).toBe(false);
    expect(await store.remove('orders', 2, 'x')).toBe(false);
    expect(
      await store.fail('orders', 2, {
        failure: { link, taskId: '1', reason: 'no', at: 1 },
        by: 'syncbot',
        logFrom: null,
      }),
    ).toEqual({ kind: 'moved' });
  });

  it('a delivery is new once', async () => {
    expect([
      await store.firstTime('a', 60_000),
      await store.firstTime('a', 60_000),
      await store.firstTime('b', 60_000),
    ]).toEqual([true, false, true]);
  });

  it('all keys of one lie in its slot', () => {
    expect(Object.values(projectKeys('orders-2'))).toEqual([
      'syncbot:{p:orders-2}:state',
      'syncbot:{p:orders-2}:definition',
      'syncbot:{p:orders-2}:audit',
      'syncbot:{p:orders-2}:open',
      'syncbot:{p:orders-2}:runs',
      'syncbot:{p:orders-2}:op:',
    ]);
    expect(operationKey('orders-2', 'abc')).toBe('syncbot:{p:orders-2}:op:abc');
  });
});

describe('a Redis that does not serve', () => {
  const app = (url: string) =>
    openCore({ redis: targetOf(url), connections: {}, settings: testSettings }, pino({ level: 'silent' }));

  it('away before anything was sent: surely nothing was done', async () => {
    await using server = await ownRedis();
    await using bot = app(server.url);
    await bot.deps.store.ids();
    server.kill('SIGKILL');
    await server.exited;
    await expect(bot.deps.store.now()).rejects.toMatchObject({ name: 'StoreUnavailable' });
    await expect(bot.deps.store.ids()).rejects.toMatchObject({ name: 'StoreUnavailable', sent: 'no' });
  });

  it('a reply that is lost: nobody knows', async () => {
    await using server = await ownRedis();
    await using bot = app(server.url);
    await bot.deps.store.ids();
    server.kill('SIGSTOP');
    const asked = bot.deps.store.ids();
    const answer = expect(asked).rejects.toMatchObject({ name: 'StoreUnavailable', sent: 'unknown' });
    server.kill('SIGKILL');
    await answer;
  });

  it.each([
    ['out of memory', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    ['a replica', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
    [
      'too few replicas',
      ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
      ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
    ],
  ])(
    '%s: not available, and fine as soon as that is over',
    async (_name, [break_ = '', ...breakArgs], [mend = '', ...mendArgs]) => {
      await using server = await ownRedis();
      await using bot = app(server.url);
      await bot.deps.store.put(definition, { state: 'running', watermarks: {} }, 'x');
      const admin = new Redis(server.url);
      await admin.call(break_, ...breakArgs);
      await expect(bot.deps.store.setWatermarks('orders', 1, marks)).rejects.toMatchObject({
        name: 'StoreUnavailable',
      });
      await admin.call(mend, ...mendArgs);
      await waitFor(() => bot.deps.store.setWatermarks('orders', 1, marks));
      admin.disconnect();
    },
  );

  it('a fault of ours is not taken for an outage', async () => {
    await world.redis.del(keys.state);
    await world.redis.set(keys.state, 'not a hash');
    await expect(store.version('orders')).rejects.toThrow(/WRONGTYPE/);
  });
});
