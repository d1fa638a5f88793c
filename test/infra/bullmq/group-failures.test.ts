import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runObserver } from '../../../src/application/observer.ts';
import { noWatermark } from '../../../src/domain/link.ts';
import { withoutJobs } from '../../application/context-overrides.ts';
import { startTestServices, type TestLink, type TestServices } from '../../support/test-services.ts';
import { missingLink } from '../link-fixture.ts';

let services: TestServices;
let testLink: TestLink;
beforeEach(async () => {
  services = await startTestServices();
  testLink = await services.createLink('payments');
});
afterEach(() => services[Symbol.asyncDispose]());

/** Adds failed tasks, as BullMQ stores them. */
async function addFailures(count: number, failedReason: string, from = 1, queue = 'payments'): Promise<void> {
  const pipeline = services.redis.pipeline();
  for (let index = 0; index < count; index++) {
    const id = `${from}-${index}`;
    pipeline.hset(`bull:${queue}:${id}`, { failedReason }).zadd(`bull:${queue}:failed`, from + index, id);
  }
  await pipeline.exec();
}
const groupFailures = (watermark = noWatermark, link = testLink.link) =>
  services.context.links.groupFailures([{ link, watermark }]);

describe('grouping failed tasks', () => {
  it('groups those after the watermark by masked reason', async () => {
    await addFailures(2, 'known', 1);
    await addFailures(6, 'connect ECONNREFUSED 10.0.0.1:6379\nat line 1', 11);
    await addFailures(1, "Duplicate entry 'alice' for key 'users.email'", 21);
    const known = [{ taskId: '11-0', at: 11 }];
    const groups = [
      { reason: 'connect ECONNREFUSED ‹host›', tasks: 5 },
      { reason: 'Duplicate entry ‹value› for key ‹value›', tasks: 1 },
    ];
    expect(await groupFailures({ at: 11, known, eventId: '0-0' })).toEqual([groups]);
  });

  it('groups the oldest 200 of many, and none of a link without failures, or without a queue', async () => {
    await addFailures(300, 'refused');
    expect(await groupFailures()).toEqual([[{ reason: 'refused', tasks: 200 }]]);
    expect(await groupFailures({ at: 1_000, known: [], eventId: '0-0' })).toEqual([[]]);
    expect(await groupFailures(noWatermark, missingLink)).toEqual([[]]);
  });

  it('counts different raw reasons with one masked reason as one cause of the alert', async () => {
    await services.createProject('payments', [testLink]);
    await addFailures(4, 'connect ECONNREFUSED 10.0.0.1:6379', 1_764_000_000_000);
    await addFailures(2, 'connect ECONNREFUSED 10.0.0.2:6379', 1_764_000_001_000);
    await runObserver(withoutJobs(services));
    const alert = async () => (await services.context.projects.read('payments'))?.alerts.project_failed?.alert;
    const since = 1_764_000_000_000;
    const first = [{ reason: 'connect ECONNREFUSED ‹host›', tasks: 6 }];
    const causes = { tasks: 6, grouped: 6, causes: 1, first, since };
    expect(await alert()).toMatchObject({ seq: 1, condition: { causes } });
    await addFailures(1, 'full', 1_764_000_002_000);
    await runObserver(withoutJobs(services));
    expect(await alert()).toMatchObject({ seq: 2, condition: { causes: { tasks: 7, causes: 2, workers: 0 } } });
    await runObserver(withoutJobs(services));
    expect(await alert()).toMatchObject({ seq: 2 });
  });

  it('has the cause of the oldest task of all links first', async () => {
    await services.createProject('payments', [testLink, await services.createLink('refunds')]);
    await addFailures(3, 'too early', 1_764_000_002_000);
    await addFailures(1, 'too long', 1_764_000_001_000, 'refunds');
    await runObserver(withoutJobs(services));
    const first = [
      { reason: 'too long', tasks: 1 },
      { reason: 'too early', tasks: 3 },
    ];
    const project = await services.context.projects.read('payments');
    expect(project?.alerts.project_failed?.alert).toMatchObject({ condition: { causes: { causes: 2, first } } });
  });
});
