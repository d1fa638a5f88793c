import { afterEach, beforeEach, expect, it } from 'vitest';
import { observeProject } from '../../src/application/look.ts';
import type { Action } from '../../src/domain/project.ts';
import { type LinkWorker, openOldProducer, type Producer, startOldWorker } from '../support/link-workers.ts';
import { waitFor } from '../support/wait.ts';
import { type OwnedLink, openWorld, type World } from '../support/world.ts';

const versions = [5, 6] as const;
type Version = (typeof versions)[number];
interface Mixed {
  readonly owned: OwnedLink;
  readonly worker: LinkWorker;
  readonly producers: Readonly<Record<Version, Producer>>;
}

let world: World;
let links: Mixed[];
let refused: Set<string>;
const closing: AsyncDisposable[] = [];

beforeEach(async () => {
  world = await openWorld();
  refused = new Set();
  links = [];
  for (const version of versions) {
    const queue = `worked-by-${version}`;
    const owned = await world.link(queue);
    const here = { url: world.url, queue };
    const worker = await startOldWorker({ ...here, version }, async (name) => {
      if (refused.has(name)) throw new Error('the target refuses it');
    });
    const [five, six] = [
      await openOldProducer({ ...here, version: 5 }),
      await openOldProducer({ ...here, version: 6 }),
    ];
    closing.push(five, six, worker);
    links.push({ owned, worker, producers: { 5: five, 6: six } });
  }
  await world.project(
    'mixed',
    links.map(({ owned }) => owned),
  );
  await world.app.startWorker();
});
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

async function act(action: Action): Promise<void> {
  const ref = await world.act('mixed', action);
  await waitFor(async () => (await world.deps.store.readOperation(ref))?.state === 'done', { describe: action });
}

async function figures() {
  const project = await world.deps.store.read('mixed');
  return observeProject(world.deps, project ?? expect.unreachable());
}

const names = (by: Version, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${by}-${String(from + index).padStart(3, '0')}`);

/** Both producers add to every link, taking turns. */
async function addTo({ producers }: Mixed, from: number, to: number): Promise<void> {
  for (let task = from; task < to; task++) {
    for (const by of versions) await producers[by].add(names(by, task, task + 1));
  }
}

it('a pause holds workers of 5 and of 6: nothing begins, everything is counted, all of it runs after the restore', async () => {
  await Promise.all(links.map((link) => addTo(link, 0, 20)));
  await waitFor(() => links.every(({ worker }) => worker.begun.length === 40));

  const busy = Promise.all(links.map((link) => addTo(link, 20, 60)));
  await act('pause');
  const atPause = links.map(({ worker }) => worker.begun.length);
  await busy;
  await Promise.all(links.map((link) => addTo(link, 60, 80)));
  await Promise.all(links.map(({ producers }) => producers[5].add(['5-soon'], { delay: 1 })));
  const left = atPause.reduce((sum, begun) => sum + 161 - begun, 0);
  await waitFor(async () => (await figures()).backlog === left);
  expect((await figures()).latencyMs).toBeGreaterThan(0);
  for (const { owned } of links) expect(await world.redis.llen(`bull:${owned.link.queue}:paused`)).toBeGreaterThan(0);
  expect(links.map(({ worker }) => worker.begun.length)).toEqual(atPause);

  await act('restore');
  await waitFor(() => links.every(({ worker }) => worker.begun.length >= 161));
  await waitFor(async () => (await figures()).backlog === 0 && (await figures()).inFlight === 0);
  for (const { worker } of links) {
    for (const by of versions) {
      const own = worker.begun.filter((name) => name.startsWith(`${by}-`) && name !== '5-soon');
      expect(own).toEqual(names(by, 0, 80));
    }
    expect(worker.begun.filter((name) => name === '5-soon')).toHaveLength(1);
  }
  expect((await figures()).latencyMs).toBe(0);
});

it('what failed runs before everything that came while it was held, whoever added it', async () => {
  refused.add('6-000').add('6-001');
  await Promise.all(links.map(({ producers }) => producers[6].add(names(6, 0, 2))));
  await waitFor(async () => (await world.deps.store.read('mixed'))?.state === 'failed');
  await waitFor(async () => (await Promise.all(links.map(({ owned }) => owned.queue.isPaused()))).every(Boolean));
  await waitFor(() => links.every(({ worker }) => worker.begun.length === 2));
  await Promise.all(links.map((link) => addTo(link, 2, 12)));
  refused.clear();
  await act('restore');
  await waitFor(() => links.every(({ worker }) => worker.begun.length >= 24));
  for (const { worker } of links) {
    expect(worker.begun.slice(0, 4)).toEqual(['6-000', '6-001', '6-000', '6-001']);
    const later = worker.begun.slice(4);
    expect(later.toSorted()).toEqual([...names(5, 2, 12), ...names(6, 2, 12)]);
    // The resume of BullMQ lets go first what a producer of 5 has put aside.
    expect(later).toEqual([...names(5, 2, 12), ...names(6, 2, 12)]);
  }
});
