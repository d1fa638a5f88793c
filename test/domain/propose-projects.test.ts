import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Link, linkId } from '../../src/domain/link.ts';
import { projectIdSchema } from '../../src/domain/project.ts';
import { proposeProjects } from '../../src/domain/propose-projects.ts';

const linkOf = (queue: string, prefix = 'bull'): Link => ({ queue, prefix, connection: 'default' });
const propose = (queues: readonly string[], takenIds: readonly string[] = []) =>
  Object.fromEntries(
    proposeProjects(
      queues.map((queue) => linkOf(queue)),
      takenIds,
    ).map(({ id, links }) => [id, links.map(({ queue }) => queue)]),
  );

describe('queues become projects by the first words of their names', () => {
  test.each<[string, readonly string[], object]>([
    ['two queues', ['orders-full', 'orders-incr'], { orders: ['orders-full', 'orders-incr'] }],
    ['other signs', ['orders_full', 'orders.incr'], { orders: ['orders.incr', 'orders_full'] }],
    ['camel case', ['ordersFull', 'OrdersIncr'], { orders: ['OrdersIncr', 'ordersFull'] }],
    ['an acronym', ['APIOrders', 'APIUsers'], { api: ['APIOrders', 'APIUsers'] }],
    ['hash tags', ['{orders}-full', '{orders}-incr'], { orders: ['{orders}-full', '{orders}-incr'] }],
    ['a queue alone', ['nightly-report'], { 'nightly-report': ['nightly-report'] }],
    ['a queue that is the prefix', ['orders', 'orders-incr'], { orders: ['orders', 'orders-incr'] }],
    [
      'a longer common prefix',
      ['sync-orders-full', 'sync-orders-incr'],
      {
        'sync-orders': ['sync-orders-full', 'sync-orders-incr'],
      },
    ],
    [
      'a prefix of all projects',
      ['sync-orders-a', 'sync-orders-b', 'sync-users-a', 'sync-users-b', 'sync-log'],
      {
        'sync-log': ['sync-log'],
        'sync-orders': ['sync-orders-a', 'sync-orders-b'],
        'sync-users': ['sync-users-a', 'sync-users-b'],
      },
    ],
    [
      'a part with parts',
      ['orders-full', 'orders-incr', 'orders-incr-retry'],
      {
        orders: ['orders-full', 'orders-incr', 'orders-incr-retry'],
      },
    ],
    ['a word of the command', ['list', 'start'], { 'list-queues': ['list'], 'start-queues': ['start'] }],
    ['a name without letters', ['---', 'заказы'], { project: ['---'], 'project-queues': ['заказы'] }],
    ['an accent', ['Übersicht'], { ubersicht: ['Übersicht'] }],
  ])('%s', (_name, queues, expected) => {
    expect(propose(queues)).toEqual(expected);
  });

  test('an id that is taken is not proposed again', () => {
    expect(propose(['orders-b'], ['orders-b', 'orders-b-queues'])).toEqual({ 'orders-b-2': ['orders-b'] });
  });

  test('the queues of another prefix are other projects', () => {
    const links = [linkOf('orders-full'), linkOf('orders-incr', 'staging'), linkOf('orders-full', 'staging')];
    expect(proposeProjects(links)).toEqual(
      [
        { id: 'orders-full', links: [links[0]] },
        { id: 'orders', links: [links[2], links[1]] },
      ].sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
  });
});

const part = fc.constantFrom('orders', 'users', 'full', 'incr', 'list', 'Sync', 'a', '1', 'é', '日本', 'x'.repeat(40));
const queueName = fc.oneof(
  fc
    .array(part, { minLength: 1, maxLength: 5 })
    .chain((parts) => fc.constantFrom('-', '_', '.', '').map((separator) => parts.join(separator))),
  fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }),
);
const anyLinks = fc.array(
  fc.record({
    queue: queueName,
    prefix: fc.constantFrom('bull', 'staging', '{tag}', '日'),
    connection: fc.constantFrom('default', 'warehouse'),
  }),
  { maxLength: 30 },
);

describe('for any queues', () => {
  test('each queue is in exactly one project, and each id is valid, new and used once', () => {
    fc.assert(
      fc.property(anyLinks, fc.subarray(['orders', 'orders-full', 'project', 'project-2', 'a']), (links, takenIds) => {
        const proposed = proposeProjects(links, takenIds);
        const proposedLinks = proposed.flatMap((project) => project.links.map(linkId));
        expect(proposedLinks.toSorted()).toEqual([...new Set(links.map(linkId))].toSorted());
        const ids = proposed.map(({ id }) => id);
        expect(new Set([...ids, ...takenIds]).size).toBe(ids.length + takenIds.length);
        for (const id of ids) expect(projectIdSchema.safeParse(id).success, id).toBe(true);
      }),
    );
  });

  test('the result does not depend on their order', () => {
    const shuffled = anyLinks.chain((links) =>
      fc.tuple(fc.constant(links), fc.shuffledSubarray(links, { minLength: links.length })),
    );
    fc.assert(
      fc.property(shuffled, ([links, other]) => {
        expect(proposeProjects(other)).toEqual(proposeProjects(links));
      }),
    );
  });
});
