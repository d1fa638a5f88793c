import fc from 'fast-check';
import type { Acknowledgement } from '../../src/domain/acknowledgement.ts';
import type { Alert, FiringAlert } from '../../src/domain/alert.ts';
import { alertKinds, alertSeverities, type Condition } from '../../src/domain/conditions.ts';
import type { FailureCauses } from '../../src/domain/failure-causes.ts';
import type { FailureStreak } from '../../src/domain/failure-streak.ts';
import { type FollowEnd, followGoals } from '../../src/domain/follow-up.ts';
import { type HistoryEntry, historyEvents } from '../../src/domain/history.ts';
import { actions, operationKinds } from '../../src/domain/lifecycle.ts';
import { type Failure, type Link, noWatermark } from '../../src/domain/link.ts';
import { type LinkObservation, toProjectStats } from '../../src/domain/observation.ts';
import type { OnCallRule } from '../../src/domain/on-call.ts';
import { type Operation, operationStates } from '../../src/domain/operation.ts';
import type { CheckReason, PrecheckItem } from '../../src/domain/precheck.ts';
import { type Project, projectIdSchema } from '../../src/domain/project.ts';
import { projectStates } from '../../src/domain/project-state.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import type { SkippedTask } from '../../src/domain/skipped-tasks.ts';
import type { TrendSample } from '../../src/domain/trend.ts';
import { limitErrorCodes } from '../../src/lib/time-limit.ts';
import type { RefusedCommand } from '../../src/slack/views/refusal.ts';

export const now = 1_800_000_000_000;

