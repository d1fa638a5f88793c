import fc from 'fast-check';
import type { Alert } from '../../src/domain/alert.ts';
import { type Finding, findingKinds } from '../../src/domain/finding.ts';
import { type HistoryEntry, historyEvents } from '../../src/domain/history.ts';
import { figuresOf, type LinkReading } from '../../src/domain/observation.ts';
import { type Operation, operationStates } from '../../src/domain/operation.ts';
import { actions, type Link, type Project, projectIdSchema, projectStates } from '../../src/domain/project.ts';
import type { PrecheckItem, Refusal } from '../../src/domain/refusal.ts';

export const now = 1_800_000_000_000;

/** Texts that people and YAML come up with, among them those that want to mention, link, hide or break out. */
export const nastyText = fc.oneof(
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

export const projectId = fc
  .stringMatching(/^[a-z0-9][a-z0-9_-]{0,62}$/)
  .filter((id) => projectIdSchema.safeParse(id).success);

const nonEmpty = nastyText.map((text) => (text === '' ? 'q' : text));
const link: fc.Arbitrary<Link> = fc.record({
  queue: nonEmpty,
  connection: fc.oneof(fc.constant('default'), nonEmpty),
  prefix: fc.oneof(fc.constant('bull'), nonEmpty),
});
const count = fc.nat(2_000_000_000);
const moment = fc.integer({ min: 0, max: now + 10_000 });
const actor = fc.oneof(fc.constantFrom('U0ALICE', 'W012ABC', 'cli:root', 'syncbot'), nonEmpty);

const figures = fc.record({
  kind: fc.constant('read' as const),
  link,
  paused: fc.boolean(),
  waiting: count,
  prioritized: count,
  active: count,
  delayed: count,
  overdue: count,
  overdueSince: fc.option(moment),
  takesWhilePaused: fc.boolean(),
  keepsFailed: fc.option(fc.boolean()),
  failed: count,
  oldestRunnableAt: fc.option(moment),
  now: fc.constant(now),
  writtenBy: fc.option(nonEmpty),
  failuresAfterWatermark: count,
  firstFailures: fc.array(fc.record({ taskId: nonEmpty, reason: nastyText, at: moment }), { maxLength: 3 }),
  newestFailed: fc.record({ at: moment, taskIds: fc.array(nonEmpty, { maxLength: 1 }) }),
});
const reading: fc.Arbitrary<LinkReading> = fc.oneof(
  { weight: 8, arbitrary: figures },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('missing' as const), link }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unreachable' as const), link }) },
);

const endpoint = fc.record({ type: nonEmpty, name: nonEmpty });
const failure = fc.record({ link, taskId: fc.option(nonEmpty), reason: nastyText, at: moment });

const someLinks = fc.record({ total: fc.nat(10_000), first: fc.array(link, { maxLength: 5 }) });

/** What an observation may have found, of every kind. */
export const finding: fc.Arbitrary<Finding> = fc.oneof(
  fc.record({ kind: fc.constant('failed' as const), since: moment, failure: fc.option(failure) }),
  fc.record({
    kind: fc.constant('loose' as const),
    links: someLinks,
    cause: fc.constantFrom('resumed' as const, 'not_paused' as const),
  }),
  fc.record({ kind: fc.constantFrom('not_held' as const, 'appeared' as const), links: someLinks }),
  fc.record({ kind: fc.constant('drift' as const), paused: someLinks, vanished: someLinks }),
  fc.record({ kind: fc.constant('unattended' as const), noWorker: someLinks, overdue: someLinks }),
  fc.record({ kind: fc.constant('latency' as const), latencyMs: count, limitMs: count }),
  fc.record({ kind: fc.constant('failures' as const), count, failure }),
  fc.record({ kind: fc.constantFrom('log_half' as const, 'log_most' as const, 'log_over' as const), until: moment }),
);

export const alert: fc.Arbitrary<Alert> = fc.record({
  since: moment,
  open: fc.boolean(),
  fading: fc.boolean(),
  finding: fc.option(finding),
  seq: fc.nat(100),
  changedAt: moment,
  version: fc.nat(100),
});
const told = fc.record({
  seq: fc.nat(100),
  since: moment,
  message: fc.option(fc.record({ channel: nastyText, ts: nastyText })),
  over: fc.boolean(),
});

/** A project and a look at its links: up to a hundred of them. */
export const observed = fc
  .record({ readings: fc.array(reading, { minLength: 1, maxLength: 100, size: 'max' }), id: projectId })
  .chain(({ readings, id }) =>
    fc.record({
      project: projectWith(
        id,
        readings.map((each) => each.link),
      ),
      figures: fc.constant(figuresOf(readings, now)),
    }),
  );

