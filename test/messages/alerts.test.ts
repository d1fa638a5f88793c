import { describe, expect, it } from 'vitest';
import type { Condition } from '../../src/domain/conditions.ts';
import type { FailureStreak } from '../../src/domain/failure-streak.ts';
import type { LinkSample, TaskFailure } from '../../src/domain/link.ts';
import type { Project } from '../../src/domain/project.ts';
import { messages } from '../../src/messages/catalog.ts';
import { joinDots } from '../../src/messages/format.ts';
import { alertText } from '../../src/messages/render.ts';
import { exampleLink, exampleProject } from '../support/example-records.ts';
import { plainFormatter } from './plain-formatter.ts';

const sample = (total: number, ...queues: string[]): LinkSample => ({ total, first: queues.map(exampleLink) });
const failure: TaskFailure = { kind: 'task_failed', link: exampleLink('a'), taskId: '1', reason: 'row 7', at: 1 };

/** The example project has two links. */
function firingText(condition: Condition, overrides: Partial<Project> = {}, revealReasons = true): string {
  const context = { project: exampleProject(overrides), format: plainFormatter, revealReasons };
  const { event, details, advice } = alertText(condition, context);
  return `${joinDots(event, ...details)}. ${advice}`;
}

const failureStreak = (overrides: Partial<FailureStreak> = {}): FailureStreak => ({
  count: 2,
  isSameCause: true,
  failedAt: 61_000,
  run: { since: 60_000, by: 'U0ALICE', action: 'restore' },
  ...overrides,
});

describe('a firing alert', () => {
  const cases: readonly (readonly [Condition, Project['state'], RegExp])[] = [
    [{ kind: 'project_failed', since: 1, failure }, 'failed', /^Failed · a task failed on a: row 7\. /],
    [
      { kind: 'project_failed', since: 7, failure, isRepeated: true },
      'failed',
      /^Failed again · a task failed on a: row 7\. /,
    ],
    [
      { kind: 'project_failed', since: 7, failure, streak: failureStreak({ count: 1 }) },
      'failed',
      /^Failed · a task failed on a: row 7\. /,
    ],
    [
      { kind: 'project_failed', since: 7, failure, streak: failureStreak() },
      'failed',
      /^Failed again 1 s after @U0ALICE restored it · 2 failures in a row, same cause · a task failed on a: row 7\. /,
    ],
    [
      {
        kind: 'project_failed',
        since: 7,
        failure,
        streak: failureStreak({ count: 13, isSameCause: false, run: { since: 0, by: 'cli:bob', action: 'adopt' } }),
      },
      'failed',
      /^Failed again 1 min after @cli:bob recorded it as Running · 13 failures in a row · a task failed on a: row 7\. /,
    ],
    [{ kind: 'project_failed', since: 1, failure: null }, 'failed', /^Failed · a task failed\. /],
    [
      { kind: 'project_failed', since: 1, failure: { kind: 'link_unreachable', link: exampleLink('a'), at: 1 } },
      'failed',
      /^Failed · a could not be reached\. /,
    ],
    [
      {
        kind: 'project_failed',
        since: 1,
        failure: { kind: 'link_unreachable', link: exampleLink('a'), at: 1, isNotConfigured: true },
      },
      'failed',
      /^Failed · a could not be reached, because its connection was not configured in the syncbot worker that tried last\. /,
    ],
    [
      { kind: 'unexpectedly_running', links: sample(1, 'a'), cause: 'resumed' },
      'paused',
      /^Paused, but a link runs · a\. It was resumed outside syncbot, or by a command of syncbot that arrived late\. Workers may process its tasks\. Re-apply pauses it again\.$/,
    ],
    [
      { kind: 'unexpectedly_running', links: sample(2, 'a', 'b'), cause: 'resumed' },
      'paused',
      /^Paused, but 2 links run · a and b\. .* Re-apply pauses them again; Adopt records the project as Running\.$/,
    ],
    [
      { kind: 'unexpectedly_running', links: sample(2, 'a', 'b'), cause: 'resumed' },
      'failed',
      /Re-apply pauses them again\.$/,
    ],
    [
      { kind: 'unexpectedly_running', links: sample(1, 'a'), cause: 'not_paused' },
      'failed',
      /^Failed, but a link runs · a\. syncbot could not pause it yet and tries again\. /,
    ],
    [
      { kind: 'pause_ignored', links: sample(9, 'a', 'b') },
      'paused',
      /^Paused, but a worker takes tasks · a and 8 more\. /,
    ],
    [
      { kind: 'unexpectedly_paused', links: sample(2, 'a', 'b') },
      'running',
      /^Running, but 2 links are paused · a and b\. .*; Adopt records the project as Paused\.$/,
    ],
    [
      { kind: 'unexpectedly_paused', links: sample(1, 'a') },
      'running',
      /^Running, but a link is paused · a\. It was paused outside syncbot, or by a command of syncbot that arrived late\. Tasks wait\. Re-apply resumes it\.$/,
    ],
    [{ kind: 'queue_missing', links: sample(1, 'b') }, 'running', /^Queue missing · b\. The queue does not exist/],
    [
      { kind: 'queue_created', links: sample(1, 'a') },
      'paused',
      /^New queue · a\. syncbot pauses it, because orders is Paused/,
    ],
    [
      { kind: 'queue_created', links: sample(1, 'a') },
      'running',
      /^New queue · a\. syncbot lets it run, because orders is Running/,
    ],
    [
      { kind: 'link_unreadable', links: sample(1, 'a') },
      'running',
      /^Cannot be read · a\. A task there has .* Ask the owner of the queue to remove that task\.$/,
    ],
    [
      { kind: 'link_unreadable', links: sample(2, 'a', 'b') },
      'paused',
      /^Cannot be read · a and b\. .* Ask the owner of the queues to remove that task\.$/,
    ],
    [{ kind: 'no_worker', noWorker: sample(1, 'a'), overdue: sample(0) }, 'running', /^No worker connected · a\. /],
    [
      { kind: 'no_worker', noWorker: sample(0), overdue: sample(1, 'a') },
      'running',
      /^No worker takes tasks · delayed tasks of a are due\. /,
    ],
    [{ kind: 'latency', latencyMs: 360_000, limitMs: 300_000 }, 'running', /^6 min behind · limit 5 min\. /],
    [
      { kind: 'tasks_failed', count: 7, failure },
      'running',
      /^7 tasks failed · the oldest on a: row 7\. orders stays Running/,
    ],
    [
      { kind: 'tasks_failed', count: 7, failure, removedTasks: 350 },
      'running',
      / At least 350 more failed tasks were removed from the queue \(removeOnFail\) and cannot be retried\.$/,
    ],
    [
      { kind: 'project_failed', since: 1, failure: { ...failure, removedTasks: 1 } },
      'failed',
      / At least 1 more failed task was removed from the queue \(removeOnFail\) and cannot be retried\. Fix/,
    ],
    [
      { kind: 'log_retention_50', until: 5 },
      'paused',
      /^Paused · half of its log retention has passed · its source keeps its log until T5\. Restore orders before T5\. After that, changes may be lost/,
    ],
    [
      { kind: 'log_retention_80', until: 5 },
      'failed',
      /^Failed · most of its log retention has passed · its source keeps its log until T5\. Restore orders before T5\. After that, changes may be lost/,
    ],
    [{ kind: 'log_retention_100', until: 5 }, 'paused', /^Paused · its source kept its log until T5\. /],
    [
      { kind: 'paused_reminder', since: 5, by: 'U0ALICE', reason: 'we deploy' },
      'paused',
      /^Paused since T5 · by @U0ALICE · we deploy\. Restore orders, or press Keep Paused: /,
    ],
  ];
  const casesWithKind = cases.map(([condition, state, text]) => [condition.kind, state, text, condition] as const);
  it.each(casesWithKind)(
    'of kind %s in a %s project has a text that matches %s',
    (_kind, state, expected, condition) => {
      expect(firingText(condition, { state })).toMatch(expected);
    },
  );

  it('hides the reason of a failed task where it may not be shown', () => {
    expect(firingText({ kind: 'project_failed', since: 1, failure }, {}, false)).not.toContain('row 7');
    expect(firingText({ kind: 'tasks_failed', count: 7, failure }, {}, false)).not.toContain('row 7');
  });
});

