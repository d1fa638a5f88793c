import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommitRequest, FollowUpChange, NewOperation } from '../../../src/application/operation-store.ts';
import type { Stores } from '../../../src/application/stores.ts';
import { linkId, noWatermark } from '../../../src/domain/link.ts';
import type { NewDialog, Operation, OperationRef } from '../../../src/domain/operation.ts';
import type { Refusal } from '../../../src/domain/refusal.ts';
import { keys } from '../../support/keys.ts';
import { makeDefinition } from '../../support/project-definition.ts';
import { startTestServices, type TestServices, testSettings } from '../../support/test-services.ts';

let services: TestServices;
let stores: Stores;
beforeEach(async () => {
  services = await startTestServices();
  stores = services.context;
  await stores.projects.save(definition, { state: 'running', watermarks: {} }, 'cli:test');
});
afterEach(() => services[Symbol.asyncDispose]());

const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
const definition = makeDefinition('orders');
const ref: OperationRef = { project: 'orders', operation: 'op1' };
const dialog = {
  kind: 'response_url',
  url: 'https://hooks.slack.com/actions/1/2',
  lifetimeMs: 1_800_000,
  usesLeft: 5,
} as const satisfies NewDialog;
const key = keys.operation('orders', 'op1');
const orderKeys = keys.project('orders');

const request = (more: Partial<NewOperation> = {}) =>
  stores.operations.request({
    ...{
      id: 'op1',
      project: 'orders',
      action: 'pause',
      by: 'U0ALICE',
      reason: 'deploy',
      origin: 'slack',
      channel: 'C0SYNC',
    },
    tasks: [],
    projectVersion: 1,
    ttlMs: 60_000,
    ...more,
  });
const resolve = (
  decision: 'confirm' | 'cancel' | 'expire',
  by: string | null = 'U0ALICE',
  more: { ref?: OperationRef; dialog?: NewDialog } = {},
) => stores.operations.resolve({ ref, decision, by, dialog: null, ...more });
const followUp = { goal: 'quiet', latest: null, intervalMs: 1_000 } as const;
const outcome = { linksTotal: 1, linksDone: 1, unreconciled: [], missing: [], inFlight: 0, retriedTasks: 0 };
const completion = (more: Partial<CommitRequest> = {}): CommitRequest => ({
  ref,
  executionId: 'run-1',
  isOnlyExecution: false,
  expectedVersion: 2,
  operationState: 'done',
  projectChange: { kind: 'set', state: 'paused' },
  linksReconciled: true,
  pendingLinks: [],
  oldestUnprocessedAt: null,
  outcome,
  followUp: null,
  refusal: null,
  failure: null,
  retriedTasks: [],
  ...more,
});

/** All keys of the project with their serialized values. */
const snapshot = async () => {
  const names = (await services.redis.keys('syncbot:{p:orders}:*')).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await serialize(name)])));
};

/** Redis may dump the same hash in another order. */
async function serialize(key: string): Promise<string | undefined> {
  const { redis } = services;
  if ((await redis.type(key)) === 'hash') return JSON.stringify(Object.entries(await redis.hgetall(key)).sort());
  return (await redis.dumpBuffer(key))?.toString('hex');
}

/** Runs a step twice. The second run must change nothing. */
async function runTwice<T>(operationStep: () => Promise<T>): Promise<[T, T]> {
  const first = await operationStep();
  const before = await snapshot();
  const second = await operationStep();
  expect(await snapshot()).toEqual(before);
  return [first, second];
}

async function claimOperation(action: NewOperation['action'] = 'pause', projectVersion = 1): Promise<void> {
  await request({ action, projectVersion });
  await resolve('confirm');
  expect(await stores.operations.claim(ref, 'run-1')).toMatchObject({ kind: 'claimed' });
}

describe('a step that runs again changes nothing', () => {
  it('A repeated request returns the same operation.', async () => {
    const [first, second] = await runTwice(() => request());
    expect(first).toMatchObject({
      kind: 'requested',
      operation: { state: 'requested', seq: 1, notifiedSeq: 1 },
    });
    expect(second).toEqual(first);
  });

  it.each([
    ['confirm', 'confirmed'],
    ['cancel', 'cancelled'],
  ] as const)('A repeated %s returns the first decision.', async (decision, state) => {
    await request();
    const [first, second] = await runTwice(() => resolve(decision));
    expect(first).toMatchObject({ kind: 'resolved', operation: { state } });
    expect(second).toMatchObject({ kind: 'repeated', operation: { state } });
    expect(await resolve('confirm')).toMatchObject({ kind: 'repeated', operation: { state } });
    expect(await resolve('cancel')).toMatchObject({ kind: 'repeated', operation: { state } });
  });

  it('A second worker can claim an active operation.', async () => {
    await request();
    await resolve('confirm');
    expect(await stores.operations.claim(ref, 'run-1')).toMatchObject({
      kind: 'claimed',
      operation: { state: 'running', fromState: 'running' },
    });
    const before = await stores.projects.read('orders');
    expect(await stores.operations.claim(ref, 'run-2')).toMatchObject({
      kind: 'claimed',
      operation: { state: 'running' },
    });
    expect(await stores.projects.read('orders')).toEqual(before);
    expect(before).toMatchObject({
      state: 'pausing',
      version: 2,
      by: 'U0ALICE',
      reason: 'deploy',
      activeOperation: 'op1',
    });
    expect(await services.redis.zrange(orderKeys.runs, 0, '-1')).toEqual(['run-1', 'run-2']);
    for (const run of ['run-1', 'run-2']) await stores.operations.endExecution('orders', run);
    expect(await services.redis.exists(orderKeys.runs)).toBe(0);
  });

  it('A repeated commit returns the finished operation.', async () => {
    await claimOperation();
    const [first, second] = await runTwice(() => stores.operations.commit(completion()));
    expect(first).toMatchObject({ kind: 'committed', operation: { state: 'done', toState: 'paused', outcome } });
    expect(second).toMatchObject({ kind: 'repeated', operation: { state: 'done' } });
    expect(await stores.operations.claim(ref, 'run-3')).toMatchObject({
      kind: 'finished',
      operation: { state: 'done' },
    });
    expect(await stores.projects.read('orders')).toMatchObject({
      state: 'paused',
      version: 3,
      reconciledVersion: 3,
      activeOperation: null,
    });
  });

  it('A step runs after the server has forgotten its scripts.', async () => {
    await request();
    await services.redis.script('FLUSH');
    await resolve('confirm');
    await services.redis.script('FLUSH');
    await stores.operations.claim(ref, 'run-1');
    await services.redis.script('FLUSH');
    expect(await stores.operations.commit(completion())).toMatchObject({ kind: 'committed' });
  });
});

