import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { listProjects } from '../../src/application/list-projects.ts';
import { runObserver } from '../../src/application/observer.ts';
import { observeProject } from '../../src/application/queries.ts';
import { emptyFilter } from '../../src/domain/list-filter.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { keys } from '../support/keys.ts';
import { silentNotifications } from '../support/silent-ports.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  killServer,
  once,
  overrideContext,
  requestAndConfirmWithoutJob,
  runBefore,
  withoutJobs,
} from './context-overrides.ts';

let services: TestServices;
let testLink: TestLink;
beforeEach(async () => {
  services = await startTestServices({ extraServers: ['warehouse'] });
  testLink = await services.createLink('payments');
});
afterEach(() => services[Symbol.asyncDispose]());

async function readStats(id: string) {
  const project = await services.context.projects.read(id);
  if (project === null) throw new Error(`no project ${id}`);
  return observeProject(services.context, project);
}

const readState = async (id: string) => (await services.context.projects.read(id))?.state;

async function failOneTask({ queue, startWorker }: TestLink, message = 'refused by "ACME" at db.internal:5432') {
  const worker = await startWorker(() => Promise.reject(new Error(message)));
  await queue.add('bad', { secret: 'payload' });
  await waitFor(() => queue.getFailedCount());
  await worker.close();
}

