import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Stores } from '../../../src/application/stores.ts';
import { Services } from '../../../src/services.ts';
import { keys } from '../../support/keys.ts';
import { makeDefinition } from '../../support/project-definition.ts';
import { startTestRedis } from '../../support/test-redis.ts';
import { endpointOf, startTestServices, type TestServices, testSettings } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';

let services: TestServices;
let stores: Stores;
beforeEach(async () => {
  services = await startTestServices();
  stores = services.context;
  await stores.projects.save(definition, { state: 'running', watermarks: {} }, 'cli:test');
});
afterEach(() => services[Symbol.asyncDispose]());

const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
const definition = makeDefinition('orders');
const orderKeys = keys.project('orders');

const watermarks = { 'default/bull:orders-full': { at: 1, known: [], eventId: '0-0' } };

async function requestPauseAndClaim(): Promise<void> {
  const ref = { project: 'orders', operation: 'op1' };
  await stores.operations.request({
    id: 'op1',
    project: 'orders',
    action: 'pause',
    by: 'U0ALICE',
    reason: null,
    tasks: [],
    origin: 'slack',
    channel: null,
    projectVersion: (await stores.projects.readVersion('orders')) ?? 0,
    ttlMs: 60_000,
  });
  await stores.operations.resolve({ ref, decision: 'confirm', by: 'U0ALICE', dialog: null });
  expect(await stores.operations.claim(ref, 'run')).toMatchObject({ kind: 'claimed' });
}

