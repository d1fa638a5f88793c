import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { sweep } from '../../src/application/sweep.ts';
import { isUnfinished, type OperationRef } from '../../src/domain/operation.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { requestAndConfirmWithoutJob } from './context-overrides.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices();
});
afterEach(() => services[Symbol.asyncDispose]());

const waitForOutcome = (ref: OperationRef) =>
  waitFor(async () => {
    const operation = await services.context.operations.read(ref);
    return operation !== null && !isUnfinished(operation) && operation;
  });

describe('an action, from the request to its outcome', () => {
  it('pauses every link of a Running project, and no task starts afterwards', async () => {
    const links = await Promise.all(['a', 'b', 'c'].map((name) => services.createLink(name)));
    const started: string[] = [];
    for (const { startWorker } of links) await startWorker(async (job) => started.push(job.name));
    await services.createProject('orders', links);
    await services.instance.startWorkers();

    const operation = await waitForOutcome(await services.requestAndConfirm('orders', 'pause'));

    expect(operation).toMatchObject({ state: 'done', outcome: { linksTotal: 3, linksDone: 3, inFlight: 0 } });
    expect(await services.context.projects.read('orders')).toMatchObject({
      state: 'paused',
      version: 3,
      by: 'U0ALICE',
      activeOperation: null,
    });
    for (const { queue } of links) expect(await queue.isPaused()).toBe(true);
    const startedCount = started.length;
    for (const { queue } of links) await queue.add('late', {});
    for (const { queue } of links) expect(await queue.getWaitingCount()).toBe(1);
    expect(started.length).toBe(startedCount);
  });

  it('starts a Not Started project whose links have workers', async () => {
    const link = await services.createLink('users-full');
    await link.startWorker(async () => {});
    await link.queue.pause();
    await services.createProject('users', [link], { state: 'not_started' });
    await services.instance.startWorkers();

    expect(await waitForOutcome(await services.requestAndConfirm('users', 'start'))).toMatchObject({
      state: 'done',
      toState: 'running',
    });
    expect(await link.queue.isPaused()).toBe(false);
  });

  it('restores a Failed project: the failed tasks run first, oldest first', async () => {
    const link = await services.createLink('payments-full');
    const completed: string[] = [];
    let isBroken = true;
    await link.startWorker(async (job) => {
      if (isBroken && job.name.startsWith('bad')) throw new Error('refused by the target');
      completed.push(job.name);
    });
    await services.createProject('payments', [link]);
    await services.instance.startWorkers();
    await link.queue.add('bad-1', {});
    await link.queue.add('bad-2', {});
    await waitFor(async () => (await services.context.projects.read('payments'))?.state === 'failed');
    await waitFor(() => link.queue.isPaused());
    await link.queue.add('new-1', {});
    const failed = await services.context.projects.read('payments');
    expect(failed).toMatchObject({ by: 'syncbot', failure: { taskId: '1', reason: 'refused by the target' } });

    isBroken = false;
    const operation = await waitForOutcome(await services.requestAndConfirm('payments', 'restore'));

    expect(operation).toMatchObject({ state: 'done', fromState: 'failed', toState: 'running' });
    await waitFor(() => completed.length === 3);
    expect(completed.slice(-3)).toEqual(['bad-1', 'bad-2', 'new-1']);
    expect(await services.context.projects.read('payments')).toMatchObject({ state: 'running', failure: null });
  });

  it('accepts one of two equal operations and refuses the other, and the refusal names the first requester', async () => {
    const link = await services.createLink('orders-full');
    await services.createProject('orders', [link]);
    const [first, second] = [
      await services.requestAndConfirm('orders', 'pause', 'U0ALICE'),
      await services.requestAndConfirm('orders', 'pause', 'U0BOB'),
    ];
    await Promise.all([
      execute(services.context, first),
      execute(services.addInstance().context, second),
      execute(services.context, first),
    ]);

    const outcomes = await Promise.all([waitForOutcome(first), waitForOutcome(second)]);
    expect(outcomes.map(({ state }) => state).sort()).toEqual(['done', 'refused']);
    expect(outcomes.find(({ state }) => state === 'refused')?.refusal).toMatchObject({
      code: expect.stringMatching(/operation_active|not_allowed/),
      by: outcomes.find(({ state }) => state === 'done')?.by,
    });
    expect(await services.context.projects.read('orders')).toMatchObject({ state: 'paused', version: 3 });
  });

  it('is executed by the sweep when its job was never added', async () => {
    const link = await services.createLink('orders-full');
    await services.createProject('orders', [link]);
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    await sweep(services.context);
    await services.instance.startWorkers();
    expect(await waitForOutcome(ref)).toMatchObject({ state: 'done' });
  });
});
