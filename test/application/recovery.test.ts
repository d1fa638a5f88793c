import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UseCaseContext } from '../../src/application/context.ts';
import { execute } from '../../src/application/execute.ts';
import { runObserver } from '../../src/application/observer.ts';
import { reconcileIdle } from '../../src/application/reconcile.ts';
import type { Link } from '../../src/domain/link.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { Services } from '../../src/services.ts';
import { silentNotifications } from '../support/silent-ports.ts';
import {
  endpointOf,
  startTestServices,
  type TestLink,
  type TestServices,
  testSettings,
} from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  executeRepeatedly,
  once,
  overrideContext,
  requestAndConfirmWithoutJob,
  runBefore,
  withoutJobs,
} from './context-overrides.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices({ extraServers: ['far'] });
});
afterEach(() => services[Symbol.asyncDispose]());

const waitForOutcome = (ref: OperationRef) =>
  waitFor(async () => {
    const operation = await services.context.operations.read(ref);
    return operation?.finishedAt != null && operation;
  });

async function killFar(): Promise<void> {
  const server = services.server('far');
  server.kill('SIGKILL');
  await server.exited;
}

function trueOnce(): () => boolean {
  let calls = 0;
  return () => calls++ === 0;
}

const nonexistent = ({ link }: TestLink, queue: string) => ({ link: { ...link, queue } });

