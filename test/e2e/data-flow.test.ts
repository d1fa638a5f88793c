import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { startLinkWorker } from '../../demo/link-worker.ts';
import { startSource } from '../../demo/source.ts';
import { compareTables, fixRefusedRows, setColumnLimit } from '../../demo/tables.ts';
import type { Link } from '../../src/domain/link.ts';
import { closeWithoutViolations, type SlackHarness, startSlackHarness, visibleText } from '../support/slack-harness.ts';

let harness: SlackHarness;
const disposers: (() => PromiseLike<unknown>)[] = [];
afterEach(async () => {
  for (const close of disposers.splice(0).reverse()) await close();
  await closeWithoutViolations(harness);
});

const names = ['orders-full', 'orders-incr'] as const;
const bob = { user: 'U0BOB' };

/** A project of two links whose workers copy rows from a source table to a target table. */
async function startOrders(connection: 'default' | 'warehouse') {
  harness = await startSlackHarness({ extraServers: ['warehouse'] });
  const url = harness.services.urlOf(connection);
  const redis = new Redis(url);
  disposers.push(() => redis.quit());
  const links: { readonly link: Link; readonly queue: Queue }[] = [];
  const sources = [];
  for (const name of names) {
    const source = await startSource({ url, project: 'orders', link: name });
    disposers.push(() => source.stop());
    sources.push(source);
    const worker = await startLinkWorker({ url, project: 'orders', link: name, taskDurationMs: 1 });
    disposers.push(() => worker.stop());
    const queue = new Queue(name, { connection: redis, skipMetasUpdate: true });
    disposers.push(() => queue.close());
    links.push({ link: { queue: name, connection, prefix: 'bull' }, queue });
  }
  await harness.services.createProject('orders', links);
  await harness.services.instance.startWorkers();
  const tablesAreEqual = async () => (await compareTables(redis, 'orders', [...names])).every((table) => table.equal);
  const countActiveEvents = async () =>
    Promise.all(
      names.map(async (name) => {
        const events = await redis.xrange(`bull:${name}:events`, '-', '+');
        return events.filter(([, fields]) => fields[1] === 'active').length;
      }),
    );
  return { redis, links, sources, tablesAreEqual, countActiveEvents };
}

const projectState = async () => (await harness.services.context.projects.read('orders'))?.state;

it.each(['default', 'warehouse'] as const)(
  'On the %s Redis no task starts after Paused, and every row reaches the target after Restore.',
  async (connection) => {
    const { links, sources, tablesAreEqual, countActiveEvents } = await startOrders(connection);
    for (const source of sources) await source.burst(150);
    await harness.requestAndPressOk('pause', 'orders');
    await harness.slack.waitFor(async () => (await projectState()) === 'paused');
    const activeEventsWhenPaused = await countActiveEvents();
    for (const source of sources) await source.burst(50);
    await harness.slack.waitFor(async () => {
      const active = await Promise.all(links.map(({ queue }) => queue.getActiveCount()));
      return active.every((count) => count === 0);
    });
    expect(await countActiveEvents()).toEqual(activeEventsWhenPaused);
    expect(await tablesAreEqual()).toBe(false);
    expect(visibleText(await harness.runCommand('show orders'))).toMatch(/latency/);

    await harness.requestAndPressOk('restore', 'orders');
    await harness.slack.waitFor(async () => (await projectState()) === 'running');
    await harness.slack.waitFor(tablesAreEqual);
  },
);

it('A row that the target refuses makes the project Failed. After a fix and a restore the target equals the source.', async () => {
  const { redis, sources, tablesAreEqual } = await startOrders('warehouse');
  for (const link of names) await setColumnLimit(redis, { project: 'orders', link }, { column: 'amount', width: 12 });
  const [source] = sources;
  await source?.burst(30);
  await source?.breakRow('17');
  for (const source of sources) await source.burst(60);
  await harness.slack.waitFor(async () => (await projectState()) === 'failed');
  await harness.slack.waitFor(async () => {
    const project = await harness.services.context.projects.read('orders');
    return project?.reconciledVersion === project?.version;
  });

  for (const link of names) await fixRefusedRows(redis, { project: 'orders', link });
  await harness.requestAndPressOk('restore', 'orders');
  await harness.waitForMessage('orders was restored', bob);
  await harness.slack.waitFor(tablesAreEqual);
  expect(await projectState()).toBe('running');
});
