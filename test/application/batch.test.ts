import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { confirmBatch } from '../../src/application/confirm-batch.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import { execute } from '../../src/application/execute.ts';
import { readAllProjects } from '../../src/application/list-projects.ts';
import { refreshBatch } from '../../src/application/refresh-batch.ts';
import { requestBatch } from '../../src/application/request-batch.ts';
import { runBatch } from '../../src/application/run-batch.ts';
import { sweep } from '../../src/application/sweep.ts';
import { operationIdOf } from '../../src/domain/batch.ts';
import type { Action } from '../../src/domain/lifecycle.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { requestAndConfirmWithoutJob, withoutJobs } from './context-overrides.ts';

let services: TestServices;
const names = ['carts', 'orders', 'users'];

beforeAll(async () => {
  services = await startTestServices({ settings: { observeEveryMs: 60_000 } });
  for (const name of names) await services.createProject(name, [await services.createLink(name)]);
  await services.instance.startWorkers();
});
afterAll(() => services[Symbol.asyncDispose]());

async function request(action: Action) {
  const { context } = services;
  const result = await requestBatch(context, {
    action,
    by: 'U0ALICE',
    reason: null,
    selection: 'carts orders users',
    after: null,
    origin: 'slack',
    channel: null,
    threadTs: null,
    projects: await readAllProjects(context),
    waves: null,
  });
  if (result.kind !== 'requested') throw new Error(result.kind);
  return result.batch;
}

class Killed extends Error {}

type Kill = 'before' | 'after';

/** A context whose process is killed at the call with this number, before or after its effect. */
function killedAt(context: UseCaseContext, call: number, when: Kill): UseCaseContext {
  let calls = 0;
  const wrap = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get: (target, name, receiver) => {
        const method: unknown = Reflect.get(target, name, receiver);
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]) => {
          calls += 1;
          if (calls > call || (calls === call && when === 'before')) throw new Killed();
          const result: unknown = await Reflect.apply(method, target, args);
          if (calls >= call && when === 'after') throw new Killed();
          return result;
        };
      },
    });
  const { batches, operations, jobs, notifications, serverClock } = context;
  return {
    ...context,
    batches: wrap(batches),
    operations: wrap(operations),
    jobs: wrap(jobs),
    notifications: wrap(notifications),
    serverClock: wrap(serverClock),
  };
}

const cases = Array.from({ length: 16 }, (_, index) => index + 1).flatMap((call) =>
  (['before', 'after'] as const).map((when) => ({ call, when })),
);

describe('a batch whose process is killed', () => {
  it.each(cases)('$when call $call ends with one operation for each project.', async ({ call, when }) => {
    const state = (await services.context.projects.read('carts'))?.state;
    const action = state === 'running' ? 'pause' : 'restore';
    const batch = await request(action);
    const lost = { ...withoutJobs(services), batches: services.context.batches };
    expect(await confirmBatch(lost, { id: batch.id, by: 'U0ALICE', dialog: null })).toMatchObject({ kind: 'resolved' });
    await runBatch(killedAt(services.context, call, when), batch.id).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
    });
    // The sweep adds the job again.
    await waitFor(async () => (await services.context.batches.read(batch.id))?.state === 'done');
    const ended = await services.context.batches.read(batch.id);
    expect(Object.values(ended?.results ?? {}).map(({ state: result }) => result)).toEqual(['done', 'done', 'done']);
    for (const name of names) {
      const ofBatch = (await services.context.operations.listRecent(name, 200)).filter(
        ({ batch: id }) => id === batch.id,
      );
      expect(ofBatch.map(({ id }) => id)).toEqual([operationIdOf(batch, name)]);
    }
  });
});