/** Texts from people and YAML, some of which try to mention people, add links, hide text or break the markup. */
export const hostileTextArbitrary = fc.oneof(
  fc.constantFrom(
    '<!channel> <!here|x> <!everyone>',
    '<@U0ALICE> <#C0SYNC> <!subteam^S0OPS>',
    '<https://evil.example|orders>',
    '&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&',
    '&lt;!channel&gt; &amp;lt;',
    '`code` *bold* _it_ ~no~ ```',
    '👨‍👩‍👧‍👦🇩🇪👍🏽',
    'عربي \u202egnirts\u202c עברית',
    '"\\"\\"\\"\n\r\n\t\u0000\u001b[31m',
    '\ud800 lone \udc00',
    '<\u200b!channel\u200b>',
    '   ',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.constantFrom('<', '&', '"', '😀', 'x', '`', '\u202e').map((unit) => unit.repeat(3_000)),
);

export const projectIdArbitrary = fc
  .stringMatching(/^[a-z0-9][a-z0-9_-]{0,62}$/)
  .filter((id) => projectIdSchema.safeParse(id).success);

const nonEmptyText = hostileTextArbitrary.map((text) => (text === '' ? 'q' : text));
const link: fc.Arbitrary<Link> = fc.record({
  queue: nonEmptyText,
  connection: fc.oneof(fc.constant('default'), nonEmptyText),
  prefix: fc.oneof(fc.constant('bull'), nonEmptyText),
});
const taskCount = fc.nat(2_000_000_000);
const timestamp = fc.integer({ min: 0, max: now + 10_000 });
const requester = fc.oneof(fc.constantFrom('U0ALICE', 'W012ABC', 'cli:root', 'syncbot'), nonEmptyText);

const linkStats = fc.record({
  kind: fc.constant('read' as const),
  link,
  paused: fc.boolean(),
  waiting: taskCount,
  prioritized: taskCount,
  active: taskCount,
  delayed: taskCount,
  overdue: taskCount,
  overdueSince: fc.option(timestamp),
  ignoresPause: fc.boolean(),
  failedRetention: fc.option(
    fc.oneof(
      fc.record({ kind: fc.constantFrom('all' as const, 'none' as const) }),
      fc.record({ kind: fc.constant('bounded' as const), count: fc.option(taskCount), ageMs: fc.option(taskCount) }),
    ),
  ),
  failed: taskCount,
  added: taskCount,
  ended: taskCount,
  oldestRunnableAt: fc.option(timestamp),
  now: fc.constant(now),
  bullmqVersion: fc.option(nonEmptyText),
  failuresAfterWatermark: taskCount,
  oldestFailures: fc.array(fc.record({ taskId: nonEmptyText, reason: hostileTextArbitrary, at: timestamp }), {
    maxLength: 3,
  }),
  newestFailed: fc.constant(noWatermark),
});
const linkObservation: fc.Arbitrary<LinkObservation> = fc.oneof(
  { weight: 8, arbitrary: linkStats },
  { weight: 1, arbitrary: linkStats.map((stats) => ({ ...stats, kind: 'unreadable' as const })) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('missing' as const), link }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unreachable' as const), link }) },
);

const endpoint = fc.record({ type: nonEmptyText, name: nonEmptyText });
const taskFailure = fc.record({
  kind: fc.constant('task_failed' as const),
  link,
  taskId: nonEmptyText,
  reason: hostileTextArbitrary,
  at: timestamp,
});
/** With an id that is not too long to be an id of BullMQ. */
const failedTask = fc.tuple(taskFailure, nonEmptyText).map(([task, taskId]) => ({ ...task, taskId }));

export function skippedTasksArbitrary(links: readonly Link[]): fc.Arbitrary<SkippedTask[]> {
  const skipped = fc.record({ task: failedTask, link: fc.constantFrom(...links), skippedAt: timestamp, by: requester });
  return fc.array(skipped, { maxLength: 30 }).map((all) => all.map(({ task, ...rest }) => ({ ...task, ...rest })));
}

const failure: fc.Arbitrary<Failure> = fc.oneof(
  taskFailure,
  fc.record({ kind: fc.constant('link_unreachable' as const), link, at: timestamp }),
);

const failureStreak: fc.Arbitrary<FailureStreak> = fc.record({
  count: fc.integer({ min: 1, max: 1_000 }),
  isSameCause: fc.boolean(),
  failedAt: timestamp,
  run: fc.record({ since: timestamp, by: requester, action: fc.constantFrom(null, ...operationKinds) }),
});

const linkSample = fc.record({ total: fc.nat(10_000), first: fc.array(link, { maxLength: 5 }) });

const failureCauses: fc.Arbitrary<FailureCauses> = fc.record(
  {
    tasks: taskCount,
    grouped: taskCount,
    causes: taskCount,
    first: fc.array(fc.record({ reason: hostileTextArbitrary, tasks: taskCount }), { minLength: 1, maxLength: 3 }),
    since: timestamp,
    workers: taskCount,
  },
  { requiredKeys: ['tasks', 'grouped', 'causes', 'first', 'since'] },
);

/** Conditions of every kind. */
export const conditionArbitrary: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({
    kind: fc.constant('project_failed' as const),
    since: timestamp,
    failure: fc.option(failure),
    streak: failureStreak,
    causes: failureCauses,
  }),
  fc.record({
    kind: fc.constant('unexpectedly_running' as const),
    links: linkSample,
    cause: fc.constantFrom('resumed' as const, 'not_paused' as const),
  }),
  fc.record({
    kind: fc.constantFrom(
      'pause_ignored' as const,
      'unexpectedly_paused' as const,
      'queue_created' as const,
      'queue_missing' as const,
      'link_unreadable' as const,
    ),
    links: linkSample,
  }),
  fc.record({ kind: fc.constant('no_worker' as const), noWorker: linkSample, overdue: linkSample }),
  fc.record({ kind: fc.constant('latency' as const), latencyMs: taskCount, limitMs: taskCount }),
  fc.record({
    kind: fc.constant('tasks_failed' as const),
    count: taskCount,
    failure: taskFailure,
    causes: failureCauses,
  }),
  fc.record({
    kind: fc.constantFrom('log_retention_50' as const, 'log_retention_80' as const, 'log_retention_100' as const),
    until: timestamp,
  }),
  fc.record({
    kind: fc.constant('paused_reminder' as const),
    since: timestamp,
    by: requester,
    reason: fc.option(hostileTextArbitrary),
  }),
);

const alertFields = { since: timestamp, seq: fc.nat(100), changedAt: timestamp, version: fc.nat(100) };
export const acknowledgementArbitrary: fc.Arbitrary<Acknowledgement> = fc.record(
  {
    kind: fc.constantFrom('owned' as const, 'snoozed' as const),
    by: requester,
    at: timestamp,
    until: timestamp.map((at) => at + 3_600_000),
    from: requester,
    isGivenBack: fc.constant(true as const),
  },
  { requiredKeys: ['kind', 'by', 'at', 'until'] },
);
export const firingAlertArbitrary: fc.Arbitrary<FiringAlert> = fc.record(
  {
    state: fc.constant('firing' as const),
    condition: conditionArbitrary,
    absentOnce: fc.boolean(),
    acknowledgement: acknowledgementArbitrary,
    ...alertFields,
  },
  { requiredKeys: ['state', 'condition', 'absentOnce', 'since', 'seq', 'changedAt', 'version'] },
);
const alert: fc.Arbitrary<Alert> = fc.oneof(
  firingAlertArbitrary,
  fc.record({ state: fc.constant('pending' as const), condition: conditionArbitrary, ...alertFields }),
  fc.record({ state: fc.constant('resolved' as const), ...alertFields }),
);
const deliveredAlert = fc.record({
  seq: fc.nat(100),
  since: timestamp,
  message: fc.option(fc.record({ channel: hostileTextArbitrary, ts: hostileTextArbitrary })),
  resolved: fc.boolean(),
});