describe('a cycle of the observer', () => {
  it("records when it has completed, by Redis's clock, also without projects", async () => {
    expect(await services.context.observations.readLastCycle()).toBeNull();
    const before = await services.context.serverClock.now();
    await runObserver(services.context);
    const cycle = await services.context.observations.readLastCycle();
    expect(cycle).toEqual({ completedAt: expect.any(Number), gap: null, staleAfterMs: 90_000, unobservedProjects: 0 });
    expect(cycle?.completedAt).toBeGreaterThanOrEqual(before);
    expect(await services.redis.get('syncbot:observed')).toMatch(/^\{.*"completedAt":\d{13}\b/);
  });

  it('counts a project whose record cannot be read as not observed, and an id without a record not', async () => {
    await services.createProject('payments', [testLink]);
    await services.createProject('orders', [await services.createLink('orders')]);
    await services.redis.hset(keys.project('orders').state, 'v', '9');
    const { context } = services;
    await runObserver(context);
    expect(await context.observations.readLastCycle()).toMatchObject({ unobservedProjects: 1 });
    await services.redis.del(keys.project('orders').state);
    await runObserver(context);
    expect(await context.observations.readLastCycle()).toMatchObject({ unobservedProjects: 0 });
  });

  it('records backlog and latency once a minute, not while a link does not answer', async () => {
    const other = await services.createLink('orders', 'warehouse');
    await services.createProject('payments', [testLink]);
    await services.createProject('orders', [other]);
    const { context } = services;
    const observeAt = (minute: number) =>
      runObserver(overrideContext(context, { serverClock: { now: async () => minute * 60_000 + 30_000 } }));
    await observeAt(100);
    await testLink.queue.add('row', {});
    await observeAt(100);
    await services.server('warehouse').stop();
    await observeAt(101);
    await observeAt(103);
    const samples = await context.trends.read('payments');
    expect(samples.map(({ at, backlog }) => [at / 60_000, backlog])).toEqual([
      [100, 0],
      [101, 1],
      [103, 1],
    ]);
    expect((await context.trends.read('orders')).map(({ at }) => at / 60_000)).toEqual([100]);
  });

  it('records nothing if it is stopped before its end', async () => {
    await services.createProject('payments', [testLink]);
    await expect(runObserver({ ...services.context, stopSignal: AbortSignal.abort() })).rejects.toThrow();
    expect(await services.context.observations.readLastCycle()).toBeNull();
  });

  it('makes a Running project Failed when a task failed for good, masks the reason, and reconciles its links', async () => {
    await services.createProject('payments', [testLink], { channel: 'C0SYNC' });
    await failOneTask(testLink);
    const reconciled: string[] = [];
    const jobs = { ...withoutJobs(services).jobs, reconcile: async (id: string) => void reconciled.push(id) };
    const notified: string[] = [];
    const alertsChanged = async (id: string) => void notified.push(id);
    await runObserver({
      ...services.context,
      jobs,
      notifications: {
        ...silentNotifications,
        alertsChanged,
      },
    });
    expect(notified).toEqual(['C0SYNC']);
    expect(await services.context.projects.read('payments')).toMatchObject({
      state: 'failed',
      version: 2,
      by: 'syncbot',
      activeOperation: null,
      failure: { link: testLink.link, taskId: '1', reason: 'refused by ‹value› at ‹host›' },
    });
    expect(reconciled).toEqual(['payments']);
    await runObserver({ ...services.context, jobs });
    expect(reconciled).toEqual(['payments']);
  });

  it('notifies the operation that made the project Running that it has failed since', async () => {
    await testLink.queue.pause();
    await services.createProject('payments', [testLink], { state: 'paused' });
    const ref = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
    await execute(withoutJobs(services), ref);
    const restored = await services.context.operations.read(ref);
    await failOneTask(testLink);
    const notified: OperationRef[] = [];
    await runObserver({
      ...withoutJobs(services),
      notifications: {
        ...silentNotifications,
        operationChanged: async (ref: OperationRef) => void notified.push(ref),
      },
    });
    expect(notified).toEqual([ref]);
    expect((await services.context.operations.read(ref))?.seq).toBe((restored?.seq ?? 0) + 1);
  });

  it('keeps a project with onFailure: continue Running, and its observation counts the failures', async () => {
    await services.createProject('payments', [testLink], { onFailure: 'continue' });
    await failOneTask(testLink);
    await runObserver(withoutJobs(services));
    expect(await readState('payments')).toBe('running');
    expect((await readStats('payments')).links[0]).toMatchObject({ failuresAfterWatermark: 1 });
  });

  it('ignores a failed task in a project that is not Running', async () => {
    await failOneTask(testLink);
    await services.createProject('payments', [testLink], { state: 'paused' });
    await runObserver(withoutJobs(services));
    expect(await services.context.projects.read('payments')).toMatchObject({
      state: 'paused',
      version: 1,
      failure: null,
    });
  });

  it('changes nothing when an operation is claimed between its reads of the project and of the links', async () => {
    await services.createProject('payments', [testLink]);
    await failOneTask(testLink);
    const ref = await requestAndConfirmWithoutJob(services, 'payments', 'pause');
    const claimOperation = once(() => services.context.operations.claim(ref, 'run'));
    const { observe } = services.context.links;
    const context = overrideContext(withoutJobs(services), { links: { observe: runBefore(observe, claimOperation) } });
    await runObserver(context);
    expect(await services.context.projects.read('payments')).toMatchObject({
      state: 'pausing',
      version: 2,
      failure: null,
    });
  });

  it('notifies once that the last task in flight of a paused project has ended', async () => {
    let finishTask = () => {};
    const taskFinished = new Promise<void>((resolve) => {
      finishTask = resolve;
    });
    await testLink.startWorker(() => taskFinished);
    await testLink.queue.add('slow', {});
    await waitFor(() => testLink.queue.getActiveCount());
    await services.createProject('payments', [testLink]);
    const ref = await requestAndConfirmWithoutJob(services, 'payments', 'pause');
    await execute(withoutJobs(services), ref);
    const notified: OperationRef[] = [];
    let passedMs = 0;
    const context = {
      ...withoutJobs(services),
      serverClock: { now: async () => (await services.context.serverClock.now()) + passedMs },
      notifications: {
        ...silentNotifications,
        operationChanged: async (ref: OperationRef) => void notified.push(ref),
      },
    };
    passedMs = 60_000;
    await runObserver(context);
    expect(notified).toEqual([]);
    expect(await services.context.projects.read('payments')).toMatchObject({ followedOperation: ref.operation });
    finishTask();
    await waitFor(async () => (await testLink.queue.getActiveCount()) === 0);
    await runObserver(context);
    await runObserver(context);
    expect(notified).toEqual([ref]);
    expect(await services.context.operations.read(ref)).toMatchObject({
      state: 'done',
      outcome: { inFlight: 1, linksDone: 1, unreconciled: [] },
      followUp: { goal: 'quiet', latest: { remaining: 0 } },
      followEnd: { kind: 'reached' },
    });
    expect(await services.context.projects.read('payments')).toMatchObject({
      followedOperation: null,
      version: 3,
      state: 'paused',
    });
  });

  it('a connection that is down delays only the projects on it', async () => {
    const far = await services.createLink('orders', 'warehouse');
    await services.createProject('payments', [testLink]);
    await services.createProject('orders', [far]);
    await services.createProject('mixed', [
      await services.createLink('mixed'),
      { ...far, link: { ...far.link, queue: 'mixed-far' } },
    ]);
    await failOneTask(testLink);
    await services.context.links.readStatuses([far.link], 5_000);
    await killServer(services, 'warehouse');
    let isCycleDone = false;
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { observe } = services.context.links;
    const observeSlowly: typeof observe = async (links) => {
      if (links.some(({ link }) => link.connection === 'warehouse')) await released;
      return observe(links);
    };
    const cycle = runObserver(overrideContext(withoutJobs(services), { links: { observe: observeSlowly } })).then(
      () => {
        isCycleDone = true;
      },
    );
    await waitFor(async () => (await readState('payments')) === 'failed');
    expect(isCycleDone).toBe(false);
    release();
    await cycle;
    expect(await readStats('orders')).toMatchObject({ latencyMs: null, backlog: null });
    expect(await readStats('mixed')).toMatchObject({
      backlog: null,
      links: [{ kind: 'read' }, { kind: 'unreachable' }],
    });
    expect(await readState('orders')).toBe('running');
  });

  it('skips a project whose records cannot be read, and observes the others', async () => {
    for (const id of ['broken', 'healthy']) await services.createProject(id, [testLink]);
    await services.redis.hset('syncbot:{p:broken}:state', 'v', '2');
    await services.createProject('wrong-type', [testLink]);
    await services.redis.del('syncbot:{p:wrong-type}:definition');
    await services.redis.sadd('syncbot:{p:wrong-type}:definition', 'x');
    await failOneTask(testLink);
    await runObserver(withoutJobs(services));
    expect(await readState('healthy')).toBe('failed');
    expect((await listProjects(services.context, emptyFilter)).map(({ id }) => id)).toEqual(['healthy']);
    await expect(services.context.projects.read('broken')).rejects.toThrow();
  });
});
