import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../src/application/errors.ts';
import { execute } from '../../src/application/execute.ts';
import { runObserver } from '../../src/application/observer.ts';
import { reconcileIdle } from '../../src/application/reconcile.ts';
import { requestAction } from '../../src/application/request-action.ts';
import { firingConditions } from '../../src/domain/alert.ts';
import type { OperationKind } from '../../src/domain/lifecycle.ts';
import { linkId } from '../../src/domain/link.ts';
import { makeDefinition } from '../support/project-definition.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import {
  createJumpingClock,
  executeRepeatedly,
  overrideContext,
  requestAndConfirmWithoutJob,
  withoutJobs,
} from './context-overrides.ts';

let services: TestServices;
let a: TestLink;
let b: TestLink;
beforeEach(async () => {
  services = await startTestServices();
  [a, b] = [await services.createLink('a'), await services.createLink('b')];
});
afterEach(() => services[Symbol.asyncDispose]());

const readProject = () => services.context.projects.read('orders');
const readEvents = async () =>
  (await services.context.auditLog.read('orders', { limit: 50 })).map(({ event }) => event);

/** A project whose links were reconciled and were then resumed or paused by another client. */
async function createDriftedProject(state: 'running' | 'paused', links: readonly TestLink[]): Promise<void> {
  if (state === 'paused') for (const { queue } of [a, b]) await queue.pause();
  await services.createProject('orders', [a, b], { state });
  await services.context.projects.markReconciled('orders', 1, []);
  for (const { queue } of links) await (state === 'paused' ? queue.resume() : queue.pause());
}

async function runOperation(kind: OperationKind, context = withoutJobs(services)) {
  const ref = await requestAndConfirmWithoutJob(services, 'orders', kind);
  await execute(context, ref);
  return services.context.operations.read(ref);
}

describe('re-apply', () => {
  it('sets the links to the state, and keeps the state with its since and by', async () => {
    await createDriftedProject('paused', [a]);
    const before = await readProject();
    expect(await runOperation('reapply')).toMatchObject({
      state: 'done',
      toState: 'paused',
      outcome: { linksDone: 2 },
    });
    expect(await a.queue.isPaused()).toBe(true);
    const { since, by } = before ?? {};
    expect(await readProject()).toMatchObject({
      state: 'paused',
      since,
      by,
      version: 3,
      reconciledVersion: 3,
      activeOperation: null,
    });
    expect(await readEvents()).toEqual(['done', 'started', 'confirmed', 'requested', 'created']);
  });

  it('retries no failed task in a Running project', async () => {
    await createDriftedProject('running', [a]);
    const watermarks = (await readProject())?.watermarks;
    expect(await runOperation('reapply')).toMatchObject({ state: 'done', outcome: { retriedTasks: 0 } });
    expect(await a.queue.isPaused()).toBe(false);
    expect((await readProject())?.watermarks).toEqual(watermarks);
  });

  it('fails and keeps the state when a link does not answer, and reconcile completes it later', async () => {
    await createDriftedProject('paused', [a]);
    const unreachableLinks = {
      setPaused: async (links: readonly unknown[]) => links.map(() => 'unreachable' as const),
    };
    const failed = await runOperation(
      'reapply',
      overrideContext(withoutJobs(services), { clock: createJumpingClock(), links: unreachableLinks }),
    );
    expect(failed).toMatchObject({ state: 'failed', toState: 'paused', outcome: { unreconciled: [a.link] } });
    expect(await readProject()).toMatchObject({
      state: 'paused',
      incompleteOperation: failed?.id,
      activeOperation: null,
    });
    const seq = failed?.seq ?? 0;
    await reconcileIdle(withoutJobs(services), 'orders', 1_000);
    expect(await a.queue.isPaused()).toBe(true);
    expect(await readProject()).toMatchObject({ incompleteOperation: null, version: 3, reconciledVersion: 3 });
    expect((await services.context.operations.listRecent('orders', 1))[0]?.seq).toBeGreaterThan(seq);
  });
});

