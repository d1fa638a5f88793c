import { describe, expect, it } from 'vitest';
import { countProjects } from '../../src/domain/attention.ts';
import { type AlertKind, alertKinds, type ConditionOf } from '../../src/domain/conditions.ts';
import { digestSections } from '../../src/domain/digest.ts';
import { type FollowEnd, type FollowUp, followGoals } from '../../src/domain/follow-up.ts';
import { type OperationKind, operationKinds } from '../../src/domain/lifecycle.ts';
import { emptyFilter } from '../../src/domain/list-filter.ts';
import type { Operation, OperationState, Outcome } from '../../src/domain/operation.ts';
import type { PrecheckItem } from '../../src/domain/precheck.ts';
import type { Project } from '../../src/domain/project.ts';
import { projectStates } from '../../src/domain/project-state.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import { toChunks } from '../../src/lib/async.ts';
import { messages } from '../../src/messages/catalog.ts';
import { buildResolvedAlert } from '../../src/slack/views/alert.ts';
import type { Message } from '../../src/slack/views/blocks.ts';
import { buildDigest } from '../../src/slack/views/digest.ts';
import { buildHome } from '../../src/slack/views/home.ts';
import { slackFormatter } from '../../src/slack/views/mrkdwn.ts';
import { buildOutcome, buildOutcomeSummary } from '../../src/slack/views/outcome.ts';
import {
  exampleLink,
  exampleNow,
  exampleOperation,
  exampleOutcome,
  exampleProject,
} from '../support/example-records.ts';

/**
 * A settled message is not edited again: the outcome of a finished operation, which also replaces the dialog, and a resolved
 * alert. So nothing in it may become untrue. These tests check two things for every settled message and every later change of
 * the project: no word describes the present, and no sentence depends on what the project is like when it is rendered.
 */
const format = slackFormatter('/sync');
const hourMs = 3_600_000;

/** Words that are true only at the time of writing. Words that a precheck item quotes are facts of that time. */
function presentWords(text: string): string[] {
  const unquoted = text.replaceAll(/“[^”]*”|should have/g, '');
  const words = [
    ...['now', 'currently', 'today', 'yet', 'already', 'so far', 'since then', 'ago', 'will', 'going to', 'until now'],
    ...['is', 'are', 'am', "isn't", 'has', 'have', 'does', 'do', 'can', 'cannot', 'may', 'must'],
    ...[
      'runs',
      'waits',
      'tries',
      'keeps',
      'stays',
      'needs',
      'matches',
      'match',
      'answers',
      'exists',
      'exist',
      'differs',
    ],
  ];
  const advice = / Check that syncbot runs with the role worker or all/;
  return unquoted.replace(advice, '').match(new RegExp(`\\b(?:${words.join('|')})\\b`, 'gi')) ?? [];
}

function textsOf({ text, blocks }: Message): string[] {
  return [text, JSON.stringify(blocks.filter(({ type }) => type !== 'actions'))];
}

const links = [exampleLink('orders-incr')];
const cause = { project: 'orders', state: 'failed', since: exampleNow, by: 'U0BOB' } as const;
const failedItem: PrecheckItem = {
  check: 'queues_exist',
  result: 'fail',
  reason: { code: 'queue_missing' },
  links: { total: 1, first: links },
};

/** Every refusal that a finished operation can have. */
const refusals = (action: OperationKind): readonly Refusal[] => [
  { code: 'not_allowed', action, ...cause },
  { code: 'operation_active', action: 'restore', ...cause },
  { code: 'changed', action, ...cause },
  { code: 'claim_timeout', action, project: 'orders' },
  { code: 'precheck_failed', project: 'orders', items: [failedItem] },
  { code: 'links_unreachable', project: 'orders', links },
  { code: 'links_unreachable', project: 'orders', links, paused: [exampleLink('orders-full')] },
  { code: 'no_drift', project: 'orders', state: 'paused' },
  { code: 'adopt_mixed', project: 'orders', running: links, paused: links, missing: links },
  { code: 'removed', project: 'orders' },
];