describe('a dialog', () => {
  it('A press by another user is refused and changes nothing.', async () => {
    await request();
    const before = await snapshot();
    expect(await resolve('confirm', 'U0BOB', { dialog: { ...dialog, url: 'https://evil' } })).toEqual({
      kind: 'refused',
      refusal: { code: 'not_requester', by: 'U0ALICE' },
    });
    expect(await resolve('cancel', 'U0BOB')).toMatchObject({ kind: 'refused' });
    expect(await snapshot()).toEqual(before);
  });

  it('A press after the expiry makes the operation expired.', async () => {
    await request();
    await services.redis.hset(key, 'expiresAt', '1');
    expect(await resolve('confirm')).toMatchObject({ kind: 'resolved', operation: { state: 'expired' } });
    expect(await resolve('confirm')).toMatchObject({ kind: 'repeated', operation: { state: 'expired' } });
    expect(await stores.operations.claim(ref, 'run')).toMatchObject({ kind: 'finished' });
  });

  it('An operation does not expire before its time.', async () => {
    await request();
    expect(await resolve('expire', null)).toMatchObject({ kind: 'repeated', operation: { state: 'requested' } });
  });

  it('A press on an unknown operation is refused.', async () => {
    expect(await resolve('confirm')).toEqual({ kind: 'refused', refusal: { code: 'unknown_operation' } });
    expect(await stores.operations.claim(ref, 'run')).toEqual({ kind: 'unknown' });
    expect(await snapshot()).not.toHaveProperty(key);
  });

  it('The newest dialog is stored with its deadline and its remaining uses.', async () => {
    await request();
    const newerDialog = { ...dialog, url: 'https://hooks.slack.com/actions/3' };
    const before = await stores.serverClock.now();
    await resolve('confirm', 'U0ALICE', { dialog: newerDialog });
    const storedDialog = (await stores.operations.read(ref))?.dialog;
    expect(storedDialog).toMatchObject({ url: newerDialog.url, usesLeft: 5 });
    expect(storedDialog?.expiresAt).toBeGreaterThanOrEqual(before + newerDialog.lifetimeMs);
    expect(storedDialog?.expiresAt).toBeLessThanOrEqual((await stores.serverClock.now()) + newerDialog.lifetimeMs);
    await stores.operations.markNotified(ref, { seq: 2, message: null, dialogUses: 2 });
    expect(await stores.operations.read(ref)).toMatchObject({
      dialog: { url: newerDialog.url, usesLeft: 3 },
      notifiedSeq: 2,
    });
    await stores.operations.markNotified(ref, {
      seq: 1,
      message: { channel: 'C1', ts: '1700000000.123456' },
      dialogUses: 9,
    });
    expect(await stores.operations.read(ref)).toMatchObject({
      dialog: { usesLeft: 0 },
      notifiedSeq: 1,
      message: { channel: 'C1', ts: '1700000000.123456' },
    });
  });

  it('The reply at the end of a wait is recorded.', async () => {
    await request();
    await stores.operations.markNotified(ref, { seq: 1, message: null, dialogUses: 0 });
    expect((await stores.operations.read(ref))?.waitRepliedAt).toBeNull();
    await stores.operations.markNotified(ref, { seq: 1, message: null, dialogUses: 0, hasRepliedAfterWait: true });
    expect((await stores.operations.read(ref))?.waitRepliedAt).toEqual(expect.any(Number));
  });

  it('A dialog in a modal is stored with its view, and an earlier version can read the operation.', async () => {
    await request();
    const inModal = { kind: 'view', viewId: 'V1', press: '1.1.a', lifetimeMs: 1_800_000, usesLeft: 5 } as const;
    await resolve('confirm', 'U0ALICE', { dialog: inModal });
    const stored = await stores.operations.read(ref);
    const expiresAt: unknown = expect.any(Number);
    expect(stored?.dialog).toEqual({ kind: 'view', viewId: 'V1', press: '1.1.a', usesLeft: 5, expiresAt });
    expect(JSON.parse((await services.redis.hget(key, 'dialog')) ?? '')).toMatchObject({ url: '' });
    await resolve('confirm', 'U0ALICE', { dialog: inModal });
    expect(await stores.operations.read(ref)).toEqual(stored);
    await resolve('confirm', 'U0ALICE', { dialog: { ...inModal, viewId: 'V2' } });
    expect(await stores.operations.read(ref)).toMatchObject({
      dialog: { viewId: 'V2' },
      seq: Number(stored?.seq) + 1,
    });
  });

  it('Another press in the same modal is a new dialog, because its page has changed at the press.', async () => {
    await request();
    const inModal = { kind: 'view', viewId: 'V1', press: '1.1.a', lifetimeMs: 1_800_000, usesLeft: 5 } as const;
    await resolve('confirm', 'U0ALICE', { dialog: inModal });
    await services.redis.hset(key, 'dialog', JSON.stringify({ kind: 'view', viewId: 'V1', usesLeft: 1, expiresAt: 9 }));
    const earlier = await stores.operations.read(ref);
    expect(earlier?.dialog).toMatchObject({ press: null, usesLeft: 1 });
    await resolve('confirm', 'U0ALICE', { dialog: { ...inModal, press: '2.2.b' } });
    expect(await stores.operations.read(ref)).toMatchObject({
      dialog: { viewId: 'V1', press: '2.2.b', usesLeft: 5 },
      seq: Number(earlier?.seq) + 1,
    });
  });

  it('The same press delivered twice changes nothing, and another press replaces the dialog.', async () => {
    await request();
    const first = await resolve('confirm', 'U0ALICE', { dialog });
    await stores.operations.markNotified(ref, { seq: 3, message: null, dialogUses: 1 });
    const before = await snapshot();
    expect(first).toMatchObject({ kind: 'resolved', operation: { seq: 3 } });
    expect(await resolve('confirm', 'U0ALICE', { dialog })).toMatchObject({ kind: 'repeated', operation: { seq: 3 } });
    expect(await snapshot()).toEqual(before);
    const newDialog = { ...dialog, url: 'https://hooks.slack.com/actions/3' };
    expect(await resolve('confirm', 'U0ALICE', { dialog: newDialog })).toMatchObject({
      kind: 'repeated',
      operation: { seq: 4 },
    });
  });

  it('A new request supersedes only the older dialog of the same requester for the same action.', async () => {
    const others: Partial<NewOperation>[] = [
      { id: 'bob', by: 'U0BOB' },
      { id: 'other', action: 'restore' },
    ];
    for (const other of others) await request(other);
    await request();
    const again = await request({ id: 'op2' });
    expect(again).toMatchObject({ kind: 'requested', operation: { id: 'op2' } });
    expect(await stores.operations.read(ref)).toMatchObject({ state: 'superseded' });
    expect(await resolve('confirm')).toMatchObject({ kind: 'repeated', operation: { state: 'superseded' } });
    for (const operation of ['bob', 'other', 'op2']) {
      expect(await stores.operations.read({ project: 'orders', operation })).toMatchObject({ state: 'requested' });
    }
  });

  it('A new request does not supersede a confirmed operation.', async () => {
    await request();
    await resolve('confirm');
    await request({ id: 'op2' });
    expect(await stores.operations.read(ref)).toMatchObject({ state: 'confirmed' });
  });

  it('A request for a project that does not exist is refused.', async () => {
    expect(await request({ project: 'gone' })).toEqual({
      kind: 'refused',
      refusal: { code: 'removed', project: 'gone' },
    });
  });
});

