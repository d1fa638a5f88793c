import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UseCaseContext } from '../../src/application/context.ts';
import { execute } from '../../src/application/execute.ts';
import { requestAction } from '../../src/application/request-action.ts';
import { requestBatch } from '../../src/application/request-batch.ts';
import { sweep } from '../../src/application/sweep.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { silentNotifications } from '../support/silent-ports.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { requestAndConfirmWithoutJob, withoutJobs } from './context-overrides.ts';

let services: TestServices;
let testLink: TestLink;
beforeEach(async () => {
  services = await startTestServices();
  testLink = await services.createLink('orders-full');
  await services.createProject('orders', [testLink]);
});
afterEach(() => services[Symbol.asyncDispose]());

/** Runs a sweep and records what it adds to the queues. */
async function runSweep(overrides: (context: UseCaseContext) => Partial<UseCaseContext> = () => ({})) {
  const steps: string[] = [];
  const executed: string[] = [];
  const reconciled: string[] = [];
  const notified: string[] = [];
  const result = await sweep({
    ...services.context,
    settings: { ...services.context.settings, digests: [{ at: '09:00', timezone: 'UTC', channel: 'C0SYNC' }] },
    digests: {
      ...services.context.digests,
      save: async () => void steps.push('digests'),
    },
    homes: {
      ...services.context.homes,
      async listViewers() {
        steps.push('homes');
        return [];
      },
    },
    jobs: {
      ...services.context.jobs,
      async execute({ operation }) {
        steps.push('operations');
        executed.push(operation);
      },
      reconcile: async (id) => void reconciled.push(id),
    },
    notifications: {
      ...silentNotifications,
      operationChanged: async ({ operation }) => void notified.push(operation),
    },
    ...overrides(services.context),
  }).then(
    () => 'complete' as const,
    (error: unknown) => error,
  );
  return { result, steps, executed, reconciled, notified };
}

async function requestPause(): Promise<OperationRef> {
  const result = await requestAction(services.context, {
    project: 'orders',
    action: 'pause',
    by: 'U0ALICE',
    reason: null,
    origin: 'slack',
    channel: 'C0SYNC',
  });
  if (result.kind === 'refused') throw new Error(result.refusal.code);
  return { project: 'orders', operation: result.operation.id };
}