function projectWith(id: string, links: readonly Link[]): fc.Arbitrary<Project> {
  return fc.record({
    id: fc.constant(id),
    definition: fc.record({
      v: fc.constant(1 as const),
      id: fc.constant(id),
      description: fc.option(nastyText),
      source: fc.option(endpoint),
      target: fc.option(endpoint),
      labels: fc.array(nastyText, { maxLength: 30 }),
      channel: fc.option(fc.constant('C0SYNC')),
      onFailure: fc.constantFrom('pause' as const, 'continue' as const),
      logRetention: fc.option(count),
      latencyAlert: fc.option(count),
      links: fc.constant([...links]),
    }),
    state: fc.constantFrom(...projectStates),
    version: fc.nat(100),
    since: moment,
    by: actor,
    reason: fc.option(nastyText),
    holder: fc.constant(null),
    convergedVersion: fc.nat(100),
    watermarks: fc.constant({}),
    failure: fc.option(failure),
    draining: fc.constant(null),
    unfinished: fc.constant(null),
    lastOperation: fc.constant(null),
    awaited: fc.constant([]),
    driving: fc.constant(null),
    logFrom: fc.option(moment),
    alerts: fc.record({
      loose: fc.record({ alert, told: fc.constant(null) }),
      latency: fc.record({ alert, told: fc.constant(null) }),
    }),
  });
}

export const precheckItems: fc.Arbitrary<PrecheckItem[]> = fc.array(
  fc.record({ item: nastyText, result: fc.constantFrom('pass', 'fail', 'unknown'), message: nastyText }),
  { maxLength: 60 },
);

export const refusal: fc.Arbitrary<Refusal> = fc.oneof(
  fc.record({
    code: fc.constantFrom('not_allowed' as const, 'held' as const, 'changed' as const),
    action: fc.constantFrom(...actions),
    project: projectId,
    state: fc.constantFrom(...projectStates),
    since: moment,
    by: actor,
  }),
  fc.record({ code: fc.constant('unknown_project' as const), project: nastyText, similar: fc.option(projectId) }),
  fc.record({ code: fc.constant('precheck_failed' as const), project: projectId, items: precheckItems }),
  fc.record({
    code: fc.constant('links_unreachable' as const),
    project: projectId,
    links: fc.array(link, { minLength: 1 }),
  }),
  fc.record({ code: fc.constant('not_operator' as const), user: actor }),
  fc.record({ code: fc.constant('group_unknown' as const), user: actor, group: nastyText }),
  fc.record({ code: fc.constant('channel_not_allowed' as const), channel: nastyText, allowed: fc.array(nonEmpty) }),
  fc.constant({ code: 'unknown_operation' as const }),
);

const outcome = fc.record({
  linksTotal: fc.nat(100),
  linksDone: fc.nat(100),
  unreachable: fc.array(link, { maxLength: 100 }),
  missing: fc.array(link, { maxLength: 100 }),
  inFlight: fc.option(count),
  putBack: count,
});

export function operationOf(project: string): fc.Arbitrary<Operation> {
  return fc.record({
    v: fc.constant(1 as const),
    id: fc.stringMatching(/^[A-Za-z0-9]{20}$/),
    project: fc.constant(project),
    action: fc.constantFrom(...actions),
    state: fc.constantFrom(...operationStates),
    origin: fc.constantFrom('slack' as const, 'cli' as const),
    channel: fc.option(fc.constant('C0SYNC')),
    by: actor,
    reason: fc.option(nastyText),
    requestedAt: moment,
    expiresAt: fc.integer({ min: now, max: now + 3_600_000 }),
    projectVersion: fc.nat(100),
    settledAt: fc.option(moment),
    executeBy: fc.option(moment),
    startedAt: fc.option(moment),
    finishedAt: fc.option(moment),
    fromState: fc.option(fc.constantFrom(...projectStates)),
    toState: fc.option(fc.constantFrom(...projectStates)),
    progress: fc.option(fc.record({ done: fc.nat(100), total: fc.nat(100) })),
    outcome: fc.option(outcome),
    refusal: fc.option(refusal),
    failure: fc.option(failure),
    seq: fc.nat(50),
    toldSeq: fc.nat(50),
    toldAt: fc.option(moment),
    message: fc.constant(null),
    dialog: fc.constant(null),
  });
}

/** An entry of any event, with everything that an entry may hold. */
export const historyEntry: fc.Arbitrary<HistoryEntry> = fc.record({
  id: fc.constant('1-0'),
  at: moment,
  event: fc.oneof({ weight: 5, arbitrary: fc.constantFrom<string>(...historyEvents) }, nastyText),
  operation: fc.option(nonEmpty),
  by: fc.option(actor),
  action: fc.option(fc.constantFrom(...actions)),
  reason: fc.option(nastyText),
  origin: fc.option(fc.constantFrom('slack' as const, 'cli' as const)),
  channel: fc.option(fc.oneof(fc.constant('C0SYNC'), nastyText)),
  version: fc.option(fc.nat(100)),
  state: fc.option(fc.constantFrom(...projectStates)),
  code: fc.option(nastyText),
  refusal: fc.option(refusal),
  outcome: fc.option(outcome),
  failure: fc.option(failure),
  alert: fc.option(alert),
  kind: fc.option(fc.constantFrom(...findingKinds)),
  told: fc.option(told),
  links: fc.option(fc.array(link)),
  cause: fc.option(fc.constantFrom('late_write' as const, 'appeared' as const)),
});