describe('a claim checks the state rules again', () => {
  const claimRefusal = async () => {
    const claim = await stores.operations.claim(ref, 'run');
    const project = await stores.projects.read('orders');
    const again = await stores.operations.claim(ref, 'run');
    expect(again).toMatchObject({ kind: 'finished', operation: { state: 'refused' } });
    expect(await stores.projects.read('orders')).toEqual(project);
    if (claim.kind !== 'refused') throw new Error(claim.kind);
    return claim.operation.refusal;
  };
  const operations = { ref: { project: 'orders', operation: 'bob' } };

  beforeEach(async () => {
    await request();
    await resolve('confirm');
  });

  it('A claim is refused while another operation is active.', async () => {
    await request({ id: 'bob', by: 'U0BOB' });
    await resolve('confirm', 'U0BOB', operations);
    await stores.operations.claim(operations.ref, 'run-b');
    const { resolvedAt } = (await stores.operations.read(operations.ref)) as Operation;
    expect(await claimRefusal()).toEqual({
      code: 'operation_active',
      project: 'orders',
      state: 'pausing',
      action: 'pause',
      by: 'U0BOB',
      since: resolvedAt,
    });
  });

  it('A claim is refused while an operation without a record is active.', async () => {
    await services.redis.hset(orderKeys.state, 'activeOperation', 'gone');
    expect(await claimRefusal()).toMatchObject({ code: 'operation_active', action: 'pause', by: 'cli:test' });
  });

  it('The message of an operation whose claim is refused is out of date.', async () => {
    await services.redis.hset(key, 'executeBy', '1');
    const before = await stores.operations.read(ref);
    await claimRefusal();
    expect((await stores.operations.read(ref))?.seq).toBe((before?.seq ?? 0) + 1);
  });

  it('A claim is refused if the state does not allow the action any more.', async () => {
    await request({ id: 'bob', by: 'U0BOB' });
    await resolve('confirm', 'U0BOB', operations);
    await stores.operations.claim(operations.ref, 'run-b');
    await stores.operations.commit({ ...completion(), ref: operations.ref });
    expect(await claimRefusal()).toMatchObject({
      code: 'not_allowed',
      action: 'pause',
      state: 'paused',
      by: 'U0BOB',
      since: expect.any(Number),
    });
  });

  it('A claim is refused if the project has changed since the request.', async () => {
    await stores.projects.save({ ...definition, labels: ['prod'] }, { expectedVersion: 1, added: [] }, 'cli:carol');
    expect(await claimRefusal()).toMatchObject({ code: 'changed', action: 'pause', state: 'running', by: 'cli:test' });
  });

  it('A claim is refused if no worker claimed the operation in time.', async () => {
    await services.redis.hset(key, 'executeBy', '1');
    expect(await claimRefusal()).toEqual({ code: 'claim_timeout', project: 'orders', action: 'pause' });
  });

  it('A claim is refused if the project was removed.', async () => {
    await request({ id: 'requested', by: 'U0BOB' });
    expect(await stores.projects.remove('orders', 1, 'cli:carol')).toMatchObject({ kind: 'written' });
    for (const operation of [ref.operation, 'requested']) {
      expect(await stores.operations.read({ project: 'orders', operation })).toMatchObject({
        state: 'refused',
        refusal: { code: 'removed', project: 'orders' },
      });
    }
    expect(await stores.operations.claim(ref, 'run')).toMatchObject({ kind: 'finished' });
  });
});