describe('after a failure', () => {
  it('no task runs when a Restore is rolled back, while reconcile retries the same links', async () => {
    const [near, far] = [await services.createLink('near'), await services.createLink('far', 'far')];
    const ran: string[] = [];
    await near.startWorker(async (job) => ran.push(job.name));
    await near.queue.pause();
    await services.createProject('orders', [near, far]);
    await services.context.projects.markFailed('orders', 1, {
      failure: { kind: 'task_failed', link: far.link, taskId: '1', reason: 'x', at: 1 },
      by: 'syncbot',
      oldestUnprocessedAt: null,
    });
    await near.queue.add('must-not-run', {});
    await killFar();
    await services.instance.startWorkers();
    const operation = await waitForOutcome(await services.requestAndConfirm('orders', 'restore'));
    expect(operation.refusal?.code).toBe('links_unreachable');
    expect(ran).toEqual([]);
    expect(await near.queue.isPaused()).toBe(true);
  });

  it('a queue that is created while its project is not started is paused', async () => {
    const near = await services.createLink('near');
    await services.createProject('orders', [near, nonexistent(near, 'later')], { state: 'not_started' });
    await services.instance.startWorkers();
    await waitFor(() => near.queue.isPaused());
    const later = await services.createLink('later');
    await waitFor(() => later.queue.isPaused());
    await waitFor(async () => (await services.context.projects.read('orders'))?.reconciledVersion === 1);
  });

  it('a Restore retries failed tasks also before the links of a Failed project were paused', async () => {
    const near = await services.createLink('near');
    const worker = await near.startWorker(async () => {
      throw new Error('no');
    });
    await services.createProject('orders', [near]);
    await near.queue.add('bad', {});
    await waitFor(() => near.queue.getFailedCount());
    await runObserver(withoutJobs(services));
    expect(await near.queue.isPaused()).toBe(false);
    await worker.close();
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'restore');
    await execute(withoutJobs(services), ref);
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'done', outcome: { retriedTasks: 1 } });
    expect(await near.queue.getWaitingCount()).toBe(1);
  });

  it('the message of an incomplete pause is updated when its last link is paused', async () => {
    const far = await services.createLink('far', 'far');
    await services.createProject('orders', [far]);
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    const context = overrideContext(withoutJobs(services), {
      links: { readStatuses: async (links) => links.map(() => 'unreachable' as const) },
    });
    await executeRepeatedly(services, context, ref);
    const failed = await services.context.operations.read(ref);
    expect(failed).toMatchObject({ state: 'failed', outcome: { linksDone: 0 } });
    await services.context.operations.markNotified(ref, { seq: failed?.seq ?? 0, message: null, dialogUses: 0 });
    await services.instance.startWorkers();
    await waitFor(async () => ((await services.context.operations.read(ref))?.seq ?? 0) > (failed?.seq ?? 0));
    expect(await far.queue.isPaused()).toBe(true);
  });

  it('the message of an incomplete pause is updated also after a Restore was rolled back and when another queue is missing', async () => {
    const [near, far] = [await services.createLink('near'), await services.createLink('far', 'far')];
    await services.createProject('orders', [near, far, nonexistent(near, 'gone')]);
    const farUnreachable: Partial<UseCaseContext['links']> = {
      readStatuses: async (links, ms) => {
        const statuses = await services.context.links.readStatuses(links, ms);
        return statuses.map((status, index) => (links[index]?.connection === 'far' ? 'unreachable' : status));
      },
    };
    const offline = overrideContext(withoutJobs(services), { links: farUnreachable });
    const pause = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    await executeRepeatedly(services, offline, pause);
    const failed = await services.context.operations.read(pause);
    expect(failed).toMatchObject({ state: 'failed', outcome: { linksDone: 1 } });
    await services.context.operations.markNotified(pause, { seq: failed?.seq ?? 0, message: null, dialogUses: 0 });
    const restore = await requestAndConfirmWithoutJob(services, 'orders', 'restore');
    await executeRepeatedly(services, offline, restore);
    expect(await services.context.operations.read(restore)).toMatchObject({ refusal: { code: 'links_unreachable' } });

    const notified: string[] = [];
    const notifications = {
      ...silentNotifications,
      operationChanged: async ({ operation }: OperationRef) => void notified.push(operation),
    };
    await reconcileIdle({ ...services.context, notifications }, 'orders', 1_000);
    expect(notified).toEqual([pause.operation]);
    expect(await far.queue.isPaused()).toBe(true);
    expect(await services.context.operations.read(pause)).toMatchObject({ reconciledAt: expect.any(Number) });
    expect(await services.context.projects.read('orders')).toMatchObject({
      state: 'failed',
      incompleteOperation: null,
    });
  });

  it('a second execution of a Restore does not roll back the first one', async () => {
    const [near, far] = [await services.createLink('near'), await services.createLink('far', 'far')];
    for (const { queue } of [near, far]) await queue.pause();
    await services.createProject('orders', [near, far], { state: 'paused' });
    const restore = await requestAndConfirmWithoutJob(services, 'orders', 'restore');
    const first = once(() => execute(withoutJobs(services), restore));
    const second = overrideContext(withoutJobs(services), {
      links: { readStatuses: runBefore(async (links) => links.map(() => 'unreachable' as const), first) },
    });
    await executeRepeatedly(services, second, restore);
    expect(await services.context.operations.read(restore)).toMatchObject({ state: 'done' });
    expect(await services.context.projects.read('orders')).toMatchObject({ state: 'running' });
    expect(await near.queue.isPaused()).toBe(false);
  });

  it('an execution with outdated link statuses does not roll back one that has passed the preflight', async () => {
    const near = await services.createLink('near');
    await near.queue.pause();
    await services.createProject('orders', [near], { state: 'paused' });
    const restore = await requestAndConfirmWithoutJob(services, 'orders', 'restore');
    const passed = { progress: { done: 0, total: 1 }, skipped: [], retriedTasks: [] };
    const recordProgress = once(() => services.context.operations.passPreflight(restore, passed));
    const readOutdatedStatuses = runBefore(async (links: readonly Link[], ms: number) => {
      const statuses = await services.context.links.readStatuses(links, ms);
      return isFirst() ? links.map(() => 'unreachable' as const) : statuses;
    }, recordProgress);
    const isFirst = trueOnce();
    const context = overrideContext(withoutJobs(services), { links: { readStatuses: readOutdatedStatuses } });
    await executeRepeatedly(services, context, restore);
    expect(await services.context.operations.read(restore)).toMatchObject({ state: 'done', refusal: null });
  });

  it('a pause does not wait for pauses of other projects whose connection is down', async () => {
    const [near, far] = [await services.createLink('near'), await services.createLink('far', 'far')];
    await services.createProject('healthy', [near]);
    const ids = Array.from({ length: 120 }, (_, index) => `dead-${index}`);
    for (const id of ids) await services.createProject(id, [nonexistent(far, id)]);
    await killFar();
    const refs = await Promise.all(ids.map((id) => requestAndConfirmWithoutJob(services, id, 'pause')));
    await Promise.all(refs.map((ref) => services.context.jobs.execute(ref)));
    await services.instance.startWorkers();
    await waitFor(async () => (await services.context.projects.read('dead-119'))?.state === 'pausing');
    expect(await waitForOutcome(await services.requestAndConfirm('healthy', 'pause'))).toMatchObject({ state: 'done' });
    expect(await services.context.projects.read('dead-0')).toMatchObject({ state: 'pausing' });
  });

  it('an unreadable queue does not hide a failed task in another queue', async () => {
    const [near, unreadable] = [await services.createLink('near'), await services.createLink('odd')];
    await services.redis.set('bull:odd:failed', 'x');
    await services.createProject('orders', [near]);
    await services.createProject('strange', [unreadable]);
    await near.startWorker(async () => {
      throw new Error('no');
    });
    await near.queue.add('bad', {});
    await waitFor(() => near.queue.getFailedCount());
    await runObserver(withoutJobs(services));
    expect(await services.context.projects.read('orders')).toMatchObject({ state: 'failed' });
    expect(await services.context.projects.read('strange')).toMatchObject({ state: 'running' });
  });

  it('a failed task is retried although the bot has no access to the queue of its parent', async () => {
    const [pay, parents] = [await services.createLink('pay', 'far'), await services.createLink('parents', 'far')];
    const admin = new Redis(services.urlOf('far'));
    await admin.call('ACL', 'SETUSER', 'syncbot', 'on', '>pw', '~bull:pay:*', '+@all');
    admin.disconnect();
    await parents.queue.pause();
    const worker = await pay.startWorker(async () => {
      throw new Error('no');
    });
    const parent = await parents.queue.add('parent', {});
    await pay.queue.add('one', {});
    await pay.queue.add('child', {}, { parent: { id: String(parent.id), queue: 'bull:parents' } });
    await waitFor(async () => (await pay.queue.getFailedCount()) === 2);
    await worker.close();
    await pay.queue.pause();
    await services.createProject('payments', [pay], { state: 'paused' });
    const url = new URL(services.urlOf('far'));
    url.username = 'syncbot';
    url.password = 'pw';
    const config = {
      redis: endpointOf(services.url),
      connections: { far: endpointOf(url.href) },
      settings: testSettings,
    };
    await using restrictedServices = new Services(config, pino({ level: 'silent' }));
    const ref = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
    const { jobs, notifications } = withoutJobs(services);
    await execute({ ...restrictedServices.context, jobs, notifications }, ref);
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'done', outcome: { retriedTasks: 2 } });
    expect((await pay.queue.getWaiting()).map(({ name }) => name).sort()).toEqual(['child', 'one']);
  });

  it('many queries that wait for one connection cause no warning', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    const far = await services.createLink('far', 'far');
    await services.context.links.readStatuses([far.link], 500);
    await killFar();
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => services.context.links.readStatuses([far.link], 500)),
    );
    process.off('warning', onWarning);
    expect(answers.flat()).toEqual(Array(40).fill('unreachable'));
    expect(warnings).toEqual([]);
  });
});
