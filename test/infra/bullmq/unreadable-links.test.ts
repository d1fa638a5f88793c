import type { Queue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute } from '../../../src/application/execute.ts';
import { noWatermark } from '../../../src/domain/link.ts';
import { requestAndConfirmWithoutJob, withoutJobs } from '../../application/context-overrides.ts';
import { startTestServices, type TestLink, type TestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';

let services: TestServices;
let link: TestLink;
let queue: Queue;
beforeEach(async () => {
  services = await startTestServices();
  link = await services.createLink('orders');
  queue = link.queue;
});
afterEach(() => services[Symbol.asyncDispose]());

const observe = async () => (await services.context.links.observe([{ link: link.link, watermark: noWatermark }]))[0];

async function failTask(name: string) {
  const failedBefore = await queue.getFailedCount();
  const worker = await link.startWorker(() => Promise.reject(new Error('row 7')));
  await queue.add(name, {}, { jobId: name });
  await waitFor(async () => (await queue.getFailedCount()) > failedBefore);
  await worker.close();
}

async function addTaskWithTimestamp(timestamp: string) {
  const { id } = await queue.add('odd', {});
  await services.redis.hset(`bull:orders:${id}`, 'timestamp', timestamp);
}

const oddTasks: readonly (readonly [what: string, add: () => Promise<unknown>])[] = [
  ['the timestamp yesterday', () => addTaskWithTimestamp('yesterday')],
  ['the timestamp nan', () => addTaskWithTimestamp('nan')],
  ['the timestamp inf', () => addTaskWithTimestamp('inf')],
  ['the id paused', () => queue.add('odd', {}, { jobId: 'paused' })],
];

describe.each(oddTasks)('a queue that has a task with %s', (_what, addOddTask) => {
  it('is unreadable, and its pause flag and its failures are read', async () => {
    await failTask('bad');
    await addOddTask();
    await queue.pause();
    expect(await observe()).toEqual({
      kind: 'unreadable',
      link: link.link,
      now: expect.any(Number),
      paused: true,
      bullmqVersion: expect.stringMatching(/^bullmq:/),
      failuresAfterWatermark: 1,
      oldestFailures: [{ taskId: 'bad', at: expect.any(Number), reason: 'row 7' }],
      newestFailed: {
        at: expect.any(Number),
        known: [{ taskId: 'bad', at: expect.any(Number) }],
        eventId: expect.any(String),
      },
    });
  });

  it('does not make the other links of its connection unreadable', async () => {
    const other = await services.createLink('users');
    await addOddTask();
    const observed = await services.context.links.observe(
      [link, other].map((each) => ({ link: each.link, watermark: noWatermark })),
    );
    expect(observed.map(({ kind }) => kind)).toEqual(['unreadable', 'read']);
  });

  it('is paused, and restored with its failed tasks', async () => {
    await services.createProject('orders', [link]);
    await failTask('bad');
    await addOddTask();
    for (const [action, state] of [
      ['pause', 'paused'],
      ['restore', 'running'],
    ] as const) {
      const ref = await requestAndConfirmWithoutJob(services, 'orders', action);
      await execute(withoutJobs(services), ref);
      expect(await services.context.operations.read(ref)).toMatchObject({ state: 'done', toState: state });
    }
    expect(await queue.isPaused()).toBe(false);
    const completed: string[] = [];
    const worker = await link.startWorker(async (job) => completed.push(job.name));
    await waitFor(() => completed.length === 2);
    await worker.close();
    expect(completed.sort()).toEqual(['bad', 'odd']);
  });
});

it('A completed task called paused survives a pause and a restore.', async () => {
  await services.createProject('orders', [link]);
  const worker = await link.startWorker(async () => {});
  await queue.add('odd', {}, { jobId: 'paused' });
  await waitFor(() => queue.getCompletedCount());
  await worker.close();
  for (const action of ['pause', 'restore'] as const) {
    await execute(withoutJobs(services), await requestAndConfirmWithoutJob(services, 'orders', action));
  }
  expect(await services.redis.type('bull:orders:paused')).toBe('hash');
  expect(await services.redis.type('bull:orders:wait')).not.toBe('hash');
});