const fullOutcome: Outcome = {
  ...exampleOutcome,
  missing: links,
  inFlight: 3,
  backlog: 12_400,
  retriedTasks: 5,
  logRetainedUntil: exampleNow + hourMs,
};
const failure = { kind: 'task_failed', link: exampleLink('orders-full'), taskId: '7', reason: 'no', at: 1 } as const;
const laterFailure = { at: exampleNow, failure };

const rates = { fewerPerS: -28, addedPerS: 40, endedPerS: 12 };
const noWorker = { total: 1, first: [exampleLink('orders-full')] };
const latest = { at: exampleNow, remaining: 3, counters: null, rates, noWorker };
const followUp: FollowUp = { goal: 'quiet', latest, intervalMs: 1_000 };
const followEnds: readonly FollowEnd[] = [
  { kind: 'reached', at: exampleNow },
  { kind: 'timed_out', at: exampleNow },
  { kind: 'state_changed', at: exampleNow, state: 'failed', by: 'syncbot' },
  { kind: 'removed', at: exampleNow, by: 'U0BOB' },
];
/** An outcome that was followed. It is settled when that has ended. */
const followed = followGoals.flatMap((goal) =>
  followEnds.flatMap((followEnd) => [
    { outcome: fullOutcome, followUp: { ...followUp, goal }, followEnd },
    { outcome: fullOutcome, followUp: { ...followUp, goal, latest: null }, followEnd, laterFailure },
    {
      outcome: fullOutcome,
      followUp: { ...followUp, goal, latest: { ...latest, remaining: null, rates: null } },
      followEnd,
    },
    { outcome: { ...fullOutcome, inFlight: null }, followUp: { ...followUp, goal, latest: null }, followEnd },
  ]),
);

const outcomes: Readonly<Partial<Record<OperationState, (action: OperationKind) => readonly Partial<Operation>[]>>> = {
  done: () => [
    { outcome: exampleOutcome },
    { outcome: { ...exampleOutcome, backlog: 0 } },
    { outcome: fullOutcome },
    { outcome: { ...fullOutcome, inFlight: null, retriedTasksUncertain: true } },
    { outcome: fullOutcome, laterFailure },
    ...followed,
    { outcome: exampleOutcome, laterFailure: { at: exampleNow, failure: { ...failure, kind: 'link_unreachable' } } },
  ],
  failed: (action) => [
    { outcome: { ...fullOutcome, linksDone: 1, unreconciled: links } },
    { outcome: { ...fullOutcome, linksDone: 1, unreconciled: links }, reconciledAt: exampleNow },
    ...refusals(action).map((refusal) => ({ refusal })),
  ],
  refused: (action) => refusals(action).map((refusal) => ({ refusal })),
  cancelled: () => [{}],
  expired: () => [{}],
  superseded: () => [{}],
};

const settledOperations = operationKinds.flatMap((action) =>
  Object.entries(outcomes).flatMap(([state, cases]) =>
    projectStates.flatMap((toState) =>
      cases(action).map((fields) => exampleOperation({ action, state: state as OperationState, toState, ...fields })),
    ),
  ),
);

const sample = { total: 10, first: links };
const taskFailure = {
  kind: 'task_failed',
  link: exampleLink('orders-incr'),
  taskId: '7',
  reason: 'row 7',
  at: exampleNow,
} as const;
const causes = {
  tasks: 7,
  grouped: 7,
  causes: 1,
  first: [{ reason: 'row 7', tasks: 7 }],
  since: exampleNow,
  workers: 3,
};
const exampleConditions: { readonly [Kind in AlertKind]: ConditionOf<Kind> } = {
  project_failed: { kind: 'project_failed', since: exampleNow, failure: taskFailure },
  unexpectedly_running: { kind: 'unexpectedly_running', links: sample, cause: 'resumed' },
  pause_ignored: { kind: 'pause_ignored', links: sample },
  unexpectedly_paused: { kind: 'unexpectedly_paused', links: sample },
  queue_missing: { kind: 'queue_missing', links: sample },
  queue_created: { kind: 'queue_created', links: sample },
  link_unreadable: { kind: 'link_unreadable', links: sample },
  no_worker: { kind: 'no_worker', noWorker: sample, overdue: sample },
  latency: { kind: 'latency', latencyMs: 360_000, limitMs: 300_000 },
  tasks_failed: { kind: 'tasks_failed', count: 7, failure: taskFailure, causes },
  log_retention_50: { kind: 'log_retention_50', until: exampleNow },
  log_retention_80: { kind: 'log_retention_80', until: exampleNow },
  log_retention_100: { kind: 'log_retention_100', until: exampleNow },
  pause_ending: { kind: 'pause_ending', until: exampleNow, by: 'U0ALICE', setAt: exampleNow },
  pause_overdue: {
    kind: 'pause_overdue',
    until: exampleNow,
    by: 'U0ALICE',
    setAt: exampleNow,
    cause: { kind: 'changed', change: { by: 'U0BOB', at: exampleNow } },
  },
  paused_reminder: { kind: 'paused_reminder', since: exampleNow, by: 'U0ALICE', reason: 'we deploy' },
};

