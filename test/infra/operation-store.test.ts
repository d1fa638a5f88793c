import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ending, NewOperation } from '../../src/application/operation-store.ts';
import type { ProjectStore } from '../../src/application/store.ts';
import type { FreshDialog, Operation, OperationRef } from '../../src/domain/operation.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import { operationKey, projectKeys } from '../../src/infra/redis/keys.ts';
import { definitionOf } from '../support/definition.ts';
import { openWorld, testSettings, type World } from '../support/world.ts';

let world: World;
let store: ProjectStore;
beforeEach(async () => {
  world = await openWorld();
  store = world.deps.store;
  await store.put(definition, { state: 'running', watermarks: {} }, 'cli:test');
});
afterEach(() => world[Symbol.asyncDispose]());

const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
const definition = definitionOf('orders');
const ref: OperationRef = { project: 'orders', operation: 'op1' };
const dialog: FreshDialog = { url: 'https://hooks.slack.com/actions/1/2', lifetimeMs: 1_800_000, usesLeft: 5 };
const key = operationKey('orders', 'op1');
const keys = projectKeys('orders');

const ask = (more: Partial<NewOperation> = {}) =>
  store.request({
    ...{
      id: 'op1',
      project: 'orders',
      action: 'pause',
      by: 'U0ALICE',
      reason: 'deploy',
      origin: 'slack',
      channel: 'C0SYNC',
    },
    projectVersion: 1,
    ttlMs: 60_000,
    ...more,
  });
const settle = (
  settlement: 'confirm' | 'cancel' | 'expire',
  by: string | null = 'U0ALICE',
  more: { ref?: OperationRef; dialog?: FreshDialog } = {},
) => store.settle({ ref, settlement, by, dialog: null, ...more });
const outcome = { linksTotal: 1, linksDone: 1, unreachable: [], missing: [], inFlight: 0, putBack: 0 };
const ending = (more: Partial<Ending> = {}): Ending => ({
  ref,
  expectedVersion: 2,
  operationState: 'done',
  projectState: 'paused',
  converged: true,
  awaited: [],
  logFrom: null,
  outcome,
  refusal: null,
  failure: null,
  ...more,
});

/** All that is kept of the project, as it lies in Redis. */
const kept = async () => {
  const names = (await world.redis.keys('syncbot:{p:orders}:*')).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await world.redis.dumpBuffer(name))?.toString('hex')])),
  );
};

/** Does a step twice: the second time nothing changes, and the answer is about the same operation as it is now. */
async function twice<T>(step: () => Promise<T>): Promise<[T, T]> {
  const first = await step();
  const before = await kept();
  const second = await step();
  expect(await kept()).toEqual(before);
  return [first, second];
}

async function held(action: NewOperation['action'] = 'pause', projectVersion = 1): Promise<void> {
  await ask({ action, projectVersion });
  await settle('confirm');
  expect(await store.claim(ref, 'run-1')).toMatchObject({ kind: 'claimed' });
}

describe('every step may be repeated', () => {
  it('request', async () => {
    const [first, second] = await twice(() => ask());
    expect(first).toMatchObject({
      kind: 'requested',
      operation: { state: 'requested', seq: 1, toldSeq: 1 },
    });
    expect(second).toEqual(first);
  });

  it.each([
    ['confirm', 'confirmed'],
    ['cancel', 'cancelled'],
  ] as const)('%s', async (settlement, state) => {
    await ask();
    const [first, second] = await twice(() => settle(settlement));
    expect(first).toMatchObject({ kind: 'settled', operation: { state } });
    expect(second).toMatchObject({ kind: 'repeated', operation: { state } });
    expect(await settle('confirm')).toMatchObject({ kind: 'repeated', operation: { state } });
    expect(await settle('cancel')).toMatchObject({ kind: 'repeated', operation: { state } });
  });

  it('claim, by any worker', async () => {
    await ask();
    await settle('confirm');
    expect(await store.claim(ref, 'run-1')).toMatchObject({
      kind: 'claimed',
      operation: { state: 'running', fromState: 'running' },
    });
    const before = await store.read('orders');
    expect(await store.claim(ref, 'run-2')).toMatchObject({ kind: 'claimed', operation: { state: 'running' } });
    expect(await store.read('orders')).toEqual(before);
    expect(before).toMatchObject({ state: 'pausing', version: 2, by: 'U0ALICE', reason: 'deploy', holder: 'op1' });
    expect(await world.redis.zrange(keys.runs, 0, '-1')).toEqual(['run-1', 'run-2']);
    for (const run of ['run-1', 'run-2']) await store.leave('orders', run);
    expect(await world.redis.exists(keys.runs)).toBe(0);
  });

  it('commit', async () => {
    await held();
    const [first, second] = await twice(() => store.commit(ending()));
    expect(first).toMatchObject({ kind: 'committed', operation: { state: 'done', toState: 'paused', outcome } });
    expect(second).toMatchObject({ kind: 'repeated', operation: { state: 'done' } });
    expect(await store.claim(ref, 'run-3')).toMatchObject({ kind: 'over', operation: { state: 'done' } });
    expect(await store.read('orders')).toMatchObject({
      state: 'paused',
      version: 3,
      convergedVersion: 3,
      holder: null,
    });
  });

  it('in the middle of it the server forgets its scripts', async () => {
    await ask();
    await world.redis.script('FLUSH');
    await settle('confirm');
    await world.redis.script('FLUSH');
    await store.claim(ref, 'run-1');
    await world.redis.script('FLUSH');
    expect(await store.commit(ending())).toMatchObject({ kind: 'committed' });
  });
});

