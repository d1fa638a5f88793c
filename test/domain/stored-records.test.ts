import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { type Alert, alertSchema, type DeliveredAlert, deliveredAlertSchema } from '../../src/domain/alert.ts';
import { type Condition, conditionSchema } from '../../src/domain/conditions.ts';
import {
  type ConnectionFault,
  type ConnectionFaultKind,
  connectionFaultSchema,
} from '../../src/domain/connection-fault.ts';
import { historyEntrySchema, historyEvents, requestedFrom } from '../../src/domain/history.ts';
import { operationKinds } from '../../src/domain/lifecycle.ts';
import { type Failure, failureSchema, noWatermark, type Watermark, watermarkSchema } from '../../src/domain/link.ts';
import { type Operation, type Outcome, operationSchema, operationStates } from '../../src/domain/operation.ts';
import { type CheckReason, type PrecheckItem, precheckItemSchema } from '../../src/domain/precheck.ts';
import { type ProjectDefinition, projectDefinitionSchema } from '../../src/domain/project.ts';
import { projectStates } from '../../src/domain/project-state.ts';
import { type Refusal, refusalSchema } from '../../src/domain/refusal.ts';
import { exampleLink, exampleNow, exampleOperation, exampleOutcome } from '../support/example-records.ts';
import { makeDefinition } from '../support/project-definition.ts';

const link = exampleLink('orders-full');
const links = { total: 7, first: [link] };
const text = 'any text';
const at = exampleNow;
const taskFailure = { kind: 'task_failed', link, taskId: '7', reason: text, at } as const;
const linkFailure = { kind: 'link_unreachable', link, at } as const;
const failures: Failure[] = [
  taskFailure,
  { ...taskFailure, removedTasks: 3 },
  linkFailure,
  { ...linkFailure, isNotConfigured: true },
];
const failureStreak = {
  count: 2,
  isSameCause: true,
  failedAt: at,
  run: { since: at - 1, by: text, action: 'restore' },
} as const;
const causes = {
  tasks: 7,
  grouped: 7,
  causes: 1,
  first: [{ reason: text, tasks: 7 }],
  since: at,
  workers: 3,
  failedAgain: 1,
};
const message = { channel: 'C0SYNC', ts: '1.2' };

const conditions: { readonly [Kind in Condition['kind']]: Extract<Condition, { kind: Kind }> } = {
  project_failed: {
    kind: 'project_failed',
    since: at,
    failure: taskFailure,
    isRepeated: true,
    streak: failureStreak,
    causes,
  },
  unexpectedly_running: { kind: 'unexpectedly_running', links, cause: 'not_paused' },
  unexpectedly_paused: { kind: 'unexpectedly_paused', links },
  pause_ignored: { kind: 'pause_ignored', links },
  queue_created: { kind: 'queue_created', links },
  queue_missing: { kind: 'queue_missing', links },
  link_unreadable: { kind: 'link_unreadable', links },
  no_worker: { kind: 'no_worker', noWorker: links, overdue: { total: 0, first: [] } },
  latency: { kind: 'latency', latencyMs: 5_000, limitMs: 1_000 },
  tasks_failed: { kind: 'tasks_failed', count: 2, failure: taskFailure, removedTasks: 1, causes },
  log_retention_50: { kind: 'log_retention_50', until: at },
  log_retention_80: { kind: 'log_retention_80', until: at },
  log_retention_100: { kind: 'log_retention_100', until: at },
  pause_ending: {
    kind: 'pause_ending',
    until: at,
    by: text,
    setAt: at,
    change: { kind: 'extended', at, by: text, until: at },
  },
  pause_overdue: {
    kind: 'pause_overdue',
    until: at,
    by: text,
    setAt: at,
    cause: { kind: 'changed', change: { at, by: text } },
  },
  paused_reminder: {
    kind: 'paused_reminder',
    since: at,
    by: text,
    reason: null,
    kept: { at, by: text, until: at },
  },
};

