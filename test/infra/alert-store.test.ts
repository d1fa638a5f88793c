import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ProjectStore } from '../../src/application/store.ts';
import type { Alert } from '../../src/domain/alert.ts';
import { definitionOf } from '../support/definition.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let store: ProjectStore;
beforeEach(async () => {
  world = await openWorld();
  store = world.deps.store;
  await store.put(definitionOf('orders'), { state: 'paused', watermarks: {} }, 'cli:test');
});
afterEach(() => world[Symbol.asyncDispose]());

const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
/** Its fields in another order than they are kept in. */
const alert: Alert = {
  version: 1,
  changedAt: 5,
  seq: 1,
  open: true,
  since: 5,
  finding: { cause: 'resumed', links: { first: [], total: 0 }, kind: 'loose' },
  fading: false,
};
const events = async () => (await store.history('orders', { limit: 20 })).map(({ event }) => event);

it('an alert is written by compare-and-set, and told without touching what was found', async () => {
  const begin = { kind: 'loose', before: null, after: alert, event: 'alert' } as const;
  expect(await store.noteAlert('orders', 2, begin)).toBe(false);
  expect(await store.noteAlert('orders', 1, begin)).toBe(true);
  expect(await store.noteAlert('orders', 1, begin)).toBe(true);
  const other = { ...alert, seq: 9 };
  expect(await store.noteAlert('orders', 1, { ...begin, after: other })).toBe(false);
  const told = { seq: 1, since: 5, message: { channel: 'C0SYNC', ts: '1.1' }, over: false };
  await store.alertTold('orders', 'loose', told, true);
  const known = (await store.read('orders'))?.alerts.loose;
  expect(known).toEqual({ alert, told });
  const over = { ...alert, open: false, finding: null, seq: 2 };
  expect(await store.noteAlert('orders', 1, { kind: 'loose', before: alert, after: over, event: 'alert_over' })).toBe(
    true,
  );
  await store.alertTold('orders', 'loose', { ...told, seq: 2, message: null }, false);
  expect((await store.read('orders'))?.alerts.loose).toMatchObject({ alert: over, told: { seq: 2 } });
  expect(await events()).toEqual(['alert_over', 'told', 'alert', 'created']);
});

it('a project that is held, or gone, is not written to', async () => {
  await store.alertTold('gone', 'loose', { seq: 1, since: 5, message: null, over: false }, true);
  await world.redis.hset('syncbot:{p:orders}:state', 'holder', 'op1');
  expect(await store.noteAlert('orders', 1, { kind: 'loose', before: null, after: alert, event: 'alert' })).toBe(false);
  expect(await store.correct('orders', 1, { links: [link], cause: 'appeared' })).toBe(false);
  expect(await world.redis.keys('syncbot:{p:gone}*')).toEqual([]);
  expect((await store.read('orders'))?.alerts).toEqual({});
});

it('links are driven back alone while an execution is entered that has not left, and when they have just appeared', async () => {
  await store.markConverged('orders', 1, []);
  const late = { links: [link], cause: 'late_write' } as const;
  const runs = 'syncbot:{p:orders}:runs';
  expect(await store.correct('orders', 1, late)).toBe(false);
  await world.redis.zadd(runs, Date.now() - 1, 'given-up');
  expect(await store.correct('orders', 1, late)).toBe(false);
  expect((await store.read('orders'))?.convergedVersion).toBe(1);
  await world.redis.zadd(runs, Date.now() + 60_000, 'killed');
  expect(await store.correct('orders', 2, late)).toBe(false);
  expect(await store.correct('orders', 1, late)).toBe(true);
  expect((await store.read('orders'))?.convergedVersion).toBe(0);
  expect((await store.read('orders'))?.driving).toEqual(['default/bull:orders-full']);
  expect(await store.correct('orders', 1, late)).toBe(false);
  await store.markConverged('orders', 1, []);
  expect((await store.read('orders'))?.driving).toBeNull();
  await world.redis.del(runs);
  expect(await store.correct('orders', 1, { ...late, cause: 'appeared' })).toBe(true);
  expect(await store.history('orders', { limit: 2 })).toMatchObject([
    { event: 'corrected', cause: 'appeared', links: [link] },
    { event: 'corrected', cause: 'late_write', links: [link] },
  ]);
});

it('a refusal before there was an operation is kept with who, what, where and why', async () => {
  const asked = { by: 'U0CAROL', action: 'pause', reason: 'deploy', origin: 'slack', channel: 'C0SYNC' } as const;
  const refusal = { code: 'not_operator', user: 'U0CAROL' } as const;
  await store.refused('orders', { ...asked, refusal });
  await store.refused('unknown', { ...asked, refusal });
  expect(await store.history('orders', { limit: 1 })).toMatchObject([
    { event: 'refused', operation: null, ...asked, code: 'not_operator', refusal, version: 1 },
  ]);
  expect(await world.redis.keys('syncbot:{p:unknown}*')).toEqual([]);
});
