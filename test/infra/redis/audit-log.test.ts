import { afterEach, beforeEach, expect, it } from 'vitest';
import { getHistory } from '../../../src/application/queries.ts';
import type { NewOperation, Stores } from '../../../src/application/stores.ts';
import type { Refusal } from '../../../src/domain/refusal.ts';
import { keys } from '../../support/keys.ts';
import { makeDefinition } from '../../support/project-definition.ts';
import { startTestServices, type TestServices, testSettings } from '../../support/test-services.ts';

let services: TestServices;
let stores: Stores;
beforeEach(async () => {
  services = await startTestServices();
  stores = services.context;
  await stores.projects.save(makeDefinition('orders'), { state: 'running', watermarks: {} }, 'cli:test');
});
afterEach(() => services[Symbol.asyncDispose]());

const { audit } = keys.project('orders');
const ref = { project: 'orders', operation: 'op1' };
const alice = { by: 'U0ALICE', reason: 'deploy', origin: 'slack', channel: 'C0SYNC', action: 'pause' } as const;
const request = (more: Partial<NewOperation> = {}) =>
  stores.operations.request({ ...alice, id: 'op1', project: 'orders', projectVersion: 1, ttlMs: 60_000, ...more });
async function countCommands(command: string): Promise<number> {
  const stats = await services.redis.info('commandstats');
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}
const readEvents = async (limit = 50) => (await stores.auditLog.read('orders', { limit })).map(({ event }) => event);

async function runPause(): Promise<void> {
  await request();
  await stores.operations.resolve({ ref, decision: 'confirm', by: 'U0ALICE', dialog: null });
  await stores.operations.claim(ref, 'run-1');
  const outcome = { linksTotal: 1, linksDone: 1, unreconciled: [], missing: [], inFlight: 2, retriedTasks: 0 };
  const completion = {
    ref,
    expectedVersion: 2,
    operationState: 'done',
    projectChange: { kind: 'set', state: 'paused' },
    linksReconciled: true,
  } as const;
  await stores.operations.commit({
    ...completion,
    executionId: 'run-1',
    isOnlyExecution: false,
    outcome,
    refusal: null,
    failure: null,
    pendingLinks: [],
    oldestUnprocessedAt: null,
  });
  await stores.operations.markDrained(ref, { ...outcome, inFlight: 0 });
}

it('Every step of an operation has an entry, newest first.', async () => {
  const startedAt = await stores.serverClock.now();
  await runPause();
  const entries = await stores.auditLog.read('orders', { limit: 50 });
  const operationFields = { operation: 'op1', action: 'pause', reason: 'deploy', origin: 'slack', channel: 'C0SYNC' };
  expect(entries).toMatchObject([
    { event: 'drained', ...operationFields, by: null, version: 3 },
    {
      event: 'done',
      ...operationFields,
      by: 'U0ALICE',
      version: 3,
      state: 'paused',
      outcome: { linksDone: 1, inFlight: 2 },
    },
    { event: 'started', ...operationFields, by: 'U0ALICE', version: 2, state: 'pausing' },
    { event: 'confirmed', ...operationFields, by: 'U0ALICE', version: 1 },
    { event: 'requested', ...operationFields, by: 'U0ALICE', version: 1, state: 'running' },
    {
      event: 'created',
      operation: null,
      action: null,
      by: 'cli:test',
      version: 1,
      state: 'running',
      at: expect.any(Number),
    },
  ]);
  const times = entries.map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => b - a));
  expect(times[0]).toBeGreaterThanOrEqual(startedAt);
  expect(times[0]).toBeLessThanOrEqual(await stores.serverClock.now());
});