const faults: { readonly [Kind in ConnectionFaultKind]: ConnectionFault & { readonly kind: Kind } } = {
  not_configured: { kind: 'not_configured' },
  refused: { kind: 'refused' },
  not_resolved: { kind: 'not_resolved' },
  timed_out: { kind: 'timed_out' },
  closed: { kind: 'closed' },
  wrong_password: { kind: 'wrong_password' },
  password_missing: { kind: 'password_missing' },
  wrong_database: { kind: 'wrong_database' },
  cross_slot: { kind: 'cross_slot' },
  cluster_node: { kind: 'cluster_node' },
  not_cluster: { kind: 'not_cluster' },
  sentinel: { kind: 'sentinel' },
  not_sentinel: { kind: 'not_sentinel' },
  not_redis: { kind: 'not_redis' },
  no_permission: { kind: 'no_permission', command: 'hget' },
  tls: { kind: 'tls', check: 'CERT_HAS_EXPIRED' },
  other: { kind: 'other', code: 'EPIPE' },
};

const reasons: { readonly [Code in CheckReason['code']]: Extract<CheckReason, { code: Code }> } = {
  reachable: { code: 'reachable' },
  unreachable: { code: 'unreachable', fault: faults.tls },
  never_evicts: { code: 'never_evicts' },
  evicts: { code: 'evicts', policy: 'allkeys-lru' },
  eviction_policy_unknown: { code: 'eviction_policy_unknown' },
  queue_exists: { code: 'queue_exists' },
  queue_missing: { code: 'queue_missing' },
  bullmq_supported: { code: 'bullmq_supported', version: 'bullmq:6.7.0' },
  bullmq_too_old: { code: 'bullmq_too_old', major: 4 },
  bullmq_unknown: { code: 'bullmq_unknown' },
  workers_connected: { code: 'workers_connected', count: 2 },
  no_worker: { code: 'no_worker' },
  workers_unknown: { code: 'workers_unknown' },
  failed_tasks_kept: { code: 'failed_tasks_kept' },
  failed_tasks_removed: { code: 'failed_tasks_removed' },
  failed_tasks_bounded: { code: 'failed_tasks_bounded', count: 5, ageMs: null },
  unreadable: { code: 'unreadable' },
  no_failed_task: { code: 'no_failed_task' },
  tasks_failed: { code: 'tasks_failed', count: 2 },
};

const checks: { readonly [Check in PrecheckItem['check']]: PrecheckItem & { readonly check: Check } } = {
  connection_reachable: { check: 'connection_reachable', connection: text, result: 'pass', reason: reasons.reachable },
  eviction_policy: { check: 'eviction_policy', connection: text, result: 'fail', reason: reasons.evicts },
  queues_exist: { check: 'queues_exist', result: 'unknown', reason: null, links },
  bullmq_version: { check: 'bullmq_version', result: 'pass', reason: null, links },
  workers_connected: { check: 'workers_connected', result: 'pass', reason: null, links },
  failed_tasks_kept: { check: 'failed_tasks_kept', result: 'pass', reason: null, links },
  no_failed_task: { check: 'no_failed_task', result: 'pass', reason: null, links },
};

