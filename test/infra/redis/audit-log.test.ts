import { afterEach, beforeEach, expect, it } from 'vitest';
import { getHistory, getHistorySince } from '../../../src/application/history.ts';
import type { NewOperation } from '../../../src/application/operation-store.ts';
import type { AuditRange, Stores } from '../../../src/application/stores.ts';
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
  stores.operations.request({
    ...alice,
    id: 'op1',
    project: 'orders',
    tasks: [],
    projectVersion: 1,
    ttlMs: 60_000,
    ...more,
  });
async function countCommands(command: string): Promise<number> {
  const stats = await services.redis.info('commandstats');
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}
const readEvents = async (limit = 50) => (await stores.auditLog.read('orders', { limit })).map(({ event }) => event);

async function runPause(): Promise<void> {
  await request();
  await stores.operations.resolve({ ref, decision: 'confirm', by: 'U0ALICE', dialog: null });
  await stores.operations.claim(ref, 'run-1');
  const followUp = { goal: 'quiet', latest: null, intervalMs: 1_000 } as const;
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
    followUp,
    refusal: null,
    failure: null,
    retriedTasks: [],
    pendingLinks: [],
    oldestUnprocessedAt: null,
  });
  const expectedSeq = (await stores.operations.read(ref))?.seq ?? 0;
  const followEnd = { kind: 'reached', at: 1 } as const;
  await stores.operations.updateFollowUp(ref, {
    expectedVersion: 3,
    expectedSeq,
    followUp,
    followEnd,
    event: 'drained',
  });
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
    followUp: null,
    refusal,
    failure: null,
    retriedTasks: [],
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

it('Entries can be read from a time on, also page by page.', async () => {
  const { refusals } = keys.project('unknown');
  for (const id of ['1000-0', '2000-0', '3000-0']) {
    await services.redis.xadd(keys.project('unknown').audit, id, 'event', 'changed');
    await services.redis.xadd(refusals, id.replace('-0', '-1'), 'event', 'refused');
  }
  const read = async (range: AuditRange) => (await stores.auditLog.read('unknown', range)).map(({ id }) => id);
  expect(await read({ limit: 9, since: 2_000 })).toEqual(['3000-1', '3000-0', '2000-1', '2000-0']);
  expect(await read({ limit: 9, since: 2_000.5, before: '3000-1' })).toEqual(['3000-0', '2000-1', '2000-0']);
  expect(await read({ limit: 1, since: 3_001 })).toEqual([]);
});

it('Refused requests do not push entries out of the history.', async () => {
  await runPause();
  const refusal = { code: 'not_operator', user: 'U0CAROL' } as const;
  for (let index = 0; index < 2 * testSettings.auditLength; index++)
    await stores.auditLog.recordRefusal('orders', { ...alice, by: 'U0CAROL', refusal });
  const history = await getHistory(services.context, 'orders', { limit: Number.POSITIVE_INFINITY });
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

it('What happened in all projects since a time is read with two commands for each project.', async () => {
  const ids = Array.from({ length: 600 }, (_, index) => `p${index}`);
  const pipeline = services.redis.pipeline().sadd(keys.projects, ...ids);
  for (const [index, id] of ids.entries()) {
    pipeline.xadd(keys.project(id).audit, `${index + 1}000-0`, 'event', 'changed');
    pipeline.xadd(keys.project(id).audit, `${index + 2}000-0`, 'at', `${index + 2}000`, 'event', 'changed', 'by', id);
  }
  await pipeline.exec();
  const before = await countCommands('xrevrange');
  const result = await getHistorySince(services.context, { project: null, since: 550_000, maxLines: 3 });
  expect((await countCommands('xrevrange')) - before).toBe(2 * (ids.length + 1));
  // p548 is the first one with an entry since then, and has one. The project of this test was created now.
  expect(result).toMatchObject({ kind: 'found', lineCount: 52 + 51 + 1, projectCount: 53, isComplete: true });
  if (result.kind === 'found')
    expect(result.lines.map(({ project, line }) => `${project} ${line.newest.by}`)).toEqual([
      'orders cli:test',
      'p599 p599',
      'p598 p598',
    ]);
});

it('The newest lines of all projects are exact, also if one project has most of them.', async () => {
  const ids = Array.from({ length: 2_100 }, (_, index) => `p${index}`);
  const pipeline = services.redis.pipeline().sadd(keys.projects, ...ids);
  const add = (id: string, at: number) =>
    pipeline.xadd(keys.project(id).audit, `${at}-0`, 'at', String(at), 'event', 'changed', 'by', `${id} ${at}`);
  for (let at = 1_000; at < 1_150; at++) add('p7', at);
  for (let at = 1_000; at < 1_300; at += 10) add('p8', at);
  for (const at of [900, 1_095, 1_145]) add('p9', at);
  await pipeline.exec();
  await services.redis.del(audit);
  const read = async (maxLines: number) => {
    const before = await countCommands('xrevrange');
    const result = await getHistorySince(services.context, { project: null, since: 0, maxLines });
    const lines = result.kind === 'found' ? result.lines.map(({ line }) => line.newest.at) : [];
    return { result, lines, rereadCount: ((await countCommands('xrevrange')) - before) / 2 - ids.length - 1 };
  };
  const all = await read(100);
  const p8 = Array.from({ length: 30 }, (_, index) => 1_000 + 10 * index);
  const expected = [...Array.from({ length: 150 }, (_, index) => 1_000 + index), ...p8, 900, 1_095, 1_145];
  expect(all.lines).toEqual(expected.sort((a, b) => b - a).slice(0, 100));
  expect(all).toMatchObject({ rereadCount: 2, result: { lineCount: 183, projectCount: 3, isComplete: true } });
  const few = await read(10);
  expect(few.lines).toEqual(expected.slice(0, 10));
  expect(few).toMatchObject({ rereadCount: 0, result: { lineCount: 43, isComplete: false } });
});

it('A long history is read in several pages.', async () => {
  const pipeline = services.redis.pipeline();
  for (let index = 0; index < 1_200; index++)
    pipeline.xadd(audit, '*', 'v', '1', 'event', 'changed', 'at', String(index));
  await pipeline.exec();
  const fullHistory = await getHistory(services.context, 'orders', { limit: Number.POSITIVE_INFINITY });
  expect(fullHistory).toMatchObject({ kind: 'found', entries: { length: 1_201 } });
  if (fullHistory.kind === 'found') expect(new Set(fullHistory.entries.map(({ id }) => id)).size).toBe(1_201);
  const firstEntries = await getHistory(services.context, 'orders', { limit: 501 });
  expect(firstEntries).toMatchObject({ entries: { length: 501, 0: { at: 1_199 }, 500: { at: 699 } } });
});

it('The history of a removed project stays, and that of an unknown project is refused.', async () => {
  await stores.projects.remove('orders', 1, 'cli:test');
  expect(await getHistory(services.context, 'orders', { limit: 10 })).toMatchObject({
    kind: 'found',
    entries: [{ event: 'removed' }, { event: 'created' }],
  });
  await stores.projects.save(makeDefinition('users'), { state: 'running', watermarks: {} }, 'cli:test');
  expect(await getHistory(services.context, 'user', { limit: 10 })).toEqual({
    kind: 'refused',
    refusal: { code: 'unknown_project', project: 'user', similar: ['users'] },
  });
  await services.redis.del(keys.project('users').audit);
  expect(await getHistory(services.context, 'users', { limit: 10 })).toEqual({ kind: 'found', entries: [] });
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
