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

/** Adds tasks, as old as they say, and puts them where a producer of BullMQ 5 puts them during a pause. */
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

/** What runs first comes first. */
const readWaitingIds = async () => (await services.redis.lrange(queueKey('wait'), 0, -1)).reverse();

it.each([
  ['older', 1_000, 2_000],
  ['younger', 2_000, 1_000],
])('what was set aside and is %s than what waits runs in the order of age', async (age, mergedAt, waitAt) => {
  const mergedIds = await addTasks(60, mergedAt, 'paused');
  const waitingIds = await addTasks(40, waitAt, 'wait');
  expect(await services.deps.links.setPaused([link.link], 'resumed', { responseMs: 5_000, validForMs: 5_000 })).toEqual(
    ['applied'],
  );
  expect(await readWaitingIds()).toEqual(
    age === 'older' ? [...mergedIds, ...waitingIds] : [...waitingIds, ...mergedIds],
  );
  expect(await services.redis.exists(queueKey('paused'))).toBe(0);
});

it('more than one step moves at once: the list is empty before the flag is gone', async () => {
  const waitingIds = await addTasks(1, 2_000, 'wait');
  const mergedIds = await addTasks(5_003, 1_000, 'paused');
  // The first step ends at this one, which looks older than what is left.
  await services.redis.hset(queueKey(String(mergedIds[3])), 'timestamp', 500);
  await services.deps.links.setPaused([link.link], 'resumed', { responseMs: 10_000, validForMs: 10_000 });
  expect(await readWaitingIds()).toEqual([...mergedIds, ...waitingIds]);
});

it('a link that nobody has paused is left as it is', async () => {
  await link.queue.resume();
  await addTasks(1, 2_000, 'wait');
  await addTasks(2, 1_000, 'paused');
  await using connections = createLinkConnections({ default: endpointOf(services.url) }, () => {});
  await mergePausedList(connections.get('default') ?? expect.unreachable(), link.link);
  expect(await services.redis.llen(queueKey('paused'))).toBe(2);
});