const conflict = { action: 'adopt', project: text, state: 'failed', since: at, by: text } as const;
const refusals: { readonly [Code in Refusal['code']]: Extract<Refusal, { code: Code }> } = {
  not_allowed: { code: 'not_allowed', ...conflict },
  unknown_project: { code: 'unknown_project', project: text, similar: [] },
  operation_active: { code: 'operation_active', ...conflict },
  changed: { code: 'changed', ...conflict },
  claim_timeout: { code: 'claim_timeout', action: 'start', project: text },
  precheck_failed: { code: 'precheck_failed', project: text, items: Object.values(checks) },
  links_unreachable: { code: 'links_unreachable', project: text, links: [link], paused: [link] },
  no_drift: { code: 'no_drift', project: text, state: 'paused' },
  adopt_mixed: { code: 'adopt_mixed', project: text, running: [link], paused: [], missing: [link] },
  not_paused: { code: 'not_paused', project: text, state: 'running', since: at, by: text },
  no_reminder: { code: 'no_reminder', project: text, kept: { at, by: text, until: null } },
  invalid_limit: {
    code: 'invalid_limit',
    project: text,
    verb: 'pause',
    word: 'until',
    text: '25:00',
    problem: 'no_such_time',
    timeZone: 'Europe/Berlin',
  },
  limit_not_possible: { code: 'limit_not_possible', project: text, action: 'start' },
  limit_above_max: { code: 'limit_above_max', project: text, maxMs: 3_600_000 },
  catch_up_not_possible: { code: 'catch_up_not_possible', project: text, action: 'restore' },
  pause_waits: { code: 'pause_waits', project: text, by: text, until: at },
  not_caught_up: { code: 'not_caught_up', project: text, until: at, latencyMs: null, observedAt: null },
  not_waiting: { code: 'not_waiting', project: text },
  limit_passed: { code: 'limit_passed', project: text, until: at },
  deadline_moved: { code: 'deadline_moved', project: text, by: text, until: null },
  no_limit: { code: 'no_limit', project: text },
  no_task_to_skip: { code: 'no_task_to_skip', project: text },
  too_many_skipped: { code: 'too_many_skipped', project: text, tasks: 3, skipped: 98, max: 100 },
  task_not_found: { code: 'task_not_found', project: text, action: 'retry', task: text, candidates: [text] },
  not_skipped: { code: 'not_skipped', project: text },
  removed: { code: 'removed', project: text },
  alert_held: {
    code: 'alert_held',
    project: text,
    target: { channel: 'C0SYNC', group: 'latency:1' },
    held: 'snoozed',
    by: text,
    at,
    until: at,
    seenAt: at,
  },
  alert_over: { code: 'alert_over' },
  policy_unreadable: { code: 'policy_unreadable' },
  no_operators: { code: 'no_operators', user: text },
  not_operator: { code: 'not_operator', user: text },
  other_team: { code: 'other_team', user: text },
  group_unknown: { code: 'group_unknown', user: text, group: text },
  channel_not_allowed: { code: 'channel_not_allowed', channel: text, allowed: [text] },
  channel_shared: { code: 'channel_shared', channel: text },
  channel_unknown: { code: 'channel_unknown', channel: text },
  not_requester: { code: 'not_requester', by: text },
  unknown_operation: { code: 'unknown_operation' },
};

const fields = { since: at, seq: 2, changedAt: at, version: 3 };
const alerts: Alert[] = [
  { state: 'pending', condition: conditions.latency, ...fields },
  { state: 'firing', condition: conditions.latency, absentOnce: true, ...fields },
  { state: 'resolved', ...fields },
];
const delivered: DeliveredAlert = { seq: 1, since: at, message, resolved: true };
const watermark: Watermark = { at, known: [{ taskId: '7', at }], eventId: '1-0' };
const outcome: Outcome = {
  ...exampleOutcome,
  unreconciled: [link],
  missing: [link],
  retriedTasksUncertain: true,
  logRetainedUntil: at,
  removedTasks: 2,
  backlog: 4,
  tasks: [{ link, taskId: '7', at }],
};

