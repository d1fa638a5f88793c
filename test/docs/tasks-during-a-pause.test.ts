import { FlowProducer, type Job, type Worker } from 'bullmq';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { observeLink } from '../infra/link-fixture.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { readPage } from './pages.ts';

let services: TestServices;
beforeAll(async () => {
  services = await startTestServices();
});
afterAll(() => services[Symbol.asyncDispose]());

/** The tests of the rows of docs/tasks-during-a-pause.md, by their first column. */
const tests: Readonly<Record<string, () => Promise<void>>> = {
  async 'a delayed task'() {
    const { link, names, pause, restore } = await startProject('delayed');
    await pause();
    await link.queue.add('due', {}, { delay: 1 });
    await link.queue.add('later', {}, { delay: 3_600_000 });
    const due = await waitFor(async () => (await observeLink(services, link.link)).oldestRunnableAt);
    const task = (await link.queue.getJobs(['waiting', 'delayed'])).find(({ name }) => name === 'due');
    expect(due).toBe((task?.timestamp ?? 0) + 1);
    // No worker has moved it to the waiting tasks.
    expect(await countsOf(link)).toEqual({ delayed: 2 });
    await recordTasks(link, names);
    await waitFor(async () => (await countsOf(link))['waiting'] === 1);
    expect(names).toEqual([]);
    await restore();
    await waitFor(() => names.length === 1);
    expect(names).toEqual(['due']);
    expect(await link.queue.getDelayedCount()).toBe(1);
  },

  async 'a task in flight that fails and has attempts left'() {
    const { link, pause, restore } = await startProject('attempts');
    const attempts: number[] = [];
    let failFirst = () => {};
    const firstFails = new Promise<void>((_resolve, reject) => {
      failFirst = () => reject(new Error('no'));
    });
    await link.startWorker(async ({ attemptsMade }) => {
      attempts.push(attemptsMade);
      if (attemptsMade === 0) await firstFails;
    });
    await link.queue.add('row', {}, { attempts: 2, backoff: 10 });
    await waitFor(() => attempts.length === 1);
    await pause();
    failFirst();
    await waitFor(async () => (await countsOf(link))['waiting'] === 1);
    expect(attempts).toEqual([0]);
    await restore();
    await waitFor(() => attempts.length === 2);
    expect(attempts).toEqual([0, 1]);
  },

  async 'a prioritized task'() {
    const { link, names, pause, restore } = await startProject('priorities');
    await pause();
    await link.queue.addBulk(
      [
        { name: 'priority 5', opts: { priority: 5 } },
        { name: 'no priority' },
        { name: 'priority 1', opts: { priority: 1 } },
      ].map((task) => ({ data: {}, ...task })),
    );
    await recordTasks(link, names);
    await restore();
    await waitFor(() => names.length === 3);
    expect(names).toEqual(['no priority', 'priority 1', 'priority 5']);
  },

  async 'a job scheduler'() {
    const { link, pause, restore } = await startProject('scheduler');
    const slots = await recordSlots(link);
    await link.queue.upsertJobScheduler('tick', { every: 100 });
    await waitFor(() => slots.length > 0);
    await pause();
    const waiting = await waitFor(async () => (await link.queue.getWaiting())[0]);
    await waitFor(() => Date.now() > slotOf(waiting) + 500, { description: 'five missed runs' });
    expect(await link.queue.getJobCounts('waiting', 'delayed', 'active')).toEqual({
      waiting: 1,
      delayed: 0,
      active: 0,
    });
    expect(slots).not.toContain(slotOf(waiting));
    const restoredAt = Date.now();
    await restore();
    await waitFor(() => slots.includes(slotOf(waiting)) && slots.length > slots.indexOf(slotOf(waiting)) + 1);
    await link.queue.removeJobScheduler('tick');
    const runs = slots.slice(slots.indexOf(slotOf(waiting)));
    expect(runs.filter((slot) => slot < restoredAt - 100)).toEqual([slotOf(waiting)]);
  },

  async 'a job scheduler that a service upserts again during the pause'() {
    const { link, pause, restore } = await startProject('upserts');
    const upsert = ({ queue }: TestLink) => queue.upsertJobScheduler('tick', { every: 100 });
    const { link: running } = await startProject('upserts-running');
    for (const one of [running, link]) await upsert(one);
    await pause();
    for (const one of [running, link]) {
      await one.queue.promoteJobs();
      await upsert(one);
    }
    const total = async (one: TestLink) => Object.values(await countsOf(one)).reduce((sum, count) => sum + count, 0);
    expect([await total(running), await total(link)]).toEqual([1, 2]);
    const slots = await recordSlots(link);
    await waitFor(async () => (await countsOf(link))['waiting'] === 2);
    const waiting = (await link.queue.getWaiting()).map(slotOf);
    await restore();
    await waitFor(() => waiting.every((slot) => slots.includes(slot)));
    await link.queue.removeJobScheduler('tick');
  },

  async 'a job scheduler that is removed during the pause'() {
    const { link, pause, restore } = await startProject('removal');
    await pause();
    await link.queue.upsertJobScheduler('tick', { every: 100 });
    const slots = await recordSlots(link);
    const waiting = slotOf(await waitFor(async () => (await link.queue.getWaiting())[0]));
    await link.queue.removeJobScheduler('tick');
    await restore();
    await waitFor(async () => (await countsOf(link))['completed'] === 1);
    expect([slots, await countsOf(link)]).toEqual([[waiting], { completed: 1 }]);
  },

  async 'a flow whose children are in a paused queue'() {
    const { parent, children, names } = await startFlow('children-paused');
    await children.pause();
    await addFlow(parent.link, children.link);
    await waitFor(async () => (await countsOf(children.link))['waiting'] === 2);
    expect(await countsOf(parent.link)).toEqual({ 'waiting-children': 1 });
    expect(await observeLink(services, parent.link.link)).toMatchObject({ waiting: 0, oldestRunnableAt: null });
    await children.restore();
    await waitFor(() => names.length === 3);
    expect(names).toEqual(['child 1', 'child 2', 'parent']);
  },

  async 'a flow whose parent is in a paused queue'() {
    const { parent, children, names } = await startFlow('parent-paused');
    await parent.pause();
    await addFlow(parent.link, children.link);
    await waitFor(async () => (await countsOf(parent.link))['waiting'] === 1);
    expect(names).toEqual(['child 1', 'child 2']);
    await parent.restore();
    await waitFor(() => names.length === 3);
  },

  async 'a rate limit'() {
    const { link, names, pause, restore } = await startProject('limits');
    await link.queue.setGlobalRateLimit(1, 1_000);
    await link.queue.setGlobalConcurrency(2);
    await recordTasks(link, names);
    await link.queue.addBulk(['first', 'second'].map((name) => ({ name, data: {} })));
    await waitFor(() => names.length === 1);
    await pause();
    const limitEndsAt = Date.now() + (await services.redis.pttl('bull:limits:limiter'));
    await restore();
    await waitFor(async () => (await countsOf(link))['completed'] === 2);
    const [second] = await link.queue.getCompleted(0, 0);
    expect(second?.processedOn).toBeGreaterThanOrEqual(limitEndsAt - 1);
    expect(await services.redis.hgetall('bull:limits:meta')).toMatchObject({
      max: '1',
      duration: '1000',
      concurrency: '2',
    });
  },

  async 'a deduplicated task'() {
    const { link, pause, restore } = await startProject('deduplication');
    const values: string[] = [];
    await pause();
    const add = (name: string, value: number, ttl?: number) =>
      link.queue.add(name, { value }, { deduplication: { id: name, ...(ttl === undefined ? {} : { ttl }) } });
    for (const value of [1, 2]) await add('simple', value);
    await add('for 1 ms', 1, 1);
    await waitFor(async () => (await link.queue.getDeduplicationJobId('for 1 ms')) === null);
    await add('for 1 ms', 2, 1);
    await link.startWorker(async ({ name, data }) => values.push(`${name}: ${data.value}`));
    await restore();
    await waitFor(() => values.length === 3);
    expect(values).toEqual(['simple: 1', 'for 1 ms: 1', 'for 1 ms: 2']);
  },
};

