import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LinksUnreachableError } from '../../src/application/errors.ts';
import { execute } from '../../src/application/execute.ts';
import { reconcileIdle } from '../../src/application/reconcile.ts';
import { sweep } from '../../src/application/sweep.ts';
import type { Link } from '../../src/domain/link.ts';
import { snapshotKeys } from '../infra/link-fixture.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  executeRepeatedly,
  killServer,
  overrideContext,
  requestAndConfirmWithoutJob,
  runAfter,
  runBefore,
  withoutJobs,
  withShortTimeouts,
  withShortWaits,
} from './context-overrides.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices({ extraServers: ['warehouse'] });
});
afterEach(() => services[Symbol.asyncDispose]());

const failWith = (message: string) => () => Promise.reject(new Error(message));

async function createLinks() {
  return [await services.createLink('orders-full'), await services.createLink('orders-incr', 'warehouse')] as const;
}

describe('a pause that cannot reach every link', () => {
  it('pauses the others, retries for two minutes, names the unreachable link, and is completed later by reconcile', async () => {
    const [near, far] = await createLinks();
    await services.createProject('orders', [near, far]);
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    const port = await killServer(services, 'warehouse');
    const context = overrideContext(services.context, {
      links: withShortTimeouts(services),
      jobs: withoutJobs(services).jobs,
    });
    expect(await executeRepeatedly(services, context, ref)).toBe(5);

    expect(await near.queue.isPaused()).toBe(true);
    expect(await services.context.operations.read(ref)).toMatchObject({
      state: 'failed',
      fromState: 'running',
      toState: 'failed',
      refusal: null,
      outcome: { linksTotal: 2, linksDone: 1, unreconciled: [far.link], missing: [], inFlight: null },
    });
    expect(await services.context.projects.read('orders')).toMatchObject({
      state: 'failed',
      activeOperation: null,
      version: 3,
      reconciledVersion: 0,
      failure: { kind: 'link_unreachable', link: far.link },
    });
    expect((await services.context.projects.read('orders'))?.failure).not.toHaveProperty('isNotConfigured');

    await using _server = await startTestRedis({ port });
    const owner = new Redis(port, { maxRetriesPerRequest: null });
    const queue = new Queue('orders-incr', { connection: owner });
    await queue.add('x', {});
    expect(await queue.isPaused()).toBe(false);
    await sweep(services.context);
    await services.instance.startWorkers();
    await waitFor(() => queue.isPaused());
    await waitFor(async () => (await services.context.projects.read('orders'))?.reconciledVersion === 3);
    await queue.close();
    owner.disconnect();
  });

  it('records that no worker had the connection of a link', async () => {
    const [near] = await createLinks();
    const link = { queue: 'users', connection: 'lake', prefix: 'bull' };
    await services.createProject('orders', [near, { link }]);
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    await executeRepeatedly(services, withoutJobs(services), ref);
    expect(await services.context.projects.read('orders')).toMatchObject({
      state: 'failed',
      failure: { kind: 'link_unreachable', link, isNotConfigured: true },
    });
  });

  it('names a link without a queue, and is done', async () => {
    const [near] = await createLinks();
    const missing = { ...near, link: { ...near.link, queue: 'gone' } };
    await services.createProject('orders', [near, missing]);
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    await execute(withoutJobs(services), ref);
    expect(await services.context.operations.read(ref)).toMatchObject({
      state: 'done',
      toState: 'paused',
      outcome: { linksTotal: 2, linksDone: 1, missing: [missing.link], unreconciled: [] },
    });
    expect(await services.redis.keys('bull:gone:*')).toEqual([]);
  });
});