describe('adopt', () => {
  it('takes the state from the links, and changes no link', async () => {
    await createDriftedProject('running', [a, b]);
    const eventCount = await services.redis.xlen('bull:a:events');
    expect(await runOperation('adopt')).toMatchObject({ state: 'done', toState: 'paused', outcome: { inFlight: 0 } });
    expect(await readProject()).toMatchObject({ state: 'paused', by: 'U0ALICE', version: 3, reconciledVersion: 3 });
    expect(await services.redis.xlen('bull:a:events')).toBe(eventCount);
  });

  it('is refused by the worker when the links have changed since OK, and the project keeps its state', async () => {
    await createDriftedProject('paused', [a, b]);
    const before = await readProject();
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'adopt');
    await b.queue.pause();
    await execute(withoutJobs(services), ref);
    expect(await services.context.operations.read(ref)).toMatchObject({
      state: 'refused',
      refusal: { code: 'adopt_mixed' },
    });
    const { since, by } = before ?? {};
    expect(await readProject()).toMatchObject({
      state: 'paused',
      since,
      by,
      reconciledVersion: 3,
      version: 3,
      activeOperation: null,
    });
  });

  it('is refused while a link does not answer', async () => {
    await createDriftedProject('paused', [a, b]);
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'adopt');
    const unreachableLinks = {
      readStatuses: async (links: readonly unknown[]) => links.map(() => 'unreachable' as const),
    };
    await executeRepeatedly(services, overrideContext(withoutJobs(services), { links: unreachableLinks }), ref);
    expect(await services.context.operations.read(ref)).toMatchObject({
      state: 'failed',
      refusal: { code: 'links_unreachable' },
    });
    expect(await readProject()).toMatchObject({ state: 'paused', activeOperation: null });
  });

  it('is refused at the request for a Failed project, and the history has the refusal', async () => {
    await createDriftedProject('running', []);
    const failure = { kind: 'task_failed', link: a.link, taskId: '1', reason: 'x', at: 1 } as const;
    await services.context.projects.markFailed('orders', 1, { failure, by: 'syncbot', oldestUnprocessedAt: null });
    const request = { project: 'orders', by: 'U0ALICE', reason: null, origin: 'slack', channel: 'C0SYNC' } as const;
    expect(await requestAction(services.context, { ...request, action: 'adopt' })).toMatchObject({
      kind: 'refused',
      refusal: { code: 'not_allowed', state: 'failed' },
    });
    expect((await services.context.auditLog.read('orders', { limit: 1 }))[0]).toMatchObject({
      event: 'refused',
      action: 'adopt',
      by: 'U0ALICE',
      code: 'not_allowed',
    });
  });
});

