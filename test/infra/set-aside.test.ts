import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLinkConnections } from '../../src/infra/bullmq/link-connections.ts';
import { gatherSetAside } from '../../src/infra/bullmq/set-aside.ts';
import { type OwnedLink, openWorld, targetOf, type World } from '../support/world.ts';

let world: World;
let link: OwnedLink;
beforeEach(async () => {
  world = await openWorld();
  link = await world.link('orders-full');
  await link.queue.pause();
});
afterEach(() => world[Symbol.asyncDispose]());

const key = (name: string) => `bull:orders-full:${name}`;

/** Adds tasks, as old as they say, and puts them where a producer of BullMQ 5 puts them during a pause. */
async function add(count: number, at: number, where: 'wait' | 'paused'): Promise<string[]> {
  const jobs = await link.queue.addBulk(
    Array.from({ length: count }, () => ({ name: 'change', data: {}, opts: { timestamp: at } })),
  );
  const ids = jobs.map(({ id }) => String(id));
  if (where === 'paused')
    for (const id of ids) await world.redis.multi().lrem(key('wait'), 1, id).lpush(key('paused'), id).exec();
  return ids;
}

/** What runs first comes first. */
const waiting = async () => (await world.redis.lrange(key('wait'), 0, -1)).reverse();

it.each([
  ['older', 1_000, 2_000],
  ['younger', 2_000, 1_000],
])('what was set aside and is %s than what waits runs in the order of age', async (which, asideAt, waitAt) => {
  const aside = await add(60, asideAt, 'paused');
  const waits = await add(40, waitAt, 'wait');
  expect(await world.deps.links.drive([link.link], 'resumed', { answerMs: 5_000, sendMs: 5_000 })).toEqual(['driven']);
  expect(await waiting()).toEqual(which === 'older' ? [...aside, ...waits] : [...waits, ...aside]);
  expect(await world.redis.exists(key('paused'))).toBe(0);
});

it('more than one step moves at once: the list is empty before the flag is gone', async () => {
  const waits = await add(1, 2_000, 'wait');
  const aside = await add(5_003, 1_000, 'paused');
  // The first step ends at this one, which looks older than what is left.
  await world.redis.hset(key(String(aside[3])), 'timestamp', 500);
  await world.deps.links.drive([link.link], 'resumed', { answerMs: 10_000, sendMs: 10_000 });
  expect(await waiting()).toEqual([...aside, ...waits]);
});

it('a link that nobody has paused is left as it is', async () => {
  await link.queue.resume();
  await add(1, 2_000, 'wait');
  await add(2, 1_000, 'paused');
  await using connections = openLinkConnections({ default: targetOf(world.url) }, () => {});
  await gatherSetAside(connections.get('default') ?? expect.unreachable(), link.link);
  expect(await world.redis.llen(key('paused'))).toBe(2);
});