describe('the sweep', () => {
  it('does nothing when everything is reconciled and notified', async () => {
    await services.context.projects.markReconciled('orders', 1, []);
    expect(await runSweep()).toMatchObject({ result: 'complete', executed: [], reconciled: [], notified: [] });
  });

  it('reconciles links that are not reconciled, but not while an operation is active', async () => {
    expect((await runSweep()).reconciled).toEqual(['orders']);
    await services.context.operations.claim(await requestAndConfirmWithoutJob(services, 'orders', 'pause'), 'run');
    expect((await runSweep()).reconciled).toEqual([]);
  });

  it('leaves an open dialog, and expires an old one without a notification', async () => {
    const ref = await requestPause();
    expect(await runSweep()).toMatchObject({ executed: [], notified: [] });
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'requested' });
    await services.redis.hset(`syncbot:{p:orders}:op:${ref.operation}`, 'expiresAt', '1');
    expect(await runSweep()).toMatchObject({ executed: [], notified: [] });
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'expired' });
    expect(await runSweep()).toMatchObject({ notified: [] });
    expect(await services.context.operations.listOpen('orders')).toEqual([]);
  });

  it('shows an open dialog in Home again whose entry a crash has lost', async () => {
    const requested = await requestAction(services.context, {
      project: 'orders',
      action: 'pause',
      by: 'U0ALICE',
      reason: null,
      origin: 'slack',
      channel: 'C0SYNC',
    });
    if (requested.kind === 'refused') return expect.unreachable();
    await services.redis.del('syncbot:operations');
    expect(await services.context.operations.listNewest()).toEqual([]);
    await runSweep();
    expect(await services.context.operations.listNewest()).toMatchObject([{ id: requested.operation.id }]);
  });

  it('continues with the other batches if one cannot be read', async () => {
    const project = (await services.context.projects.read('orders')) ?? expect.unreachable();
    const request = async () => {
      const requested = await requestBatch(services.context, {
        action: 'pause',
        by: 'U0ALICE',
        reason: null,
        selection: 'orders',
        after: null,
        origin: 'slack',
        channel: 'C0SYNC',
        threadTs: null,
        projects: [project],
        waves: null,
      });
      return requested.kind === 'requested' ? requested.batch.id : expect.unreachable();
    };
    const [damaged, readable] = [await request(), await request()];
    await services.redis.hset(`syncbot:{b:${damaged}}:batch`, 'state', 'damaged');
    const swept: string[] = [];
    await runSweep((context) => ({
      batches: {
        ...context.batches,
        async read(id) {
          const batch = await context.batches.read(id);
          swept.push(id);
          return batch;
        },
      },
    }));
    expect(swept).toEqual([readable]);
  });

  it('adds the job of a confirmed operation until the operation is finished', async () => {
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    expect((await runSweep()).executed).toEqual([ref.operation]);
    await services.context.operations.claim(ref, 'run');
    expect((await runSweep()).executed).toEqual([ref.operation]);
    await execute(withoutJobs(services), ref);
    expect((await runSweep()).executed).toEqual([]);
  });

  it('ends an operation that no worker claimed in time, and notifies early that no worker has claimed it', async () => {
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    const key = `syncbot:{p:orders}:op:${ref.operation}`;
    const now = await services.context.serverClock.now();
    await services.context.operations.markNotified(ref, { seq: 2, message: null, dialogUses: 0 });
    expect((await runSweep()).notified).toEqual([]);
    await services.redis.hset(key, 'resolvedAt', now - 10_000);
    expect(await runSweep()).toMatchObject({ executed: [ref.operation], notified: [ref.operation] });
    await services.redis.hset(key, 'executeBy', now - 1);
    expect(await runSweep()).toMatchObject({ executed: [], notified: [ref.operation] });
    expect(await services.context.operations.read(ref)).toMatchObject({
      state: 'refused',
      refusal: { code: 'claim_timeout' },
    });
    expect((await runSweep()).executed).toEqual([]);
  });

  it('notifies an outcome again until it is marked as notified', async () => {
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    await execute(withoutJobs(services), ref);
    expect((await runSweep()).notified).toEqual([ref.operation]);
    expect((await runSweep()).notified).toEqual([ref.operation]);
    const seq = (await services.context.operations.read(ref))?.seq ?? 0;
    await services.context.operations.markNotified(ref, { seq: seq - 1, message: null, dialogUses: 0 });
    expect((await runSweep()).notified).toEqual([ref.operation]);
    await services.context.operations.markNotified(ref, {
      seq,
      message: { channel: 'C0SYNC', ts: '1.2' },
      dialogUses: 0,
    });
    expect((await runSweep()).notified).toEqual([]);
    expect(await services.context.operations.listOpen('orders')).toEqual([]);
  });

  it('notifies an outcome again after a suspended bot has written an older message over it', async () => {
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    await execute(withoutJobs(services), ref);
    const seq = (await services.context.operations.read(ref))?.seq ?? 0;
    const message = { channel: 'C0SYNC', ts: '1.2' };
    await services.context.operations.markNotified(ref, { seq, message, dialogUses: 0 });
    expect((await runSweep()).notified).toEqual([]);
    await services.context.operations.markNotified(ref, { seq: seq - 1, message, dialogUses: 0 });
    expect((await runSweep()).notified).toEqual([ref.operation]);
    await services.context.operations.markNotified(ref, { seq, message, dialogUses: 0 });
    expect((await runSweep()).notified).toEqual([]);
  });

  it('stops notifying an outcome after a day', async () => {
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    await execute(withoutJobs(services), ref);
    expect((await runSweep()).notified).toEqual([ref.operation]);
    const yesterday = (await services.context.serverClock.now()) - 25 * 3_600_000;
    await services.redis.hset(`syncbot:{p:orders}:op:${ref.operation}`, 'finishedAt', String(yesterday));
    expect((await runSweep()).notified).toEqual([]);
    expect(await services.context.operations.listOpen('orders')).toEqual([]);
  });

  it('skips unreadable projects and operations, and continues with the others', async () => {
    await services.createProject('aaa', [await services.createLink('aaa')]);
    await services.createProject('bbb', [await services.createLink('bbb')]);
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    await services.redis.hset('syncbot:{p:aaa}:state', 'state', 'asleep');
    await services.redis.set('syncbot:{p:bbb}:open', 'not a sorted set');
    await services.redis.zadd('syncbot:{p:orders}:open', 1, 'strange');
    await services.redis.hset('syncbot:{p:orders}:op:strange', { v: '7', state: 'confirmed' });
    expect((await runSweep()).executed).toEqual([ref.operation]);
  });

  it('recovers operations before it turns to digests and Homes', async () => {
    await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    expect(await runSweep()).toMatchObject({ result: 'complete', steps: ['operations', 'digests', 'homes'] });
  });

  const fault = new Error('WRONGTYPE');
  const fail = () => Promise.reject(fault);
  it.each<[string, (context: UseCaseContext) => Partial<UseCaseContext>, string[]]>([
    ['the digests', ({ digests }) => ({ digests: { ...digests, readAll: fail } }), ['operations', 'homes']],
    ['the Homes', ({ homes }) => ({ homes: { ...homes, listViewers: fail } }), ['operations', 'digests']],
    ['the projects', ({ projects }) => ({ projects: { ...projects, listIds: fail } }), ['digests', 'homes']],
    [
      'the record of the observer',
      ({ observations }) => ({ observations: { ...observations, readLastCycle: fail } }),
      ['operations', 'digests', 'homes'],
    ],
  ])('does the rest when it cannot read %s', async (what, overrides, steps) => {
    await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    const sweeping = await runSweep(overrides);
    expect(sweeping.steps).toEqual(steps);
    // The update of Homes logs its error: the next change asks again.
    expect(sweeping.result).toBe(what === 'the Homes' ? 'complete' : fault);
  });

  it('continues with digests and Homes after a recovery that took too long', async () => {
    const stopSignal = AbortSignal.abort(new Error('too long'));
    expect(await runSweep(() => ({ stopSignal }))).toMatchObject({
      result: { message: 'too long' },
      steps: ['digests', 'homes'],
    });
  });

  it('removes an operation from the open ones when its record has expired', async () => {
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    await execute(withoutJobs(services), ref);
    await services.redis.del(`syncbot:{p:orders}:op:${ref.operation}`);
    expect((await runSweep()).notified).toEqual([]);
    expect(await services.redis.zcard('syncbot:{p:orders}:open')).toBe(0);
  });

  it('runs on a worker, and executes a confirmed operation without a job', async () => {
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    await services.instance.startWorkers();
    await waitFor(async () => (await services.context.operations.read(ref))?.state === 'done');
  });
});
