import { describe, expect, it } from 'vitest';
import { alertKinds, type Condition } from '../../src/domain/conditions.ts';
import type { LinkSample } from '../../src/domain/link.ts';
import type { Project } from '../../src/domain/project.ts';
import { alertTitle, pastAlertTitle, resolvedAlertText } from '../../src/messages/alerts.ts';
import type { Formatter } from '../../src/messages/format.ts';
import { alertText } from '../../src/messages/render.ts';
import { exampleLink, exampleProject } from '../slack/example-records.ts';

const formatter: Formatter = {
  text: (raw) => raw,
  person: (actor) => `@${actor}`,
  channel: (id) => `#${id}`,
  link: ({ queue }) => queue,
  time: (at) => `T${at}`,
  command: (words) => `/sync ${words}`,
};
const sample = (total: number, ...queues: string[]): LinkSample => ({ total, first: queues.map(exampleLink) });
const failure = { link: exampleLink('a'), taskId: '1', reason: 'row 7', at: 1 };
const renderAlert = (finding: Condition, overrides: Partial<Project> = {}, revealReasons = true) => {
  const { headline, advice } = alertText(finding, {
    project: exampleProject(overrides),
    format: formatter,
    revealReasons,
  });
  return `${headline}. ${advice}`;
};

/** The example project has two links. */
describe('what a channel is told', () => {
  it.each<[Condition, Partial<Project>, RegExp]>([
    [
      { kind: 'project_failed', since: 1, failure },
      { state: 'failed' },
      /^orders is Failed: a task failed on a: row 7\. /,
    ],
    [{ kind: 'project_failed', since: 1, failure: null }, { state: 'failed' }, /^orders is Failed: a task failed\. /],
    [
      { kind: 'unexpectedly_running', links: sample(1, 'a'), cause: 'resumed' },
      { state: 'paused' },
      /^a runs although orders is Paused\. Somebody resumed it .* Re-apply pauses it again\.$/,
    ],
    [
      { kind: 'unexpectedly_running', links: sample(2, 'a', 'b'), cause: 'resumed' },
      { state: 'paused' },
      /^2 links \(a, b\) run although .* Re-apply pauses them again; Adopt makes the project Running\.$/,
    ],
    [
      { kind: 'unexpectedly_running', links: sample(2, 'a', 'b'), cause: 'resumed' },
      { state: 'failed' },
      /Re-apply pauses them again\.$/,
    ],
    [
      { kind: 'pause_ignored', links: sample(9, 'a', 'b') },
      {},
      /^9 links \(a, b, …\) of orders are paused, and a worker has taken tasks/,
    ],
    [
      { kind: 'unexpectedly_paused', paused: sample(2, 'a', 'b'), deleted: sample(0) },
      { state: 'running' },
      /^2 links .* are paused although orders is Running\. .*; Adopt makes the project Paused\.$/,
    ],
    [
      { kind: 'unexpectedly_paused', paused: sample(1, 'a'), deleted: sample(1, 'b') },
      { state: 'running' },
      /^a is paused although orders is Running; b of orders: the queue is gone\. .* Re-apply resumes it\.$/,
    ],
    [
      { kind: 'unexpectedly_paused', paused: sample(0), deleted: sample(1, 'b') },
      {},
      /^b of orders: the queue is gone\. Somebody removed/,
    ],
    [
      { kind: 'queue_created', links: sample(1, 'a') },
      { state: 'paused' },
      /^a of orders has appeared\. syncbot keeps it paused, since/,
    ],
    [
      { kind: 'queue_created', links: sample(1, 'a') },
      { state: 'running' },
      /^a of orders has appeared\. orders is Running, so tasks/,
    ],
    [
      { kind: 'unexpectedly_running', links: sample(1, 'a'), cause: 'not_paused' },
      { state: 'failed' },
      /^a runs although orders is Failed\. syncbot could not pause it yet, and goes on trying/,
    ],
    [
      { kind: 'no_worker', noWorker: sample(1, 'a'), overdue: sample(0) },
      {},
      /^no worker is connected to a of orders\. /,
    ],
    [
      { kind: 'no_worker', noWorker: sample(0), overdue: sample(1, 'a') },
      {},
      /^nobody takes the delayed tasks of a of /,
    ],
    [{ kind: 'latency', latencyMs: 360_000, limitMs: 300_000 }, {}, /^orders is behind by 6 min, more than 5 min\. /],
    [{ kind: 'tasks_failed', count: 7, failure }, {}, /^7 tasks of orders failed, the oldest on a: row 7\. It goes on/],
    [
      { kind: 'log_retention_50', until: 5 },
      { state: 'paused' },
      /^orders is Paused, and its source keeps its log until T5\. Half/,
    ],
    [
      { kind: 'log_retention_80', until: 5 },
      { state: 'failed' },
      /^orders is Failed, and its source keeps its log until T5\. Most/,
    ],
    [
      { kind: 'log_retention_100', until: 5 },
      { state: 'paused' },
      /^orders is Paused, and its source has kept its log until T5\. /,
    ],
  ])('%o, %o', (finding, overrides, expected) => {
    expect(renderAlert(finding, overrides)).toMatch(expected);
  });

  it('keeps reasons of failed tasks to those who may know', () => {
    expect(renderAlert({ kind: 'project_failed', since: 1, failure }, {}, false)).not.toContain('row 7');
    expect(renderAlert({ kind: 'tasks_failed', count: 7, failure }, {}, false)).not.toContain('row 7');
  });

  it('every kind has a title, and words for when it is over', () => {
    for (const kind of alertKinds) {
      expect(alertTitle(kind)).not.toBe('');
      expect(pastAlertTitle(kind)).not.toBe('');
    }
  });

  it.each<[Condition['kind'], Project['state'], number | null, RegExp]>([
    [
      'unexpectedly_running',
      'paused',
      61_000,
      /^orders: links ran although they should have been paused, for 1 min\. That is over\.$/,
    ],
    [
      'unexpectedly_running',
      'paused',
      null,
      /^orders: links ran although they should have been paused\. That is over\.$/,
    ],
    ['project_failed', 'running', 61_000, /^orders was Failed for 1 min, until it was restored by @/],
    ['project_failed', 'failed', null, /^orders was Failed, it has been restored since$/],
    [
      'latency',
      'paused',
      61_000,
      /^orders: it was too far behind, for 1 min\. It was stopped then; it is Paused now\.$/,
    ],
    ['latency', 'running', 61_000, /That is over\.$/],
    ['log_retention_50', 'paused', 61_000, /A newer reminder follows\.$/],
    ['log_retention_50', 'running', 61_000, /That is over\.$/],
  ])('%s is over, and it is %s', (kind, state, lastedMs, expected) => {
    expect(
      resolvedAlertText(kind, { project: exampleProject({ state }), format: formatter, durationMs: lastedMs }),
    ).toMatch(expected);
  });
});
