import { expect, test } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { observeAll } from '../../src/application/observe.ts';
import { openFindings } from '../../src/domain/alert.ts';
import { openWorld, type World } from '../support/world.ts';

/** Everything that the bot keeps, as a backup has it. */
async function backUp({ redis }: World) {
  const keys = (await redis.keys('*')).filter((key) => key.startsWith('syncbot:'));
  const dumps = await Promise.all(keys.map(async (key) => [key, await redis.dumpBuffer(key)] as const));
  return async () => {
    const present = (await redis.keys('*')).filter((key) => key.startsWith('syncbot:'));
    if (present.length > 0) await redis.del(...present);
    for (const [key, dump] of dumps) if (dump !== null) await redis.restore(key, 0, dump);
  };
}

test('an old backup turns the records back and not the links: that is told as drift', async () => {
  await using world = await openWorld();
  const { deps } = world;
  const link = await world.link('orders-incr');
  await world.project('orders', [link]);
  await deps.store.markConverged('orders', 1, []);
  const restore = await backUp(world);
  await execute(deps, await world.act('orders', 'pause'));
  expect(await link.queue.isPaused()).toBe(true);
  await restore();
  for (let look = 0; look < 2; look++) await observeAll(deps);
  const project = await deps.store.read('orders');
  expect(project?.state).toBe('running');
  expect(openFindings(project?.alerts ?? {}).map(({ kind }) => kind)).toContain('drift');
  expect(await link.queue.isPaused()).toBe(true);
});

test('an operation that was only confirmed in the backup is refused as too late; one under way is carried through', async () => {
  await using world = await openWorld();
  const { deps, redis } = world;
  const links = [await world.link('orders-incr'), await world.link('users-incr')];
  await world.project('orders', links.slice(0, 1));
  await world.project('users', links.slice(1));
  const confirmed = await world.act('orders', 'pause');
  const underWay = await world.act('users', 'pause');
  await deps.store.claim(underWay, 'a run that was lost');
  const restore = await backUp(world);
  await execute(deps, confirmed);
  await execute(deps, underWay);
  for (const { queue } of links) await queue.resume();
  await restore();
  await redis.hset(`syncbot:{p:orders}:op:${confirmed.operation}`, 'executeBy', Date.now() - 86_400_000);
  await execute(deps, confirmed);
  await execute(deps, underWay);
  expect(await deps.store.readOperation(confirmed)).toMatchObject({ state: 'refused', refusal: { code: 'too_late' } });
  expect(await deps.store.readOperation(underWay)).toMatchObject({ state: 'done' });
  expect(await Promise.all(links.map(({ queue }) => queue.isPaused()))).toEqual([false, true]);
});