describe('a Start or a Restore', () => {
  it.each([
    ['restore', 'paused'],
    ['start', 'not_started'],
  ] as const)(
    'checks every link before it changes one: a %s is rolled back when a link does not answer',
    async (action, state) => {
      const [near, far] = await createLinks();
      for (const { queue } of [near, far]) await queue.pause();
      const workers = [await near.startWorker(async () => {}), await far.startWorker(async () => {})];
      await services.createProject('orders', [near, far], { state });
      await reconcileIdle(services.context, 'orders', 0);
      const before = await services.context.projects.read('orders');
      const ref = await requestAndConfirmWithoutJob(services, 'orders', action);
      for (const worker of workers) await worker.close();
      await killServer(services, 'warehouse');
      const snapshot = await snapshotKeys(services);
      await executeRepeatedly(services, { ...withoutJobs(services), links: withShortTimeouts(services) }, ref);

      expect(await snapshotKeys(services)).toEqual(snapshot);
      expect(await services.context.projects.read('orders')).toEqual({ ...before, version: 3, reconciledVersion: 3 });
      expect(await services.context.operations.read(ref)).toMatchObject({
        state: 'failed',
        toState: state,
        outcome: null,
        refusal: { code: 'links_unreachable', project: 'orders', links: [far.link] },
      });
    },
  );

  it('is given to another worker when a link does not answer the last reads of its preflight', async () => {
    const [near, far] = await createLinks();
    for (const { queue } of [near, far]) await queue.pause();
    for (const each of [near, far]) await each.startWorker(async () => {});
    await services.createProject('orders', [near, far], { state: 'not_started' });
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'start');
    const { observe } = services.context.links;
    const links = {
      observe: async (...args: Parameters<typeof observe>) =>
        (await observe(...args)).map((read) =>
          read.link.connection === 'warehouse' ? { kind: 'unreachable' as const, link: read.link } : read,
        ),
    };
    await expect(execute(overrideContext(withoutJobs(services), { links }), ref)).rejects.toThrow(
      LinksUnreachableError,
    );
    await execute(withoutJobs(services), ref);
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'done', toState: 'running' });
  });

  it('that is rolled back does not end the retries for a link that could not be paused', async () => {
    const [near, far] = await createLinks();
    await services.createProject('orders', [near, far]);
    const pause = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    await killServer(services, 'warehouse');
    const context = { ...withoutJobs(services), links: withShortTimeouts(services) };
    await executeRepeatedly(services, context, pause);
    const restore = await requestAndConfirmWithoutJob(services, 'orders', 'restore');
    await executeRepeatedly(services, context, restore);

    expect(await services.context.operations.read(restore)).toMatchObject({ refusal: { code: 'links_unreachable' } });
    const project = await services.context.projects.read('orders');
    expect(project).toMatchObject({ state: 'failed', version: 5, failure: { link: far.link } });
    expect(project?.reconciledVersion).toBeLessThan(5);
    const reconciled: string[] = [];
    await sweep({
      ...context,
      jobs: { ...withoutJobs(services).jobs, reconcile: async (id) => void reconciled.push(id) },
    });
    expect(reconciled).toEqual(['orders']);
  });

  it('has an outcome that counts the tasks which an execution retried before it was killed', async () => {
    const { near, ref } = await requestRestoreWithFailedTasks();
    const failWith = async () => Promise.reject(new Error('killed'));
    await expect(
      execute(overrideContext(withoutJobs(services), { links: { setPaused: failWith } }), ref),
    ).rejects.toThrow('killed');
    expect(await near.queue.getFailedCount()).toBe(0);
    await execute(withoutJobs(services), ref);
    expect(await services.context.operations.read(ref)).toMatchObject({
      state: 'done',
      outcome: { retriedTasks: 3, retriedTasksUncertain: true },
    });
  });

  it('has an outcome that counts the tasks which another execution retried meanwhile', async () => {
    const { ref } = await requestRestoreWithFailedTasks();
    const { operations } = services.context;
    const [secondChecked, firstAtCommit] = [createSignal(), createSignal()];
    const second = execute(
      overrideContext(withoutJobs(services), {
        operations: {
          async passPreflight(...args) {
            secondChecked.resolve();
            await firstAtCommit.promise;
            return operations.passPreflight(...args);
          },
        },
      }),
      ref,
    );
    await execute(
      overrideContext(withShortWaits(withoutJobs(services)), {
        operations: {
          passPreflight: runBefore(operations.passPreflight, () => secondChecked.promise),
          async commit(request) {
            firstAtCommit.resolve();
            await second;
            return operations.commit(request);
          },
        },
      }),
      ref,
    );
    expect(await operations.read(ref)).toMatchObject({
      state: 'done',
      outcome: { retriedTasks: 3, retriedTasksUncertain: true },
    });
  });

  it('names the links that its preflight paused when another link cannot be reached', async () => {
    const [near, far] = await createLinks();
    await services.createProject('orders', [near, far], { state: 'paused' });
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'restore');
    const { setPaused } = services.context.links;
    const context = overrideContext(withoutJobs(services), {
      links: {
        setPaused: async (links, desired, limits) => {
          const results = await setPaused(links, desired, limits);
          return results.map((result, index) => (links[index]?.connection === 'warehouse' ? 'unreachable' : result));
        },
      },
    });
    await execute(context, ref);
    expect(await near.queue.isPaused()).toBe(true);
    expect(await services.context.operations.read(ref)).toMatchObject({
      state: 'failed',
      refusal: { code: 'links_unreachable', links: [far.link], paused: [near.link] },
    });
  });

  it('is refused when its precheck fails at the worker', async () => {
    const [near] = await createLinks();
    const worker = await near.startWorker(async () => {});
    await near.queue.pause();
    await services.createProject('orders', [near], { state: 'not_started' });
    const before = await services.context.projects.read('orders');
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'start');
    await worker.close();
    await waitFor(async () => (await services.context.links.countWorkers([near.link]))[0] === 0);
    await execute(withoutJobs(services), ref);
    expect(await services.context.operations.read(ref)).toMatchObject({
      state: 'refused',
      toState: 'not_started',
      refusal: {
        code: 'precheck_failed',
        items: expect.arrayContaining([expect.objectContaining({ result: 'fail' })]),
      },
    });
    expect(await services.context.projects.read('orders')).toEqual({ ...before, version: 3 });
    expect(await near.queue.isPaused()).toBe(true);
  });

  it('is refused when its precheck fails, also if another client has resumed a link', async () => {
    const [near, far] = await createLinks();
    const worker = await near.startWorker(async () => {});
    await far.startWorker(async () => {});
    await far.queue.pause();
    await services.createProject('orders', [near, far], { state: 'not_started' });
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'start');
    await worker.close();
    await waitFor(async () => (await services.context.links.countWorkers([near.link]))[0] === 0);
    await execute(withoutJobs(services), ref);
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'refused' });
    expect(await far.queue.isPaused()).toBe(true);
  });

  it('continues in another execution without a second precheck after the first link was resumed', async () => {
    const [near, far] = await createLinks();
    for (const link of [near, far]) await link.queue.pause();
    const workers = [await near.startWorker(async () => {}), await far.startWorker(async () => {})];
    await services.createProject('orders', [near, far], { state: 'not_started' });
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'start');
    const context = overrideContext(withoutJobs(services), {
      links: {
        setPaused: runAfter(
          (links: readonly Link[]) =>
            services.context.links.setPaused(links.slice(0, 1), 'resumed', { responseMs: 5_000, validForMs: 5_000 }),
          failWith('killed'),
        ),
      },
    });
    await expect(execute(context, ref)).rejects.toThrow('killed');
    for (const worker of workers) await worker.close();
    await waitFor(async () => (await services.context.links.countWorkers([near.link]))[0] === 0);
    await execute(withoutJobs(services), ref);
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'done', toState: 'running' });
    expect(await far.queue.isPaused()).toBe(false);
  });
});