describe('settling a dialog', () => {
  it('by somebody else is refused, and nothing changes', async () => {
    await ask();
    const before = await kept();
    expect(await settle('confirm', 'U0BOB', { dialog: { ...dialog, url: 'https://evil' } })).toEqual({
      kind: 'refused',
      refusal: { code: 'not_requester', by: 'U0ALICE' },
    });
    expect(await settle('cancel', 'U0BOB')).toMatchObject({ kind: 'refused' });
    expect(await kept()).toEqual(before);
  });

  it('after its time is refused the truth: it has expired, whichever button is pressed', async () => {
    await ask();
    await world.redis.hset(key, 'expiresAt', '1');
    expect(await settle('confirm')).toMatchObject({ kind: 'settled', operation: { state: 'expired' } });
    expect(await settle('confirm')).toMatchObject({ kind: 'repeated', operation: { state: 'expired' } });
    expect(await store.claim(ref, 'run')).toMatchObject({ kind: 'over' });
  });

  it('before its time it does not expire, whoever thinks so', async () => {
    await ask();
    expect(await settle('expire', null)).toMatchObject({ kind: 'repeated', operation: { state: 'requested' } });
  });

  it('of an operation nobody knows', async () => {
    expect(await settle('confirm')).toEqual({ kind: 'refused', refusal: { code: 'unknown_operation' } });
    expect(await store.claim(ref, 'run')).toEqual({ kind: 'unknown' });
    expect(await kept()).not.toHaveProperty(key);
  });

  it('keeps where the newest dialog can be replaced', async () => {
    await ask();
    const newer = { ...dialog, url: 'https://hooks.slack.com/actions/3' };
    const before = await store.now();
    await settle('confirm', 'U0ALICE', { dialog: newer });
    const kept = (await store.readOperation(ref))?.dialog;
    expect(kept).toMatchObject({ url: newer.url, usesLeft: 5 });
    expect(kept?.until).toBeGreaterThanOrEqual(before + newer.lifetimeMs);
    expect(kept?.until).toBeLessThanOrEqual((await store.now()) + newer.lifetimeMs);
    await store.told(ref, { seq: 2, message: null, dialogUses: 2 });
    expect(await store.readOperation(ref)).toMatchObject({ dialog: { url: newer.url, usesLeft: 3 }, toldSeq: 2 });
    await store.told(ref, { seq: 1, message: { channel: 'C1', ts: '1700000000.123456' }, dialogUses: 9 });
    expect(await store.readOperation(ref)).toMatchObject({
      dialog: { usesLeft: 0 },
      toldSeq: 2,
      message: { channel: 'C1', ts: '1700000000.123456' },
    });
  });

  it('the same press delivered twice is no news, another one is', async () => {
    await ask();
    const first = await settle('confirm', 'U0ALICE', { dialog });
    await store.told(ref, { seq: 3, message: null, dialogUses: 1 });
    const told = await kept();
    expect(first).toMatchObject({ kind: 'settled', operation: { seq: 3 } });
    expect(await settle('confirm', 'U0ALICE', { dialog })).toMatchObject({ kind: 'repeated', operation: { seq: 3 } });
    expect(await kept()).toEqual(told);
    const again = { ...dialog, url: 'https://hooks.slack.com/actions/3' };
    expect(await settle('confirm', 'U0ALICE', { dialog: again })).toMatchObject({
      kind: 'repeated',
      operation: { seq: 4 },
    });
  });

  it('asking again supersedes the older dialog of the same person for the same thing, and no other', async () => {
    const others: Partial<NewOperation>[] = [
      { id: 'bob', by: 'U0BOB' },
      { id: 'other', action: 'restore' },
    ];
    for (const other of others) await ask(other);
    await ask();
    const again = await ask({ id: 'op2' });
    expect(again).toMatchObject({ kind: 'requested', operation: { id: 'op2' } });
    expect(await store.readOperation(ref)).toMatchObject({ state: 'superseded' });
    expect(await settle('confirm')).toMatchObject({ kind: 'repeated', operation: { state: 'superseded' } });
    for (const operation of ['bob', 'other', 'op2']) {
      expect(await store.readOperation({ project: 'orders', operation })).toMatchObject({ state: 'requested' });
    }
  });

  it('one that is confirmed already is not superseded', async () => {
    await ask();
    await settle('confirm');
    await ask({ id: 'op2' });
    expect(await store.readOperation(ref)).toMatchObject({ state: 'confirmed' });
  });

  it('of a project that is gone cannot be asked for', async () => {
    expect(await ask({ project: 'nobody' })).toEqual({
      kind: 'refused',
      refusal: { code: 'removed', project: 'nobody' },
    });
  });
});