it('A refusal has its facts, and a failure its link.', async () => {
  await request();
  await stores.operations.resolve({ ref, decision: 'confirm', by: 'U0ALICE', dialog: null });
  const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
  const failure = { kind: 'task_failed', link, taskId: '7', reason: 'refused', at: 5 } as const;
  await stores.projects.markFailed('orders', 1, { failure, by: 'syncbot', oldestUnprocessedAt: null });
  await stores.operations.claim(ref, 'run-1');
  expect(await stores.auditLog.read('orders', { limit: 2 })).toMatchObject([
    { event: 'refused', by: 'U0ALICE', code: 'not_allowed', refusal: { code: 'not_allowed', state: 'failed' } },
    { event: 'failed', operation: null, by: 'syncbot', failure, state: 'failed', version: 2 },
  ]);
});

it('An operation that ends with a refusal has its code in the history.', async () => {
  await request();
  await stores.operations.resolve({ ref, decision: 'confirm', by: 'U0ALICE', dialog: null });
  await stores.operations.claim(ref, 'run-1');
  const refusal: Refusal = { code: 'links_unreachable', project: 'orders', links: [] };
  await stores.operations.commit({
    ref,
    executionId: 'run-1',
    isOnlyExecution: false,
    expectedVersion: 2,
    operationState: 'failed',
    projectChange: { kind: 'roll_back' },
    linksReconciled: false,
    pendingLinks: [],
    oldestUnprocessedAt: null,
    outcome: null,
    refusal,
    failure: null,
  });
  expect(await stores.auditLog.read('orders', { limit: 1 })).toMatchObject([
    { event: 'failed', by: 'U0ALICE', code: 'links_unreachable', refusal, outcome: null, state: 'running' },
  ]);
});

it('Expired, cancelled and superseded requests have entries.', async () => {
  await request();
  await request({ id: 'op2' });
  await stores.operations.resolve({
    ref: { ...ref, operation: 'op2' },
    decision: 'cancel',
    by: 'U0ALICE',
    dialog: null,
  });
  await request({ id: 'op3', ttlMs: 0 });
  await services.redis.hset(`${keys.project('orders').operations}op3`, 'expiresAt', '1');
  await stores.operations.resolve({ ref: { ...ref, operation: 'op3' }, decision: 'expire', by: null, dialog: null });
  expect(await stores.auditLog.read('orders', { limit: 5 })).toMatchObject([
    { event: 'expired', operation: 'op3', action: 'pause', by: null },
    { event: 'requested', operation: 'op3' },
    { event: 'cancelled', operation: 'op2', action: 'pause', by: 'U0ALICE' },
    { event: 'requested', operation: 'op2' },
    { event: 'superseded', operation: 'op1', action: 'pause', by: 'U0ALICE' },
  ]);
});

it('Entries can be read page by page.', async () => {
  await runPause();
  const newest = await stores.auditLog.read('orders', { limit: 2 });
  const older = await stores.auditLog.read('orders', { limit: 2, before: newest.at(-1)?.id ?? '' });
  expect([...newest, ...older].map(({ event }) => event)).toEqual(['drained', 'done', 'started', 'confirmed']);
  expect(await readEvents(3)).toEqual(['drained', 'done', 'started']);
});

it('Refused requests do not push entries out of the history.', async () => {
  await runPause();
  const refusal = { code: 'not_operator', user: 'U0CAROL' } as const;
  for (let index = 0; index < 2 * testSettings.auditLength; index++)
    await stores.auditLog.recordRefusal('orders', { ...alice, by: 'U0CAROL', refusal });
  const history = await getHistory(services.context, 'orders', Number.POSITIVE_INFINITY);
  const events = history.kind === 'found' ? history.entries.map(({ event }) => event) : [];
  expect(events.slice(-6)).toEqual(['drained', 'done', 'started', 'confirmed', 'requested', 'created']);
  expect(events.filter((event) => event === 'refused').length).toBeLessThan(2 * testSettings.auditLength);
});

