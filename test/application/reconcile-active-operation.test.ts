import { expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { reconcile } from '../../src/application/reconcile.ts';
import { startTestServices } from '../support/test-services.ts';
import { once, overrideContext, requestAndConfirmWithoutJob, runAfter, withoutJobs } from './context-overrides.ts';

it('sets no flag after another execution has completed the operation and the version has changed', async () => {
  await using services = await startTestServices();
  const testLink = await services.createLink('payments');
  await services.createProject('payments', [testLink]);
  const pause = await requestAndConfirmWithoutJob(services, 'payments', 'pause');
  await services.context.operations.claim(pause, 'late');
  const pauseCommands: string[] = [];
  // Another execution of the same operation completes it, and another client resumes the link.
  const completeElsewhere = once(async () => {
    await execute(withoutJobs(services), pause);
    await testLink.queue.resume();
  });
  let reads = 0;
  const restoreOnThirdRead = async () => {
    reads += 1;
    if (reads === 3)
      await execute(withoutJobs(services), await requestAndConfirmWithoutJob(services, 'payments', 'restore'));
  };
  const { readStatuses, setPaused } = services.context.links;
  const context = overrideContext(services.context, {
    links: {
      readStatuses: runAfter(readStatuses, restoreOnThirdRead),
      setPaused: runAfter(async (links, desired, timeouts) => {
        pauseCommands.push(`${desired} while ${(await services.context.projects.read('payments'))?.state}`);
        return setPaused(links, desired, timeouts);
      }, completeElsewhere),
    },
  });
  expect(await reconcile(context, { project: 'payments', operationId: pause.operation, timeoutMs: 0 })).toMatchObject({
    kind: 'reconciled',
    project: { state: 'running' },
  });
  expect(pauseCommands).toEqual(['paused while pausing']);
});