describe('during a pause and after the restore', () => {
  test.each(Object.entries(tests))('%s behaves as docs/tasks-during-a-pause.md describes', (_kind, run) => run());
});

test('each row of the page has a test', () => {
  const rows = [...readPage('docs/tasks-during-a-pause.md').matchAll(/^\| (a [^|]+?) \|/gm)].map(([, kind]) => kind);
  expect(rows).toEqual(Object.keys(tests));
});

/** Creates a Running project with one link of the same name. */
async function startProject(id: string) {
  const link = await services.createLink(id);
  await services.createProject(id, [link]);
  const act = async (action: 'pause' | 'restore') =>
    execute(services.context, await services.requestAndConfirm(id, action));
  /** The names of the tasks that began, in order. */
  const names: string[] = [];
  return { link, names, pause: () => act('pause'), restore: () => act('restore') };
}

/** Starts two projects with a worker each. Their tasks are recorded in one list. */
async function startFlow(id: string) {
  const [parent, children] = [await startProject(`${id}-parent`), await startProject(`${id}-children`)];
  const names: string[] = [];
  for (const { link } of [parent, children]) await recordTasks(link, names);
  return { parent, children, names };
}

async function addFlow(parent: TestLink, children: TestLink): Promise<void> {
  const flows = new FlowProducer({ connection: services.redis });
  onTestFinished(() => flows.close());
  const queueName = children.queue.name;
  const tasks = ['child 1', 'child 2'].map((name) => ({ name, queueName }));
  await flows.add({ name: 'parent', queueName: parent.queue.name, children: tasks });
}

const recordTasks = (link: TestLink, names: string[]): Promise<Worker> =>
  link.startWorker(async ({ name }) => names.push(name));

/** Starts a worker, and records the times for which a scheduler made the tasks that began. */
async function recordSlots(link: TestLink): Promise<readonly number[]> {
  const slots: number[] = [];
  await link.startWorker(async (job) => slots.push(slotOf(job)));
  return slots;
}

const slotOf = ({ id }: Job): number => Number(id?.split(':').at(-1));

/** How many tasks a queue has of each state, without zeros. */
async function countsOf({ queue }: TestLink): Promise<Record<string, number>> {
  return Object.fromEntries(Object.entries(await queue.getJobCounts()).filter(([, count]) => count > 0));
}
