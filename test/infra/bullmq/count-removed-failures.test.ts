import type { JobsOptions } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { noWatermark, type Watermark } from '../../../src/domain/link.ts';
import { countRemovedFailures } from '../../../src/infra/bullmq/count-removed-failures.ts';
import { createLinkConnections } from '../../../src/infra/bullmq/link-connections.ts';
import { startTestServices, type TestLink, type TestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';
import { failTasks, missingLink, observeLink } from '../link-fixture.ts';

let services: TestServices;
let testLink: TestLink;
beforeEach(async () => {
  services = await startTestServices();
  testLink = await services.createLink('payments');
});
afterEach(() => services[Symbol.asyncDispose]());

const countRemoved = (watermark: Watermark = noWatermark, link = testLink.link) =>
  services.context.links.countRemovedFailures([{ link, watermark }]);

describe('counting failed tasks that were removed', () => {
  it.each<[string, JobsOptions, kept: number, removed: number]>([
    ['no removeOnFail', {}, 12, 0],
    ['a count', { removeOnFail: 5 }, 5, 7],
    ['a count in an object', { removeOnFail: { age: 3_600, count: 3 } }, 3, 9],
    ['removeOnFail: true', { removeOnFail: true }, 0, 12],
  ])('With %s every failed task is either kept or counted.', async (_name, opts, kept, removed) => {
    await failTasks(testLink, 12, opts);
    expect(await testLink.queue.getFailedCount()).toBe(kept);
    expect(await countRemoved()).toEqual([removed]);
  });

  it('A failure before the watermark does not count.', async () => {
    await failTasks(testLink, 5, { removeOnFail: 2 });
    const { newestFailed } = await observeLink(services, testLink.link);
    expect(await countRemoved(newestFailed)).toEqual([0]);
    await failTasks(testLink, 3, { removeOnFail: 2 });
    expect(await countRemoved(newestFailed)).toEqual([1]);
  });

  it('A task counts neither if it was retried, nor if a person removed it, nor if its id was added again.', async () => {
    await failTasks(testLink, 4, { removeOnComplete: true });
    await failTasks(testLink, 1, { jobId: 'again', removeOnFail: true });
    expect(await countRemoved()).toEqual([1]);
    const [first, second] = await testLink.queue.getFailed();
    await first?.retry();
    await second?.remove();
    await testLink.queue.add('change', {}, { jobId: 'again', removeOnComplete: true });
    const worker = await testLink.startWorker(async () => {});
    await waitFor(async () => (await testLink.queue.getWaitingCount()) + (await testLink.queue.getActiveCount()) === 0);
    await worker.close();
    expect(await testLink.queue.getFailedCount()).toBe(2);
    expect(await countRemoved()).toEqual([0]);
  });

  it('More events than a page has are read.', async () => {
    await failTasks(testLink, 700, { removeOnFail: 1 });
    expect(await services.redis.xlen('bull:payments:events')).toBeGreaterThan(2_000);
    expect(await countRemoved()).toEqual([699]);
  });

  it('A stream that takes too long is not read to its end, and the count is 0.', async () => {
    await failTasks(testLink, 700, { removeOnFail: 1 });
    const connections = createLinkConnections({ default: services.config.redis }, () => {});
    onTestFinished(() => connections[Symbol.asyncDispose]());
    const connection = connections.get('default') ?? expect.unreachable();
    const [item, readings] = [{ link: testLink.link, watermark: noWatermark }, [0, 1_000, 2_001]];
    expect(await countRemovedFailures(connection, item, () => readings.shift() ?? expect.unreachable())).toBe(0);
    expect(readings).toEqual([]);
  });

  it('The count of a queue that does not exist, or that does not answer, is 0.', async () => {
    expect(await countRemoved(noWatermark, missingLink)).toEqual([0]);
    expect(await countRemoved(noWatermark, { ...testLink.link, connection: 'nowhere' })).toEqual([0]);
  });
});

describe('failedRetention', () => {
  it.each([
    [{}, { kind: 'all' }],
    [{ removeOnFail: false }, { kind: 'all' }],
    [{ removeOnFail: { count: -1 } }, { kind: 'all' }],
    [{ removeOnFail: true }, { kind: 'none' }],
    [{ removeOnFail: 0 }, { kind: 'none' }],
    [{ removeOnFail: 50 }, { kind: 'bounded', count: 50, ageMs: null }],
    [{ removeOnFail: { age: 60 } }, { kind: 'bounded', count: null, ageMs: 60_000 }],
    [{ removeOnFail: { age: 60, count: 7 } }, { kind: 'bounded', count: 7, ageMs: 60_000 }],
    [{ removeOnFail: { age: -1 } }, { kind: 'none' }],
    [{ removeOnFail: { age: 1e306 } }, { kind: 'all' }],
  ] as const)('With the options %j of the next task it is %j.', async (opts, expected) => {
    await testLink.queue.add('change', {}, opts);
    expect((await observeLink(services, testLink.link)).failedRetention).toEqual(expected);
  });

  it('The options of the newest failed task count if no task waits, or if the next one has no bound.', async () => {
    expect((await observeLink(services, testLink.link)).failedRetention).toBeNull();
    await failTasks(testLink, 1, { removeOnFail: 5 });
    const bounded = { kind: 'bounded', count: 5, ageMs: null };
    expect((await observeLink(services, testLink.link)).failedRetention).toEqual(bounded);
    await testLink.queue.add('change', {});
    expect((await observeLink(services, testLink.link)).failedRetention).toEqual(bounded);
  });
});
