import { expect, it } from 'vitest';
import { openOldProducer, startOldWorker } from '../support/link-workers.ts';
import { waitFor } from '../support/wait.ts';
import { openWorld } from '../support/world.ts';

it('a worker of BullMQ 4 works on through a pause: the bot must not promise that it holds', async () => {
  await using world = await openWorld();
  const owned = await world.link('old');
  const old = { version: 4, url: world.url, queue: 'old' } as const;
  await using worker = await startOldWorker(old);
  await using producer = await openOldProducer({ ...old, version: 6 });
  await world.project('old', [owned]);
  await world.app.startWorker();
  const ref = await world.act('old', 'pause');
  await waitFor(async () => (await world.deps.store.readOperation(ref))?.state === 'done');
  expect(await owned.queue.isPaused()).toBe(true);
  await producer.add(['one', 'two', 'three']);
  await waitFor(() => worker.begun.length === 3, { describe: 'tasks begun although the link is paused' });
  expect(await owned.queue.isPaused()).toBe(true);
  expect(await world.deps.store.read('old')).toMatchObject({ state: 'paused' });
});