/** A project with up to 100 links, and its stats. */
export const observedProjectArbitrary = fc
  .record({
    observations: fc.array(linkObservation, { minLength: 1, maxLength: 100, size: 'max' }),
    id: projectIdArbitrary,
  })
  .chain(({ observations: readings, id }) =>
    fc.record({
      project: projectWith(
        id,
        readings.map((observation) => observation.link),
      ),
      stats: fc.constant(toProjectStats(readings, now)),
    }),
  );

const mentionedIds = fc.uniqueArray(fc.constantFrom('U0ALICE', 'W0BOB', 'S0OPS', 'S0DBA'));
export const onCallRulesArbitrary: fc.Arbitrary<OnCallRule[]> = fc.array(
  fc.record({
    mention: mentionedIds,
    label: fc.option(hostileTextArbitrary),
    severity: fc.constantFrom(...alertSeverities),
  }),
  { maxLength: 3 },
);

const pausedUntil = fc.record({
  at: timestamp,
  by: requester,
  setAt: timestamp,
  operation: fc.constant('op1'),
  version: fc.nat(100),
  attempts: fc.nat(20),
  nextAttemptAt: timestamp,
  code: fc.option(fc.constantFrom('links_unreachable', 'claim_timeout')),
  stopped: fc.option(
    fc.record({ at: timestamp, change: fc.option(fc.record({ by: fc.option(requester), at: timestamp })) }),
  ),
});

// Built once: to build it takes longer than a test case.
const anyProject: fc.Arbitrary<Project> = fc.record({
  id: fc.constant('orders'),
  definition: fc.record({
    v: fc.constant(1 as const),
    id: fc.constant('orders'),
    description: fc.option(hostileTextArbitrary),
    source: fc.option(endpoint),
    target: fc.option(endpoint),
    labels: fc.array(hostileTextArbitrary, { maxLength: 30 }),
    channel: fc.option(fc.constant('C0SYNC')),
    onCall: mentionedIds,
    runbook: fc.option(fc.webUrl({ withQueryParameters: true, withFragments: true })),
    onFailure: fc.constantFrom('pause' as const, 'continue' as const),
    logRetention: fc.option(taskCount),
    latencyAlert: fc.option(taskCount),
    pausedReminder: fc.constant(null),
    pauseMax: fc.constant(null),
    links: fc.constant([]),
  }),
  state: fc.constantFrom(...projectStates),
  version: fc.nat(100),
  since: timestamp,
  by: requester,
  reason: fc.option(hostileTextArbitrary),
  activeOperation: fc.constant(null),
  reconciledVersion: fc.nat(100),
  watermarks: fc.constant({}),
  skippedTasks: fc.constant([]),
  retriedTasks: fc.constant([]),
  failure: fc.option(failure),
  failureStreak: fc.option(failureStreak),
  followedOperation: fc.constant(null),
  incompleteOperation: fc.constant(null),
  lastOperation: fc.constant(null),
  pendingLinks: fc.constant([]),
  linksToReconcile: fc.constant(null),
  oldestUnprocessedAt: fc.option(timestamp),
  keptPaused: fc.constant(null),
  pausedUntil: fc.option(pausedUntil),
  waitingPause: fc.option(fc.record({ operation: fc.constant('op1'), by: requester, until: timestamp })),
  alerts: fc.record({
    unexpectedly_running: fc.record({ alert, delivered: fc.constant(null) }),
    latency: fc.record({ alert, delivered: fc.constant(null) }),
  }),
});

function projectWith(id: string, links: readonly Link[]): fc.Arbitrary<Project> {
  return fc.tuple(anyProject, skippedTasksArbitrary(links)).map(([project, skippedTasks]) => ({
    ...project,
    id,
    definition: { ...project.definition, id, links: [...links] },
    skippedTasks,
  }));
}

