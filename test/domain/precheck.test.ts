import { describe, expect, it } from 'vitest';
import type { LinkObservation, LinkStats } from '../../src/domain/observation.ts';
import {
  type CheckReason,
  type CheckResult,
  type ConnectionInfo,
  checkBullmqVersion,
  checkFailedTasksKept,
  checkQueueExists,
  checkWorkers,
  type PrecheckFacts,
  type PrecheckItem,
  precheckItems,
  precheckPassed,
} from '../../src/domain/precheck.ts';
import { exampleLink, exampleLinkStats } from '../support/example-records.ts';

const read = (overrides: Partial<LinkStats> = {}): LinkStats =>
  exampleLinkStats('orders-full', { paused: true, now: 1, ...overrides });
const missing: LinkObservation = { kind: 'missing', link: exampleLink('orders-full') };
const unreachable: LinkObservation = { kind: 'unreachable', link: exampleLink('orders-full') };
const unreadable: LinkObservation = { ...read({ failuresAfterWatermark: 2 }), kind: 'unreadable' };
const server = (evictionPolicy: string | null): PrecheckFacts['connections'] => [
  { kind: 'read', name: 'default', evictionPolicy, redisVersion: null, persistence: null, runIds: [], database: 0 },
];
const noServer: readonly ConnectionInfo[] = [{ kind: 'unreachable', name: 'default', fault: { kind: 'refused' } }];
const refusedDatabase: readonly ConnectionInfo[] = [
  { kind: 'unreachable', name: 'default', fault: { kind: 'wrong_database' } },
];
const writtenBy = (bullmqVersion: string | null) => ({ links: [read({ bullmqVersion })] });
const passingFacts: PrecheckFacts = { connections: server('noeviction'), links: [read()], workers: [1] };

type Case = [
  check: PrecheckItem['check'],
  name: string,
  facts: Partial<PrecheckFacts>,
  result: CheckResult,
  reason: CheckReason | null,
];
const cases: Case[] = [
  ['connection_reachable', 'a server that answers', {}, 'pass', { code: 'reachable' }],
  [
    'connection_reachable',
    'one that does not answer',
    { connections: noServer },
    'fail',
    { code: 'unreachable', fault: { kind: 'refused' } },
  ],
  [
    'connection_reachable',
    'one that refuses the database',
    { connections: refusedDatabase },
    'fail',
    { code: 'unreachable', fault: { kind: 'wrong_database' } },
  ],
  ['eviction_policy', 'noeviction', {}, 'pass', { code: 'never_evicts' }],
  [
    'eviction_policy',
    'allkeys-lru',
    { connections: server('allkeys-lru') },
    'fail',
    { code: 'evicts', policy: 'allkeys-lru' },
  ],
  [
    'eviction_policy',
    'volatile-ttl',
    { connections: server('volatile-ttl') },
    'fail',
    { code: 'evicts', policy: 'volatile-ttl' },
  ],
  [
    'eviction_policy',
    'a server that does not show it',
    { connections: server(null) },
    'unknown',
    { code: 'eviction_policy_unknown' },
  ],
  [
    'eviction_policy',
    'one that does not answer',
    { connections: noServer },
    'unknown',
    { code: 'unreachable', fault: { kind: 'refused' } },
  ],
  ['queues_exist', 'a queue', {}, 'pass', null],
  ['queues_exist', 'a missing queue', { links: [missing] }, 'fail', { code: 'queue_missing' }],
  [
    'queues_exist',
    'an unreachable link whose connection answers',
    { links: [unreachable] },
    'fail',
    { code: 'unreachable' },
  ],
  [
    'queues_exist',
    'an unreachable link whose connection does not answer',
    { links: [unreachable], connections: noServer },
    'unknown',
    { code: 'unreachable' },
  ],
  ['queues_exist', 'an unreadable link', { links: [unreadable] }, 'pass', null],
  ['bullmq_version', 'an unreadable link', { links: [unreadable] }, 'pass', null],
  ['failed_tasks_kept', 'an unreadable link', { links: [unreadable] }, 'unknown', { code: 'unreadable' }],
  ['no_failed_task', 'an unreadable link', { links: [unreadable] }, 'fail', { code: 'tasks_failed', count: 2 }],
  ['bullmq_version', 'BullMQ 6', {}, 'pass', null],
  ['bullmq_version', 'BullMQ 5', writtenBy('bullmq:5.81.5'), 'pass', null],
  ['bullmq_version', 'BullMQ 10', writtenBy('bullmq:10.0.1'), 'pass', null],
  ['bullmq_version', 'BullMQ Pro', writtenBy('bullmq-pro:7.1.0'), 'pass', null],
  ['bullmq_version', 'BullMQ 4', writtenBy('bullmq:4.18.2'), 'fail', { code: 'bullmq_too_old', major: 4 }],
  ['bullmq_version', 'no version', writtenBy(null), 'unknown', { code: 'bullmq_unknown' }],
  ['bullmq_version', 'another library', writtenBy('python:2.0'), 'unknown', { code: 'bullmq_unknown' }],
  [
    'bullmq_version',
    'a library with a similar name',
    writtenBy('not-bullmq:4.0'),
    'unknown',
    { code: 'bullmq_unknown' },
  ],
  ['bullmq_version', 'an unreachable link', { links: [unreachable] }, 'unknown', { code: 'unreachable' }],
  ['bullmq_version', 'a missing queue', { links: [missing] }, 'unknown', { code: 'queue_missing' }],
  ['workers_connected', 'one worker', {}, 'pass', null],
  ['workers_connected', 'no worker', { workers: [0] }, 'fail', { code: 'no_worker' }],
  ['workers_connected', 'an unknown number', { workers: [null] }, 'unknown', { code: 'workers_unknown' }],
  ['workers_connected', 'no number', { workers: [] }, 'unknown', { code: 'workers_unknown' }],
  ['failed_tasks_kept', 'a task without removeOnFail', {}, 'pass', null],
  [
    'failed_tasks_kept',
    'a task with removeOnFail',
    { links: [read({ failedRetention: { kind: 'none' } })] },
    'unknown',
    { code: 'failed_tasks_removed' },
  ],
  [
    'failed_tasks_kept',
    'a task of which 50 failed ones are kept',
    { links: [read({ failedRetention: { kind: 'bounded', count: 50, ageMs: null } })] },
    'unknown',
    { code: 'failed_tasks_bounded', count: 50, ageMs: null },
  ],
  ['failed_tasks_kept', 'a missing queue', { links: [missing] }, 'pass', null],
  ['failed_tasks_kept', 'an unreachable link', { links: [unreachable] }, 'unknown', { code: 'unreachable' }],
  ['no_failed_task', 'no failure', {}, 'pass', null],
  [
    'no_failed_task',
    'three failures',
    { links: [read({ failuresAfterWatermark: 3 })] },
    'fail',
    { code: 'tasks_failed', count: 3 },
  ],
  ['no_failed_task', 'a missing queue', { links: [missing] }, 'pass', null],
  ['no_failed_task', 'an unreachable link', { links: [unreachable] }, 'unknown', { code: 'unreachable' }],
];