describe('projects', () => {
  it('A write at another version is a conflict.', async () => {
    expect(await stores.projects.save(definition, { state: 'paused', watermarks: {} }, 'x')).toEqual({
      kind: 'conflict',
    });
    expect(
      await stores.projects.save(definition, { expectedVersion: 7, added: ['default/bull:orders-full'] }, 'x'),
    ).toEqual({ kind: 'conflict' });
    await stores.projects.markReconciled('orders', 1, []);
    expect(await stores.projects.save(definition, { expectedVersion: 1, added: [] }, 'x')).toEqual({ kind: 'written' });
    expect(await stores.projects.read('orders')).toMatchObject({
      version: 2,
      reconciledVersion: 2,
      state: 'running',
      by: 'cli:test',
    });
    expect(
      await stores.projects.save(definition, { expectedVersion: 2, added: ['default/bull:orders-full'] }, 'x'),
    ).toEqual({ kind: 'written' });
    expect(await stores.projects.read('orders')).toMatchObject({ version: 3, reconciledVersion: 2 });
    expect(await stores.projects.markReconciled('orders', 2, [])).toEqual({ kind: 'conflict' });
    expect(await stores.projects.setWatermarks('orders', 2, watermarks)).toEqual({ kind: 'conflict' });
    expect(
      await stores.projects.markFailed('orders', 2, {
        failure: { kind: 'task_failed', link, taskId: '1', reason: 'no', at: 1 },
        by: 'syncbot',
        oldestUnprocessedAt: null,
      }),
    ).toEqual({ kind: 'conflict' });
    expect(await stores.projects.remove('orders', 2, 'x')).toEqual({ kind: 'conflict' });
    expect(await stores.projects.remove('orders', 3, 'x')).toEqual({ kind: 'written', operationToNotify: null });
    expect([
      await stores.projects.listIds(),
      await stores.projects.read('orders'),
      await stores.projects.readVersion('orders'),
    ]).toEqual([[], null, null]);
    expect(await stores.projects.readMany(['orders'])).toEqual([]);
  });

  it('A second write at the same version is a conflict, unless it is the same.', async () => {
    const other = { ...definition, labels: ['prod'] };
    expect(await stores.projects.save(other, { state: 'running', watermarks: {} }, 'x')).toEqual({ kind: 'conflict' });
    expect(await stores.projects.save(other, { expectedVersion: 1, added: [] }, 'x')).toEqual({ kind: 'written' });
    expect(await stores.projects.save(other, { expectedVersion: 1, added: [] }, 'x')).toEqual({ kind: 'written' });
    expect(await stores.projects.save(definition, { expectedVersion: 1, added: [] }, 'x')).toEqual({
      kind: 'conflict',
    });
    expect(await stores.projects.read('orders')).toMatchObject({ version: 2, definition: { labels: ['prod'] } });
  });

  it('A project that is not Running does not become Failed.', async () => {
    await stores.projects.remove('orders', 1, 'x');
    await stores.projects.save(definition, { state: 'paused', watermarks: {} }, 'x');
    const failure = { kind: 'task_failed', link, taskId: '1', reason: 'no', at: 1 } as const;
    expect(
      await stores.projects.markFailed('orders', 2, { failure, by: 'syncbot', oldestUnprocessedAt: null }),
    ).toEqual({ kind: 'conflict' });
  });

  it('Failures are in a row until the project has run for an hour, also if it was paused since.', async () => {
    const now = await stores.serverClock.now();
    const failAfter = async (ranForMs: number, reason: string) => {
      const since = now - ranForMs;
      await services.redis.hset(orderKeys.state, { state: 'running', by: 'U0ALICE', since, lastOperation: 'restore1' });
      const version = (await stores.projects.readVersion('orders')) ?? 0;
      const failure = { kind: 'task_failed', link, taskId: '1', reason, at: 1 } as const;
      await stores.projects.markFailed('orders', version, { failure, by: 'syncbot', oldestUnprocessedAt: null });
      const row = (await stores.projects.read('orders'))?.failureStreak;
      expect(row).toMatchObject({ run: { since, by: 'U0ALICE', action: 'restore' }, failedAt: expect.any(Number) });
      return row && [row.count, row.isSameCause];
    };
    await services.redis.hset(`${orderKeys.operations}restore1`, { id: 'restore1', action: 'restore' });
    await services.redis.hdel(orderKeys.state, 'failureStreak');
    expect(await failAfter(1_000, 'no')).toEqual([1, false]);
    expect(await failAfter(1_000, 'no')).toEqual([2, true]);
    expect(await failAfter(1_000, 'full')).toEqual([3, false]);
    expect(
      JSON.parse((await services.redis.hget(`${orderKeys.operations}restore1`, 'laterFailure')) ?? ''),
    ).toMatchObject({
      streak: { count: 3, isSameCause: false },
    });
    expect(await failAfter(3_600_000, 'full')).toEqual([1, false]);
    await services.redis.hset(orderKeys.state, { state: 'running', since: now - 3_600_000 });
    await requestPauseAndClaim();
    expect((await stores.projects.read('orders'))?.failureStreak).toBeNull();
  });

  it('A project that is removed and created again continues its versions, and a repeat of the creation changes nothing.', async () => {
    expect(await stores.projects.remove('orders', 1, 'x')).toEqual({ kind: 'written', operationToNotify: null });
    for (let repeat = 0; repeat < 2; repeat++) {
      expect(await stores.projects.save(definition, { state: 'running', watermarks: {} }, 'x')).toEqual({
        kind: 'written',
      });
      expect(await stores.projects.read('orders')).toMatchObject({ version: 2, reconciledVersion: 1 });
    }
    expect(await stores.projects.setWatermarks('orders', 1, watermarks)).toEqual({ kind: 'conflict' });
    expect(await stores.projects.remove('orders', 1, 'x')).toEqual({ kind: 'conflict' });
    expect(await stores.projects.save(definition, { state: 'paused', watermarks: {} }, 'x')).toEqual({
      kind: 'conflict',
    });
    expect(await stores.projects.remove('orders', 2, 'x')).toEqual({ kind: 'written', operationToNotify: null });
    await stores.projects.save(definition, { state: 'paused', watermarks: {} }, 'x');
    expect(await stores.projects.readVersion('orders')).toBe(3);
  });

  it('A project with an active operation is not changed, removed or marked as failed.', async () => {
    await requestPauseAndClaim();
    expect(await stores.projects.save(definition, { expectedVersion: 2, added: [] }, 'x')).toEqual({
      kind: 'conflict',
    });
    expect(await stores.projects.remove('orders', 2, 'x')).toEqual({ kind: 'conflict' });
    expect(
      await stores.projects.markFailed('orders', 2, {
        failure: { kind: 'task_failed', link, taskId: '1', reason: 'no', at: 1 },
        by: 'syncbot',
        oldestUnprocessedAt: null,
      }),
    ).toEqual({ kind: 'conflict' });
  });

  it('Only the first delivery with a key is new.', async () => {
    expect([
      await stores.deduplication.claimOnce('a', 60_000),
      await stores.deduplication.claimOnce('a', 60_000),
      await stores.deduplication.claimOnce('b', 60_000),
    ]).toEqual([true, false, true]);
  });

  it('All keys of a project share one slot.', () => {
    expect(Object.values(keys.project('orders-2'))).toEqual([
      'syncbot:{p:orders-2}:state',
      'syncbot:{p:orders-2}:definition',
      'syncbot:{p:orders-2}:audit',
      'syncbot:{p:orders-2}:refusals',
      'syncbot:{p:orders-2}:open',
      'syncbot:{p:orders-2}:runs',
      'syncbot:{p:orders-2}:lastVersion',
      'syncbot:{p:orders-2}:trend',
      'syncbot:{p:orders-2}:op:',
    ]);
    expect(keys.operation('orders-2', 'abc')).toBe('syncbot:{p:orders-2}:op:abc');
  });
});

