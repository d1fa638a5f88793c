import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Services } from '../../../src/services.ts';
import { startFaultyRedisProxy } from '../../support/faulty-redis-proxy.ts';
import { makeDefinition } from '../../support/project-definition.ts';
import { startTestRedis } from '../../support/test-redis.ts';
import { endpointOf, testSettings } from '../../support/test-services.ts';

const definition = makeDefinition('orders');

it('a step whose reply was lost is sent again, and answers as it did the first time', async () => {
  await using redis = await startTestRedis();
  await using proxy = await startFaultyRedisProxy(redis.port);
  const config = { redis: endpointOf(proxy.url), connections: {}, settings: testSettings };
  await using services = new Services(config, pino({ level: 'silent' }));
  const { deduplication, projects } = services.deps;
  // The server knows the scripts: what is lost below is the reply to the step itself, not to the question for its script.
  await deduplication.claimOnce('warm', 1_000);
  await projects.save(makeDefinition('warm'), { state: 'paused', watermarks: {} }, 'x');
  await projects.remove('warm', 1, 'x');

  proxy.dropReplyTo('syncbot:once:');
  expect(await deduplication.claimOnce('trigger:1', 60_000)).toBe(true);
  expect(await deduplication.claimOnce('trigger:1', 60_000)).toBe(false);

  proxy.dropReplyTo('first-words');
  expect(
    await projects.save({ ...definition, description: 'first-words' }, { state: 'paused', watermarks: {} }, 'x'),
  ).toEqual({ kind: 'written' });
  proxy.dropReplyTo('changed-words');
  const change = { expectedVersion: 1, added: [] };
  expect(await projects.save({ ...definition, description: 'changed-words' }, change, 'x')).toEqual({
    kind: 'written',
  });
  expect(await projects.read('orders')).toMatchObject({ version: 2 });
  proxy.dropReplyTo('cli:remover');
  expect(await projects.remove('orders', 2, 'cli:remover')).toEqual({ kind: 'written' });
  expect(await projects.listIds()).toEqual([]);
});
