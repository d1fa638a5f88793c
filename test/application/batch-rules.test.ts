import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findTouched } from '../../src/application/batch-selection.ts';
import { cancelWaits } from '../../src/application/catch-up.ts';
import { cancelBatch, confirmBatch, decideWave } from '../../src/application/confirm-batch.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import { execute } from '../../src/application/execute.ts';
import { readAllProjects } from '../../src/application/list-projects.ts';
import { type BatchRequest, readBatchDialog, requestBatch } from '../../src/application/request-batch.ts';
import { runBatch } from '../../src/application/run-batch.ts';
import { type Batch, maxBatchProjects, operationIdOf, type RefusedItem } from '../../src/domain/batch.ts';
import { exampleBatch, exampleProject } from '../support/example-records.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';
import { overrideContext, runBefore, withoutJobs } from './context-overrides.ts';

const ids = ['carts', 'orders', 'users'] as const;
const alice = 'U0ALICE';
const hour = 3_600_000;
let services: TestServices;
/** A process without workers: the test runs each job itself. */
let context: UseCaseContext;
beforeEach(async () => {
  services = await startTestServices();
  for (const id of ids) await services.createProject(id, [await services.createLink(id)]);
  context = withoutJobs(services);
});
afterEach(() => services[Symbol.asyncDispose]());

async function tryToRequest(overrides: Partial<BatchRequest> = {}) {
  return requestBatch(context, {
    action: 'pause',
    by: alice,
    reason: null,
    selection: ids.join(' '),
    after: null,
    origin: 'slack',
    channel: 'C0SYNC',
    threadTs: null,
    projects: await readAllProjects(context),
    waves: null,
    ...overrides,
  });
}

async function request(overrides: Partial<BatchRequest> = {}): Promise<Batch> {
  const result = await tryToRequest(overrides);
  return result.kind === 'requested' ? result.batch : expect.fail(result.kind);
}

const press = (batch: Batch, by = alice) => confirmBatch(context, { id: batch.id, by, dialog: null });
const read = async ({ id }: Batch) => (await context.batches.read(id)) ?? expect.fail('no batch');
const stateOf = async (id: string) => (await context.projects.read(id))?.state;
const resultsOf = async (batch: Batch) =>
  Object.fromEntries(
    Object.entries((await read(batch)).results).map(([id, { state, refusal }]) => [id, refusal?.code ?? state]),
  );

/** A process that is suspended before the first of these steps until another one finds that the batch is late. */
function suspendedBefore(step: 'request' | 'resolve', batch: Batch): UseCaseContext {
  let other: Promise<void> | null = null;
  const runOther = async () => {
    await services.redis.hset(`syncbot:{b:${batch.id}}:batch`, 'resolvedAt', 1);
    await runBatch(withoutJobs(services), batch.id);
  };
  const wait = () => (other ??= runOther());
  const { request: requestOperation, resolve } = context.operations;
  const operations =
    step === 'request' ? { request: runBefore(requestOperation, wait) } : { resolve: runBefore(resolve, wait) };
  return overrideContext(context, { operations });
}

/** Runs the batch, then the operations of these projects, and the batch again. */
async function run(batch: Batch, projects: readonly string[] = ids): Promise<void> {
  await runBatch(context, batch.id);
  for (const project of projects) await execute(context, { project, operation: operationIdOf(batch, project) });
  await runBatch(context, batch.id);
}

describe('the dialog of a batch', () => {
  it('is answered by the requester only, and the first answer counts.', async () => {
    const batch = await request();
    expect(await press(batch, 'U0BOB')).toEqual({ kind: 'not_requester', by: alice });
    expect(await cancelBatch(context, { id: batch.id, by: 'U0BOB', dialog: null })).toMatchObject({
      kind: 'not_requester',
    });
    expect((await read(batch)).state).toBe('requested');
    expect(await press(batch)).toMatchObject({ kind: 'resolved', batch: { state: 'confirmed' } });
    expect(await press(batch)).toMatchObject({ kind: 'repeated', batch: { state: 'confirmed' } });
    expect(await cancelBatch(context, { id: batch.id, by: alice, dialog: null })).toMatchObject({
      kind: 'repeated',
      batch: { state: 'confirmed' },
    });
  });

  it('is read again by its requester, with what it showed, until it is answered.', async () => {
    const result = await tryToRequest({ limit: { word: 'for', text: '2h', timeZone: 'UTC' } });
    if (result.kind !== 'requested') return expect.fail(result.kind);
    const { kind: _kind, ...shown } = result;
    const { batch } = result;
    expect(await readBatchDialog(context, batch.id, alice)).toEqual({ ...shown, kind: 'open' });
    expect(await readBatchDialog(context, batch.id, 'U0BOB')).toEqual({
      kind: 'refused',
      refusal: { code: 'not_requester', by: alice },
    });
    expect(await readBatchDialog(context, 'unknown', alice)).toEqual({ kind: 'unknown' });
    await services.redis.hset(`syncbot:{b:${batch.id}}:batch`, 'expiresAt', 1);
    expect(await readBatchDialog(context, batch.id, alice)).toMatchObject({
      kind: 'closed',
      batch: { state: 'expired' },
    });
    await press(batch);
    expect(await readBatchDialog(context, batch.id, alice)).toMatchObject({ kind: 'closed' });
  });

  it('changes nothing after it has expired.', async () => {
    const batch = await request();
    await services.redis.hset(`syncbot:{b:${batch.id}}:batch`, 'expiresAt', 1);
    expect(await press(batch)).toMatchObject({ kind: 'resolved', batch: { state: 'expired' } });
    await runBatch(context, batch.id);
    expect(await context.operations.listRecent('orders', 10)).toEqual([]);
  });

  it('changes nothing after Cancel.', async () => {
    const batch = await request();
    await cancelBatch(context, { id: batch.id, by: alice, dialog: null });
    await runBatch(context, batch.id);
    expect((await read(batch)).state).toBe('cancelled');
    expect(await context.operations.listRecent('orders', 10)).toEqual([]);
  });
});

