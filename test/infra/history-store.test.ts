import { afterEach, beforeEach, expect, it } from 'vitest';
import { projectHistory } from '../../src/application/look.ts';
import type { NewOperation } from '../../src/application/operation-store.ts';
import type { ProjectStore } from '../../src/application/store.ts';
import { projectKeys } from '../../src/infra/redis/keys.ts';
import { definitionOf } from '../support/definition.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let store: ProjectStore;
beforeEach(async () => {
  world = await openWorld();
  store = world.deps.store;
  await store.put(definitionOf('orders'), { state: 'running', watermarks: {} }, 'cli:test');
});
afterEach(() => world[Symbol.asyncDispose]());

const { audit } = projectKeys('orders');
const ref = { project: 'orders', operation: 'op1' };
const alice = { by: 'U0ALICE', reason: 'deploy', origin: 'slack', channel: 'C0SYNC', action: 'pause' } as const;
const request = (more: Partial<NewOperation> = {}) =>
  store.request({ ...alice, id: 'op1', project: 'orders', projectVersion: 1, ttlMs: 60_000, ...more });
const events = async (limit = 50) => (await store.history('orders', { limit })).map(({ event }) => event);

async function paused(): Promise<void> {
  await request();
  await store.settle({ ref, settlement: 'confirm', by: 'U0ALICE', dialog: null });
  await store.claim(ref, 'run-1');
  const outcome = { linksTotal: 1, linksDone: 1, unreachable: [], missing: [], inFlight: 2, putBack: 0 };
  const ending = { ref, expectedVersion: 2, operationState: 'done', projectState: 'paused', converged: true } as const;
  await store.commit({ ...ending, outcome, refusal: null, failure: null, awaited: [], logFrom: null });
  await store.quiet(ref, { ...outcome, inFlight: 0 });
}

it('tells every step of an operation, newest first, with what it was about', async () => {
  await paused();
  const told = await store.history('orders', { limit: 50 });
  const about = { operation: 'op1', action: 'pause', reason: 'deploy', origin: 'slack', channel: 'C0SYNC' };
  expect(told).toMatchObject([
    { event: 'quiet', ...about, by: null, version: 3 },
    { event: 'done', ...about, by: 'U0ALICE', version: 3, state: 'paused', outcome: { linksDone: 1, inFlight: 2 } },
    { event: 'started', ...about, by: 'U0ALICE', version: 2, state: 'pausing' },
    { event: 'confirmed', ...about, by: 'U0ALICE', version: 1 },
    { event: 'requested', ...about, by: 'U0ALICE', version: 1, state: null },
    { event: 'created', operation: null, action: null, by: 'cli:test', version: 1, at: expect.any(Number) },
  ]);
  const times = told.map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => b - a));
});

it('a refusal is kept with its facts, a task that failed with its link', async () => {
  await request();
  await store.settle({ ref, settlement: 'confirm', by: 'U0ALICE', dialog: null });
  const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
  const failure = { link, taskId: '7', reason: 'refused', at: 5 };
  await store.fail('orders', 1, { failure, by: 'syncbot', logFrom: null });
  await store.claim(ref, 'run-1');
  expect(await store.history('orders', { limit: 2 })).toMatchObject([
    { event: 'refused', by: 'U0ALICE', code: 'not_allowed', refusal: { code: 'not_allowed', state: 'failed' } },
    { event: 'failed', operation: null, by: 'syncbot', failure },
  ]);
});

it('other ends of a request, and who asked for what the newer one replaced', async () => {
  await request();
  await request({ id: 'op2' });
  await store.settle({ ref: { ...ref, operation: 'op2' }, settlement: 'cancel', by: 'U0ALICE', dialog: null });
  await request({ id: 'op3', ttlMs: 0 });
  await world.redis.hset(`${projectKeys('orders').operations}op3`, 'expiresAt', '1');
  await store.settle({ ref: { ...ref, operation: 'op3' }, settlement: 'expire', by: null, dialog: null });
  expect(await store.history('orders', { limit: 5 })).toMatchObject([
    { event: 'expired', operation: 'op3', action: 'pause', by: null },
    { event: 'requested', operation: 'op3' },
    { event: 'cancelled', operation: 'op2', action: 'pause', by: 'U0ALICE' },
    { event: 'requested', operation: 'op2' },
    { event: 'superseded', operation: 'op1', action: 'pause', by: 'U0ALICE' },
  ]);
});

it('is read page by page', async () => {
  await paused();
  const newest = await store.history('orders', { limit: 2 });
  const older = await store.history('orders', { limit: 2, before: newest.at(-1)?.id ?? '' });
  expect([...newest, ...older].map(({ event }) => event)).toEqual(['quiet', 'done', 'started', 'confirmed']);
  expect(await events(3)).toEqual(['quiet', 'done', 'started']);
});

it('of any length is put together from pages', async () => {
  const adding = world.redis.pipeline();
  for (let index = 0; index < 1_200; index++)
    adding.xadd(audit, '*', 'v', '1', 'event', 'changed', 'at', String(index));
  await adding.exec();
  const all = await projectHistory(world.deps, 'orders', Number.POSITIVE_INFINITY);
  expect(all).toMatchObject({ kind: 'found', entries: { length: 1_201 } });
  if (all.kind === 'found') expect(new Set(all.entries.map(({ id }) => id)).size).toBe(1_201);
  const some = await projectHistory(world.deps, 'orders', 501);
  expect(some).toMatchObject({ entries: { length: 501, 0: { at: 1_199 }, 500: { at: 699 } } });
});

it('stays when the project is removed; of a project that never was it is refused', async () => {
  await store.remove('orders', 1, 'cli:test');
  expect(await projectHistory(world.deps, 'orders', 10)).toMatchObject({
    kind: 'found',
    entries: [{ event: 'removed' }, { event: 'created' }],
  });
  await store.put(definitionOf('users'), { state: 'running', watermarks: {} }, 'cli:test');
  expect(await projectHistory(world.deps, 'user', 10)).toEqual({
    kind: 'refused',
    refusal: { code: 'unknown_project', project: 'user', similar: 'users' },
  });
  await world.redis.del(projectKeys('users').audit);
  expect(await projectHistory(world.deps, 'users', 10)).toEqual({ kind: 'found', entries: [] });
});

it('entries of older and newer versions, and broken ones, are read as far as they go', async () => {
  await world.redis.xadd(audit, '1-1', 'event', 'never').catch(() => {});
  await world.redis.xadd(audit, '*', 'v', '1', 'at', '5', 'event', 'done', 'operation', 'op0', 'by', 'U0BOB');
  await world.redis.xadd(
    audit,
    '*',
    'v',
    '2',
    'at',
    '6',
    'event',
    'drift',
    'state',
    'lost',
    'link',
    '{}',
    'action',
    'x',
  );
  await world.redis.xadd(audit, '*', 'at', 'soon', 'outcome', '{"links', 'failure', '[]', 'refusal', '{"code":"new"}');
  expect(await store.history('orders', { limit: 3 })).toMatchObject([
    { event: 'unknown', at: expect.any(Number), outcome: null, failure: null, refusal: null },
    { event: 'drift', at: 6, state: null, action: null },
    { event: 'done', at: 5, operation: 'op0', by: 'U0BOB', action: null, origin: null, outcome: null },
  ]);
});
