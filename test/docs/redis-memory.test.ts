import { expect, test } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { makeDefinition } from '../support/project-definition.ts';
import { startTestServices } from '../support/test-services.ts';
import { readPage } from './pages.ts';

/** The bytes that docs/sizing.md documents, by kind of record. */
const documentedBytes = new Map(
  [...readPage('docs/sizing.md').matchAll(/^\| ([a-z, ]+) \| ([\d,]+) bytes \|/gm)].map(([, what = '', bytes = '']) => [
    what,
    Number(bytes.replaceAll(',', '')),
  ]),
);

test('the bytes of docs/sizing.md are at least the measured ones and at most three times as many', async () => {
  await using services = await startTestServices();
  const links = Array.from({ length: 10 }, (_, index) => ({
    link: { queue: `orders-incr-${index}`, connection: 'warehouse', prefix: 'bull' },
  }));
  const watermarks = Object.fromEntries(
    links.map(({ link }) => [
      `${link.connection}/${link.prefix}:${link.queue}`,
      { at: Date.now(), known: [{ taskId: '123456', at: Date.now() }], eventId: `${Date.now()}-0` },
    ]),
  );
  const more = {
    description: 'Orders to the warehouse',
    labels: ['prod'],
    channel: 'C0123ABCD',
    logRetention: 172_800_000,
  };
  const definition = (count: number) =>
    makeDefinition('orders', { ...more, links: links.slice(0, count).map(({ link }) => link) });
  const size = async (...names: string[]) => {
    const sizes = await Promise.all(names.map((name) => services.redis.memory('USAGE', name, 'SAMPLES', 0)));
    return sizes.reduce<number>((sum, bytes) => sum + Number(bytes ?? 0), 0);
  };
  const measureProject = async (count: number) => {
    await services.redis.flushall();
    const kept = Object.fromEntries(Object.entries(watermarks).slice(0, count));
    await services.context.projects.save(definition(count), { state: 'running', watermarks: kept }, 'U0123ABCD');
    return size('syncbot:{p:orders}:state', 'syncbot:{p:orders}:definition');
  };
  const [one, ten] = [await measureProject(1), await measureProject(10)];
  const link = await services.createLink('orders-full');
  await services.createProject('invoices', [link], { channel: 'C0123ABCD' });
  const operations = [];
  for (let operationIndex = 0; operationIndex < 40; operationIndex++) {
    const action = operationIndex % 2 === 0 ? 'pause' : 'restore';
    const ref = await services.requestAndConfirm('invoices', action);
    await execute(services.context, ref);
    operations.push(await size(`syncbot:{p:invoices}:op:${ref.operation}`));
  }
  const entries = await services.redis.xlen('syncbot:{p:invoices}:audit');
  const entry = (await size('syncbot:{p:invoices}:audit')) / entries;
  for (let minute = 0; minute < 60; minute++) {
    const sample = { at: Date.now() + minute * 60_000, backlog: 1_234_567, latencyMs: 3_600_000 };
    await services.context.trends.record([{ project: 'invoices', ...sample }]);
  }
  const trend = await size('syncbot:{p:invoices}:trend');
  const measured = new Map([
    ['a project with one link', one],
    ['each further link', (ten - one) / 9],
    ['an operation', Math.max(...operations)],
    ['an entry of the history', entry],
    ['the trend of a project', trend],
  ]);
  expect([...documentedBytes.keys()]).toEqual([...measured.keys()]);
  for (const [what, bytes] of measured) {
    expect(documentedBytes.get(what), what).toBeGreaterThanOrEqual(bytes);
    expect(documentedBytes.get(what), what).toBeLessThanOrEqual(bytes * 3);
  }
});