describe('a link that another client has resumed is not corrected', () => {
  it('when another link is corrected after a late write of the bot', async () => {
    await createDriftedProject('paused', [a, b]);
    await services.redis.zadd('syncbot:{p:orders}:runs', Date.now() + 60_000, 'killed');
    expect(
      await services.context.projects.scheduleCorrection('orders', 1, { links: [b.link], cause: 'late_write' }),
    ).toEqual({ kind: 'written' });
    await reconcileIdle(withoutJobs(services), 'orders', 1_000);
    expect([await a.queue.isPaused(), await b.queue.isPaused()]).toEqual([false, true]);
    expect(await readProject()).toMatchObject({ reconciledVersion: 1, linksToReconcile: null });
  });

  it('when a link is added to the project', async () => {
    await a.queue.pause();
    await services.createProject('orders', [a], { state: 'paused' });
    await services.context.projects.markReconciled('orders', 1, []);
    await a.queue.resume();
    const definition = makeDefinition('orders', { links: [a.link, b.link] });
    const change = { expectedVersion: 1, added: [linkId(b.link)] };
    expect(await services.context.projects.save(definition, change, 'cli:test')).toEqual({ kind: 'written' });
    await reconcileIdle(withoutJobs(services), 'orders', 1_000);
    expect([await a.queue.isPaused(), await b.queue.isPaused()]).toEqual([false, true]);
    expect(await readProject()).toMatchObject({ version: 2, reconciledVersion: 2, linksToReconcile: null });
  });

  it('when a second link is added before the first one was reconciled; both added links are paused', async () => {
    const c = await services.createLink('c');
    await a.queue.pause();
    await services.createProject('orders', [a], { state: 'paused' });
    await services.context.projects.markReconciled('orders', 1, []);
    const addLink = (links: TestLink[], expectedVersion: number, added: TestLink) =>
      services.context.projects.save(
        makeDefinition('orders', { links: links.map(({ link }) => link) }),
        { expectedVersion, added: [linkId(added.link)] },
        'cli:test',
      );
    await addLink([a, b], 1, b);
    await addLink([a, b, c], 2, c);
    await reconcileIdle(withoutJobs(services), 'orders', 1_000);
    expect([await b.queue.isPaused(), await c.queue.isPaused()]).toEqual([true, true]);
  });

  it('when a Restore is rolled back before the correction', async () => {
    await createDriftedProject('paused', [a, b]);
    await services.redis.zadd('syncbot:{p:orders}:runs', Date.now() + 60_000, 'killed');
    await services.context.projects.scheduleCorrection('orders', 1, { links: [b.link], cause: 'late_write' });
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'restore');
    const unreachableLinks = {
      readStatuses: async (links: readonly unknown[]) => links.map(() => 'unreachable' as const),
    };
    await executeRepeatedly(services, overrideContext(withoutJobs(services), { links: unreachableLinks }), ref);
    expect(await services.context.operations.read(ref)).toMatchObject({ refusal: { code: 'links_unreachable' } });
    await reconcileIdle(withoutJobs(services), 'orders', 1_000);
    expect([await a.queue.isPaused(), await b.queue.isPaused()]).toEqual([false, true]);
  });
});

it('a link that a person resumes raises an alert although Redis did not record the end of the pause at once', async () => {
  await createDriftedProject('running', []);
  const { endExecution } = services.context.operations;
  let attempts = 0;
  const failOnce: typeof endExecution = (...args) =>
    attempts++ === 0
      ? Promise.reject(new StoreUnavailableError('no', { cause: new Error('not connected') }))
      : endExecution(...args);
  await runOperation('pause', overrideContext(withoutJobs(services), { operations: { endExecution: failOnce } }));
  await a.queue.resume();
  for (let cycle = 1; cycle <= 2; cycle++) await runObserver(withoutJobs(services));
  const conditions = firingConditions((await readProject())?.alerts ?? {});
  expect(conditions.map(({ kind }) => kind)).toEqual(['unexpectedly_running']);
  expect(await readEvents()).not.toContain('correction_scheduled');
});

it('a link that another client has resumed is corrected by the next operation', async () => {
  await createDriftedProject('paused', [a, b]);
  await services.redis.zadd('syncbot:{p:orders}:runs', Date.now() + 60_000, 'killed');
  await services.context.projects.scheduleCorrection('orders', 1, { links: [b.link], cause: 'late_write' });
  expect(await runOperation('reapply')).toMatchObject({ state: 'done', outcome: { linksDone: 2 } });
  expect([await a.queue.isPaused(), await b.queue.isPaused()]).toEqual([true, true]);
});

it('a queue that is created during a correction stays pending until it is reconciled', async () => {
  const late = { queue: 'late', connection: 'default', prefix: 'bull' };
  await a.queue.pause();
  await services.createProject('orders', [a, { link: late }], { state: 'paused' });
  await services.context.projects.markReconciled('orders', 1, [linkId(late)]);
  await services.redis.zadd('syncbot:{p:orders}:runs', Date.now() + 60_000, 'killed');
  await a.queue.resume();
  await services.context.projects.scheduleCorrection('orders', 1, { links: [a.link], cause: 'late_write' });
  const created = await services.createLink('late');
  await reconcileIdle(withoutJobs(services), 'orders', 1_000);
  expect(await readProject()).toMatchObject({ reconciledVersion: 1, pendingLinks: [linkId(late)] });
  await runObserver({ ...withoutJobs(services), jobs: services.context.jobs });
  await reconcileIdle(withoutJobs(services), 'orders', 1_000);
  expect(await created.queue.isPaused()).toBe(true);
  expect((await readProject())?.pendingLinks).toEqual([]);
});
