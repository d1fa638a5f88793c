import { pino } from 'pino';
import { expect, it } from 'vitest';
import { noChannelAlerts } from '../../../src/domain/alert-group.ts';
import { Services } from '../../../src/services.ts';
import { startFaultyRedisProxy } from '../../support/faulty-redis-proxy.ts';
import { makeDefinition } from '../../support/project-definition.ts';
import { startTestRedis } from '../../support/test-redis.ts';
import { endpointOf, testSettings } from '../../support/test-services.ts';

const definition = makeDefinition('orders');

it('A step whose reply was lost is sent again and returns the first result.', async () => {
  await using redis = await startTestRedis();
  await using proxy = await startFaultyRedisProxy(redis.port);
  const config = { redis: endpointOf(proxy.url), connections: {}, settings: testSettings };
  await using services = new Services(config, pino({ level: 'silent' }));
  const { alertGroups, deduplication, projects } = services.context;
  // The server must know the scripts, so that the lost reply is that of the step and not NOSCRIPT.
  await deduplication.claimOnce('warm', 1_000);
  await projects.save(makeDefinition('warm'), { state: 'paused', watermarks: {} }, 'x');
  await projects.remove('warm', 1, 'x');
  const change = { before: noChannelAlerts, after: { ...noChannelAlerts, posts: [4_711] }, expectedVersion: 0 };
  await alertGroups.save('C0WARM', change);

  proxy.dropReplyTo('4711');
  expect(await alertGroups.save('C0SYNC', change)).toEqual({ kind: 'written' });
  expect(await alertGroups.read('C0SYNC')).toEqual({ alerts: change.after, version: 1 });

  proxy.dropReplyTo('syncbot:once:');
  expect(await deduplication.claimOnce('trigger:1', 60_000)).toBe(true);
  expect(await deduplication.claimOnce('trigger:1', 60_000)).toBe(false);

  proxy.dropReplyTo('first-description');
  expect(
    await projects.save({ ...definition, description: 'first-description' }, { state: 'paused', watermarks: {} }, 'x'),
  ).toEqual({ kind: 'written' });
  proxy.dropReplyTo('changed-description');
  const update = { expectedVersion: 1, added: [] };
  expect(await projects.save({ ...definition, description: 'changed-description' }, update, 'x')).toEqual({
    kind: 'written',
  });
  expect(await projects.read('orders')).toMatchObject({ version: 2 });
  proxy.dropReplyTo('cli:remover');
  expect(await projects.remove('orders', 2, 'cli:remover')).toMatchObject({ kind: 'written' });
  expect(await projects.listIds()).toEqual([]);
});