describe('a check of the claim, without a worker', () => {
  const checkClaim = () => stores.operations.checkClaim(ref);
  /** Moves the confirmation into the past. */
  const confirmedAgo = async (ms: number) => {
    const now = await stores.serverClock.now();
    await services.redis.hset(key, { resolvedAt: now - ms, executeBy: now - ms + 120_000 });
  };

  beforeEach(async () => {
    await request();
    await resolve('confirm');
  });

  it('changes nothing in the first ten seconds, and after a worker has claimed the operation', async () => {
    const before = await snapshot();
    expect(await checkClaim()).toEqual({ kind: 'unchanged' });
    expect(await snapshot()).toEqual(before);
    await stores.operations.claim(ref, 'run-1');
    await confirmedAgo(130_000);
    expect(await checkClaim()).toEqual({ kind: 'unchanged' });
  });

  it('after ten seconds marks the operation once, and its message as out of date', async () => {
    await confirmedAgo(11_000);
    const { seq } = (await stores.operations.read(ref)) as Operation;
    const [first, second] = await runTwice(checkClaim);
    expect([first, second]).toEqual([{ kind: 'delayed' }, { kind: 'unchanged' }]);
    expect(await stores.operations.read(ref)).toMatchObject({
      state: 'confirmed',
      seq: seq + 1,
      claimDelayedAt: expect.any(Number),
    });
    expect(await stores.operations.claim(ref, 'run-1')).toMatchObject({ kind: 'claimed' });
  });

  it('refuses the operation when the time to claim it has passed, as a claim does', async () => {
    await confirmedAgo(121_000);
    const refusal = { code: 'claim_timeout', project: 'orders', action: 'pause' };
    const [first, second] = await runTwice(checkClaim);
    expect(first).toMatchObject({ kind: 'refused', operation: { state: 'refused', refusal } });
    expect(second).toEqual({ kind: 'unchanged' });
    expect(await stores.projects.read('orders')).toMatchObject({ state: 'running', version: 1, activeOperation: null });
    const [entry] = await stores.auditLog.read('orders', { limit: 1 });
    expect(entry).toMatchObject({ event: 'refused', code: 'claim_timeout', by: 'U0ALICE' });
    expect(await stores.operations.claim(ref, 'run-1')).toMatchObject({ kind: 'finished' });
  });

  it('changes nothing of an operation that does not exist', async () => {
    expect(await stores.operations.checkClaim({ project: 'orders', operation: 'gone' })).toEqual({ kind: 'unchanged' });
  });
});

