import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { listProjects } from '../../src/application/queries.ts';
import { observeAll } from '../../src/application/observe.ts';
import { observeProject } from '../../src/application/queries.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { confirmOperation, killServer, once, runBefore, withDeps, withoutJobs } from './fault-injection.ts';

let services: TestServices;
let testLink: TestLink;
beforeEach(async () => {
  services = await startTestServices({ extraServers: ['warehouse'] });
  testLink = await services.createLink('payments');
});
afterEach(() => services[Symbol.asyncDispose]());

async function readStats(id: string) {
  const project = await services.deps.projects.read(id);
  if (project === null) throw new Error(`no project ${id}`);
  return observeProject(services.deps, project);
}

const readState = async (id: string) => (await services.deps.projects.read(id))?.state;

async function failOneTask({ queue, startWorker: work }: TestLink, message = 'refused by "ACME" at db.internal:5432') {
  const worker = await work(() => Promise.reject(new Error(message)));
  await queue.add('bad', { secret: 'payload' });
  await waitFor(() => queue.getFailedCount());
  await worker.close();
}

describe('one round of the observer', () => {
  it('makes a Running project Failed when a task failed for good, masks the reason, and has its links paused', async () => {
    await services.createProject('payments', [testLink]);
    await failOneTask(testLink);
    const reconciled: string[] = [];
    const queue = { execute: async () => {}, reconcile: async (id: string) => void reconciled.push(id) };
    const notified: string[] = [];
    const notifier = { operationChanged: async () => {}, alertsChanged: async (id: string) => void notified.push(id) };
    await observeAll({ ...services.deps, jobs: queue, notifications: notifier });
    expect(notified).toEqual(['payments']);
    expect(await services.deps.projects.read('payments')).toMatchObject({
      state: 'failed',
      version: 2,
      by: 'syncbot',
      activeOperation: null,
      failure: { link: testLink.link, taskId: '1', reason: 'refused by ‹value› at ‹host›' },
    });
    expect(reconciled).toEqual(['payments']);
    await observeAll({ ...services.deps, jobs: queue });
    expect(reconciled).toEqual(['payments']);
  });

  it('has the message of the operation that brought it to Running say that it failed since', async () => {
    await testLink.queue.pause();
    await services.createProject('payments', [testLink], { state: 'paused' });
    const ref = await confirmOperation(services, 'payments', 'restore');
    await execute(withoutJobs(services), ref);
    const restored = await services.deps.operations.read(ref);
    await failOneTask(testLink);
    const notified: OperationRef[] = [];
    await observeAll({
      ...withoutJobs(services),
      notifications: {
        operationChanged: async (ref: OperationRef) => void notified.push(ref),
        alertsChanged: async () => {},
      },
    });
    expect(notified).toEqual([ref]);
    expect((await services.deps.operations.read(ref))?.seq).toBe((restored?.seq ?? 0) + 1);
  });

  it('with onFailure: continue the project stays Running, and a look at it counts the failures', async () => {
    await services.createProject('payments', [testLink], { onFailure: 'continue' });
    await failOneTask(testLink);
    await observeAll(withoutJobs(services));
    expect(await readState('payments')).toBe('running');
    expect((await readStats('payments')).links[0]).toMatchObject({ failuresAfterWatermark: 1 });
  });

  it('a failure in a project that is not Running changes nothing', async () => {
    await failOneTask(testLink);
    await services.createProject('payments', [testLink], { state: 'paused' });
    await observeAll(withoutJobs(services));
    expect(await services.deps.projects.read('payments')).toMatchObject({ state: 'paused', version: 1, failure: null });
  });

  it('loses against a claim that came between its reading of the project and of the links', async () => {
    await services.createProject('payments', [testLink]);
    await failOneTask(testLink);
    const ref = await confirmOperation(services, 'payments', 'pause');
    const claimOperation = once(() => services.deps.operations.claim(ref, 'run'));
    const { observe } = services.deps.links;
    const deps = withDeps(withoutJobs(services), { links: { observe: runBefore(observe, claimOperation) } });
    await observeAll(deps);
    expect(await services.deps.projects.read('payments')).toMatchObject({
      state: 'pausing',
      version: 2,
      failure: null,
    });
  });

  it('says once that the last task in flight of a paused project has ended', async () => {
    let finishTask = () => {};
    const taskFinished = new Promise<void>((resolve) => {
      finishTask = resolve;
    });
    await testLink.startWorker(() => taskFinished);
    await testLink.queue.add('slow', {});
    await waitFor(() => testLink.queue.getActiveCount());
    await services.createProject('payments', [testLink]);
    const ref = await confirmOperation(services, 'payments', 'pause');
    await execute(withoutJobs(services), ref);
    const notified: OperationRef[] = [];
    const deps = {
      ...withoutJobs(services),
      notifier: {
        operationChanged: async (ref: OperationRef) => void notified.push(ref),
        alertsChanged: async () => {},
      },
    };
    await observeAll(deps);
    expect(notified).toEqual([]);
    expect(await services.deps.projects.read('payments')).toMatchObject({ drainingOperation: ref.operation });
    finishTask();
    await waitFor(async () => (await testLink.queue.getActiveCount()) === 0);
    await observeAll(deps);
    await observeAll(deps);
    expect(notified).toEqual([ref]);
    expect(await services.deps.operations.read(ref)).toMatchObject({
      state: 'done',
      outcome: { inFlight: 0, linksDone: 1, unreachable: [] },
    });
    expect(await services.deps.projects.read('payments')).toMatchObject({
      drainingOperation: null,
      version: 3,
      state: 'paused',
    });
  });

  it('one dead connection holds up none but the projects on it', async () => {
    const far = await services.createLink('orders', 'warehouse');
    await services.createProject('payments', [testLink]);
    await services.createProject('orders', [far]);
    await services.createProject('mixed', [
      await services.createLink('mixed'),
      { ...far, link: { ...far.link, queue: 'mixed-far' } },
    ]);
    await failOneTask(testLink);
    await services.deps.links.readStatuses([far.link], 5_000);
    await killServer(services, 'warehouse');
    let isCycleDone = false;
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { observe } = services.deps.links;
    const observeSlowly: typeof observe = async (links) => {
      if (links.some(({ link }) => link.connection === 'warehouse')) await released;
      return observe(links);
    };
    const cycle = observeAll(withDeps(withoutJobs(services), { links: { observe: observeSlowly } })).then(() => {
      isCycleDone = true;
    });
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

  it('a project whose records cannot be read does not keep the others from being seen', async () => {
    for (const id of ['broken', 'healthy']) await services.createProject(id, [testLink]);
    await services.redis.hset('syncbot:{p:broken}:state', 'v', '2');
    await services.createProject('wrong-type', [testLink]);
    await services.redis.del('syncbot:{p:wrong-type}:definition');
    await services.redis.sadd('syncbot:{p:wrong-type}:definition', 'x');
    await failOneTask(testLink);
    await observeAll(withoutJobs(services));
    expect(await readState('healthy')).toBe('failed');
    expect((await listProjects(services.deps, '')).map(({ id }) => id)).toEqual(['healthy']);
    await expect(services.deps.projects.read('broken')).rejects.toThrow();
  });
});