describe('a claim checks the rules again', () => {
  const claimed = async () => {
    const claim = await store.claim(ref, 'run');
    const project = await store.read('orders');
    const again = await store.claim(ref, 'run');
    expect(again).toMatchObject({ kind: 'over', operation: { state: 'refused' } });
    expect(await store.read('orders')).toEqual(project);
    if (claim.kind !== 'refused') throw new Error(claim.kind);
    return claim.operation.refusal;
  };
  const operations = { ref: { project: 'orders', operation: 'bob' } };

  beforeEach(async () => {
    await ask();
    await settle('confirm');
  });

  it('held: by whom and since when', async () => {
    await ask({ id: 'bob', by: 'U0BOB' });
    await settle('confirm', 'U0BOB', operations);
    await store.claim(operations.ref, 'run-b');
    const { settledAt } = (await store.readOperation(operations.ref)) as Operation;
    expect(await claimed()).toEqual({
      code: 'held',
      project: 'orders',
      state: 'pausing',
      action: 'pause',
      by: 'U0BOB',
      since: settledAt,
    });
  });

  it('not allowed any more', async () => {
    await ask({ id: 'bob', by: 'U0BOB' });
    await settle('confirm', 'U0BOB', operations);
    await store.claim(operations.ref, 'run-b');
    await store.commit({ ...ending(), ref: operations.ref });
    expect(await claimed()).toMatchObject({
      code: 'not_allowed',
      action: 'pause',
      state: 'paused',
      by: 'U0BOB',
      since: expect.any(Number),
    });
  });

  it('changed since the dialog', async () => {
    await store.put({ ...definition, labels: ['prod'] }, { expectedVersion: 1, added: [] }, 'cli:carol');
    expect(await claimed()).toMatchObject({ code: 'changed', action: 'pause', state: 'running', by: 'cli:test' });
  });

  it('too late', async () => {
    await world.redis.hset(key, 'executeBy', '1');
    expect(await claimed()).toEqual({ code: 'too_late', project: 'orders', action: 'pause' });
  });

  it('removed', async () => {
    await ask({ id: 'asked', by: 'U0BOB' });
    expect(await store.remove('orders', 1, 'cli:carol')).toBe(true);
    for (const operation of [ref.operation, 'asked']) {
      expect(await store.readOperation({ project: 'orders', operation })).toMatchObject({
        state: 'refused',
        refusal: { code: 'removed', project: 'orders' },
      });
    }
    expect(await store.claim(ref, 'run')).toMatchObject({ kind: 'over' });
  });
});