const operations: Operation[] = [
  ...operationStates.map((state) => exampleOperation({ state, origin: 'cli', channel: null, reason: null })),
  ...operationKinds.map((action) => exampleOperation({ action })),
  exampleOperation({
    state: 'confirmed',
    pauseUntil: { at, timeZone: null, source: 'person', durationMs: 1 },
    catchUpMs: 1,
    waitsUntil: 2,
    waitEndedAt: 3,
    waitEndedBy: text,
    waitRepliedAt: 4,
    waitObservation: {
      latest: { at, remaining: null, counters: null, rates: null, noWorker: { total: 0, first: [] } },
      latencyMs: null,
      shown: { at, latencyMs: 42 },
    },
  }),
  exampleOperation({
    tasks: [taskFailure],
    resolvedAt: 1,
    executeBy: 2,
    claimDelayedAt: 3,
    startedAt: 4,
    finishedAt: 5,
    fromState: 'running',
    toState: 'failed',
    progress: { done: 1, total: 2, tasksToRetry: 3, removedTasks: 4 },
    outcome,
    refusal: refusals.removed,
    reconciledAt: 6,
    stateEndedAt: 8,
    laterFailure: { at, failure: taskFailure, streak: failureStreak },
    followUp: {
      goal: 'caught_up',
      latest: {
        at,
        remaining: 3,
        counters: { measuredAt: at, backlog: 3, added: 9, ended: 6 },
        rates: { fewerPerS: 1.5, addedPerS: null, endedPerS: null },
        noWorker: links,
      },
      intervalMs: 2_000,
    },
    followEnd: { kind: 'state_changed', at, state: 'paused', by: text },
    notifiedAt: 7,
    message,
    dialog: { kind: 'response_url', url: 'https://hooks.slack.example', expiresAt: at, usesLeft: 4 },
  }),
  exampleOperation({ dialog: { kind: 'view', viewId: 'V0', press: '1.2.a', expiresAt: at, usesLeft: 4 } }),
];

const definitions: ProjectDefinition[] = [
  makeDefinition('orders'),
  makeDefinition('orders', {
    description: text,
    source: { type: 'mysql', name: 'db' },
    target: { type: 'kafka', name: 'topic' },
    labels: ['prod'],
    channel: 'C0SYNC',
    onFailure: 'continue',
    logRetention: 1,
    latencyAlert: 2,
    pausedReminder: 3,
  }),
];

const entry = {
  id: '1-0',
  at,
  event: 'done',
  operation: 'op1',
  by: 'U0ALICE',
  action: 'pause',
  reason: text,
  origin: 'slack',
  channel: 'C0SYNC',
  version: 3,
  state: 'paused',
  code: 'removed',
  refusal: refusals.removed,
  outcome,
  failure: taskFailure,
  alert: alerts[1],
  alertKind: 'latency',
  delivered,
  links: [link],
  until: at,
  catchUpMs: 1,
  cause: 'late_write',
  tasks: [{ link, taskId: '7', at }],
} as const;

describe('a stored record is read as it was written', () => {
  const records: readonly (readonly [name: string, schema: z.ZodType, values: readonly object[]])[] = [
    ['alert', alertSchema, alerts],
    ['delivered alert', deliveredAlertSchema, [delivered, { ...delivered, message: null }]],
    ['condition', conditionSchema, Object.values(conditions)],
    ['connection fault', connectionFaultSchema, [...Object.values(faults), { kind: 'no_permission', command: null }]],
    ['failure', failureSchema, failures],
    ['watermark', watermarkSchema, [watermark]],
    ['precheck item', precheckItemSchema, Object.values(checks)],
    [
      'reason of a precheck item',
      precheckItemSchema,
      Object.values(reasons).map((reason) => ({ ...checks.connection_reachable, reason })),
    ],
    ['refusal', refusalSchema, Object.values(refusals)],
    ['operation', operationSchema, operations],
    ['definition', projectDefinitionSchema, definitions],
    [
      'history entry',
      historyEntrySchema,
      [
        entry,
        { ...entry, cause: 'queue_created', origin: 'cli' },
        ...historyEvents.map((event) => ({ ...entry, event })),
      ],
    ],
    ['state in a history entry', historyEntrySchema, projectStates.map((state) => ({ ...entry, state }))],
  ];

  it.each(records)('%s', (_name, schema, values) => {
    for (const value of values) expect(schema.parse(JSON.parse(JSON.stringify(value)))).toEqual(value);
  });
});

