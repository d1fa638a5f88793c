import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { runObserver } from '../../src/application/observer.ts';
import type { LinkWithWatermark, RetryFailedResult } from '../../src/application/ports.ts';
import { reconcile, reconcileIdle } from '../../src/application/reconcile.ts';
import { type Link, linkId, noWatermark } from '../../src/domain/link.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  once,
  overrideContext,
  requestAndConfirmWithoutJob,
  runAfter,
  runBefore,
  withoutJobs,
} from './context-overrides.ts';

let services: TestServices;
let testLink: TestLink;
beforeEach(async () => {
  services = await startTestServices();
  testLink = await services.createLink('payments');
});
afterEach(() => services[Symbol.asyncDispose]());

const failure = { kind: 'task_failed', reason: 'no', taskId: '1', at: 1 } as const;
const waitKey = 'bull:payments:wait';

/** A task in flight fails for good. */
async function failNow(id: string) {
  await services.redis.lrem(waitKey, 1, id);
  await services.redis.hset(`bull:payments:${id}`, { failedReason: 'no' });
  await services.redis.zadd('bull:payments:failed', Date.now(), id);
}

/** Makes the project Failed at the first call, as the observer does. */
const failProjectOnce = () =>
  once(() =>
    services.context.projects.markFailed('payments', 1, {
      failure: { link: testLink.link, ...failure },
      by: 'syncbot',
      oldestUnprocessedAt: null,
    }),
  );

describe('reconcile', () => {
  it('starts over when the project’s version changes after the links were set', async () => {
    await testLink.queue.pause();
    await services.createProject('payments', [testLink]);
    const failProject = failProjectOnce();
    const { setPaused } = services.context.links;
    const context = overrideContext(services.context, { links: { setPaused: runAfter(setPaused, failProject) } });
    expect(await reconcile(context, { project: 'payments', operationId: null, timeoutMs: 0 })).toMatchObject({
      kind: 'reconciled',
      unreconciled: [],
      missing: [],
      project: { state: 'failed', version: 2 },
    });
    expect(await testLink.queue.isPaused()).toBe(true);
  });

  it('sets no flag when the version changes after the flags were read', async () => {
    await testLink.queue.pause();
    await services.createProject('payments', [testLink]);
    const failProject = failProjectOnce();
    const { readStatuses } = services.context.links;
    const context = overrideContext(services.context, {
      links: {
        readStatuses: runAfter(readStatuses, failProject),
        setPaused: () => Promise.reject(new Error('a flag was set')),
      },
    });
    expect(await reconcile(context, { project: 'payments', operationId: null, timeoutMs: 0 })).toMatchObject({
      kind: 'reconciled',
    });
  });

  it('does nothing for a project that does not exist, or that has another active operation', async () => {
    expect(await reconcile(services.context, { project: 'unknown', operationId: null, timeoutMs: 0 })).toEqual({
      kind: 'not_found',
    });
    await services.createProject('payments', [testLink]);
    await services.context.operations.claim(await requestAndConfirmWithoutJob(services, 'payments', 'pause'), 'run');
    expect(await reconcileIdle(services.context, 'payments', 0)).toEqual({ kind: 'not_owner' });
    expect(await testLink.queue.isPaused()).toBe(false);
  });

  it('does not stay in the runs if the reply to its entry is lost', async () => {
    await services.createProject('payments', [testLink], { state: 'paused' });
    const { beginExecution } = services.context.operations;
    const context = overrideContext(services.context, {
      operations: { beginExecution: runAfter(beginExecution, () => Promise.reject(new Error('lost'))) },
    });
    await expect(reconcileIdle(context, 'payments', 0)).rejects.toThrow('lost');
    expect(await services.redis.exists('syncbot:{p:payments}:runs')).toBe(0);
  });

  it('does not undo the change of a person after the project was reconciled', async () => {
    await services.createProject('payments', [testLink], { state: 'paused' });
    await reconcileIdle(services.context, 'payments', 0);
    await testLink.queue.resume();
    expect(await reconcileIdle(services.context, 'payments', 0)).toEqual({ kind: 'not_owner' });
    expect(await testLink.queue.isPaused()).toBe(false);
  });

  it('stops between two attempts when the process stops', async () => {
    const stopping = new AbortController();
    await services.createProject('payments', [testLink], { state: 'paused' });
    const clock = { ...services.context.clock, sleep: async () => stopping.abort() };
    const setPaused = async (links: readonly Link[]) => links.map(() => 'unreachable' as const);
    const context = overrideContext(services.context, { clock, stopSignal: stopping.signal, links: { setPaused } });
    await expect(reconcile(context, { project: 'payments', operationId: null, timeoutMs: 60_000 })).rejects.toThrow(
      /abort/i,
    );
  });

  it('tries again until its timeout by the monotonic clock when the wall clock jumps', async () => {
    await services.createProject('payments', [testLink], { state: 'paused' });
    let jumpedMs = 0;
    const clock = {
      ...services.context.clock,
      now: () => Date.now() + jumpedMs,
      sleep: async () => {
        jumpedMs += 86_400_000;
      },
    };
    const { setPaused } = services.context.links;
    let attempts = 0;
    const failTwice: typeof setPaused = (links, ...rest) =>
      attempts++ < 2 ? Promise.resolve(links.map(() => 'unreachable' as const)) : setPaused(links, ...rest);
    const context = overrideContext(services.context, { clock, links: { setPaused: failTwice } });
    expect(await reconcile(context, { project: 'payments', operationId: null, timeoutMs: 60_000 })).toMatchObject({
      kind: 'reconciled',
    });
  });

  it('returns at once when a link does not answer, and sets the others', async () => {
    const nowhere = { ...testLink, link: { ...testLink.link, connection: 'nowhere' } };
    await services.createProject('payments', [testLink, nowhere], { state: 'paused' });
    const clock = { ...services.context.clock, sleep: () => Promise.reject(new Error('it waited')) };
    const context = overrideContext(services.context, { clock });
    expect(await reconcile(context, { project: 'payments', operationId: null, timeoutMs: 60_000 })).toMatchObject({
      kind: 'unreachable',
      unreconciled: [nowhere.link],
    });
    expect(await testLink.queue.isPaused()).toBe(true);
  });

  it('sets more than a thousand links in chunks, and reports its progress', async () => {
    const names = Array.from({ length: 1_100 }, (_, index) => `bulk-${index}`);
    await Promise.all(names.map((name) => services.redis.hset(`bull:${name}:meta`, { version: 'bullmq:6.7.0' })));
    await services.createProject(
      'bulk',
      names.map((queue) => ({ ...testLink, link: { ...testLink.link, queue } })),
      { state: 'paused' },
    );
    const progress: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      expect(total).toBe(1_100);
      progress.push(done);
    };
    expect(
      await reconcile(services.context, { project: 'bulk', operationId: null, timeoutMs: 60_000, onProgress }),
    ).toMatchObject({
      kind: 'reconciled',
    });
    // A command that arrives too late on a busy machine is tried again.
    expect(progress).toContain(1_000);
    const paused = await Promise.all(names.map((name) => services.redis.hget(`bull:${name}:meta`, 'paused')));
    expect(new Set(paused)).toEqual(new Set(['1']));
  });
});

