import { expect, it } from 'vitest';
import { startProducerOfVersion, startWorkerOfVersion } from '../support/bullmq-versions.ts';
import { startTestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

it('A worker of BullMQ 4 ignores a pause.', async () => {
  await using services = await startTestServices();
  const testLink = await services.createLink('old');
  const workerOptions = { version: 4, url: services.url, queue: 'old' } as const;
  await using worker = await startWorkerOfVersion(workerOptions);
  await using producer = await startProducerOfVersion({ ...workerOptions, version: 6 });
  await services.createProject('old', [testLink]);
  await services.instance.startWorkers();
  const ref = await services.requestAndConfirm('old', 'pause');
  await waitFor(async () => (await services.context.operations.read(ref))?.state === 'done');
  expect(await testLink.queue.isPaused()).toBe(true);
  await producer.add(['one', 'two', 'three']);
  await waitFor(() => worker.startedTasks.length === 3, {
    description: 'tasks that started although the link is paused',
  });
  expect(await testLink.queue.isPaused()).toBe(true);
  expect(await services.context.projects.read('old')).toMatchObject({ state: 'paused' });
});