/** Samples of the trend, some of them outside of the last hour. */
export const samplesArbitrary: fc.Arbitrary<TrendSample[]> = fc.array(
  fc.record({
    at: fc.integer({ min: -90, max: 10 }).map((minutes) => now + minutes * 60_000),
    backlog: taskCount,
    latencyMs: taskCount,
  }),
  { maxLength: 100 },
);

const checkResult = fc.constantFrom('pass' as const, 'fail' as const, 'unknown' as const);
const checkReason: fc.Arbitrary<CheckReason> = fc.oneof(
  fc.record({ code: fc.constantFrom('unreachable' as const, 'queue_missing' as const, 'no_worker' as const) }),
  fc.record({ code: fc.constant('evicts' as const), policy: hostileTextArbitrary }),
  fc.record({ code: fc.constant('bullmq_supported' as const), version: hostileTextArbitrary }),
  fc.record({ code: fc.constant('tasks_failed' as const), count: taskCount }),
  fc.record({
    code: fc.constant('failed_tasks_bounded' as const),
    count: fc.option(taskCount),
    ageMs: fc.option(taskCount),
  }),
);

export const precheckItemsArbitrary: fc.Arbitrary<PrecheckItem[]> = fc.array(
  fc.oneof(
    fc.record({
      check: fc.constantFrom('connection_reachable' as const, 'eviction_policy' as const),
      connection: hostileTextArbitrary,
      result: checkResult,
      reason: checkReason,
    }),
    fc.record({
      check: fc.constantFrom('queues_exist' as const, 'bullmq_version' as const, 'no_failed_task' as const),
      result: checkResult,
      reason: fc.option(checkReason),
      links: linkSample,
    }),
  ),
  { maxLength: 60, size: 'max' },
);

export const refusedCommandArbitrary: fc.Arbitrary<RefusedCommand> = fc.record({
  verb: fc.constantFrom('show' as const, 'precheck' as const, 'history' as const, ...actions),
  reason: fc.option(fc.string({ minLength: 1, maxLength: 300 })),
});