describe('the precheck', () => {
  it.each(cases)('gives the check %s the expected result for %s', (check, _name, facts, result, reason) => {
    const items = precheckItems({ ...passingFacts, ...facts });
    const item = items.find((each) => each.check === check);
    expect([item?.result, item?.reason]).toEqual([result, reason]);
    expect(precheckPassed(items)).toBe(items.every((item) => item.result !== 'fail'));
  });

  it('passes when every check that does not pass is unknown', () => {
    const unknown = precheckItems({
      connections: server(null),
      links: [read({ bullmqVersion: null, failedRetention: { kind: 'none' } })],
      workers: [null],
    });
    expect(unknown.filter(({ result }) => result === 'unknown')).toHaveLength(4);
    expect(precheckPassed(unknown)).toBe(true);
  });

  it('has the worst result of all links, and names the links with it', () => {
    const links = ['a', 'b', 'c'].map((queue) =>
      read({ link: exampleLink(queue), failuresAfterWatermark: queue === 'a' ? 0 : 2 }),
    );
    const items = precheckItems({ ...passingFacts, links, workers: [null, 0, 1] });
    expect(items.find(({ check }) => check === 'no_failed_task')).toEqual({
      check: 'no_failed_task',
      result: 'fail',
      reason: { code: 'tasks_failed', count: 2 },
      links: { total: 2, first: [exampleLink('b'), exampleLink('c')] },
    });
    expect(items.find(({ check }) => check === 'workers_connected')).toMatchObject({
      result: 'fail',
      links: { total: 1, first: [exampleLink('b')] },
    });
  });
});

it('A check of one link that passes has a reason too.', () => {
  expect([
    checkQueueExists(read()),
    checkBullmqVersion(read({ bullmqVersion: 'bullmq:5.1.0' })),
    checkWorkers(2),
    checkFailedTasksKept(read()),
  ]).toEqual([
    { result: 'pass', reason: { code: 'queue_exists' } },
    { result: 'pass', reason: { code: 'bullmq_supported', version: 'bullmq:5.1.0' } },
    { result: 'pass', reason: { code: 'workers_connected', count: 2 } },
    { result: 'pass', reason: { code: 'failed_tasks_kept' } },
  ]);
});