it('The log names who requested a batch at its end, and has no line for a Cancel that found no wait.', async () => {
  const lines: object[] = [];
  const log = { ...context.log, info: (fields: object, msg: string) => void lines.push({ ...fields, msg }) };
  context = overrideContext(context, { log });
  const batch = await request();
  await press(batch);
  await run(batch);
  expect(lines).toContainEqual({ batch: batch.id, by: alice, state: 'done', msg: 'batch ended or stopped' });
  expect(await cancelWaits(context, { id: batch.id, by: alice })).toMatchObject({ kind: 'not_waiting' });
  expect(lines).not.toContainEqual(expect.objectContaining({ msg: 'waits of a batch cancelled' }));
});

describe('a request', () => {
  it('of too many projects writes nothing.', async () => {
    const [project = expect.fail('no project')] = await readAllProjects(context);
    const projects = Array.from({ length: maxBatchProjects + 1 }, () => project);
    expect(await tryToRequest({ projects })).toEqual({ kind: 'too_many', count: maxBatchProjects + 1 });
    expect(await context.batches.listOpen()).toEqual([]);
  });

  it('leaves out what is excluded, and what its state does not allow.', async () => {
    await services.createProject('billing', [await services.createLink('billing')], { state: 'paused' });
    const refusal = { code: 'removed', project: 'users' } as const;
    const batch = await request({ excluded: [{ project: 'users', channel: null, refusal }] });
    expect(batch.items.map(({ project }) => project)).toEqual(['carts', 'orders']);
    const codes = batch.refused.map((item) => [item.project, item.refusal.code]);
    expect(codes).toEqual([
      ['users', 'removed'],
      ['billing', 'not_allowed'],
    ]);
  });

  it('knows the sources that may delete their logs before a pause ends, the first one first.', async () => {
    const logs = { billing: 3 * hour, docs: 1.5 * hour, events: hour };
    for (const [id, logRetention] of Object.entries(logs))
      await services.createProject(id, [await services.createLink(id)], { logRetention });
    const logEnds = async (overrides: Partial<BatchRequest>) => {
      const result = await tryToRequest(overrides);
      if (result.kind !== 'requested') return expect.fail(result.kind);
      const { requestedAt } = result.batch;
      return result.logEnds.map(({ until, ...end }) => ({ ...end, afterMs: until - requestedAt }));
    };
    const limit = { word: 'for', text: '2h', timeZone: 'UTC' } as const;
    const late = await logEnds({ limit });
    expect(late).toMatchObject([
      { project: 'events', isPauseTimed: true, afterMs: hour },
      { project: 'docs', isPauseTimed: true },
    ]);
    expect(await logEnds({})).toMatchObject([
      { project: 'events', isPauseTimed: false },
      { project: 'docs' },
      { project: 'billing' },
    ]);
  });

  it('has waves only if it is a restore.', async () => {
    const waves = { size: 1, wait: 0 };
    expect((await request({ waves })).waves).toBeNull();
    for (const id of ids) await execute(context, await services.requestAndConfirm(id, 'pause'));
    expect(await request({ action: 'restore', waves })).toMatchObject({ waves, released: 1 });
  });
});

