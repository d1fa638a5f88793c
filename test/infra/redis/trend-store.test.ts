import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TrendStore } from '../../../src/application/stores.ts';
import { minuteOf } from '../../../src/domain/trend.ts';
import { exampleNow } from '../../support/example-records.ts';
import { keys } from '../../support/keys.ts';
import { startTestServices, type TestServices } from '../../support/test-services.ts';

let services: TestServices;
let trends: TrendStore;
const minute = (index: number) => minuteOf(exampleNow) + index * 60_000;
const sampleAt = (index: number, backlog = index) => ({ at: minute(index), backlog, latencyMs: backlog * 1_000 });
const key = keys.project('orders').trend;

beforeEach(async () => {
  services = await startTestServices();
  trends = services.context.trends;
  await services.createProject('orders', [], {
    links: [{ queue: 'orders-full', connection: 'default', prefix: 'bull' }],
    state: 'paused',
  });
});
afterEach(() => services[Symbol.asyncDispose]());

it('A project keeps the samples of 60 minutes, the oldest first, however long it is observed.', async () => {
  for (let index = 0; index < 150; index++) await trends.record([{ project: 'orders', ...sampleAt(index) }]);
  const samples = await trends.read('orders');
  expect(samples).toEqual(Array.from({ length: 60 }, (_, index) => sampleAt(90 + index)));
  expect(await services.redis.hlen(key)).toBe(60);
  expect(await services.redis.object('ENCODING', key)).toMatch(/listpack|ziplist/);
});

it('A sample that is recorded again replaces the one of the same minute.', async () => {
  await trends.record([{ project: 'orders', ...sampleAt(0, 5) }]);
  await trends.record([{ project: 'orders', ...sampleAt(0, 7) }]);
  expect(await trends.read('orders')).toEqual([sampleAt(0, 7)]);
});

it('A removed project has no trend, and a late sample does not bring it back.', async () => {
  await trends.record([{ project: 'orders', ...sampleAt(0) }]);
  const version = await services.context.projects.readVersion('orders');
  expect(await services.context.projects.remove('orders', version ?? 0, 'cli:test')).toMatchObject({ kind: 'written' });
  await trends.record([{ project: 'orders', ...sampleAt(1) }]);
  expect(await services.redis.exists(key)).toBe(0);
  expect(await trends.read('orders')).toEqual([]);
});

it('A value that a newer version wrote is left out.', async () => {
  await trends.record([{ project: 'orders', ...sampleAt(3) }]);
  await services.redis.hset(key, '59', '2:other');
  expect(await trends.read('orders')).toEqual([sampleAt(3)]);
});