describe('a commit', () => {
  it('is refused at any other version, and to whom does not hold the project', async () => {
    await held();
    const before = await kept();
    expect(await store.commit(ending({ expectedVersion: 1 }))).toEqual({ kind: 'conflict' });
    expect(await store.commit(ending({ expectedVersion: 3 }))).toEqual({ kind: 'conflict' });
    await ask({ id: 'bob', by: 'U0BOB' });
    await world.redis.hset(operationKey('orders', 'bob'), 'state', 'running');
    expect(await store.commit({ ...ending(), ref: { project: 'orders', operation: 'bob' } })).toEqual({
      kind: 'conflict',
    });
    expect((await kept())[keys.state]).toBe(before[keys.state]);
  });

  it('back: since, by, reason, agreement, failure and what drains are as before the claim', async () => {
    await held();
    await store.commit(ending({ outcome: { ...outcome, inFlight: 3 } }));
    const before = await store.read('orders');
    expect(before).toMatchObject({ state: 'paused', version: 3, draining: 'op1', convergedVersion: 3 });
    const restore = { project: 'orders', operation: 'op2' };
    await ask({ id: 'op2', action: 'restore', by: 'U0BOB', reason: null, projectVersion: 3 });
    await settle('confirm', 'U0BOB', { ref: restore });
    await store.claim(restore, 'run-2');
    expect(await store.read('orders')).toMatchObject({ state: 'restoring', by: 'U0BOB', reason: null, version: 4 });
    const refusal: Refusal = { code: 'links_unreachable', project: 'orders', links: [link] };
    await store.commit({
      ...ending(),
      ref: restore,
      expectedVersion: 4,
      projectState: 'back',
      operationState: 'failed',
      converged: false,
      outcome: null,
      refusal,
    });
    expect(await store.read('orders')).toEqual({ ...before, version: 5, convergedVersion: 5 });
    expect(await store.readOperation(restore)).toMatchObject({
      state: 'failed',
      toState: 'paused',
      refusal,
      outcome: null,
    });
  });

  it('back leaves links that were behind their state behind it', async () => {
    await held();
    await store.commit(ending({ projectState: 'back', converged: false, operationState: 'failed', outcome: null }));
    expect(await store.read('orders')).toMatchObject({
      state: 'running',
      version: 3,
      convergedVersion: 0,
      by: 'cli:test',
      reason: null,
    });
  });

  it('keeps lists that are empty lists', async () => {
    await store.setWatermarks('orders', 1, { 'default/bull:orders-full': { at: 0, taskIds: [] } });
    await held();
    await store.progress(ref, { done: 0, total: 1 });
    await store.commit(ending({ failure: { link, taskId: null, reason: 'no', at: 1 } }));
    expect(await store.readOperation(ref)).toMatchObject({ outcome: { unreachable: [], missing: [] }, progress: null });
    expect(await store.read('orders')).toMatchObject({
      watermarks: { 'default/bull:orders-full': { at: 0, taskIds: [] } },
    });
  });
});

describe('what stays open, and for how long', () => {
  const open = async () => (await store.openOperations('orders')).map(({ id }) => id);

  it('an operation is open until it is at its end and that was told', async () => {
    await held();
    await store.told(ref, { seq: 99, message: null, dialogUses: 0 });
    expect(await open()).toEqual(['op1']);
    await store.commit(ending());
    const seq = (await store.readOperation(ref))?.seq ?? 0;
    await store.told(ref, { seq: seq - 1, message: null, dialogUses: 0 });
    expect(await open()).toEqual(['op1']);
    await store.told(ref, { seq, message: null, dialogUses: 0 });
    expect(await open()).toEqual([]);
    await store.told({ ...ref, operation: 'nobody' }, { seq: 1, message: null, dialogUses: 1 });
    expect(await world.redis.exists(operationKey('orders', 'nobody'))).toBe(0);
  });

  it('tasks that end later open it once more', async () => {
    await held();
    await store.commit(ending({ outcome: { ...outcome, inFlight: 1 } }));
    await store.told(ref, { seq: 99, message: null, dialogUses: 0 });
    expect(await open()).toEqual([]);
    expect(await store.quiet(ref, outcome)).toBe(true);
    expect(await store.quiet(ref, outcome)).toBe(false);
    expect(await open()).toEqual(['op1']);
  });

  it('is kept for its time once it is over, and without end while it is under way', async () => {
    await ask();
    expect(await world.redis.pttl(key)).toBeGreaterThan(testSettings.operationRetentionMs);
    await settle('confirm');
    expect(await world.redis.pttl(key)).toBe(-1);
    await store.claim(ref, 'run');
    expect(await world.redis.pttl(key)).toBe(-1);
    await store.commit(ending());
    const left = await world.redis.pttl(key);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(testSettings.operationRetentionMs);
  });

  it('the history tells of the newest first', async () => {
    await held();
    await store.commit(ending());
    await ask({ id: 'op2', action: 'restore', projectVersion: 3 });
    expect((await store.recentOperations('orders', 5)).map(({ id }) => id)).toEqual(['op2', 'op1']);
    expect((await store.recentOperations('orders', 1)).map(({ id }) => id)).toEqual(['op2']);
  });
});
