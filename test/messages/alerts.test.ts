import { describe, expect, it } from 'vitest';
import { alertKinds, type Condition } from '../../src/domain/conditions.ts';
import type { LinkSample, TaskFailure } from '../../src/domain/link.ts';
import type { Project } from '../../src/domain/project.ts';
import { messages } from '../../src/messages/catalog.ts';
import { alertText } from '../../src/messages/render.ts';
import { exampleLink, exampleProject } from '../support/example-records.ts';
import { plainFormatter } from './plain-formatter.ts';

const sample = (total: number, ...queues: string[]): LinkSample => ({ total, first: queues.map(exampleLink) });
const failure: TaskFailure = { kind: 'task_failed', link: exampleLink('a'), taskId: '1', reason: 'row 7', at: 1 };

/** The example project has two links. */
function firingText(condition: Condition, overrides: Partial<Project> = {}, revealReasons = true): string {
  const context = { project: exampleProject(overrides), format: plainFormatter, revealReasons };
  const { headline, advice } = alertText(condition, context);
  return `${headline}. ${advice}`;
}

describe('a firing alert', () => {
  const cases: readonly (readonly [Condition, Project['state'], RegExp])[] = [
    [{ kind: 'project_failed', since: 1, failure }, 'failed', /^orders is Failed: a task failed on a: row 7\. /],
    [
      { kind: 'project_failed', since: 7, failure, isRepeated: true },
      'failed',
      /^orders is Failed again, since T7: a task failed on a: row 7\. /,
    ],
    [{ kind: 'project_failed', since: 1, failure: null }, 'failed', /^orders is Failed: a task failed\. /],
    [
      { kind: 'project_failed', since: 1, failure: { kind: 'link_unreachable', link: exampleLink('a'), at: 1 } },
      'failed',
      /^orders is Failed: a could not be reached\. /,
    ],
    [
      {
        kind: 'project_failed',
        since: 1,
        failure: { kind: 'link_unreachable', link: exampleLink('a'), at: 1, isNotConfigured: true },
      },
      'failed',
      /^orders is Failed: a could not be reached, because its connection was not configured in the worker that tried last\. /,
    ],
    [
      { kind: 'unexpectedly_running', links: sample(1, 'a'), cause: 'resumed' },
      'paused',
      /^a runs although orders is Paused\. It was resumed outside syncbot, or by a command of syncbot that arrived late\. Workers may process its tasks\. Re-apply pauses it again\.$/,
    ],
    [
      { kind: 'unexpectedly_running', links: sample(2, 'a', 'b'), cause: 'resumed' },
      'paused',
      /^2 links \(a, b\) run although .* Re-apply pauses them again; Adopt makes the project Running\.$/,
    ],
    [
      { kind: 'unexpectedly_running', links: sample(2, 'a', 'b'), cause: 'resumed' },
      'failed',
      /Re-apply pauses them again\.$/,
    ],
    [
      { kind: 'unexpectedly_running', links: sample(1, 'a'), cause: 'not_paused' },
      'failed',
      /^a runs although orders is Failed\. syncbot could not pause it yet and tries again\. /,
    ],
    [
      { kind: 'pause_ignored', links: sample(9, 'a', 'b') },
      'paused',
      /^9 links \(a, b, …\) of orders are paused, but a worker took tasks/,
    ],
    [
      { kind: 'unexpectedly_paused', links: sample(2, 'a', 'b') },
      'running',
      /^2 links .* are paused although orders is Running\. .*; Adopt makes the project Paused\.$/,
    ],
    [
      { kind: 'unexpectedly_paused', links: sample(1, 'a') },
      'running',
      /^a is paused although orders is Running\. It was paused outside syncbot, or by a command of syncbot that arrived late\. Tasks wait\. Re-apply resumes it\.$/,
    ],
    [
      { kind: 'queue_missing', links: sample(1, 'b') },
      'running',
      /^b of orders has no queue any more\. The queue does not exist/,
    ],
    [
      { kind: 'queue_created', links: sample(1, 'a') },
      'paused',
      /^a of orders has a queue now\. syncbot pauses it, because orders is Paused/,
    ],
    [
      { kind: 'queue_created', links: sample(1, 'a') },
      'running',
      /^a of orders has a queue now\. syncbot lets it run, because orders is Running/,
    ],
    [
      { kind: 'link_unreadable', links: sample(1, 'a') },
      'running',
      /^the numbers of a of orders cannot be read\. A task there has .* Ask the owner of the queue to remove that task\.$/,
    ],
    [
      { kind: 'link_unreadable', links: sample(2, 'a', 'b') },
      'paused',
      /^the numbers of 2 links \(a, b\) of orders cannot be read\. .* Ask the owner of the queues to remove that task\.$/,
    ],
    [
      { kind: 'no_worker', noWorker: sample(1, 'a'), overdue: sample(0) },
      'running',
      /^no worker is connected to a of orders\. /,
    ],
    [
      { kind: 'no_worker', noWorker: sample(0), overdue: sample(1, 'a') },
      'running',
      /^delayed tasks of a of orders are due, but no worker takes them\. /,
    ],
    [
      { kind: 'latency', latencyMs: 360_000, limitMs: 300_000 },
      'running',
      /^orders is over its latency limit of 5 min: its latency is 6 min\. /,
    ],
    [
      { kind: 'tasks_failed', count: 7, failure },
      'running',
      /^7 tasks of orders failed, the oldest on a: row 7\. The project stays Running/,
    ],
    [
      { kind: 'tasks_failed', count: 7, failure, removedTasks: 350 },
      'running',
      / At least 350 more failed tasks were removed from the queue \(removeOnFail\) and cannot be retried\.$/,
    ],
    [
      { kind: 'project_failed', since: 1, failure: { ...failure, removedTasks: 1 } },
      'failed',
      / At least 1 more failed task was removed from the queue \(removeOnFail\) and cannot be retried\.$/,
    ],
    [
      { kind: 'log_retention_50', until: 5 },
      'paused',
      /^orders is Paused, and its source keeps its log until T5\. Half/,
    ],
    [
      { kind: 'log_retention_80', until: 5 },
      'failed',
      /^orders is Failed, and its source keeps its log until T5\. Most/,
    ],
    [{ kind: 'log_retention_100', until: 5 }, 'paused', /^orders is Paused, and its source kept its log until T5\. /],
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

  it.each(alertKinds)('of kind %s has a title', (kind) => {
    expect(messages.alerts.inList(kind)).toMatch(/^Alert: \S/);
  });
});

it.each<[Condition['kind'], Project['state'], number | null, RegExp]>([
  [
    'unexpectedly_running',
    'paused',
    61_000,
    /^orders: links ran although they should have been paused\. Resolved after 1 min\.$/,
  ],
  ['unexpectedly_running', 'paused', null, /^orders: links ran although they should have been paused\. Resolved\.$/],
  ['project_failed', 'running', 61_000, /^orders was Failed\. A restore followed after 1 min\.$/],
  ['project_failed', 'failed', null, /^orders was Failed\. A restore followed\.$/],
  ['latency', 'paused', 61_000, /^orders: it was too far behind\. Resolved after 1 min, when it was Paused\.$/],
  ['latency', 'running', 61_000, /Resolved after 1 min\.$/],
  [
    'log_retention_50',
    'paused',
    61_000,
    /Resolved after 1 min\. A newer reminder replaced it, or logRetention was changed\.$/,
  ],
  ['log_retention_50', 'running', 61_000, /Resolved after 1 min\.$/],
])(
  'a resolved alert of kind %s in a %s project has its text (duration in ms: %s)',
  (kind, state, durationMs, expected) => {
    const project = exampleProject({ state });
    const since = project.since;
    const occurrence = durationMs === null ? null : { since, resolvedAt: since + durationMs };
    expect(messages.alerts.resolved({ kind, project, format: plainFormatter, occurrence })).toMatch(expected);
  },
);
