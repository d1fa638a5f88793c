import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { requestAction } from '../../src/application/request.ts';
import { sweep } from '../../src/application/sweep.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { waitFor } from '../support/wait.ts';
import { type OwnedLink, openWorld, type World } from '../support/world.ts';
import { confirmed, noQueue } from './hands.ts';

let world: World;
let owned: OwnedLink;
beforeEach(async () => {
  world = await openWorld();
  owned = await world.link('orders-full');
  await world.project('orders', [owned]);
});
afterEach(() => world[Symbol.asyncDispose]());

/** A sweep whose findings are written down. */
async function found() {
  const executed: string[] = [];
  const converged: string[] = [];
  const told: string[] = [];
  await sweep({
    ...world.deps,
    queue: {
      execute: async ({ operation }) => void executed.push(operation),
      converge: async (id) => void converged.push(id),
    },
    notifier: { tell: async ({ operation }) => void told.push(operation), alert: async () => {} },
  });
  return { executed, converged, told };
}

async function requested(): Promise<OperationRef> {
  const asked = await requestAction(world.deps, {
    project: 'orders',
    action: 'pause',
    by: 'U0ALICE',
    reason: null,
    origin: 'slack',
    channel: 'C0SYNC',
  });
  if (asked.kind === 'refused') throw new Error(asked.refusal.code);
  return { project: 'orders', operation: asked.operation.id };
}

describe('the sweep', () => {
  it('rests when all is well', async () => {
    await world.deps.store.markConverged('orders', 1, []);
    expect(await found()).toEqual({ executed: [], converged: [], told: [] });
  });

  it('has links converged that are behind their project’s state', async () => {
    expect((await found()).converged).toEqual(['orders']);
    await world.deps.store.claim(await confirmed(world, 'orders', 'pause'), 'run');
    expect((await found()).converged).toEqual([]);
  });

  it('leaves a dialog that may still be answered, and lets an expired one expire without a word', async () => {
    const ref = await requested();
    expect(await found()).toMatchObject({ executed: [], told: [] });
    expect(await world.deps.store.readOperation(ref)).toMatchObject({ state: 'requested' });
    await world.redis.hset(`syncbot:{p:orders}:op:${ref.operation}`, 'expiresAt', '1');
    expect(await found()).toMatchObject({ executed: [], told: [] });
    expect(await world.deps.store.readOperation(ref)).toMatchObject({ state: 'expired' });
    expect(await found()).toMatchObject({ told: [] });
    expect(await world.deps.store.openOperations('orders')).toEqual([]);
  });

  it('has what was confirmed carried out, as long as it takes', async () => {
    const ref = await confirmed(world, 'orders', 'pause');
    expect((await found()).executed).toEqual([ref.operation]);
    await world.deps.store.claim(ref, 'run');
    expect((await found()).executed).toEqual([ref.operation]);
    await execute(noQueue(world), ref);
    expect((await found()).executed).toEqual([]);
  });

  it('has outcomes told again until they have been told', async () => {
    const ref = await confirmed(world, 'orders', 'pause');
    await execute(noQueue(world), ref);
    expect((await found()).told).toEqual([ref.operation]);
    expect((await found()).told).toEqual([ref.operation]);
    const seq = (await world.deps.store.readOperation(ref))?.seq ?? 0;
    await world.deps.store.told(ref, { seq: seq - 1, message: null, dialogUses: 0 });
    expect((await found()).told).toEqual([ref.operation]);
    await world.deps.store.told(ref, { seq, message: { channel: 'C0SYNC', ts: '1.2' }, dialogUses: 0 });
    expect((await found()).told).toEqual([]);
    expect(await world.deps.store.openOperations('orders')).toEqual([]);
  });

  it('gives up telling what nobody could be told for a day', async () => {
    const ref = await confirmed(world, 'orders', 'pause');
    await execute(noQueue(world), ref);
    expect((await found()).told).toEqual([ref.operation]);
    const yesterday = (await world.deps.store.now()) - 25 * 3_600_000;
    await world.redis.hset(`syncbot:{p:orders}:op:${ref.operation}`, 'finishedAt', String(yesterday));
    expect((await found()).told).toEqual([]);
    expect(await world.deps.store.openOperations('orders')).toEqual([]);
  });

  it('works through a broken project and a broken operation to all the others', async () => {
    await world.project('aaa', [await world.link('aaa')]);
    await world.project('bbb', [await world.link('bbb')]);
    const ref = await confirmed(world, 'orders', 'pause');
    await world.redis.hset('syncbot:{p:aaa}:state', 'state', 'asleep');
    await world.redis.set('syncbot:{p:bbb}:open', 'no sorted set');
    await world.redis.zadd('syncbot:{p:orders}:open', 1, 'strange');
    await world.redis.hset('syncbot:{p:orders}:op:strange', { v: '7', state: 'confirmed' });
    expect((await found()).executed).toEqual([ref.operation]);
  });

  it('forgets an operation whose time of retention is over though nobody was told', async () => {
    const ref = await confirmed(world, 'orders', 'pause');
    await execute(noQueue(world), ref);
    await world.redis.del(`syncbot:{p:orders}:op:${ref.operation}`);
    expect((await found()).told).toEqual([]);
    expect(await world.redis.zcard('syncbot:{p:orders}:open')).toBe(0);
  });

  it('runs by itself on a worker, and finds what was left', async () => {
    const ref = await confirmed(world, 'orders', 'pause');
    await world.app.startWorker();
    await waitFor(async () => (await world.deps.store.readOperation(ref))?.state === 'done');
  });
});
