import { afterEach, beforeEach, expect, it } from 'vitest';
import { idleExecutionPrefix } from '../../../src/application/operation-store.ts';
import type { Stores } from '../../../src/application/stores.ts';
import { type Alert, acknowledge, type FiringAlert, keepPaused } from '../../../src/domain/alert.ts';
import type { Condition } from '../../../src/domain/conditions.ts';
import { makeDefinition } from '../../support/project-definition.ts';
import { startTestServices, type TestServices } from '../../support/test-services.ts';

let services: TestServices;
let stores: Stores;
beforeEach(async () => {
  services = await startTestServices();
  stores = services.context;
  await stores.projects.save(makeDefinition('orders'), { state: 'paused', watermarks: {} }, 'cli:test');
});
afterEach(() => services[Symbol.asyncDispose]());

const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
const condition: Condition = { cause: 'resumed', links: { first: [], total: 0 }, kind: 'unexpectedly_running' };
/** The fields are in another order than the stored ones. */
const alert: Alert = {
  version: 1,
  changedAt: 5,
  seq: 1,
  state: 'firing',
  since: 5,
  condition,
  absentOnce: false,
};
const readEvents = async () => (await stores.auditLog.read('orders', { limit: 20 })).map(({ event }) => event);

it('The observer writes an alert by compare-and-set, and the notifier does not overwrite it.', async () => {
  const firing = { kind: 'unexpectedly_running', before: null, after: alert, event: 'alert_firing' } as const;
  expect(await stores.alerts.save('orders', 2, firing)).toEqual({ kind: 'conflict' });
  expect(await stores.alerts.save('orders', 1, firing)).toEqual({ kind: 'written' });
  expect(await stores.alerts.save('orders', 1, firing)).toEqual({ kind: 'written' });
  const other = { ...alert, seq: 9 };
  expect(await stores.alerts.save('orders', 1, { ...firing, after: other })).toEqual({ kind: 'conflict' });
  const delivered = { seq: 1, since: 5, message: { channel: 'C0SYNC', ts: '1.1' }, resolved: false };
  await stores.alerts.markNotified('orders', 'unexpectedly_running', delivered);
  // A repeat after a crash adds no second entry to the history.
  await stores.alerts.markNotified('orders', 'unexpectedly_running', delivered);
  const record = (await stores.projects.read('orders'))?.alerts.unexpectedly_running;
  expect(record).toEqual({ alert, delivered });
  const resolved: Alert = { state: 'resolved', since: 5, seq: 2, changedAt: 5, version: 1 };
  expect(
    await stores.alerts.save('orders', 1, {
      kind: 'unexpectedly_running',
      before: alert,
      after: resolved,
      event: 'alert_resolved',
    }),
  ).toEqual({ kind: 'written' });
  await stores.alerts.markNotified('orders', 'unexpectedly_running', { ...delivered, seq: 2, message: null });
  expect((await stores.projects.read('orders'))?.alerts.unexpectedly_running).toMatchObject({
    alert: resolved,
    delivered: { seq: 2 },
  });
  expect(await readEvents()).toEqual(['alert_resolved', 'alert_notified', 'alert_firing', 'created']);
});

it('Nothing is written while an operation is active or if the project does not exist.', async () => {
  const delivered = { seq: 1, since: 5, message: null, resolved: false };
  await stores.alerts.markNotified('gone', 'unexpectedly_running', delivered);
  await services.redis.hset('syncbot:{p:orders}:state', 'activeOperation', 'op1');
  expect(
    await stores.alerts.save('orders', 1, {
      kind: 'unexpectedly_running',
      before: null,
      after: alert,
      event: 'alert_firing',
    }),
  ).toEqual({ kind: 'conflict' });
  expect(await stores.projects.scheduleCorrection('orders', 1, { links: [link], cause: 'queue_created' })).toEqual({
    kind: 'conflict',
  });
  expect(await services.redis.keys('syncbot:{p:gone}*')).toEqual([]);
  expect((await stores.projects.read('orders'))?.alerts).toEqual({});
});