export const refusalArbitrary: fc.Arbitrary<Refusal> = fc.oneof(
  fc.record({
    code: fc.constantFrom('not_allowed' as const, 'operation_active' as const, 'changed' as const),
    action: fc.constantFrom(...operationKinds),
    project: projectIdArbitrary,
    state: fc.constantFrom(...projectStates),
    since: timestamp,
    by: requester,
  }),
  fc.record({
    code: fc.constant('unknown_project' as const),
    project: hostileTextArbitrary,
    similar: fc.array(projectIdArbitrary, { maxLength: 5 }),
  }),
  fc.record({
    code: fc.constant('precheck_failed' as const),
    project: projectIdArbitrary,
    items: precheckItemsArbitrary,
  }),
  fc.record({
    code: fc.constant('links_unreachable' as const),
    project: projectIdArbitrary,
    links: fc.array(link, { minLength: 1 }),
    paused: fc.array(link),
  }),
  fc.record({
    code: fc.constant('claim_timeout' as const),
    project: projectIdArbitrary,
    action: fc.constantFrom(...operationKinds),
  }),
  fc.record({
    code: fc.constant('no_drift' as const),
    project: projectIdArbitrary,
    state: fc.constantFrom(...projectStates),
  }),
  fc.record({
    code: fc.constant('adopt_mixed' as const),
    project: projectIdArbitrary,
    running: fc.array(link),
    paused: fc.array(link),
    missing: fc.array(link),
  }),
  fc.record({
    code: fc.constantFrom('removed' as const, 'no_task_to_skip' as const, 'not_skipped' as const),
    project: projectIdArbitrary,
  }),
  fc.record({
    code: fc.constant('too_many_skipped' as const),
    project: projectIdArbitrary,
    tasks: taskCount,
    skipped: taskCount,
    max: taskCount,
  }),
  fc.record({
    code: fc.constant('task_not_found' as const),
    project: projectIdArbitrary,
    action: fc.constantFrom(...operationKinds),
    task: hostileTextArbitrary,
    candidates: fc.array(hostileTextArbitrary, { maxLength: 20 }),
  }),
  fc.record({
    code: fc.constant('not_paused' as const),
    project: projectIdArbitrary,
    state: fc.constantFrom(...projectStates),
    since: timestamp,
    by: requester,
  }),
  fc.record({
    code: fc.constant('no_reminder' as const),
    project: projectIdArbitrary,
    kept: fc.option(fc.record({ at: timestamp, by: requester, until: fc.option(timestamp) })),
  }),
  fc.record({
    code: fc.constant('invalid_limit' as const),
    project: projectIdArbitrary,
    verb: fc.constantFrom('pause' as const, 'extend' as const),
    word: fc.constantFrom('for' as const, 'until' as const),
    text: hostileTextArbitrary,
    problem: fc.constantFrom(...limitErrorCodes),
    timeZone: fc.constantFrom('UTC', 'America/Argentina/ComodRivadavia'),
  }),
  fc.record({
    code: fc.constant('limit_not_possible' as const),
    project: projectIdArbitrary,
    action: fc.constantFrom(...operationKinds),
  }),
  fc.record({ code: fc.constant('limit_above_max' as const), project: projectIdArbitrary, maxMs: taskCount }),
  fc.record({ code: fc.constant('limit_passed' as const), project: projectIdArbitrary, until: timestamp }),
  fc.record({
    code: fc.constant('deadline_moved' as const),
    project: projectIdArbitrary,
    by: requester,
    until: fc.option(timestamp),
  }),
  fc.record({
    code: fc.constant('catch_up_not_possible' as const),
    project: projectIdArbitrary,
    action: fc.constantFrom(...operationKinds),
  }),
  fc.record({
    code: fc.constant('pause_waits' as const),
    project: projectIdArbitrary,
    by: requester,
    until: timestamp,
  }),
  fc.record({
    code: fc.constant('not_caught_up' as const),
    project: projectIdArbitrary,
    until: timestamp,
    latencyMs: fc.option(taskCount),
    observedAt: fc.option(timestamp),
  }),
  fc.record({ code: fc.constant('not_waiting' as const), project: projectIdArbitrary }),
  fc.record({ code: fc.constant('no_limit' as const), project: projectIdArbitrary }),
  fc.record({
    code: fc.constant('alert_held' as const),
    project: projectIdArbitrary,
    target: fc.constant({ channel: 'C0SYNC', group: 'log_retention_100:1800000000000:C0OTHER' }),
    held: fc.constantFrom('owned' as const, 'snoozed' as const),
    by: requester,
    at: timestamp,
    until: timestamp,
    seenAt: timestamp,
  }),
  fc.constant({ code: 'alert_over' as const }),
  fc.record({ code: fc.constant('not_operator' as const), user: requester }),
  fc.record({ code: fc.constant('group_unknown' as const), user: requester, group: hostileTextArbitrary }),
  fc.record({
    code: fc.constant('channel_not_allowed' as const),
    channel: hostileTextArbitrary,
    allowed: fc.array(nonEmptyText),
  }),
  fc.constant({ code: 'unknown_operation' as const }),
);

const outcome = fc.record({
  linksTotal: fc.nat(100),
  linksDone: fc.nat(100),
  unreconciled: fc.array(link, { maxLength: 100 }),
  missing: fc.array(link, { maxLength: 100 }),
  inFlight: fc.option(taskCount),
  retriedTasks: taskCount,
  backlog: fc.option(taskCount),
  tasks: fc.array(failedTask, { maxLength: 30 }),
});

const rate = fc.double({ min: 0, max: 1e9, noNaN: true });
const followObservation = fc.record({
  at: timestamp,
  remaining: fc.option(taskCount),
  counters: fc.constant(null),
  rates: fc.option(
    fc.record({ fewerPerS: fc.double({ noNaN: true }), addedPerS: fc.option(rate), endedPerS: fc.option(rate) }),
  ),
  noWorker: linkSample,
});
const followUp = fc.record({
  goal: fc.constantFrom(...followGoals),
  latest: fc.option(followObservation),
  intervalMs: taskCount,
});
const followEnd: fc.Arbitrary<FollowEnd> = fc.oneof(
  fc.record({ kind: fc.constantFrom('reached' as const, 'timed_out' as const), at: timestamp }),
  fc.record({
    kind: fc.constant('state_changed' as const),
    at: timestamp,
    state: fc.constantFrom(...projectStates),
    by: requester,
  }),
  fc.record({ kind: fc.constant('removed' as const), at: timestamp, by: requester }),
);

const limitChange = fc.record({
  kind: fc.constantFrom('extended' as const, 'kept' as const),
  at: timestamp,
  by: requester,
  until: fc.option(timestamp),
});

