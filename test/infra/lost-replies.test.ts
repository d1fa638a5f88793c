import { pino } from 'pino';
import { expect, it } from 'vitest';
import { openCore } from '../../src/core.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { definitionOf } from '../support/definition.ts';
import { ownRedis } from '../support/redis.ts';
import { targetOf, testSettings } from '../support/world.ts';

const definition = definitionOf('orders');

it('a step whose reply was lost is sent again, and answers as it did the first time', async () => {
  await using redis = await ownRedis();
  await using proxy = await startCuttingProxy(redis.port);
  const config = { redis: targetOf(proxy.url), connections: {}, settings: testSettings };
  await using core = openCore(config, pino({ level: 'silent' }));
  const { store } = core.deps;
  // The server knows the scripts: what is lost below is the reply to the step itself, not to the question for its script.
  await store.firstTime('warm', 1_000);
  await store.put(definitionOf('warm'), { state: 'paused', watermarks: {} }, 'x');
  await store.remove('warm', 1, 'x');

  proxy.loseReplyTo('syncbot:once:');
  expect(await store.firstTime('trigger:1', 60_000)).toBe(true);
  expect(await store.firstTime('trigger:1', 60_000)).toBe(false);

  proxy.loseReplyTo('first-words');
  expect(await store.put({ ...definition, description: 'first-words' }, { state: 'paused', watermarks: {} }, 'x')).toBe(
    true,
  );
  proxy.loseReplyTo('changed-words');
  const change = { expectedVersion: 1, added: [] };
  expect(await store.put({ ...definition, description: 'changed-words' }, change, 'x')).toBe(true);
  expect(await store.read('orders')).toMatchObject({ version: 2 });
  proxy.loseReplyTo('cli:remover');
  expect(await store.remove('orders', 2, 'cli:remover')).toBe(true);
  expect(await store.ids()).toEqual([]);
});