it('A late write is corrected only while an execution of an operation is under way, and a new queue at any time.', async () => {
  await stores.projects.markReconciled('orders', 1, []);
  const lateWrite = { links: [link], cause: 'late_write' } as const;
  const runs = 'syncbot:{p:orders}:runs';
  expect(await stores.projects.scheduleCorrection('orders', 1, lateWrite)).toEqual({ kind: 'conflict' });
  await services.redis.zadd(runs, Date.now() - 1, 'given-up');
  await stores.operations.beginExecution('orders', `${idleExecutionPrefix}reconciling`);
  expect(await stores.projects.scheduleCorrection('orders', 1, lateWrite)).toEqual({ kind: 'conflict' });
  expect((await stores.projects.read('orders'))?.reconciledVersion).toBe(1);
  await services.redis.zadd(runs, Date.now() + 60_000, 'killed');
  expect(await stores.projects.scheduleCorrection('orders', 2, lateWrite)).toEqual({ kind: 'conflict' });
  expect(await stores.projects.scheduleCorrection('orders', 1, lateWrite)).toEqual({ kind: 'written' });
  expect((await stores.projects.read('orders'))?.reconciledVersion).toBe(0);
  expect((await stores.projects.read('orders'))?.linksToReconcile).toEqual(['default/bull:orders-full']);
  expect(await stores.projects.scheduleCorrection('orders', 1, lateWrite)).toEqual({ kind: 'conflict' });
  await stores.projects.markReconciled('orders', 1, []);
  expect((await stores.projects.read('orders'))?.linksToReconcile).toBeNull();
  await services.redis.del(runs);
  expect(await stores.projects.scheduleCorrection('orders', 1, { ...lateWrite, cause: 'queue_created' })).toEqual({
    kind: 'written',
  });
  expect(await stores.auditLog.read('orders', { limit: 2 })).toMatchObject([
    { event: 'correction_scheduled', cause: 'queue_created', links: [link] },
    { event: 'correction_scheduled', cause: 'late_write', links: [link] },
  ]);
});

it('A refusal without an operation is recorded with the request.', async () => {
  const request = { by: 'U0CAROL', action: 'pause', reason: 'deploy', origin: 'slack', channel: 'C0SYNC' } as const;
  const refusal = { code: 'not_operator', user: 'U0CAROL' } as const;
  await stores.auditLog.recordRefusal('orders', { ...request, refusal });
  await stores.auditLog.recordRefusal('unknown', { ...request, refusal });
  expect(await stores.auditLog.read('orders', { limit: 1 })).toMatchObject([
    { event: 'refused', operation: null, ...request, code: 'not_operator', refusal, version: 1 },
  ]);
  expect(await services.redis.keys('syncbot:{p:unknown}*')).toEqual([]);
});

it('Keep Paused resolves the reminder by compare-and-set, until the state changes.', async () => {
  const condition = { kind: 'paused_reminder', since: 5, by: 'cli:test', reason: null } as const;
  const before: FiringAlert = {
    state: 'firing',
    condition,
    absentOnce: false,
    since: 5,
    seq: 1,
    changedAt: 5,
    version: 1,
  };
  await stores.alerts.save('orders', 1, { kind: 'paused_reminder', before: null, after: before, event: null });
  const kept = { at: 1_764_198_778_123, by: 'U0BOB' };
  const after = keepPaused(before, { ...kept, until: 1_764_198_779_456 });
  if (after === null) throw new Error('no reminder');
  const change = { keptPaused: kept, before, after };
  expect(await stores.alerts.keepPaused('orders', 2, change)).toEqual({ kind: 'conflict' });
  expect(await stores.alerts.keepPaused('orders', 1, { ...change, before: { ...before, seq: 9 } })).toEqual({
    kind: 'conflict',
  });
  expect(await stores.alerts.keepPaused('orders', 1, change)).toEqual({ kind: 'written' });
  expect(await stores.alerts.keepPaused('orders', 1, change)).toEqual({ kind: 'written' });
  const project = await stores.projects.read('orders');
  expect(project).toMatchObject({ keptPaused: kept, alerts: { paused_reminder: { alert: after } } });
  expect(await readEvents()).toEqual(['kept_paused', 'alert_resolved', 'created']);
  expect((await stores.auditLog.read('orders', { limit: 1 }))[0]).toMatchObject({ event: 'kept_paused', by: 'U0BOB' });
});

it('An acknowledgement is written by compare-and-set on the alert, also while an operation is active, and is in the history.', async () => {
  const kind = 'unexpectedly_running';
  const before: FiringAlert = { ...alert, state: 'firing', absentOnce: false, condition };
  await stores.alerts.save('orders', 1, { kind, before: null, after: before, event: null });
  await services.redis.hset('syncbot:{p:orders}:state', 'activeOperation', 'op1');
  const acknowledgement = { kind: 'owned', by: 'U0BOB', at: 6, until: 7 } as const;
  const after = acknowledge(before, acknowledgement);
  const change = { kind, before, after, by: 'U0BOB', event: 'alert_owned' } as const;
  expect(await stores.alerts.acknowledge('orders', { ...change, before: { ...before, seq: 9 } })).toEqual({
    kind: 'conflict',
  });
  expect(await stores.alerts.acknowledge('unknown', change)).toEqual({ kind: 'conflict' });
  expect(await stores.alerts.acknowledge('orders', change)).toEqual({ kind: 'written' });
  expect(await stores.alerts.acknowledge('orders', change)).toEqual({ kind: 'written' });
  expect((await stores.projects.read('orders'))?.alerts.unexpectedly_running?.alert).toEqual({
    ...before,
    seq: 2,
    acknowledgement,
  });
  expect(await readEvents()).toEqual(['alert_owned', 'created']);
  expect((await stores.auditLog.read('orders', { limit: 1 }))[0]).toMatchObject({
    event: 'alert_owned',
    by: 'U0BOB',
    alertKind: kind,
    alert: { acknowledgement },
  });
});