describe('a confirmed batch', () => {
  it('is not done on a project that changed after the request.', async () => {
    const batch = await request();
    const { definition, version } = (await context.projects.read('orders')) ?? expect.fail('no project');
    await context.projects.save(
      { ...definition, description: 'changed' },
      { expectedVersion: version, added: [] },
      'cli:dora',
    );
    await press(batch);
    await run(batch);
    expect(await resultsOf(batch)).toEqual({ carts: 'done', orders: 'changed', users: 'done' });
    expect(await stateOf('orders')).toBe('running');
  });

  it('gives each pause the end of its item.', async () => {
    const batch = await request({ limit: { word: 'for', text: '2h', timeZone: 'UTC' } });
    await press(batch);
    await run(batch);
    for (const { project, pauseUntil } of batch.items) {
      const stored = await context.projects.read(project);
      expect(stored?.pausedUntil).toMatchObject({ at: pauseUntil?.at, operation: operationIdOf(batch, project) });
      expect(pauseUntil?.at).toBeGreaterThan(batch.requestedAt + 2 * hour - 60_000);
    }
  });

  it('that was refused because it was late is not begun by a process that was suspended before its requests.', async () => {
    const batch = await request();
    await press(batch);
    await runBatch(suspendedBefore('request', batch), batch.id);
    await run(batch);
    const late = 'claim_timeout';
    expect(await resultsOf(batch)).toEqual({ carts: late, orders: late, users: late });
    for (const project of ids) {
      expect(await stateOf(project)).toBe('running');
      const [operation] = await context.operations.listRecent(project, 1);
      expect(operation).toMatchObject({ state: 'refused', refusal: { code: late }, batch: batch.id });
    }
  });

  it('is not refused as late after its requests: the suspended process goes on, and the batch has the results.', async () => {
    const batch = await request();
    await press(batch);
    await runBatch(suspendedBefore('resolve', batch), batch.id);
    await run(batch);
    expect(await resultsOf(batch)).toEqual({ carts: 'done', orders: 'done', users: 'done' });
    for (const project of ids) expect(await stateOf(project)).toBe('paused');
  });

  it('is changed by one of two processes.', async () => {
    const batch = await request();
    expect(await context.batches.update(batch, { started: 1 })).toEqual({ kind: 'written' });
    expect(await context.batches.update(batch, { started: 2 })).toEqual({ kind: 'conflict' });
    expect(await read(batch)).toMatchObject({ started: 1, version: batch.version + 1 });
  });
});

describe('a batch in waves that was stopped', () => {
  async function stoppedBatch(): Promise<Batch> {
    for (const id of ids) await execute(context, await services.requestAndConfirm(id, 'pause'));
    const batch = await request({ action: 'restore', waves: { size: 1, wait: 0 } });
    await execute(context, await services.requestAndConfirm('carts', 'restore', 'U0BOB'));
    await press(batch);
    await run(batch, ['carts']);
    expect(await read(batch)).toMatchObject({ state: 'stopped', started: 1 });
    expect(await context.operations.read({ project: 'orders', operation: operationIdOf(batch, 'orders') })).toBeNull();
    return batch;
  }

  it('has one decision of two people.', async () => {
    const { id } = await stoppedBatch();
    const decisions = await Promise.all([
      decideWave(context, { id, by: alice, decision: 'go_on' }),
      decideWave(context, { id, by: 'U0BOB', decision: 'stop' }),
    ]);
    expect(decisions.map(({ kind }) => kind).sort()).toEqual(['decided', 'not_stopped']);
  });

  it('restores the others after Go On, wave by wave.', async () => {
    const batch = await stoppedBatch();
    await decideWave(context, { id: batch.id, by: 'U0BOB', decision: 'go_on' });
    await run(batch, ['orders']);
    expect([await stateOf('orders'), await stateOf('users')]).toEqual(['running', 'paused']);
    await run(batch, ['users']);
    expect(await read(batch)).toMatchObject({ state: 'done', stoppedBy: null });
    expect(await resultsOf(batch)).toEqual({ carts: 'not_allowed', orders: 'done', users: 'done' });
  });

  it('changes nothing more after Stop.', async () => {
    const batch = await stoppedBatch();
    await decideWave(context, { id: batch.id, by: 'U0BOB', decision: 'stop' });
    await runBatch(context, batch.id);
    expect(await read(batch)).toMatchObject({ state: 'done', started: 1, stoppedBy: 'U0BOB' });
    expect(await stateOf('orders')).toBe('paused');
  });
});

describe('the restore of what a batch has paused', () => {
  const pause = exampleBatch({ id: 'pause', action: 'pause' });
  const own = exampleProject({ id: 'carts', state: 'paused', lastOperation: operationIdOf(pause, 'carts') });
  const touched = (project: typeof own): readonly RefusedItem[] =>
    findTouched('restore', { batches: [pause], projects: [project] });

  it('leaves out what was changed since, and what the batch did not pause.', () => {
    expect(touched(own)).toEqual([]);
    expect(touched({ ...own, lastOperation: 'later' })).toMatchObject([
      { project: 'carts', refusal: { code: 'changed' } },
    ]);
    expect(touched({ ...own, state: 'failed' })).toMatchObject([{ project: 'carts' }]);
  });

  it('concerns no other action, and no other batch.', () => {
    const later = { ...own, lastOperation: 'later' };
    expect(findTouched('pause', { batches: [pause], projects: [later] })).toEqual([]);
    const restore = exampleBatch({ action: 'restore' });
    expect(findTouched('restore', { batches: [restore], projects: [later] })).toEqual([]);
  });
});