it('Pages have every entry once, also if two entries of a page end have the same id.', async () => {
  const { refusals } = keys.project('unknown');
  const streams = [keys.project('unknown').audit, refusals];
  for (const id of ['1-0', '2-0', '3-0'])
    for (const stream of streams) await services.redis.xadd(stream, id, 'event', 'changed', 'by', stream);
  const found: string[] = [];
  for (let before: string | undefined; ; ) {
    const page = await stores.auditLog.read('unknown', { limit: 1, ...(before === undefined ? {} : { before }) });
    if (page.length === 0) break;
    found.push(...page.map(({ id, by }) => `${id} ${by}`));
    before = page.at(-1)?.id;
  }
  expect([...found].sort()).toEqual(['1-0', '2-0', '3-0'].flatMap((id) => streams.map((stream) => `${id} ${stream}`)));
});

it('The newest operations are searched in a bounded part of the history.', async () => {
  await runPause();
  const pipeline = services.redis.pipeline();
  for (let index = 0; index < 5_000; index++) pipeline.xadd(audit, '*', 'v', '1', 'event', 'alert_firing');
  await pipeline.exec();
  const before = await countCommands('xrevrange');
  expect(await stores.operations.listRecent('orders', 5)).toEqual([]);
  expect((await countCommands('xrevrange')) - before).toBe(10);
});

it('A long history is read in several pages.', async () => {
  const pipeline = services.redis.pipeline();
  for (let index = 0; index < 1_200; index++)
    pipeline.xadd(audit, '*', 'v', '1', 'event', 'changed', 'at', String(index));
  await pipeline.exec();
  const fullHistory = await getHistory(services.context, 'orders', Number.POSITIVE_INFINITY);
  expect(fullHistory).toMatchObject({ kind: 'found', entries: { length: 1_201 } });
  if (fullHistory.kind === 'found') expect(new Set(fullHistory.entries.map(({ id }) => id)).size).toBe(1_201);
  const firstEntries = await getHistory(services.context, 'orders', 501);
  expect(firstEntries).toMatchObject({ entries: { length: 501, 0: { at: 1_199 }, 500: { at: 699 } } });
});

it('The history of a removed project stays, and that of an unknown project is refused.', async () => {
  await stores.projects.remove('orders', 1, 'cli:test');
  expect(await getHistory(services.context, 'orders', 10)).toMatchObject({
    kind: 'found',
    entries: [{ event: 'removed' }, { event: 'created' }],
  });
  await stores.projects.save(makeDefinition('users'), { state: 'running', watermarks: {} }, 'cli:test');
  expect(await getHistory(services.context, 'user', 10)).toEqual({
    kind: 'refused',
    refusal: { code: 'unknown_project', project: 'user', similar: ['users'] },
  });
  await services.redis.del(keys.project('users').audit);
  expect(await getHistory(services.context, 'users', 10)).toEqual({ kind: 'found', entries: [] });
});

it('An entry of another version or with broken fields is read with nulls.', async () => {
  await services.redis.xadd(audit, '1-1', 'event', 'never').catch(() => {});
  await services.redis.xadd(audit, '*', 'v', '1', 'at', '5', 'event', 'done', 'operation', 'op0', 'by', 'U0BOB');
  await services.redis.xadd(
    audit,
    '*',
    'v',
    '2',
    'at',
    '6',
    'event',
    'unexpectedly_paused',
    'state',
    'lost',
    'link',
    '{}',
    'action',
    'x',
  );
  await services.redis.xadd(
    audit,
    '*',
    'at',
    'soon',
    'outcome',
    '{"links',
    'failure',
    '[]',
    'refusal',
    '{"code":"new"}',
  );
  expect(await stores.auditLog.read('orders', { limit: 3 })).toMatchObject([
    { event: 'unknown', at: expect.any(Number), outcome: null, failure: null, refusal: null },
    { event: 'unexpectedly_paused', at: 6, state: null, action: null },
    { event: 'done', at: 5, operation: 'op0', by: 'U0BOB', action: null, origin: null, outcome: null },
  ]);
});