const waitObservation = fc.record({
  latest: followObservation,
  latencyMs: fc.option(taskCount),
  shown: fc.record({ at: timestamp, latencyMs: fc.option(taskCount) }),
});

// Built once: `fc.stringMatching` takes longer than a test case.
const operation: fc.Arbitrary<Operation> = fc.record({
  v: fc.constant(1 as const),
  id: fc.stringMatching(/^[A-Za-z0-9]{20}$/),
  project: fc.constant('orders'),
  action: fc.constantFrom(...operationKinds),
  state: fc.constantFrom(...operationStates),
  origin: fc.constantFrom('slack' as const, 'cli' as const, 'timer' as const),
  pauseUntil: fc.option(
    fc.record({
      at: timestamp,
      timeZone: fc.option(fc.constant('Europe/Berlin')),
      source: fc.constantFrom('person' as const, 'pauseMax' as const),
    }),
  ),
  catchUpMs: fc.option(fc.constant(1_800_000)),
  waitsUntil: fc.option(timestamp),
  waitEndedAt: fc.option(timestamp),
  waitEndedBy: fc.option(requester),
  waitRepliedAt: fc.option(timestamp),
  waitObservation: fc.option(waitObservation),
  limitChange: fc.option(limitChange),
  timer: fc.option(fc.record({ by: requester, setAt: timestamp, at: timestamp })),
  channel: fc.option(fc.constant('C0SYNC')),
  threadTs: fc.constant(null),
  batch: fc.constant(null),
  traceparent: fc.constant(null),
  by: requester,
  reason: fc.option(hostileTextArbitrary),
  tasks: fc.array(failedTask, { maxLength: 100, size: 'max' }),
  requestedAt: timestamp,
  expiresAt: fc.integer({ min: now, max: now + 3_600_000 }),
  projectVersion: fc.nat(100),
  resolvedAt: fc.option(timestamp),
  executeBy: fc.option(timestamp),
  claimDelayedAt: fc.option(timestamp),
  startedAt: fc.option(timestamp),
  finishedAt: fc.option(timestamp),
  fromState: fc.option(fc.constantFrom(...projectStates)),
  toState: fc.option(fc.constantFrom(...projectStates)),
  progress: fc.option(fc.record({ done: fc.nat(100), total: fc.nat(100) })),
  outcome: fc.option(outcome),
  refusal: fc.option(refusalArbitrary),
  reconciledAt: fc.option(timestamp),
  laterFailure: fc.option(fc.record({ at: timestamp, failure })),
  stateEndedAt: fc.option(timestamp),
  followUp: fc.option(followUp),
  followEnd: fc.option(followEnd),
  seq: fc.nat(50),
  notifiedSeq: fc.nat(50),
  notifiedAt: fc.option(timestamp),
  message: fc.constant(null),
  threadMessage: fc.constant(null),
  dialog: fc.constant(null),
});

export function operationArbitrary(project: string): fc.Arbitrary<Operation> {
  return operation.map((each) => ({ ...each, project }));
}

/** An entry of any event, with any of the optional fields. */
export const historyEntryArbitrary: fc.Arbitrary<HistoryEntry> = fc.record({
  id: fc.constant('1-0'),
  at: timestamp,
  event: fc.oneof({ weight: 5, arbitrary: fc.constantFrom<string>(...historyEvents) }, hostileTextArbitrary),
  operation: fc.option(nonEmptyText),
  by: fc.option(requester),
  action: fc.option(fc.constantFrom(...actions)),
  reason: fc.option(hostileTextArbitrary),
  origin: fc.option(fc.constantFrom('slack' as const, 'cli' as const)),
  channel: fc.option(fc.oneof(fc.constant('C0SYNC'), hostileTextArbitrary)),
  version: fc.option(fc.nat(100)),
  state: fc.option(fc.constantFrom(...projectStates)),
  code: fc.option(hostileTextArbitrary),
  refusal: fc.option(refusalArbitrary),
  outcome: fc.option(outcome),
  failure: fc.option(failure),
  alert: fc.option(alert),
  alertKind: fc.option(fc.constantFrom(...alertKinds)),
  delivered: fc.option(deliveredAlert),
  links: fc.option(fc.array(link)),
  until: fc.option(timestamp),
  catchUpMs: fc.option(taskCount),
  cause: fc.option(fc.constantFrom('late_write' as const, 'queue_created' as const)),
  tasks: fc.option(fc.array(failedTask)),
});