describe('a commit', () => {
  it('A commit conflicts at another version, or if the operation is not the active one.', async () => {
    await claimOperation();
    const before = await snapshot();
    expect(await stores.operations.commit(completion({ expectedVersion: 1 }))).toEqual({ kind: 'conflict' });
    expect(await stores.operations.commit(completion({ expectedVersion: 3 }))).toEqual({ kind: 'conflict' });
    await request({ id: 'bob', by: 'U0BOB' });
    await services.redis.hset(keys.operation('orders', 'bob'), 'state', 'running');
    expect(await stores.operations.commit({ ...completion(), ref: { project: 'orders', operation: 'bob' } })).toEqual({
      kind: 'conflict',
    });
    expect((await snapshot())[orderKeys.state]).toBe(before[orderKeys.state]);
    expect(await services.redis.zrange(orderKeys.runs, 0, '-1')).toEqual(['run-1']);
  });

  it('A commit ends its execution: the next operation does not wait for commands of it.', async () => {
    await claimOperation();
    await stores.operations.commit(completion());
    expect(await services.redis.exists(orderKeys.runs)).toBe(0);
    await request({ id: 'op2', action: 'restore', projectVersion: 3 });
    await resolve('confirm', 'U0ALICE', { ref: { ...ref, operation: 'op2' } });
    expect(await stores.operations.claim({ ...ref, operation: 'op2' }, 'run-2')).toMatchObject({
      kind: 'claimed',
      hasOtherExecutions: false,
    });
  });

  it('A commit that counts what one execution did is refused if another one has passed the preflight, or began after it.', async () => {
    const passed = { progress: { done: 0, total: 1 }, skipped: [], retriedTasks: [] };
    await claimOperation();
    expect(await stores.operations.passPreflight(ref, passed)).toEqual({ kind: 'first' });
    expect(await stores.operations.passPreflight(ref, passed)).toEqual({ kind: 'repeated' });
    expect(await stores.operations.commit(completion({ isOnlyExecution: true }))).toEqual({ kind: 'other_executions' });
    expect(await stores.operations.commit(completion())).toMatchObject({ kind: 'committed' });
    expect(await stores.operations.passPreflight(ref, passed)).toEqual({ kind: 'repeated' });

    await request({ id: 'op2', projectVersion: 3, action: 'restore' });
    const later = { ...ref, operation: 'op2' };
    await resolve('confirm', 'U0ALICE', { ref: later });
    await stores.operations.claim(later, 'run-2');
    await stores.operations.passPreflight(later, passed);
    await stores.operations.claim(later, 'run-3');
    const commit = completion({ ref: later, expectedVersion: 4, executionId: 'run-2', isOnlyExecution: true });
    expect(await stores.operations.commit(commit)).toEqual({ kind: 'other_executions' });
  });

  it('The first execution that passes the preflight skips its tasks, and a commit ends the skip of those that it retried.', async () => {
    const task = {
      kind: 'task_failed',
      link,
      taskId: '7',
      reason: 'refused',
      at: 5,
      skippedAt: 6,
      by: 'U0ALICE',
    } as const;
    const later = { ...task, at: 9 };
    const retried = { linkId: linkId(link), taskId: '8', at: 4, runnableAt: 3 };
    const progress = { done: 0, total: 1 };
    const read = async () => (await stores.projects.read('orders')) ?? expect.unreachable();
    await claimOperation();
    await stores.operations.passPreflight(ref, { progress, skipped: [task], retriedTasks: [retried] });
    await stores.operations.passPreflight(ref, { progress, skipped: [later], retriedTasks: [] });
    expect(await read()).toMatchObject({ skippedTasks: [task], retriedTasks: [retried] });

    await stores.operations.commit(completion({ retriedTasks: [later] }));
    expect((await read()).skippedTasks).toEqual([task]);
    await request({ id: 'op2', projectVersion: 3, action: 'retry' });
    const retry = { ...ref, operation: 'op2' };
    await resolve('confirm', 'U0ALICE', { ref: retry });
    const { since, by, pendingLinks } = await read();
    await stores.operations.claim(retry, 'run-2');
    const change = { projectChange: { kind: 'none' }, linksReconciled: false, retriedTasks: [task] } as const;
    const commit = completion({ ref: retry, executionId: 'run-2', expectedVersion: 4, ...change });
    expect(await stores.operations.commit(commit)).toMatchObject({ kind: 'committed', operationToNotify: null });
    const kept = { state: 'paused', since, by, pendingLinks, version: 5, reconciledVersion: 5, skippedTasks: [] };
    expect(await read()).toMatchObject(kept);
  });

  it('Skips end only while no operation is active, and once in the history.', async () => {
    const task = {
      kind: 'task_failed',
      link,
      taskId: '7',
      reason: 'refused',
      at: 5,
      skippedAt: 6,
      by: 'U0ALICE',
    } as const;
    await claimOperation();
    await stores.operations.passPreflight(ref, { progress: { done: 0, total: 1 }, skipped: [task], retriedTasks: [] });
    expect(await stores.projects.endSkip('orders', 2, [task])).toEqual({ kind: 'conflict' });
    await stores.operations.commit(completion());
    expect(await stores.projects.endSkip('orders', 3, [{ ...task, at: 9 }])).toEqual({ kind: 'written' });
    for (let calls = 0; calls < 2; calls++)
      expect(await stores.projects.endSkip('orders', 3, [task])).toEqual({ kind: 'written' });
    expect((await stores.projects.read('orders'))?.skippedTasks).toEqual([]);
    const events = (await stores.auditLog.read('orders', { limit: 50 })).filter(({ event }) => event === 'skip_ended');
    expect(events).toMatchObject([{ tasks: [{ link, taskId: '7', at: 5 }] }]);
  });

  it('A rollback restores every field as it was before the claim.', async () => {
    await claimOperation();
    await stores.operations.commit(completion({ followUp }));
    await services.redis.hset(orderKeys.state, 'keptPaused', '{"at":7,"by":"U0BOB"}');
    const before = await stores.projects.read('orders');
    expect(before).toMatchObject({ state: 'paused', version: 3, followedOperation: 'op1', reconciledVersion: 3 });
    const restore = { project: 'orders', operation: 'op2' };
    await request({ id: 'op2', action: 'restore', by: 'U0BOB', reason: null, projectVersion: 3 });
    await resolve('confirm', 'U0BOB', { ref: restore });
    await stores.operations.claim(restore, 'run-2');
    expect(await stores.projects.read('orders')).toMatchObject({
      state: 'restoring',
      by: 'U0BOB',
      reason: null,
      version: 4,
    });
    const refusal: Refusal = { code: 'links_unreachable', project: 'orders', links: [link] };
    await stores.operations.commit({
      ...completion(),
      ref: restore,
      expectedVersion: 4,
      projectChange: { kind: 'roll_back' },
      operationState: 'failed',
      linksReconciled: false,
      outcome: null,
      refusal,
    });
    expect(await stores.projects.read('orders')).toEqual({ ...before, version: 5, reconciledVersion: 5 });
    expect(await stores.operations.read(restore)).toMatchObject({
      state: 'failed',
      toState: 'paused',
      refusal,
      outcome: null,
    });
  });

  it('A rollback leaves unreconciled links unreconciled.', async () => {
    await claimOperation();
    await stores.operations.commit(
      completion({
        projectChange: { kind: 'roll_back' },
        linksReconciled: false,
        operationState: 'failed',
        outcome: null,
      }),
    );
    expect(await stores.projects.read('orders')).toMatchObject({
      state: 'running',
      version: 3,
      reconciledVersion: 0,
      by: 'cli:test',
      reason: null,
    });
  });

  const later = 1_764_198_778_123;
  const failure = { kind: 'link_unreachable', link, at: 7 } as const;
  const partly = {
    operationState: 'failed',
    projectChange: { kind: 'set', state: 'failed' },
    linksReconciled: false,
    failure,
  } as const;

  it('A commit that did not reach every link leaves the rest to the reconcile job.', async () => {
    await stores.projects.markReconciled('orders', 1, ['default/bull:new']);
    await claimOperation();
    await stores.operations.setProgress(ref, { done: 0, total: 1 });
    await stores.operations.commit(completion({ ...partly, oldestUnprocessedAt: later }));
    expect(await stores.projects.read('orders')).toMatchObject({
      state: 'failed',
      version: 3,
      reconciledVersion: 1,
      failure,
      incompleteOperation: 'op1',
      lastOperation: 'op1',
      followedOperation: null,
      activeOperation: null,
      oldestUnprocessedAt: later,
      pendingLinks: ['default/bull:new'],
    });
    expect(await services.redis.hexists(orderKeys.state, 'before')).toBe(0);
    expect(await stores.projects.markReconciled('orders', 3, [])).toEqual({
      kind: 'reconciled',
      operationToNotify: 'op1',
    });
    expect((await stores.operations.read(ref))?.reconciledAt).toEqual(expect.any(Number));
    expect(await stores.projects.markReconciled('orders', 3, [])).toEqual({
      kind: 'reconciled',
      operationToNotify: null,
    });
  });

  it('A commit that reached every link leaves nothing.', async () => {
    await claimOperation();
    await stores.operations.commit(completion({ pendingLinks: ['default/bull:new'] }));
    expect(await stores.projects.read('orders')).toMatchObject({
      version: 3,
      reconciledVersion: 3,
      failure: null,
      incompleteOperation: null,
      pendingLinks: ['default/bull:new'],
      linksToReconcile: null,
    });
  });

  it('A restore of a Failed project that fails keeps the time since when changes are unprocessed.', async () => {
    const taskFailure = { kind: 'task_failed', link, taskId: '7', reason: 'no', at: 1 } as const;
    await stores.projects.markFailed('orders', 1, { failure: taskFailure, by: 'syncbot', oldestUnprocessedAt: later });
    await claimOperation('restore', 2);
    await stores.operations.commit(completion({ ...partly, expectedVersion: 3, oldestUnprocessedAt: later + 9 }));
    expect(await stores.projects.read('orders')).toMatchObject({ state: 'failed', oldestUnprocessedAt: later });
  });

  it('A pause of a Running project sets the time since when changes are unprocessed, a restore removes it.', async () => {
    await claimOperation();
    await stores.operations.commit(completion({ oldestUnprocessedAt: later }));
    expect(await stores.projects.read('orders')).toMatchObject({ oldestUnprocessedAt: later });
    const restore = { project: 'orders', operation: 'op2' };
    await request({ id: 'op2', action: 'restore', projectVersion: 3 });
    await resolve('confirm', 'U0ALICE', { ref: restore });
    await stores.operations.claim(restore, 'run-2');
    expect(await stores.projects.read('orders')).toMatchObject({ state: 'restoring', oldestUnprocessedAt: null });
    await stores.operations.commit(
      completion({ ref: restore, expectedVersion: 4, projectChange: { kind: 'set', state: 'running' } }),
    );
    expect(await stores.projects.read('orders')).toMatchObject({ state: 'running', oldestUnprocessedAt: null });
  });

  it.each([
    ['failed', false, 'op1', 0],
    ['done', true, null, 3],
  ] as const)(
    'A correction that is %s keeps the state, and names the operation that left links: %s.',
    async (operationState, linksReconciled, incompleteOperation, reconciledVersion) => {
      const before = await stores.projects.read('orders');
      await claimOperation('reapply');
      await stores.operations.commit(completion({ operationState, projectChange: { kind: 'keep' }, linksReconciled }));
      expect(await stores.projects.read('orders')).toEqual({
        ...before,
        version: 3,
        reconciledVersion,
        incompleteOperation,
      });
    },
  );

  it('A rollback conflicts after another execution has passed the preflight.', async () => {
    await claimOperation();
    await stores.operations.setProgress(ref, { done: 0, total: 1 });
    const rolledBack = completion({ projectChange: { kind: 'roll_back' }, operationState: 'failed', outcome: null });
    expect(await stores.operations.commit(rolledBack)).toEqual({ kind: 'conflict' });
  });

  it('A stored time is read with every digit.', async () => {
    const oldestUnprocessedAt = 1_764_198_778_123;
    await stores.projects.markFailed('orders', 1, {
      failure: { kind: 'task_failed', link, taskId: '7', reason: 'no', at: 1 },
      by: 'syncbot',
      oldestUnprocessedAt,
    });
    const failed = await stores.projects.read('orders');
    expect(failed).toMatchObject({ oldestUnprocessedAt });
    const before = await stores.serverClock.now();
    await request({ action: 'restore', projectVersion: 2 });
    await resolve('confirm');
    const claim = await stores.operations.claim(ref, 'run-1');
    if (claim.kind !== 'claimed') throw new Error(claim.kind);
    expect(Number.isInteger(claim.now)).toBe(true);
    expect(claim.now).toBeGreaterThanOrEqual(before);
    expect(claim.now).toBeLessThanOrEqual(await stores.serverClock.now());
    await stores.operations.commit(
      completion({ expectedVersion: 3, projectChange: { kind: 'roll_back' }, linksReconciled: false }),
    );
    expect(await stores.projects.read('orders')).toMatchObject({ since: failed?.since, oldestUnprocessedAt });
  });

  it('An empty list is read as an empty list.', async () => {
    await stores.projects.setWatermarks('orders', 1, { 'default/bull:orders-full': noWatermark });
    await claimOperation();
    await stores.operations.setProgress(ref, { done: 0, total: 1 });
    await stores.operations.commit(completion({ failure: { kind: 'link_unreachable', link, at: 1 } }));
    expect(await stores.operations.read(ref)).toMatchObject({
      outcome: { unreconciled: [], missing: [] },
      progress: null,
    });
    expect(await stores.projects.read('orders')).toMatchObject({
      watermarks: { 'default/bull:orders-full': noWatermark },
    });
  });
});

