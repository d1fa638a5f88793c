import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLinkConnections } from '../../../src/infra/bullmq/link-connections.ts';
import { mergePausedList } from '../../../src/infra/bullmq/merge-paused-list.ts';
import { endpointOf, startTestServices, type TestLink, type TestServices } from '../../support/test-services.ts';

let services: TestServices;
let link: TestLink;
beforeEach(async () => {
  services = await startTestServices();
  link = await services.createLink('orders-full');
  await link.queue.pause();
});
afterEach(() => services[Symbol.asyncDispose]());

const queueKey = (name: string) => `bull:orders-full:${name}`;

/** Adds tasks with this timestamp: to `wait`, or to `paused`, as a producer of BullMQ 5 does during a pause. */
async function addTasks(count: number, at: number, list: 'wait' | 'paused'): Promise<string[]> {
  const jobs = await link.queue.addBulk(
    Array.from({ length: count }, () => ({ name: 'change', data: {}, opts: { timestamp: at } })),
  );
  const ids = jobs.map(({ id }) => String(id));
  if (list === 'paused')
    for (const id of ids)
      await services.redis.multi().lrem(queueKey('wait'), 1, id).lpush(queueKey('paused'), id).exec();
  return ids;
}

/** In the order in which the tasks will run. */
const readWaitingIds = async () => (await services.redis.lrange(queueKey('wait'), 0, -1)).reverse();

it.each([
  ['older', 1_000, 2_000],
  ['younger', 2_000, 1_000],
])(
  'Tasks of the paused list that are %s than those of the wait list run in the order of age.',
  async (age, pausedAt, waitAt) => {
    const pausedIds = await addTasks(60, pausedAt, 'paused');
    const waitingIds = await addTasks(40, waitAt, 'wait');
    expect(
      await services.context.links.setPaused([link.link], 'resumed', { responseMs: 5_000, validForMs: 5_000 }),
    ).toEqual(['applied']);
    expect(await readWaitingIds()).toEqual(
      age === 'older' ? [...pausedIds, ...waitingIds] : [...waitingIds, ...pausedIds],
    );
    expect(await services.redis.exists(queueKey('paused'))).toBe(0);
  },
);

it('A paused list that is longer than one step moves is empty before the link is resumed.', async () => {
  const waitingIds = await addTasks(1, 2_000, 'wait');
  const pausedIds = await addTasks(5_003, 1_000, 'paused');
  // The first step moves this task last. The next step must not compare ages again: this task is older than the rest.
  await services.redis.hset(queueKey(String(pausedIds[3])), 'timestamp', 500);
  await services.context.links.setPaused([link.link], 'resumed', { responseMs: 10_000, validForMs: 10_000 });
  expect(await readWaitingIds()).toEqual([...pausedIds, ...waitingIds]);
});

it('The lists of a link that is not paused are not changed.', async () => {
  await link.queue.resume();
  await addTasks(1, 2_000, 'wait');
  await addTasks(2, 1_000, 'paused');
  await using connections = createLinkConnections({ default: endpointOf(services.url) }, () => {});
  await mergePausedList(connections.get('default') ?? expect.unreachable(), link.link);
  expect(await services.redis.llen(queueKey('paused'))).toBe(2);
});

it('If the tasks of both lists alternate in age, each list keeps its order, and the list with the oldest task runs first.', async () => {
  const added: { readonly list: 'wait' | 'paused'; readonly ids: readonly string[] }[] = [];
  for (const [index, list] of (['wait', 'paused', 'wait', 'paused'] as const).entries())
    added.push({ list, ids: await addTasks(2, 1_000 + index, list) });
  await services.context.links.setPaused([link.link], 'resumed', { responseMs: 5_000, validForMs: 5_000 });
  const idsOf = (list: string) => added.filter((each) => each.list === list).flatMap(({ ids }) => ids);
  expect(await readWaitingIds()).toEqual([...idsOf('wait'), ...idsOf('paused')]);
});
