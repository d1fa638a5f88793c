import { expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { reconcile } from '../../src/application/reconcile.ts';
import { startTestServices } from '../support/test-services.ts';
import { confirmOperation, once, runAfter, withDeps, withoutJobs } from './fault-injection.ts';

it('a run whose operation another has ended drives nothing at a version that was read before the flags', async () => {
  await using services = await startTestServices();
  const testLink = await services.createLink('payments');
  await services.createProject('payments', [testLink]);
  const pause = await confirmOperation(services, 'payments', 'pause');
  await services.deps.operations.claim(pause, 'late');
  const pauseCommands: string[] = [];
  // Another run of the same operation ends it, and somebody resumes the link.
  const completeElsewhere = once(async () => {
    await execute(withoutJobs(services), pause);
    await testLink.queue.resume();
  });
  let reads = 0;
  const restoreOnThirdRead = async () => {
    reads += 1;
    if (reads === 3) await execute(withoutJobs(services), await confirmOperation(services, 'payments', 'restore'));
  };
  const { readStatuses, setPaused: drive } = services.deps.links;
  const deps = withDeps(services.deps, {
    links: {
      readStatuses: runAfter(readStatuses, restoreOnThirdRead),
      setPaused: runAfter(async (links, desired, timeouts) => {
        pauseCommands.push(`${desired} while ${(await services.deps.projects.read('payments'))?.state}`);
        return drive(links, desired, timeouts);
      }, completeElsewhere),
    },
  });
  expect(await reconcile(deps, { project: 'payments', operationId: pause.operation, timeoutMs: 0 })).toMatchObject({
    kind: 'agreed',
    project: { state: 'running' },
  });
  expect(pauseCommands).toEqual(['paused while pausing']);
});