describe('a Redis that cannot serve', () => {
  const connectTo = (url: string) =>
    new Services({ redis: endpointOf(url), connections: {}, settings: testSettings }, pino({ level: 'silent' }));

  it('A command that was never sent fails with sent: no.', async () => {
    await using server = await startTestRedis();
    await using bot = connectTo(server.url);
    await bot.context.projects.listIds();
    server.kill('SIGKILL');
    await server.exited;
    await expect(bot.context.serverClock.now()).rejects.toMatchObject({ name: 'StoreUnavailableError' });
    await expect(bot.context.projects.listIds()).rejects.toMatchObject({ name: 'StoreUnavailableError', sent: 'no' });
  });

  it('A command whose reply is lost fails with sent: unknown.', async () => {
    await using server = await startTestRedis();
    await using bot = connectTo(server.url);
    await bot.context.projects.listIds();
    server.kill('SIGSTOP');
    const pendingRead = bot.context.projects.listIds();
    const rejected = expect(pendingRead).rejects.toMatchObject({ name: 'StoreUnavailableError', sent: 'unknown' });
    server.kill('SIGKILL');
    await rejected;
  });

  it.each([
    ['without free memory', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    ['a replica', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
    [
      'without enough replicas',
      ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
      ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
    ],
  ])(
    'A server that is %s is unavailable until it has recovered.',
    async (_name, [breakCommand = '', ...breakArgs], [repairCommand = '', ...repairArgs]) => {
      await using server = await startTestRedis();
      await using bot = connectTo(server.url);
      await bot.context.projects.save(definition, { state: 'running', watermarks: {} }, 'x');
      const admin = new Redis(server.url);
      await admin.call(breakCommand, ...breakArgs);
      await expect(bot.context.projects.setWatermarks('orders', 1, watermarks)).rejects.toMatchObject({
        name: 'StoreUnavailableError',
      });
      await admin.call(repairCommand, ...repairArgs);
      await waitFor(() => bot.context.projects.setWatermarks('orders', 1, watermarks));
      admin.disconnect();
    },
  );

  it('An error reply other than an outage is thrown unchanged.', async () => {
    await services.redis.del(orderKeys.state);
    await services.redis.set(orderKeys.state, 'not a hash');
    await expect(stores.projects.readVersion('orders')).rejects.toThrow(/WRONGTYPE/);
  });
});