const running = { kind: 'unexpectedly_running', links: sample(10, 'a', 'b'), cause: 'resumed' } as const;
const log: Condition = { kind: 'log_retention_50', until: 5 };

it.each<[Condition, Project['state'], string]>([
  [running, 'paused', 'Resolved at END, after 1 min · links ran although they should have been paused · a and 9 more'],
  [
    { kind: 'project_failed', since: 1, failure },
    'running',
    'Was Failed until a restore at END, after 1 min · a task failed on a: row 7',
  ],
  [
    { kind: 'latency', latencyMs: 360_000, limitMs: 300_000 },
    'paused',
    'Ended at END, after 1 min, because orders was Paused · it was too far behind · limit 5 min',
  ],
  [
    { kind: 'no_worker', noWorker: sample(0), overdue: sample(1, 'a') },
    'running',
    'Resolved at END, after 1 min · no worker took its tasks · a',
  ],
  [
    { kind: 'tasks_failed', count: 7, failure },
    'running',
    'Resolved at END, after 1 min · tasks failed · the oldest on a: row 7',
  ],
  [
    log,
    'paused',
    'Ended at END, after 1 min, because a newer reminder replaced it, or logRetention was changed · half of its log retention had passed',
  ],
  [log, 'running', 'Resolved at END, after 1 min · half of its log retention had passed'],
])('A resolved alert keeps its cause and says when it ended (%j, %s).', (condition, state, expected) => {
  const project = exampleProject({ state });
  const resolvedAt = project.since + 61_000;
  const facts = { kind: condition.kind, project, format: plainFormatter, condition, revealReasons: true };
  const parts = messages.alerts.resolved({ ...facts, occurrence: { since: project.since, resolvedAt } });
  expect(joinDots(...parts)).toBe(expected.replace('END', plainFormatter.time(resolvedAt)));
});

it('A resolved alert of which only the kind is known says that it is resolved.', () => {
  const facts = { project: exampleProject(), format: plainFormatter, condition: null, revealReasons: true };
  expect(messages.alerts.resolved({ ...facts, kind: 'no_worker', occurrence: null })).toEqual([
    'Resolved',
    'no worker took its tasks',
  ]);
});

it.each([running, { kind: 'project_failed', since: 1, failure } as const])(
  'A resolved alert hides the reason of a failed task where it may not be shown ($kind).',
  (condition) => {
    const facts = { kind: condition.kind, project: exampleProject(), format: plainFormatter, condition };
    expect(messages.alerts.resolved({ ...facts, revealReasons: false, occurrence: null }).join()).not.toContain(
      'row 7',
    );
  },
);
