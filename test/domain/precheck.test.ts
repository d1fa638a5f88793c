import { describe, expect, it } from 'vitest';
import type { LinkObservation, LinkStats } from '../../src/domain/observation.ts';
import { type ConnectionInfo, type PrecheckFacts, precheckItems, precheckPassed } from '../../src/domain/precheck.ts';
import { exampleLinkStats } from '../slack/example-records.ts';

const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
const observed = (overrides: Partial<LinkStats> = {}): LinkStats =>
  exampleLinkStats(link.queue, { paused: true, now: 1, ...overrides });
const missing: LinkObservation = { kind: 'missing', link };
const unreachable: LinkObservation = { kind: 'unreachable', link };
const server = (evictionPolicy: string | null): ConnectionInfo => ({
  kind: 'read',
  name: 'default',
  evictionPolicy,
  redisVersion: null,
  persistence: null,
});
const passingFacts: PrecheckFacts = { connections: [server('noeviction')], links: [observed()], workers: [1] };

const cases: [name: string, facts: Partial<PrecheckFacts>, item: string, result: string, message: RegExp][] = [
  ['it answers', {}, 'connection default reachable', 'pass', /answers/],
  [
    'it does not',
    { connections: [{ kind: 'unreachable', name: 'default' }] },
    'connection default reachable',
    'fail',
    /does not answer/,
  ],
  ['never evicts', {}, 'connection default noeviction', 'pass', /never evicts/],
  ['evicts', { connections: [server('allkeys-lru')] }, 'connection default noeviction', 'fail', /allkeys-lru/],
  [
    'evicts what has a deadline',
    { connections: [server('volatile-ttl')] },
    'connection default noeviction',
    'fail',
    /volatile-ttl/,
  ],
  ['does not tell', { connections: [server(null)] }, 'connection default noeviction', 'unknown', /does not tell/],
  [
    'is not there',
    { connections: [{ kind: 'unreachable', name: 'default' }] },
    'connection default noeviction',
    'unknown',
    /./,
  ],
  ['exists', {}, 'queues exist', 'pass', /every queue/],
  ['does not exist', { links: [missing] }, 'queues exist', 'fail', /orders-full: no such queue/],
  ['cannot be seen', { links: [unreachable] }, 'queues exist', 'unknown', /does not answer/],
  ['BullMQ 6', {}, 'written by BullMQ 5 or newer', 'pass', /every queue/],
  ['BullMQ 5', { links: [observed({ bullmqVersion: 'bullmq:5.81.5' })] }, 'written by BullMQ 5 or newer', 'pass', /./],
  [
    'BullMQ Pro',
    { links: [observed({ bullmqVersion: 'bullmq-pro:7.1.0' })] },
    'written by BullMQ 5 or newer',
    'pass',
    /./,
  ],
  [
    'BullMQ 4',
    { links: [observed({ bullmqVersion: 'bullmq:4.18.2' })] },
    'written by BullMQ 5 or newer',
    'fail',
    /BullMQ 4/,
  ],
  [
    'nobody knows what',
    { links: [observed({ bullmqVersion: null, keepsFailed: false })] },
    'written by BullMQ 5 or newer',
    'unknown',
    /does not say/,
  ],
  [
    'something else',
    { links: [observed({ bullmqVersion: 'python:2.0' })] },
    'written by BullMQ 5 or newer',
    'unknown',
    /does not say/,
  ],
  ['none', { links: [missing] }, 'written by BullMQ 5 or newer', 'unknown', /does not exist/],
  ['connected', {}, 'workers connected', 'pass', /every link/],
  ['not connected', { workers: [0] }, 'workers connected', 'fail', /no worker/],
  ['not told', { workers: [null] }, 'workers connected', 'unknown', /does not tell/],
  ['not asked', { workers: [] }, 'workers connected', 'unknown', /does not tell/],
  ['nothing failed', {}, 'no failed task', 'pass', /no task has failed/],
  ['one failed', { links: [observed({ failuresAfterWatermark: 1 })] }, 'no failed task', 'fail', /1 task failed/],
  ['some failed', { links: [observed({ failuresAfterWatermark: 3 })] }, 'no failed task', 'fail', /3 tasks failed/],
  ['a queue that is not there has no failure', { links: [missing] }, 'no failed task', 'pass', /./],
  ['nobody can see', { links: [unreachable] }, 'no failed task', 'unknown', /does not answer/],
];

describe('the precheck', () => {
  it.each(cases)('%s: %o', (_name, facts, item, result, message) => {
    const items = precheckItems({ ...passingFacts, ...facts });
    expect(items.find((checkItem) => checkItem.item === item)).toEqual({
      item,
      result,
      message: expect.stringMatching(message),
    });
    expect(precheckPassed(items)).toBe(items.every((checkItem) => checkItem.result !== 'fail'));
  });

  it('what is unknown never blocks', () => {
    const unknown = precheckItems({
      connections: [server(null)],
      links: [observed({ bullmqVersion: null, keepsFailed: false })],
      workers: [null],
    });
    expect(unknown.map(({ result }) => result)).toEqual([
      'pass',
      'unknown',
      'pass',
      'unknown',
      'unknown',
      'unknown',
      'pass',
    ]);
    expect(precheckPassed(unknown)).toBe(true);
  });

  it('the worst link speaks for all, and at most three are named', () => {
    const links = ['a', 'b', 'c', 'd', 'e'].map((queue) =>
      observed({ link: { ...link, queue }, failuresAfterWatermark: queue === 'a' ? 0 : 2 }),
    );
    const items = precheckItems({ ...passingFacts, links, workers: [null, 0, 0, 0, 0] });
    expect(items.find(({ item }) => item === 'no failed task')?.message).toMatch(
      /^b, c, d and 1 more link: 2 tasks failed/,
    );
    expect(items.find(({ item }) => item === 'workers connected')).toMatchObject({ result: 'fail' });
  });
});