describe('a restore', () => {
  beforeEach(async () => {
    await testLink.queue.addBulk(['a', 'b', 'c'].map((name) => ({ name, data: {} })));
    await testLink.queue.pause();
    await services.createProject('payments', [testLink], { state: 'paused' });
    await failNow('1');
  });

  it('retries a task that fails after the others were retried and before the link is resumed', async () => {
    const ref = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
    const failLate = once(() => failNow('2'));
    const { retryFailed } = services.context.links;
    const context = overrideContext(withoutJobs(services), { links: { retryFailed: runAfter(retryFailed, failLate) } });
    await execute(context, ref);
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'done', outcome: { retriedTasks: 2 } });
    expect(await testLink.queue.getFailedCount()).toBe(0);
    expect((await services.redis.lrange(waitKey, 0, -1)).reverse()).toEqual(['1', '2', '3']);
    expect(await testLink.queue.isPaused()).toBe(false);
  });

  it('does not lose a task that fails while another client resumes the link: the project is Failed again', async () => {
    const ref = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
    const resumeLink = once(async () => {
      await testLink.queue.resume();
      await failNow('2');
    });
    const { retryFailed } = services.context.links;
    const context = overrideContext(withoutJobs(services), {
      links: { retryFailed: runAfter(retryFailed, resumeLink) },
    });
    await execute(context, ref);
    expect(await services.context.projects.read('payments')).toMatchObject({ state: 'running' });
    await runObserver(withoutJobs(services));
    expect(await services.context.projects.read('payments')).toMatchObject({
      state: 'failed',
      failure: { taskId: '2' },
    });
  });

  it('does not lose a task that was not retried because another client resumed the link', async () => {
    const ref = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
    const resumeLink = once(() => testLink.queue.resume());
    const { retryFailed } = services.context.links;
    const context = overrideContext(withoutJobs(services), {
      links: { retryFailed: runBefore(retryFailed, resumeLink) },
    });
    await execute(context, ref);
    expect(await testLink.queue.getFailedCount()).toBe(1);
    const done = await services.context.operations.read(ref);
    expect(done).toMatchObject({ state: 'done', outcome: { retriedTasks: 0 }, laterFailure: null });
    expect(done?.outcome?.retriedTasksUncertain).toBeUndefined();
    await runObserver(withoutJobs(services));
    expect(await services.context.projects.read('payments')).toMatchObject({
      state: 'failed',
      failure: { taskId: '1' },
    });
    expect(await services.context.operations.read(ref)).toMatchObject({
      state: 'done',
      laterFailure: { at: expect.any(Number), failure: { taskId: '1' } },
    });
  });

  it('retries failed tasks once when a command to a link expires', async () => {
    const ref = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
    const { retryFailed, setPaused } = services.context.links;
    const calls: string[] = [];
    const context = overrideContext(withoutJobs(services), {
      links: {
        retryFailed: (links) => {
          calls.push('retry');
          return retryFailed(links);
        },
        setPaused: async (links, desired, limits) => {
          calls.push(desired);
          return calls.length === 2 ? links.map(() => 'expired' as const) : setPaused(links, desired, limits);
        },
      },
    });
    await execute(context, ref);
    expect(calls).toEqual(['retry', 'resumed', 'resumed']);
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'done', outcome: { retriedTasks: 1 } });
  });

  it('goes on after its timeout while it still retries tasks', async () => {
    const ref = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
    const { retryFailed } = services.context.links;
    let elapsedMs = 0;
    const clock = { ...services.context.clock, now: () => services.context.clock.now() + elapsedMs };
    const stopsAfterOneTask = async (links: readonly LinkWithWatermark[]): Promise<RetryFailedResult[]> => {
      if (elapsedMs > 0) return retryFailed(links);
      elapsedMs = 200_000;
      return [{ kind: 'retried', tasks: 1 }];
    };
    const context = {
      ...overrideContext(withoutJobs(services), { links: { retryFailed: stopsAfterOneTask } }),
      clock,
    };
    await execute(context, ref);
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'done', outcome: { retriedTasks: 2 } });
    expect(await testLink.queue.getFailedCount()).toBe(0);
  });

  it('moves the watermark past failed tasks that it does not retry', async () => {
    await services.context.projects.setWatermarks('payments', 1, {
      [linkId(testLink.link)]: { ...noWatermark, at: Date.now() + 1_000 },
    });
    const ref = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
    await execute(withoutJobs(services), ref);
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'done', outcome: { retriedTasks: 0 } });
    expect(await testLink.queue.getFailedCount()).toBe(1);
    const project = await services.context.projects.read('payments');
    expect(project?.watermarks[linkId(testLink.link)]?.known).toMatchObject([{ taskId: '1' }]);
    await runObserver(withoutJobs(services));
    expect(await services.context.projects.read('payments')).toMatchObject({ state: 'running' });
  });

  it('retries a task that failed while the project was Paused, before newer tasks', async () => {
    await services.redis.flushall();
    const link = await services.createLink('invoices');
    let failTask = (_error: Error) => {};
    const inFlight = new Promise<never>((_resolve, reject) => {
      failTask = reject;
    });
    let isBroken = true;
    const completed: string[] = [];
    await link.startWorker(async (job) => (isBroken ? inFlight : completed.push(job.name)));
    await services.createProject('invoices', [link]);
    await link.queue.add('slow', {});
    await waitFor(() => link.queue.getActiveCount());
    const pause = await requestAndConfirmWithoutJob(services, 'invoices', 'pause');
    await execute(withoutJobs(services), pause);
    expect(await services.context.operations.read(pause)).toMatchObject({ outcome: { inFlight: 1 } });
    await link.queue.add('new', {});
    failTask(new Error('refused by the target'));
    await waitFor(() => link.queue.getFailedCount());
    await runObserver(withoutJobs(services));
    expect(await services.context.projects.read('invoices')).toMatchObject({ state: 'paused' });
    isBroken = false;
    await execute(withoutJobs(services), await requestAndConfirmWithoutJob(services, 'invoices', 'restore'));
    await waitFor(() => completed.length === 2);
    expect(completed).toEqual(['slow', 'new']);
  });
});
