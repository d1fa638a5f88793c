import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noWatermark } from '../../../src/domain/link.ts';
import { startTestServices, type TestLink, type TestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';
import { failTasks, missingLink, snapshotKeys } from '../link-fixture.ts';

let services: TestServices;
let testLink: TestLink;
beforeEach(async () => {
  services = await startTestServices();
  testLink = await services.createLink('payments');
});
afterEach(() => services[Symbol.asyncDispose]());

const failedAt = async (id: string) => Number(await services.redis.zscore('bull:payments:failed', id));
const retry = async (...ids: readonly string[]) => {
  const failures = await Promise.all(ids.map(async (taskId) => ({ taskId, at: await failedAt(taskId) })));
  return services.context.links.retryTasks([{ link: testLink.link, failures }]);
};

describe('retrying single tasks', () => {
  it('moves them before newer ones, oldest first, and leaves the other failed ones', async () => {
    await failTasks(testLink, 3, {});
    await testLink.queue.pause();
    await testLink.queue.add('newer', {});
    expect(await retry('2', '1')).toEqual([{ kind: 'retried', tasks: 2 }]);
    expect((await services.redis.lrange('bull:payments:wait', 0, -1)).reverse()).toEqual(['1', '2', '4']);
    expect((await testLink.queue.getFailed()).map(({ id }) => id)).toEqual(['3']);
    const before = await snapshotKeys(services);
    expect(await retry('2', '1')).toEqual([{ kind: 'retried', tasks: 0 }]);
    expect(await snapshotKeys(services)).toEqual(before);
  });

  it('wakes a worker of a link that is not paused, also for a prioritized task', async () => {
    await failTasks(testLink, 1, {});
    await failTasks(testLink, 1, { priority: 3 });
    const processed: (string | undefined)[] = [];
    await testLink.startWorker(async ({ id }) => processed.push(id));
    await waitFor(async () => (await services.redis.zcard('bull:payments:marker')) === 0);
    expect(await retry('1')).toEqual([{ kind: 'retried', tasks: 1 }]);
    await waitFor(() => processed.length === 1);
    expect(await retry('2')).toEqual([{ kind: 'retried', tasks: 1 }]);
    await waitFor(() => processed.length === 2);
    expect(processed).toEqual(['1', '2']);
  });

  it('leaves a task that has failed at another time', async () => {
    await failTasks(testLink, 1, {});
    const failures = [{ taskId: '1', at: (await failedAt('1')) - 1 }];
    const before = await snapshotKeys(services);
    expect(await services.context.links.retryTasks([{ link: testLink.link, failures }])).toEqual([
      { kind: 'retried', tasks: 0 },
    ]);
    expect(await snapshotKeys(services)).toEqual(before);
  });
});

describe('a search for failed tasks', () => {
  it('returns those of the named tasks that are failed, with their masked reasons', async () => {
    await failTasks(testLink, 2, { timestamp: 1_000 });
    await services.redis.hset('bull:payments:1', 'failedReason', 'refused by db.example.com:5432\nat line 1');
    const items = [
      { link: testLink.link, taskIds: ['1', '9'] },
      { link: missingLink, taskIds: ['1'] },
      { link: { ...testLink.link, connection: 'gone' }, taskIds: ['1'] },
    ];
    expect(await services.context.links.findFailed(items)).toEqual([
      {
        kind: 'read',
        tasks: [{ taskId: '1', at: await failedAt('1'), runnableAt: 1_000, reason: 'refused by ‹host›' }],
      },
      { kind: 'read', tasks: [] },
      { kind: 'unreachable' },
    ]);
  });

  it('lists the oldest after a watermark', async () => {
    await failTasks(testLink, 5, { timestamp: 1_000 });
    for (const id of ['1', '2', '3', '4', '5']) await services.redis.zadd('bull:payments:failed', Number(id), id);
    const watermark = { ...noWatermark, at: 2, known: [{ taskId: '3', at: 3 }] };
    expect(await services.context.links.listFailed([{ link: testLink.link, watermark }], 2)).toEqual([
      {
        kind: 'read',
        tasks: [
          { taskId: '2', at: 2, runnableAt: 1_000 },
          { taskId: '4', at: 4, runnableAt: 1_000 },
        ],
      },
    ]);
  });
});
