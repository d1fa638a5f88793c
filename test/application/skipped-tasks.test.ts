import type { Job, Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { runObserver } from '../../src/application/observer.ts';
import { requestAction } from '../../src/application/request-action.ts';
import type { TaskSelection } from '../../src/application/select-tasks.ts';
import { linkId } from '../../src/domain/link.ts';
import { maxSkippedTasks } from '../../src/domain/skipped-tasks.ts';
import { requestAndConfirm, startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { withoutJobs } from './context-overrides.ts';

let services: TestServices;
let link: TestLink;
let worker: Worker;
let poisoned: Set<string>;
let processed: string[];
beforeEach(async () => {
  services = await startTestServices();
  link = await services.createLink('payments');
  poisoned = new Set();
  processed = [];
  worker = await link.startWorker(async ({ name }: Job) => {
    if (poisoned.has(name)) throw new Error(`row ${name} refused by db.example.com:5432`);
    processed.push(name);
  });
  await services.createProject('payments', [link]);
});
afterEach(() => services[Symbol.asyncDispose]());

const project = async () => (await services.context.projects.read('payments')) ?? expect.unreachable();
const failedNames = async () => (await link.queue.getFailed()).map(({ name }) => name).sort();
const skippedIds = async () => (await project()).skippedTasks.map(({ taskId }) => taskId);
const observe = () => runObserver(withoutJobs(services));
const request = { project: 'payments', by: 'U0ALICE', reason: null, origin: 'slack', channel: 'C0SYNC' } as const;
const failedAgain = { kind: 'failed_again' } as const;

/** Runs an operation to its end. Returns it. */
async function run(action: 'pause' | 'restore' | 'retry', tasks?: TaskSelection) {
  const ref = await requestAndConfirm(withoutJobs(services), { project: 'payments', action, tasks });
  await execute(withoutJobs(services), ref);
  return (await services.context.operations.read(ref)) ?? expect.unreachable();
}

/** Adds tasks, and waits until the project is Failed and its link is paused. */
async function failWith(...names: string[]): Promise<void> {
  await link.queue.addBulk(names.map((name) => ({ name, data: { secret: 'payload' } })));
  await becomeFailed();
}

async function becomeFailed(): Promise<void> {
  await waitFor(async () => (await link.queue.getFailedCount()) > (await project()).skippedTasks.length);
  await observe();
  expect((await project()).state).toBe('failed');
  await link.queue.pause();
  await waitFor(async () => (await link.queue.getActiveCount()) === 0);
}

/** The task `bad` has failed, was retried by a restore, and has failed again. */
async function failTwice(): Promise<void> {
  poisoned.add('bad');
  await failWith('bad');
  await run('restore');
  await becomeFailed();
}

describe('A task that fails again', () => {
  it('is recognized by its second failure, in the alert and in the request of a restore', async () => {
    poisoned.add('bad');
    await failWith('bad');
    const causes = async () => (await project()).alerts.project_failed?.alert;
    expect(await causes()).toMatchObject({ condition: { causes: { tasks: 1 } } });
    expect(await causes()).not.toMatchObject({ condition: { causes: { failedAgain: 1 } } });
    expect(await requestAction(services.context, { ...request, action: 'restore' })).toMatchObject({ failedAgain: 0 });
    expect(await requestAction(services.context, { ...request, action: 'restore', tasks: failedAgain })).toMatchObject({
      refusal: { code: 'no_task_to_skip' },
    });
    await run('restore');
    await becomeFailed();
    expect(await causes()).toMatchObject({ condition: { causes: { failedAgain: 1 } } });
    expect(await requestAction(services.context, { ...request, action: 'restore' })).toMatchObject({ failedAgain: 1 });
  });

  it('is not taken for another task that has its id', async () => {
    poisoned.add('bad');
    await link.queue.add('bad', {}, { jobId: 'row' });
    await becomeFailed();
    await run('restore');
    await becomeFailed();
    await (await link.queue.getJob('row'))?.remove();
    await link.queue.add('bad', {}, { jobId: 'row', timestamp: Date.now() + 1 });
    await run('restore');
    await becomeFailed();
    expect(await requestAction(services.context, { ...request, action: 'restore' })).toMatchObject({ failedAgain: 0 });
  });
});

describe('A restore without a task', () => {
  it('leaves the task failed, retries the others in order, and no longer counts the task as a failure', async () => {
    await failTwice();
    await link.queue.add('next-1', {});
    await link.queue.add('next-2', {});
    const operation = await run('restore', failedAgain);
    const task = { link: link.link, taskId: '1' };
    expect(operation).toMatchObject({ state: 'done', tasks: [task], outcome: { retriedTasks: 0, tasks: [task] } });
    await waitFor(() => processed.length === 2);
    expect(processed).toEqual(['next-1', 'next-2']);
    expect(await failedNames()).toEqual(['bad']);
    expect(await project()).toMatchObject({
      state: 'running',
      skippedTasks: [{ ...task, reason: 'row bad refused by ‹host›', by: 'U0ALICE', skippedAt: operation.startedAt }],
    });
    await observe();
    await observe();
    expect((await project()).state).toBe('running');
    expect(await skippedIds()).toEqual(['1']);
    await run('pause');
    await run('restore');
    expect(await failedNames()).toEqual(['bad']);
    expect(await skippedIds()).toEqual(['1']);
  });

  it('retries the failed tasks that it does not name', async () => {
    await failTwice();
    poisoned.add('other');
    await worker.close();
    await link.queue.add('other', {});
    await link.queue.resume();
    const second = await link.startWorker(() => Promise.reject(new Error('no')));
    await waitFor(async () => (await link.queue.getFailedCount()) === 2);
    await second.close();
    await link.queue.pause();
    expect(await run('restore', failedAgain)).toMatchObject({ outcome: { retriedTasks: 1 } });
    expect(await failedNames()).toEqual(['bad']);
    expect((await link.queue.getWaiting()).map(({ name }) => name)).toEqual(['other']);
  });

  it('takes a task of the command line by its id, or by the names of link and task', async () => {
    poisoned.add('bad');
    await failWith('bad');
    for (const name of ['1', 'payments/1']) {
      const tasks = { kind: 'named', names: [name] } as const;
      expect(await requestAction(services.context, { ...request, action: 'restore', tasks })).toMatchObject({
        operation: { tasks: [{ taskId: '1' }] },
      });
    }
    for (const name of ['2', 'other/1', '']) {
      const tasks = { kind: 'named', names: [name] } as const;
      expect(await requestAction(services.context, { ...request, action: 'restore', tasks })).toMatchObject({
        refusal: { code: 'task_not_found', candidates: [] },
      });
    }
  });

  it('is refused if the project would skip more than 100 tasks', async () => {
    await failTwice();
    const skipped = Array.from({ length: maxSkippedTasks }, (_, index) => {
      const task = {
        kind: 'task_failed',
        link: link.link,
        taskId: `x${index}`,
        reason: '',
        at: 1,
        skippedAt: 1,
        by: 'U',
      };
      return [`skipped:1 ${linkId(link.link)} x${index}`, JSON.stringify(task)];
    });
    await services.redis.hset('syncbot:{p:payments}:state', Object.fromEntries(skipped));
    expect(await requestAction(services.context, { ...request, action: 'restore', tasks: failedAgain })).toMatchObject({
      refusal: { code: 'too_many_skipped', skipped: 100, tasks: 1, max: 100 },
    });
  });

  it('does not skip a task that its owner has retried meanwhile', async () => {
    await failTwice();
    const ref = await requestAndConfirm(withoutJobs(services), {
      project: 'payments',
      action: 'restore',
      tasks: failedAgain,
    });
    poisoned.clear();
    await (await link.queue.getJob('1'))?.retry();
    await execute(withoutJobs(services), ref);
    await waitFor(() => processed.length === 1);
    expect(await skippedIds()).toEqual([]);
  });
});

describe('A skipped task', () => {
  async function skipBad(): Promise<void> {
    await failTwice();
    await run('restore', failedAgain);
  }

  it('is not skipped any more when its owner retries it, and its next failure counts', async () => {
    await skipBad();
    await (await link.queue.getJob('1'))?.retry();
    await waitFor(async () => (await link.queue.getFailedCount()) === 1);
    await observe();
    expect(await project()).toMatchObject({ state: 'failed', failure: { taskId: '1' } });
    await observe();
    expect(await skippedIds()).toEqual([]);
    const [entry] = (await services.context.auditLog.read('payments', { limit: 50 })).filter(
      ({ event }) => event === 'skip_ended',
    );
    expect(entry).toMatchObject({ tasks: [{ taskId: '1' }] });
  });

  it('is not skipped any more when its owner removes it', async () => {
    await skipBad();
    await (await link.queue.getJob('1'))?.remove();
    await observe();
    expect(await skippedIds()).toEqual([]);
    expect((await project()).state).toBe('running');
  });

  it('is retried while the project is Running', async () => {
    await skipBad();
    poisoned.clear();
    const { version } = await project();
    const operation = await run('retry');
    expect(operation).toMatchObject({
      state: 'done',
      fromState: 'running',
      toState: 'running',
      outcome: { retriedTasks: 1, tasks: [{ taskId: '1' }] },
    });
    await waitFor(() => processed.length === 1);
    expect(await project()).toMatchObject({ state: 'running', skippedTasks: [], version: version + 2 });
    expect(await failedNames()).toEqual([]);
  });

  it('is retried before newer tasks while the project is Paused, by its name', async () => {
    await skipBad();
    await run('pause');
    poisoned.clear();
    await link.queue.add('newer', {});
    const before = await project();
    expect(await run('retry', { kind: 'named', names: ['payments/1'] })).toMatchObject({ state: 'done' });
    const { since, by, reconciledVersion, version } = await project();
    expect({ since, by }).toEqual({ since: before.since, by: before.by });
    expect(reconciledVersion).toBe(version);
    expect(processed).toEqual([]);
    await run('restore');
    await waitFor(() => processed.length === 2);
    expect(processed).toEqual(['bad', 'newer']);
  });

  it('that fails again after Retry makes the project Failed, and can be skipped at once', async () => {
    await skipBad();
    await run('retry');
    await becomeFailed();
    expect(await requestAction(services.context, { ...request, action: 'restore' })).toMatchObject({ failedAgain: 1 });
  });

  it('cannot be retried any more after its owner has removed it', async () => {
    await skipBad();
    const ref = await requestAndConfirm(withoutJobs(services), { project: 'payments', action: 'retry' });
    await (await link.queue.getJob('1'))?.remove();
    await execute(withoutJobs(services), ref);
    expect(await services.context.operations.read(ref)).toMatchObject({
      state: 'refused',
      refusal: { code: 'not_skipped' },
    });
    expect(await requestAction(services.context, { ...request, action: 'retry' })).toMatchObject({
      refusal: { code: 'not_skipped' },
    });
  });
});
