import { afterEach, beforeEach, expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { StoreUnavailable } from '../../src/application/faults.ts';
import { requestAction } from '../../src/application/request.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { waitFor } from '../support/wait.ts';
import { type OwnedLink, openWorld, type World } from '../support/world.ts';
import { andThen, confirmed, noQueue, withDeps } from './hands.ts';

let world: World;
let link: OwnedLink;
beforeEach(async () => {
  world = await openWorld();
  link = await world.link('orders-full');
  await world.project('orders', [link]);
});
afterEach(() => world[Symbol.asyncDispose]());

/** Ways in which a Redis that is up serves no writes, and what makes it well again. */
const refusals = [
  ['out of memory', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
  ['a replica, as after a failover', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
  [
    'too few replicas for a write',
    ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
    ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
  ],
] as const;
const say = ([command, ...args]: readonly string[]) => world.redis.call(String(command), ...args);
const operation = (ref: OperationRef) => world.deps.store.readOperation(ref);
const events = async () => (await world.deps.store.history('orders', { limit: 50 })).map(({ event }) => event);

it.each(refusals)(
  '%s: surely not done at the command, and carried on by itself afterwards',
  async (_what, ill, well) => {
    const ref = await confirmed(world, 'orders', 'pause');
    await say(ill);
    const asked = {
      project: 'orders',
      action: 'pause',
      by: 'U0BOB',
      reason: null,
      origin: 'slack',
      channel: null,
    } as const;
    await expect(requestAction(world.deps, asked)).rejects.toThrow(StoreUnavailable);
    await expect(world.deps.store.claim(ref, 'run')).rejects.toThrow(StoreUnavailable);
    await say(well);
    await world.app.startWorker();
    await waitFor(async () => (await operation(ref))?.state === 'done');
    expect(await link.queue.isPaused()).toBe(true);
    // The second request may have come through late: nobody was shown its dialog.
    const without = (await events()).filter((event) => event !== 'requested');
    expect(without).toEqual(['done', 'started', 'confirmed', 'created']);
  },
);

it.each(refusals)('%s, in the middle of an operation: one outcome, and the links agree', async (_what, ill, well) => {
  const ref = await confirmed(world, 'orders', 'pause');
  const drive = andThen(world.deps.links.drive, () => say(ill));
  const run = execute(withDeps(noQueue(world), { links: { drive } }), ref).catch((error: unknown) => error);
  await waitFor(() => link.queue.isPaused());
  await say(well);
  await run;
  await world.app.startWorker();
  await waitFor(async () => (await operation(ref))?.state === 'done');
  expect(await world.deps.store.read('orders')).toMatchObject({ state: 'paused', version: 3, holder: null });
  expect(await link.queue.isPaused()).toBe(true);
});

it('a script cache that is flushed all the time is not noticed', async () => {
  await world.app.startWorker();
  let isOver = false;
  const flushing = (async () => {
    while (!isOver) await world.redis.script('FLUSH');
  })();
  for (const action of ['pause', 'restore', 'pause'] as const) {
    const ref = await confirmed(world, 'orders', action);
    await world.deps.queue.execute(ref);
    await waitFor(async () => (await operation(ref))?.state === 'done');
  }
  isOver = true;
  await flushing;
  expect(await world.deps.store.read('orders')).toMatchObject({ state: 'paused', version: 7, holder: null });
});
