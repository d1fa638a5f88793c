import { afterEach, beforeEach, expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { runObserver } from '../../src/application/observer.ts';
import { requestAction } from '../../src/application/request-action.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { requestAndConfirmWithoutJob, withoutJobs } from './context-overrides.ts';

let services: TestServices;
let testLink: TestLink;
beforeEach(async () => {
  services = await startTestServices();
  testLink = await services.createLink('payments');
});
afterEach(() => services[Symbol.asyncDispose]());

const request = { project: 'payments', by: 'U0ALICE', reason: null, origin: 'slack', channel: 'C0SYNC' } as const;

/** Lets 40 tasks fail for good, of which BullMQ keeps five. */
async function failFortyTasks() {
  let failedCount = 0;
  const worker = await testLink.startWorker(() => Promise.reject(new Error('no')));
  worker.on('failed', () => failedCount++);
  const task = { name: 'change', data: {}, opts: { removeOnFail: 5 } };
  await testLink.queue.addBulk(Array.from({ length: 40 }, () => task));
  await waitFor(() => failedCount === 40);
  await worker.close();
}

it('the alert, the dialog and the outcome of a restore count the failed tasks that BullMQ has removed, once', async () => {
  await services.createProject('payments', [testLink]);
  await failFortyTasks();
  await runObserver(withoutJobs(services));
  const failed = await services.context.projects.read('payments');
  expect(failed).toMatchObject({ state: 'failed', failure: { removedTasks: 35 } });
  expect(failed?.alerts.project_failed?.alert).toMatchObject({ condition: { failure: { removedTasks: 35 } } });
  await testLink.queue.pause();
  const requested = await requestAction(services.context, { ...request, action: 'restore' });
  expect(requested).toMatchObject({ kind: 'requested', removedTasks: 35 });

  const ref = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
  await execute(withoutJobs(services), ref);
  expect(await services.context.operations.read(ref)).toMatchObject({
    state: 'done',
    outcome: { retriedTasks: 5, removedTasks: 35 },
  });
  await execute(withoutJobs(services), await requestAndConfirmWithoutJob(services, 'payments', 'pause'));
  const later = await requestAction(services.context, { ...request, action: 'restore' });
  expect(later).toMatchObject({ kind: 'requested', removedTasks: 0 });
});

it('the alert of a project with onFailure: continue counts the failed tasks that BullMQ has removed', async () => {
  await services.createProject('payments', [testLink], { onFailure: 'continue' });
  await failFortyTasks();
  await runObserver(withoutJobs(services));
  const project = await services.context.projects.read('payments');
  expect(project?.alerts.tasks_failed?.alert).toMatchObject({ condition: { count: 5, removedTasks: 35 } });
});
