import { expect, test } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { runObserver } from '../../src/application/observer.ts';
import { firingConditions } from '../../src/domain/alert.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';

/** Saves all records of the bot. Returns a function that restores them. */
async function backUpKeys({ redis }: TestServices) {
  const keys = (await redis.keys('*')).filter((key) => key.startsWith('syncbot:'));
  const dumps = await Promise.all(keys.map(async (key) => [key, await redis.dumpBuffer(key)] as const));
  return async () => {
    const present = (await redis.keys('*')).filter((key) => key.startsWith('syncbot:'));
    if (present.length > 0) await redis.del(...present);
    for (const [key, dump] of dumps) if (dump !== null) await redis.restore(key, 0, dump);
  };
}

test('an old backup restores the records and not the links, which raises a drift alert', async () => {
  await using services = await startTestServices();
  const { context } = services;
  const link = await services.createLink('orders-incr');
  await services.createProject('orders', [link]);
  await context.projects.markReconciled('orders', 1, []);
  const restore = await backUpKeys(services);
  await execute(context, await services.requestAndConfirm('orders', 'pause'));
  expect(await link.queue.isPaused()).toBe(true);
  await restore();
  for (let observation = 0; observation < 2; observation++) await runObserver(context);
  const project = await context.projects.read('orders');
  expect(project?.state).toBe('running');
  expect(firingConditions(project?.alerts ?? {}).map(({ kind }) => kind)).toContain('unexpectedly_paused');
  expect(await link.queue.isPaused()).toBe(true);
});

test('after a restore of an old backup a confirmed operation is refused and a running one is completed', async () => {
  await using services = await startTestServices();
  const { context, redis } = services;
  const links = [await services.createLink('orders-incr'), await services.createLink('users-incr')];
  await services.createProject('orders', links.slice(0, 1));
  await services.createProject('users', links.slice(1));
  const confirmedOperation = await services.requestAndConfirm('orders', 'pause');
  const runningOperation = await services.requestAndConfirm('users', 'pause');
  await context.operations.claim(runningOperation, 'a lost execution');
  const restore = await backUpKeys(services);
  await execute(context, confirmedOperation);
  await execute(context, runningOperation);
  for (const { queue } of links) await queue.resume();
  await restore();
  await redis.hset(`syncbot:{p:orders}:op:${confirmedOperation.operation}`, 'executeBy', Date.now() - 86_400_000);
  await execute(context, confirmedOperation);
  await execute(context, runningOperation);
  expect(await context.operations.read(confirmedOperation)).toMatchObject({
    state: 'refused',
    refusal: { code: 'claim_timeout' },
  });
  expect(await context.operations.read(runningOperation)).toMatchObject({ state: 'done' });
  expect(await Promise.all(links.map(({ queue }) => queue.isPaused()))).toEqual([false, true]);
});
