import { afterEach, beforeEach, expect, it } from 'vitest';
import { observeProject } from '../../src/application/queries.ts';
import type { Action } from '../../src/domain/lifecycle.ts';
import {
  type LinkWorker,
  type Producer,
  startProducerOfVersion,
  startWorkerOfVersion,
} from '../support/bullmq-versions.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

const versions = [5, 6] as const;
type Version = (typeof versions)[number];
interface MixedLink {
  readonly testLink: TestLink;
  readonly worker: LinkWorker;
  readonly producers: Readonly<Record<Version, Producer>>;
}

let services: TestServices;
let links: MixedLink[];
let rejectedTasks: Set<string>;
const cleanup: AsyncDisposable[] = [];

beforeEach(async () => {
  services = await startTestServices();
  rejectedTasks = new Set();
  links = [];
  for (const version of versions) {
    const queue = `worked-by-${version}`;
    const testLink = await services.createLink(queue);
    const queueOptions = { url: services.url, queue };
    const worker = await startWorkerOfVersion({ ...queueOptions, version }, async (name) => {
      if (rejectedTasks.has(name)) throw new Error('the target refuses it');
    });
    const [five, six] = [
      await startProducerOfVersion({ ...queueOptions, version: 5 }),
      await startProducerOfVersion({ ...queueOptions, version: 6 }),
    ];
    cleanup.push(five, six, worker);
    links.push({ testLink, worker, producers: { 5: five, 6: six } });
  }
  await services.createProject(
    'mixed',
    links.map(({ testLink }) => testLink),
  );
  await services.instance.startWorkers();
});
afterEach(async () => {
  for (const resource of cleanup.splice(0).reverse()) await resource[Symbol.asyncDispose]();
  await services[Symbol.asyncDispose]();
});

async function runAction(action: Action): Promise<void> {
  const ref = await services.requestAndConfirm('mixed', action);
  await waitFor(async () => (await services.context.operations.read(ref))?.state === 'done', { description: action });
}

async function readStats() {
  const project = await services.context.projects.read('mixed');
  return observeProject(services.context, project ?? expect.unreachable());
}

const taskNames = (version: Version, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${version}-${String(from + index).padStart(3, '0')}`);

/** The producers of both versions add to the link in turn. */
async function addTasks({ producers }: MixedLink, from: number, to: number): Promise<void> {
  for (let task = from; task < to; task++) {
    for (const version of versions) await producers[version].add(taskNames(version, task, task + 1));
  }
}

it('Workers of BullMQ 5 and 6 keep to a pause, every task is counted, and every task runs once after the restore.', async () => {
  await Promise.all(links.map((link) => addTasks(link, 0, 20)));
  await waitFor(() => links.every(({ worker }) => worker.startedTasks.length === 40));

  const adding = Promise.all(links.map((link) => addTasks(link, 20, 60)));
  await runAction('pause');
  const startedAtPause = links.map(({ worker }) => worker.startedTasks.length);
  await adding;
  await Promise.all(links.map((link) => addTasks(link, 60, 80)));
  await Promise.all(links.map(({ producers }) => producers[5].add(['5-soon'], { delay: 1 })));
  const expectedBacklog = startedAtPause.reduce((sum, started) => sum + 161 - started, 0);
  await waitFor(async () => (await readStats()).backlog === expectedBacklog);
  expect((await readStats()).latencyMs).toBeGreaterThan(0);
  for (const { testLink } of links)
    expect(await services.redis.llen(`bull:${testLink.link.queue}:paused`)).toBeGreaterThan(0);
  expect(links.map(({ worker }) => worker.startedTasks.length)).toEqual(startedAtPause);

  await runAction('restore');
  await waitFor(() => links.every(({ worker }) => worker.startedTasks.length >= 161));
  await waitFor(async () => (await readStats()).backlog === 0 && (await readStats()).inFlight === 0);
  for (const { worker } of links) {
    for (const version of versions) {
      const own = worker.startedTasks.filter((name) => name.startsWith(`${version}-`) && name !== '5-soon');
      expect(own).toEqual(taskNames(version, 0, 80));
    }
    expect(worker.startedTasks.filter((name) => name === '5-soon')).toHaveLength(1);
  }
  expect((await readStats()).latencyMs).toBe(0);
});

it('Failed tasks run before tasks that were added during the pause, whichever version added them.', async () => {
  rejectedTasks.add('6-000').add('6-001');
  await Promise.all(links.map(({ producers }) => producers[6].add(taskNames(6, 0, 2))));
  await waitFor(async () => (await services.context.projects.read('mixed'))?.state === 'failed');
  await waitFor(async () => (await Promise.all(links.map(({ testLink }) => testLink.queue.isPaused()))).every(Boolean));
  await waitFor(() => links.every(({ worker }) => worker.startedTasks.length === 2));
  await Promise.all(links.map((link) => addTasks(link, 2, 12)));
  rejectedTasks.clear();
  await runAction('restore');
  await waitFor(() => links.every(({ worker }) => worker.startedTasks.length >= 24));
  for (const { worker } of links) {
    expect(worker.startedTasks.slice(0, 4)).toEqual(['6-000', '6-001', '6-000', '6-001']);
    const laterTasks = worker.startedTasks.slice(4);
    expect(laterTasks.toSorted()).toEqual([...taskNames(5, 2, 12), ...taskNames(6, 2, 12)]);
    // The oldest task of `paused`, where BullMQ 5 adds, is older than the oldest of `wait`: so all of `paused` runs first.
    expect(laterTasks).toEqual([...taskNames(5, 2, 12), ...taskNames(6, 2, 12)]);
  }
});