describe('a project that is changed after its batch has ended', () => {
  /** Pauses or restores all projects, then changes the first one while all jobs and notifications are lost. */
  async function changeAfterEnd() {
    const { context } = services;
    const isRunning = (await context.projects.read('carts'))?.state === 'running';
    const batch = await request(isRunning ? 'pause' : 'restore');
    await confirmBatch(context, { id: batch.id, by: 'U0ALICE', dialog: null });
    await waitFor(async () => (await context.batches.read(batch.id))?.state === 'done');
    const ended = (await context.batches.read(batch.id)) ?? expect.fail('no batch');
    await context.batches.markNotified(batch.id, { version: ended.version, messages: {}, dialogUses: 0 });
    expect(await context.batches.listOpen()).not.toContain(batch.id);
    // A suspended bot writes an older message over the newer one. Then another bot writes the newer one again.
    for (const [version, isOpen] of [[ended.version - 1, true] as const, [ended.version, false] as const]) {
      await context.batches.markNotified(batch.id, { version, messages: {}, dialogUses: 0 });
      await waitFor(async () => (await context.batches.listOpen()).includes(batch.id) === isOpen);
      expect((await context.batches.read(batch.id))?.notifiedVersion).toBe(version);
    }
    const change = await requestAndConfirmWithoutJob(services, 'carts', isRunning ? 'restore' : 'pause');
    await execute(withoutJobs(services), change);
    return { id: batch.id, ref: { project: 'carts', operation: operationIdOf(batch, 'carts') } };
  }

  async function waitForChange({ id, ref }: Awaited<ReturnType<typeof changeAfterEnd>>): Promise<void> {
    const { batches, operations } = services.context;
    await waitFor(async () => (await batches.read(id))?.results['carts']?.stateEndedAt != null);
    await waitFor(async () => {
      const operation = await operations.read(ref);
      return operation?.seq === operation?.notifiedSeq;
    });
    // The message is due again, until a bot has edited it.
    const batch = await batches.read(id);
    expect(batch?.notifiedVersion).toBeLessThan(batch?.version ?? 0);
    expect(await batches.listOpen()).toContain(id);
  }

  it('is due again, also if a sweep has read the batch before an older message was written.', async () => {
    const { context } = services;
    const { id } = await changeAfterEnd();
    const version = (await context.batches.read(id))?.version ?? 0;
    await context.batches.markNotified(id, { version, messages: {}, dialogUses: 0 });
    const read = async () => {
      const batch = await context.batches.read(id);
      await context.batches.markNotified(id, { version: version - 1, messages: {}, dialogUses: 0 });
      return batch;
    };
    await sweep({ ...context, batches: { ...context.batches, listOpen: async () => [id], read } });
    expect((await context.batches.read(id))?.notifiedVersion).toBe(version - 1);
    await waitFor(async () => (await context.batches.listOpen()).includes(id));
  });

  it('is found by the sweep, and the message of the batch is due.', async () => {
    await waitForChange(await changeAfterEnd());
  });

  const kills = [1, 2, 3, 4, 5, 6].flatMap((call) => (['before', 'after'] as const).map((when) => ({ call, when })));
  it.each(kills)('is recorded also if a process is killed $when call $call of that.', async ({ call, when }) => {
    const changed = await changeAfterEnd();
    await refreshBatch(killedAt(services.context, call, when), changed.id).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
    });
    await waitForChange(changed);
  });
});

it('The sweep expires a batch that no person confirmed.', async () => {
  const batch = await requestExpired();
  await waitFor(async () => (await services.context.batches.read(batch.id))?.state === 'expired');
});

it('A batch that no process begins in time is refused, and changes nothing.', async () => {
  const state = (await services.context.projects.read('carts'))?.state;
  const batch = await request(state === 'running' ? 'pause' : 'restore');
  const lost = { ...withoutJobs(services), batches: services.context.batches };
  await services.redis.hset(`syncbot:{b:${batch.id}}:batch`, { resolvedAt: '1', state: 'confirmed' });
  await runBatch(lost, batch.id);
  const ended = await services.context.batches.read(batch.id);
  expect(ended).toMatchObject({ state: 'done', results: { carts: { refusal: { code: 'claim_timeout' } } } });
  expect((await services.context.projects.read('carts'))?.state).toBe(state);
});

async function requestExpired() {
  const state = (await services.context.projects.read('carts'))?.state;
  const batch = await request(state === 'running' ? 'pause' : 'restore');
  await services.redis.hset(`syncbot:{b:${batch.id}}:batch`, 'expiresAt', '1');
  return batch;
}
