import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { startLinkWorker } from '../../src/demo/link-worker.ts';
import { startSource } from '../../src/demo/source.ts';
import { compareTables, fixRefusedRows, limitColumn } from '../../src/demo/tables.ts';
import type { Link } from '../../src/domain/project.ts';
import { type Conversation, openConversation, said } from '../support/conversation.ts';

let talk: Conversation;
const closing: (() => PromiseLike<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  const { violations } = talk.slack;
  await talk[Symbol.asyncDispose]();
  expect(violations).toEqual([]);
});

const names = ['orders-full', 'orders-incr'] as const;
const bob = { user: 'U0BOB' };

/** Two links with real work on them: rows travel from a source table to a target table. */
async function openOrders(connection: 'default' | 'warehouse') {
  talk = await openConversation({ servers: ['warehouse'] });
  const url = talk.world.urlOf(connection);
  const redis = new Redis(url);
  closing.push(() => redis.quit());
  const links: { readonly link: Link; readonly queue: Queue }[] = [];
  const sources = [];
  for (const name of names) {
    const source = await startSource({ url, project: 'orders', link: name });
    closing.push(() => source.stop());
    sources.push(source);
    const worker = await startLinkWorker({ url, project: 'orders', link: name, workMs: 1 });
    closing.push(() => worker.stop());
    const queue = new Queue(name, { connection: redis, skipMetasUpdate: true });
    closing.push(() => queue.close());
    links.push({ link: { queue: name, connection, prefix: 'bull' }, queue });
  }
  await talk.world.project('orders', links);
  await talk.world.app.startWorker();
  const equal = async () => (await compareTables(redis, 'orders', [...names])).every((table) => table.equal);
  const activeEvents = async () =>
    Promise.all(
      names.map(async (name) => {
        const events = await redis.xrange(`bull:${name}:events`, '-', '+');
        return events.filter(([, fields]) => fields[1] === 'active').length;
      }),
    );
  return { redis, links, sources, equal, activeEvents };
}

const stateOf = async () => (await talk.world.deps.store.read('orders'))?.state;

it.each(['default', 'warehouse'] as const)(
  'links on the %s Redis with work under way: nothing starts after Paused, everything arrives after Restore',
  async (connection) => {
    const { links, sources, equal, activeEvents } = await openOrders(connection);
    for (const source of sources) await source.burst(150);
    await talk.act('pause', 'orders');
    await talk.slack.waitFor(async () => (await stateOf()) === 'paused');
    const atCommit = await activeEvents();
    for (const source of sources) await source.burst(50);
    await talk.slack.waitFor(async () => {
      const active = await Promise.all(links.map(({ queue }) => queue.getActiveCount()));
      return active.every((count) => count === 0);
    });
    expect(await activeEvents()).toEqual(atCommit);
    expect(await equal()).toBe(false);
    expect(said(await talk.ask('show orders'))).toMatch(/latency/);

    await talk.act('restore', 'orders');
    await talk.slack.waitFor(async () => (await stateOf()) === 'running');
    await talk.slack.waitFor(equal);
  },
);

it('a row that the target refuses makes the project Failed; mended and restored, target equals source', async () => {
  const { redis, sources, equal } = await openOrders('warehouse');
  for (const link of names) await limitColumn(redis, { project: 'orders', link }, { column: 'amount', width: 12 });
  const [source] = sources;
  await source?.burst(30);
  await source?.poison('17');
  for (const one of sources) await one.burst(60);
  await talk.slack.waitFor(async () => (await stateOf()) === 'failed');
  await talk.slack.waitFor(async () => {
    const project = await talk.world.deps.store.read('orders');
    return project?.convergedVersion === project?.version;
  });

  for (const link of names) await fixRefusedRows(redis, { project: 'orders', link });
  await talk.act('restore', 'orders');
  await talk.sees('orders is Running', bob);
  await talk.slack.waitFor(equal);
  expect(await stateOf()).toBe('running');
});
