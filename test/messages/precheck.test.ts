import { expect, it } from 'vitest';
import type { PrecheckItem } from '../../src/domain/precheck.ts';
import { messages } from '../../src/messages/catalog.ts';
import { precheckText } from '../../src/messages/render.ts';
import { exampleLink } from '../support/example-records.ts';
import { plainFormatter } from './plain-formatter.ts';

const links = (...queues: string[]) => ({ total: queues.length, first: queues.map(exampleLink) });

const cases: readonly (readonly [PrecheckItem, item: string, message: string])[] = [
  [
    { check: 'connection_reachable', connection: 'warehouse', result: 'pass', reason: { code: 'reachable' } },
    'connection warehouse reachable',
    'warehouse answers',
  ],
  [
    { check: 'connection_reachable', connection: 'warehouse', result: 'fail', reason: { code: 'unreachable' } },
    'connection warehouse reachable',
    'warehouse does not answer: check its address and that it is up',
  ],
  [
    {
      check: 'eviction_policy',
      connection: 'default',
      result: 'fail',
      reason: { code: 'evicts', policy: 'allkeys-lru' },
    },
    'connection default noeviction',
    'default has maxmemory-policy allkeys-lru and can lose tasks: set it to noeviction',
  ],
  [{ check: 'queues_exist', result: 'pass', reason: null, links: links() }, 'queues exist', 'every queue exists'],
  [
    { check: 'queues_exist', result: 'fail', reason: { code: 'queue_missing' }, links: links('a') },
    'queues exist',
    'a: the queue does not exist: check its name and prefix, or ask its owner to create it',
  ],
  [
    { check: 'bullmq_version', result: 'unknown', reason: { code: 'queue_missing' }, links: links('a') },
    'written by BullMQ 5 or newer',
    'a: the queue does not exist',
  ],
  [
    {
      check: 'no_failed_task',
      result: 'fail',
      reason: { code: 'tasks_failed', count: 2 },
      links: links('b', 'c', 'd', 'e'),
    },
    'no failed task',
    'b: 2 tasks failed since the link was added, started or restored (and 3 more with the same result)',
  ],
  [
    {
      check: 'failed_tasks_kept',
      result: 'unknown',
      reason: { code: 'failed_tasks_bounded', count: 1_500, ageMs: 86_400_000 },
      links: links('b'),
    },
    'failed tasks kept',
    'b: failed tasks are removed when 1,500 newer ones exist or after 1 d (removeOnFail), and syncbot cannot retry a task that was removed',
  ],
];
const casesWithCheck = cases.map(([item, ...texts]) => [item.check, item.result, item, ...texts] as const);

it.each(casesWithCheck)(
  'the check %s with the result %s has its title and message',
  (_check, _result, precheckItem, item, message) => {
    expect(precheckText(precheckItem, plainFormatter)).toEqual({ item, result: precheckItem.result, message });
  },
);

it.each<[PrecheckItem, string]>([
  [
    { check: 'connection_reachable', connection: 'warehouse', result: 'pass', reason: { code: 'reachable' } },
    'Connection warehouse answers',
  ],
  [
    { check: 'workers_connected', result: 'unknown', reason: { code: 'workers_unknown' }, links: links('a') },
    'Link a: the server does not show which workers are connected',
  ],
  [{ check: 'queues_exist', result: 'pass', reason: null, links: links() }, 'Every queue exists'],
])('A line begins with a capital, and a name keeps its case: %#.', (item, line) => {
  expect(messages.precheck.line(item, 'not_started', plainFormatter)).toBe(line);
});