describe('open operations', () => {
  const readOpenIds = async () => (await stores.operations.listOpen('orders')).map(({ id }) => id);

  it('An operation is open until it is finished and its message is up to date.', async () => {
    await claimOperation();
    await stores.operations.markNotified(ref, { seq: 99, message: null, dialogUses: 0 });
    expect(await readOpenIds()).toEqual(['op1']);
    await stores.operations.commit(completion());
    const seq = (await stores.operations.read(ref))?.seq ?? 0;
    await stores.operations.markNotified(ref, { seq: seq - 1, message: null, dialogUses: 0 });
    expect(await readOpenIds()).toEqual(['op1']);
    await stores.operations.markNotified(ref, { seq, message: null, dialogUses: 0 });
    expect(await readOpenIds()).toEqual([]);
    await stores.operations.markNotified({ ...ref, operation: 'unknown' }, { seq: 1, message: null, dialogUses: 1 });
    expect(await services.redis.exists(keys.operation('orders', 'unknown'))).toBe(0);
  });

  it('The shown seq is that of the last notification, also if it is older. A notification without a message keeps it.', async () => {
    await request();
    await resolve('confirm', 'U0ALICE', { dialog });
    const message = { channel: 'C0SYNC', ts: '1.1' };
    await stores.operations.markNotified(ref, { seq: 3, message, dialogUses: 4 });
    await stores.operations.markNotified(ref, { seq: 2, message: null, dialogUses: 4 });
    expect(await stores.operations.read(ref)).toMatchObject({
      notifiedSeq: 2,
      message,
      dialog: { usesLeft: 0 },
      notifiedAt: null,
    });
  });

  it('The time at which an outcome was first notified stays.', async () => {
    await claimOperation();
    await stores.operations.commit(completion());
    await stores.operations.markNotified(ref, { seq: 99, message: null, dialogUses: 0 });
    await services.redis.hset(key, 'notifiedAt', '5');
    await stores.operations.markNotified(ref, { seq: 99, message: null, dialogUses: 0 });
    expect((await stores.operations.read(ref))?.notifiedAt).toBe(5);
  });

  it('Only a running operation has progress, and each step outdates its message.', async () => {
    await request();
    await stores.operations.setProgress(ref, { done: 1, total: 2 });
    expect(await stores.operations.read(ref)).toMatchObject({ progress: null, seq: 1 });
    await resolve('confirm');
    await stores.operations.claim(ref, 'run-1');
    const { seq = 0 } = (await stores.operations.read(ref)) ?? {};
    await stores.operations.setProgress(ref, { done: 1, total: 2 });
    expect(await stores.operations.read(ref)).toMatchObject({ progress: { done: 1, total: 2 }, seq: seq + 1 });
  });

  it('A cancelled dialog is open until it is replaced. Without a dialog, and when superseded, it is not.', async () => {
    await request();
    await resolve('cancel', 'U0ALICE', { dialog });
    expect(await readOpenIds()).toEqual(['op1']);
    await request({ id: 'op2' });
    await resolve('cancel', 'U0ALICE', { ref: { ...ref, operation: 'op2' } });
    await request({ id: 'op3' });
    await request({ id: 'op4' });
    expect((await readOpenIds()).sort()).toEqual(['op1', 'op4']);
  });

  it('The removal of a project refuses no operation that is finished.', async () => {
    await claimOperation();
    await stores.operations.commit(completion());
    await request({ id: 'op2', action: 'restore', projectVersion: 3 });
    const { seq = 0 } = (await stores.operations.read({ ...ref, operation: 'op2' })) ?? {};
    await stores.projects.remove('orders', 3, 'cli:carol');
    expect(await stores.operations.read(ref)).toMatchObject({ state: 'done', refusal: null });
    expect(await stores.operations.read({ ...ref, operation: 'op2' })).toMatchObject({
      state: 'refused',
      seq: seq + 1,
    });
    expect(await services.redis.exists(orderKeys.open, orderKeys.runs)).toBe(0);
  });

  it('The end of an execution removes those that never ended and whose time is over.', async () => {
    const now = await stores.serverClock.now();
    await services.redis.zadd(orderKeys.runs, now - 1, 'given-up', now + 60_000, 'other', now + 60_000, 'run-1');
    await stores.operations.endExecution('orders', 'run-1');
    expect(await services.redis.zrange(orderKeys.runs, 0, '-1')).toEqual(['other']);
  });

  describe('of an operation that is followed', () => {
    const noWorker = { total: 0, first: [] };
    const latest = { at: 1_764_198_778_123, remaining: 2, counters: null, rates: null, noWorker };
    const readFollowed = async () => (await stores.projects.read('orders'))?.followedOperation;
    const change = async (more: Partial<FollowUpChange> = {}): Promise<FollowUpChange> => ({
      expectedVersion: 3,
      expectedSeq: (await stores.operations.read(ref))?.seq ?? 0,
      followUp: { ...followUp, latest },
      followEnd: null,
      event: null,
      ...more,
    });
    const followEnd = { kind: 'reached', at: 1_764_198_779_456 } as const;
    beforeEach(async () => {
      await claimOperation();
      await stores.operations.commit(completion({ followUp }));
      await stores.operations.markNotified(ref, { seq: 99, message: null, dialogUses: 0 });
    });

    it('each change opens the operation again, and is written once', async () => {
      expect(await readOpenIds()).toEqual([]);
      const progress = await change();
      expect(await stores.operations.updateFollowUp(ref, progress)).toEqual({ kind: 'written' });
      expect(await stores.operations.updateFollowUp(ref, progress)).toEqual({ kind: 'conflict' });
      expect(await readOpenIds()).toEqual(['op1']);
      expect(await stores.operations.read(ref)).toMatchObject({ followUp: { latest }, followEnd: null });
      expect(await readFollowed()).toBe('op1');
    });

    it('the end is recorded, and the project follows it no longer', async () => {
      expect(await stores.operations.updateFollowUp(ref, await change({ followEnd, event: 'drained' }))).toEqual({
        kind: 'written',
      });
      expect(await stores.operations.read(ref)).toMatchObject({ followUp: { latest }, followEnd });
      expect(await readFollowed()).toBeNull();
      expect(await stores.operations.updateFollowUp(ref, await change())).toEqual({ kind: 'conflict' });
      expect((await stores.auditLog.read('orders', { limit: 1 }))[0]).toMatchObject({
        event: 'drained',
        operation: 'op1',
      });
    });

    it('a change that was decided at another version of the project is a conflict', async () => {
      await request({ id: 'op2', action: 'restore', projectVersion: 3 });
      const progress = await change();
      await resolve('confirm', 'U0ALICE', { ref: { ...ref, operation: 'op2' } });
      await stores.operations.claim({ ...ref, operation: 'op2' }, 'run-2');
      expect(await stores.operations.updateFollowUp(ref, progress)).toEqual({ kind: 'conflict' });
      expect(await stores.operations.updateFollowUp(ref, { ...progress, expectedVersion: 4 })).toEqual({
        kind: 'conflict',
      });
    });

    it('following ends when another operation sets the state, and that operation is notified', async () => {
      await request({ id: 'op2', action: 'restore', by: 'U0BOB', projectVersion: 3 });
      const restore = { ...ref, operation: 'op2' };
      await resolve('confirm', 'U0BOB', { ref: restore });
      await stores.operations.claim(restore, 'run-2');
      expect(await readFollowed()).toBe('op1');
      const running = { kind: 'set', state: 'running' } as const;
      const commit = completion({ ref: restore, expectedVersion: 4, executionId: 'run-2', projectChange: running });
      expect(await stores.operations.commit(commit)).toMatchObject({ operationToNotify: 'op1' });
      expect(await stores.operations.read(ref)).toMatchObject({
        followUp,
        followEnd: { kind: 'state_changed', at: expect.any(Number), state: 'running', by: 'U0BOB' },
        stateEndedAt: expect.any(Number),
      });
      expect(await stores.operations.read(restore)).toMatchObject({ stateEndedAt: null });
      expect(await readFollowed()).toBeNull();
    });

    it('following ends when its project is removed', async () => {
      expect(await stores.projects.remove('orders', 3, 'cli:carol')).toEqual({
        kind: 'written',
        operationToNotify: 'op1',
      });
      expect(await stores.operations.read(ref)).toMatchObject({
        followEnd: { kind: 'removed', at: expect.any(Number), by: 'cli:carol' },
      });
    });
  });

  it('Redis keeps an unfinished operation without limit and a finished one for the retention time.', async () => {
    await request();
    expect(await services.redis.pttl(key)).toBeGreaterThan(testSettings.operationRetentionMs);
    await resolve('confirm');
    expect(await services.redis.pttl(key)).toBe(-1);
    await stores.operations.claim(ref, 'run');
    expect(await services.redis.pttl(key)).toBe(-1);
    await stores.operations.commit(completion());
    const ttlMs = await services.redis.pttl(key);
    expect(ttlMs).toBeGreaterThan(0);
    expect(ttlMs).toBeLessThanOrEqual(testSettings.operationRetentionMs);
  });

  it('The newest operations come first.', async () => {
    await claimOperation();
    await stores.operations.commit(completion());
    await request({ id: 'op2', action: 'restore', projectVersion: 3 });
    expect((await stores.operations.listRecent('orders', 5)).map(({ id }) => id)).toEqual(['op2', 'op1']);
    expect((await stores.operations.listRecent('orders', 1)).map(({ id }) => id)).toEqual(['op2']);
  });
});
