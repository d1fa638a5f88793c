import { expect, test } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { definitionOf } from '../support/definition.ts';
import { openWorld } from '../support/world.ts';
import { page } from './pages.ts';

/** Bytes that docs/operating.md reckons with, by what they are for. */
const documented = new Map(
  [...page('operating.md').matchAll(/^\| ([a-z, ]+) \| ([\d,]+) bytes \|/gm)].map(([, what = '', bytes = '']) => [
    what,
    Number(bytes.replaceAll(',', '')),
  ]),
);

test('the bytes of docs/operating.md are enough, and not many times too many', async () => {
  await using world = await openWorld();
  const links = Array.from({ length: 10 }, (_, index) => ({
    link: { queue: `orders-incr-${index}`, connection: 'warehouse', prefix: 'bull' },
  }));
  const watermarks = Object.fromEntries(
    links.map(({ link }) => [
      `${link.connection}/${link.prefix}:${link.queue}`,
      { at: Date.now(), taskIds: ['123456'] },
    ]),
  );
  const more = {
    description: 'Orders to the warehouse',
    labels: ['prod'],
    channel: 'C0123ABCD',
    logRetention: 172_800_000,
  };
  const definition = (count: number) =>
    definitionOf('orders', { ...more, links: links.slice(0, count).map(({ link }) => link) });
  const size = async (...names: string[]) => {
    const sizes = await Promise.all(names.map((name) => world.redis.memory('USAGE', name, 'SAMPLES', 0)));
    return sizes.reduce<number>((sum, bytes) => sum + Number(bytes ?? 0), 0);
  };
  const first = async (count: number) => {
    await world.redis.flushall();
    const kept = Object.fromEntries(Object.entries(watermarks).slice(0, count));
    await world.deps.store.put(definition(count), { state: 'running', watermarks: kept }, 'U0123ABCD');
    return size('syncbot:{p:orders}:state', 'syncbot:{p:orders}:definition');
  };
  const [one, ten] = [await first(1), await first(10)];
  const link = await world.link('orders-full');
  await world.project('invoices', [link], { channel: 'C0123ABCD' });
  const operations = [];
  for (let turn = 0; turn < 40; turn++) {
    const action = turn % 2 === 0 ? 'pause' : 'restore';
    const ref = await world.act('invoices', action);
    await execute(world.deps, ref);
    operations.push(await size(`syncbot:{p:invoices}:op:${ref.operation}`));
  }
  const entries = await world.redis.xlen('syncbot:{p:invoices}:audit');
  const entry = (await size('syncbot:{p:invoices}:audit')) / entries;
  const measured = new Map([
    ['a project with one link', one],
    ['each further link', (ten - one) / 9],
    ['an operation', Math.max(...operations)],
    ['an entry of the history', entry],
  ]);
  expect([...documented.keys()]).toEqual([...measured.keys()]);
  for (const [what, bytes] of measured) {
    expect(documented.get(what), what).toBeGreaterThanOrEqual(bytes);
    expect(documented.get(what), what).toBeLessThanOrEqual(bytes * 3);
  }
});