/** The project after every change that can follow. */
const laterProjects: readonly Project[] = projectStates.flatMap((state) =>
  ['U0CAROL', 'cli:dave', 'syncbot'].map((by) =>
    exampleProject({
      state,
      by,
      since: exampleNow + hourMs,
      version: 9,
      failure: state === 'failed' ? failure : null,
      definition: { ...exampleProject().definition, links, logRetention: hourMs },
    }),
  ),
);

/** Words that count from the time of reading. */
const relativeWords = /\b(?:now|today|yesterday|ago|yet|so far|since then|for \d+ (?:s|min|h|d|days?))\b/gi;

/** A project for each kind of alert, which fires. */
function failingProjects(): Project[] {
  return alertKinds.map((kind): Project => {
    const alert = { since: exampleNow, seq: 1, changedAt: exampleNow, version: 1 };
    const condition = exampleConditions[kind];
    const firing = { state: 'firing', absentOnce: false, condition, ...alert } as const;
    const state = kind === 'project_failed' ? 'failed' : kind === 'paused_reminder' ? 'paused' : 'running';
    return exampleProject({ id: kind, state, failure, alerts: { [kind]: { alert: firing, delivered: null } } });
  });
}

describe('a settled message', () => {
  it('of an operation contains no word that becomes untrue, and does not depend on the project', () => {
    expect(settledOperations.length).toBeGreaterThan(500);
    for (const operation of settledOperations) {
      const texts = textsOf(buildOutcome({ operation, projectExists: true, format }));
      expect(texts.flatMap(presentWords), texts[0]).toEqual([]);
      expect(textsOf(buildOutcome({ operation, projectExists: false, format }))).toEqual(texts);
      const summary = textsOf(buildOutcomeSummary({ operation, channel: 'C0SYNC', format }));
      expect(summary.flatMap(presentWords), summary[0]).toEqual([]);
    }
  });

  it.each(alertKinds)('of a resolved alert of kind %s contains no word and no state that becomes untrue', (kind) => {
    const resolvedAt = exampleNow;
    const occurrence = { since: resolvedAt - 61_000, resolvedAt };
    const facts = { kind, occurrence, condition: exampleConditions[kind], revealReasons: true, format };
    for (const state of projectStates) {
      const project = exampleProject({ state, since: resolvedAt - 1 });
      const [settled = ''] = textsOf(buildResolvedAlert({ ...facts, project }));
      expect(presentWords(settled), settled).toEqual([]);
      for (const later of laterProjects) {
        const [text = ''] = textsOf(buildResolvedAlert({ ...facts, project: later }));
        const states = text.match(/\b(?:Not Started|Starting|Running|Pausing|Paused|Restoring)\b/g) ?? [];
        expect({ states, words: presentWords(text) }, text).toEqual({ states: [], words: [] });
      }
    }
  });

  it('of a reminder that a person answered with Keep Paused is a fact of that time', () => {
    const kept = { at: exampleNow, by: 'U0BOB', until: exampleNow + hourMs };
    const condition = { ...exampleConditions.paused_reminder, kept };
    const occurrence = { since: exampleNow - 61_000, resolvedAt: exampleNow };
    const facts = { kind: 'paused_reminder', occurrence, condition, revealReasons: true, format } as const;
    for (const project of laterProjects)
      expect(textsOf(buildResolvedAlert({ ...facts, project }))[0]).toBe(
        `orders · Kept Paused by <@U0BOB> ${format.at(exampleNow)} · next reminder planned for ${format.time(exampleNow + hourMs)}`,
      );
  });

  it.each(alertKinds)(
    'of a resolved group of kind %s, or a reply in a thread, contains no word that becomes untrue',
    (kind) => {
      const group = { kind, firing: 0, total: 100, names: ['orders'], since: exampleNow, format };
      const before = { firing: 2, weight: 3 };
      for (const resolvedAt of [null, exampleNow + hourMs]) {
        const settled = messages.alertGroups.resolved({ ...group, resolvedAt });
        expect(presentWords(settled), settled).toEqual([]);
      }
      const owned = { kind: 'owned', by: 'U0ALICE', at: exampleNow, until: exampleNow + hourMs } as const;
      for (const ended of [owned, { ...owned, isGivenBack: true }, { ...owned, kind: 'snoozed' }] as const)
        for (const text of messages.acknowledgements.ended(ended, format)) expect(presentWords(text), text).toEqual([]);
      for (const event of ['worse', 'again', 'needs_person', 'more', 'unconfirmed'] as const)
        for (const total of [1, 100]) {
          const reply = messages.alertGroups.reply({
            ...group,
            total,
            firing: total,
            event,
            weight: 9,
            before,
            at: exampleNow,
            ended: owned,
          });
          expect(presentWords(reply), reply).toEqual([]);
        }
      expect(presentWords(messages.alertGroups.removed('orders', kind))).toEqual([]);
    },
  );

  it('of the end of a time without a worker contains no word that becomes untrue', () => {
    for (const since of [null, exampleNow]) {
      for (const until of [null, exampleNow + hourMs])
        expect(presentWords(messages.observation.observedAgain({ since, until }, format))).toEqual([]);
    }
  });

  it('of a digest has its time, and no duration and no word that counts from the time of reading', () => {
    for (const project of failingProjects()) {
      const report = {
        since: exampleNow - hourMs,
        now: exampleNow,
        counts: countProjects([project]),
        sections: digestSections([project]),
        observation: { kind: 'not_observed', since: exampleNow - hourMs },
        gap: { from: exampleNow - hourMs, to: exampleNow },
        history: { lines: [], lineCount: 0, projectCount: 0, isComplete: true },
      } as const;
      const [text = '', blocks = ''] = textsOf(buildDigest({ ...report, format, revealReasons: true }));
      expect(text.split('\n')[0]).toContain(format.time(exampleNow));
      expect(`${text}${blocks}`.match(relativeWords) ?? [], blocks).toEqual([]);
    }
  });

  it('of Home, which is edited only when something changes, has no word that counts from the time of reading', () => {
    const projects = failingProjects();
    const page = { counts: countProjects(projects), page: 0, projects };
    const paused = { ...page, projects: projects.filter(({ state }) => state === 'paused') };
    const all = { worst: page, paused };
    const operations = [
      ...settledOperations,
      exampleOperation({ state: 'requested' }),
      exampleOperation({ state: 'running' }),
    ];
    const facts = {
      all,
      unreadableProjects: 1,
      observedAt: exampleNow,
      labels: ['prod'],
      batches: [],
      now: exampleNow,
    };
    const view = { user: 'U0ALICE', filter: emptyFilter, projects: all, restriction: null, revealReasons: true };
    for (const observation of [{ kind: 'observed' }, { kind: 'not_observed', since: exampleNow - hourMs }] as const)
      for (const shown of toChunks(operations, 10)) {
        const home = { ...facts, observation, operations: shown };
        const [text = '', blocks = ''] = textsOf(buildHome({ ...view, home, format, now: exampleNow }));
        expect(`${text}${blocks}`.match(relativeWords) ?? [], blocks).toEqual([]);
      }
  });

  it('with a word of the present is found', () => {
    expect(presentWords('orders was paused. It is Failed now, by @bob')).toEqual(['is', 'now']);
    expect(presentWords('syncbot still tries to pause its links')).toEqual(['tries']);
    expect(presentWords('“the queue does not exist”')).toEqual([]);
  });
});