describe('a record of an older version', () => {
  it('of an operation has null for the fields that the version did not write, and no tasks', () => {
    const {
      tasks,
      claimDelayedAt,
      reconciledAt,
      laterFailure,
      stateEndedAt,
      followUp,
      followEnd,
      notifiedAt,
      ...older
    } = exampleOperation();
    expect(operationSchema.parse(older)).toEqual(exampleOperation());
  });

  it('of a dialog is that of a message', () => {
    const dialog = { url: 'https://hooks.slack.example', expiresAt: at, usesLeft: 4 };
    const read = operationSchema.parse({ ...exampleOperation(), dialog });
    expect(read.dialog).toEqual({ kind: 'response_url', ...dialog });
  });

  it('of a watermark has the score of the watermark for its tasks, and an event of that time', () => {
    expect(watermarkSchema.parse({ at: 1_700_000_000_000, taskIds: ['7'] })).toEqual({
      at: 1_700_000_000_000,
      known: [{ taskId: '7', at: 1_700_000_000_000 }],
      eventId: '1700000000000-0',
    });
    expect(watermarkSchema.parse({ at: 0, taskIds: [] })).toEqual(noWatermark);
  });

  it('of a definition has no limits', () => {
    const { logRetention, latencyAlert, pausedReminder, ...older } = makeDefinition('orders');
    expect(projectDefinitionSchema.parse(older)).toEqual(makeDefinition('orders'));
  });
});

describe('a record that a later version may write', () => {
  it.each(Object.keys(entry).filter((field) => !['id', 'at', 'event'].includes(field)))(
    'of the history has null for an unknown %s, and the other fields',
    (field) => {
      const { [field]: _unknown, ...others } = entry as Record<string, unknown>;
      expect(historyEntrySchema.parse({ ...entry, [field]: { v: 9 } })).toEqual({ ...others, [field]: null });
      expect(historyEntrySchema.parse(others)).toEqual({ ...others, [field]: null });
    },
  );

  it.each([
    ['operation', operationSchema, { ...exampleOperation(), v: 2 }],
    ['definition', projectDefinitionSchema, { ...makeDefinition('orders'), v: 2 }],
    ['refusal', refusalSchema, { code: 'new' }],
    ['condition', conditionSchema, { kind: 'new' }],
    ['alert', alertSchema, { state: 'new' }],
  ])('of another form is refused: %s', (_name, schema, value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
});

it.each([
  ['mysql', '', 'orders', 'bull'],
  ['', 'db', 'orders', 'bull'],
  ['x'.repeat(64), 'db', 'orders', 'bull'],
  ['mysql', 'x'.repeat(256), 'orders', 'bull'],
  ['mysql', 'db', '', 'bull'],
  ['mysql', 'db', 'orders', ''],
])('A definition with the source type %j, the name %j, the queue %j and the prefix %j is refused.', (...values) => {
  const [type = '', name = '', queue = '', prefix = ''] = values;
  const definition = { source: { type, name }, links: [{ queue, prefix, connection: 'default' }] };
  expect(projectDefinitionSchema.safeParse(makeDefinition('orders', definition)).success).toBe(false);
});

it('A definition has at least one link, on a named connection.', () => {
  const accepts = (...links: ProjectDefinition['links']) =>
    projectDefinitionSchema.safeParse(makeDefinition('orders', { links })).success;
  expect([accepts(), accepts({ ...link, connection: '' }), accepts(link)]).toEqual([false, false, true]);
});

it('A type of 63 and a name of 255 characters are accepted.', () => {
  const source = { type: 'x'.repeat(63), name: 'x'.repeat(255) };
  expect(projectDefinitionSchema.safeParse(makeDefinition('orders', { source })).success).toBe(true);
});

it.each([
  ['slack', 'C0SYNC', 'U0ALICE', 'C0SYNC'],
  ['cli', null, 'cli:root', 'cli'],
  [null, null, 'cli:root', 'cli'],
  [null, 'C0SYNC', 'U0ALICE', 'C0SYNC'],
  ['slack', 'C0SYNC', 'cli:root', 'C0SYNC'],
  [null, null, 'U0CLI:', null],
  [null, null, null, null],
] as const)(
  'A request with the origin %s, the channel %s and the actor %s came from %s.',
  (origin, channel, by, from) => {
    expect(requestedFrom(historyEntrySchema.parse({ ...entry, origin, channel, by }))).toBe(from);
  },
);