describe('if a worker is killed', () => {
  it('after the claim, another worker completes the operation', async () => {
    const [near, far] = await createLinks();
    await services.createProject('orders', [near, far]);
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    const context = overrideContext(withoutJobs(services), {
      operations: { commit: runBefore(services.context.operations.commit, failWith('killed')) },
    });
    await expect(execute(context, ref)).rejects.toThrow('killed');
    expect(await services.context.projects.read('orders')).toMatchObject({
      state: 'pausing',
      activeOperation: ref.operation,
    });
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'running' });
    await sweep(services.context);
    await services.instance.startWorkers();
    await waitFor(async () => (await services.context.operations.read(ref))?.state === 'done');
    expect(await services.context.projects.read('orders')).toMatchObject({
      state: 'paused',
      version: 3,
      activeOperation: null,
    });
  });

  it('an execution whose claim got no reply does not stay in the runs', async () => {
    const [near] = await createLinks();
    await services.createProject('orders', [near]);
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    const { operations } = services.context;
    const context = overrideContext(withoutJobs(services), {
      operations: { claim: runAfter(operations.claim, failWith('lost')) },
    });
    await expect(execute(context, ref)).rejects.toThrow('lost');
    expect(await services.redis.exists('syncbot:{p:orders}:runs')).toBe(0);
  });

  it('after a commit whose reply was lost, another execution changes nothing', async () => {
    const [near] = await createLinks();
    await services.createProject('orders', [near]);
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    const { projects, operations } = services.context;
    const context = overrideContext(withoutJobs(services), {
      operations: { commit: runAfter(operations.commit, failWith('lost')) },
    });
    await expect(execute(context, ref)).rejects.toThrow('lost');
    const [project, operation] = [await projects.read('orders'), await operations.read(ref)];
    await execute(withoutJobs(services), ref);
    expect([await projects.read('orders'), await operations.read(ref)]).toEqual([project, operation]);
    expect(project).toMatchObject({ state: 'paused', version: 3 });
    expect(await services.redis.zcard('syncbot:{p:orders}:runs')).toBe(0);
  });
});

/** A confirmed restore of a project with one link, on which three tasks have failed. */
async function requestRestoreWithFailedTasks() {
  const [near] = await createLinks();
  const worker = await near.startWorker(async () => {
    throw new Error('no');
  });
  await near.queue.addBulk(['a', 'b', 'c'].map((name) => ({ name, data: {} })));
  await waitFor(async () => (await near.queue.getFailedCount()) === 3);
  await worker.close();
  await near.queue.pause();
  await services.createProject('orders', [near], { state: 'paused' });
  return { near, ref: await requestAndConfirmWithoutJob(services, 'orders', 'restore') };
}

function createSignal() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
