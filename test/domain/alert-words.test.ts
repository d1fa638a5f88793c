import { describe, expect, it } from 'vitest';
import { alertOverWords, alertPastTitle, alertTitle, alertWords } from '../../src/domain/alert-words.ts';
import { type Finding, findingKinds, type SomeLinks } from '../../src/domain/finding.ts';
import type { Project } from '../../src/domain/project.ts';
import type { Voice } from '../../src/domain/words.ts';
import { exampleLink, exampleProject } from '../slack/examples.ts';

const voice: Voice = {
  text: (raw) => raw,
  person: (actor) => `@${actor}`,
  channel: (id) => `#${id}`,
  link: ({ queue }) => queue,
  moment: (at) => `T${at}`,
  command: (words) => `/sync ${words}`,
};
const some = (total: number, ...queues: string[]): SomeLinks => ({ total, first: queues.map(exampleLink) });
const failure = { link: exampleLink('a'), taskId: '1', reason: 'row 7', at: 1 };
const say = (finding: Finding, more: Partial<Project> = {}, revealReasons = true) => {
  const { headline, advice } = alertWords(finding, { project: exampleProject(more), voice, revealReasons });
  return `${headline}. ${advice}`;
};

/** The example project has two links. */
describe('what a channel is told', () => {
  it.each<[Finding, Partial<Project>, RegExp]>([
    [{ kind: 'failed', since: 1, failure }, { state: 'failed' }, /^orders is Failed: a task failed on a: row 7\. /],
    [{ kind: 'failed', since: 1, failure: null }, { state: 'failed' }, /^orders is Failed: a task failed\. /],
    [
      { kind: 'loose', links: some(1, 'a'), cause: 'resumed' },
      { state: 'paused' },
      /^a runs although orders is Paused\. Somebody resumed it .* Re-apply pauses it again\.$/,
    ],
    [
      { kind: 'loose', links: some(2, 'a', 'b'), cause: 'resumed' },
      { state: 'paused' },
      /^2 links \(a, b\) run although .* Re-apply pauses them again; Adopt makes the project Running\.$/,
    ],
    [
      { kind: 'loose', links: some(2, 'a', 'b'), cause: 'resumed' },
      { state: 'failed' },
      /Re-apply pauses them again\.$/,
    ],
    [
      { kind: 'not_held', links: some(9, 'a', 'b') },
      {},
      /^9 links \(a, b, …\) of orders are paused, and a worker has taken tasks/,
    ],
    [
      { kind: 'drift', paused: some(2, 'a', 'b'), vanished: some(0) },
      { state: 'running' },
      /^2 links .* are paused although orders is Running\. .*; Adopt makes the project Paused\.$/,
    ],
    [
      { kind: 'drift', paused: some(1, 'a'), vanished: some(1, 'b') },
      { state: 'running' },
      /^a is paused although orders is Running; b of orders: the queue is gone\. .* Re-apply resumes it\.$/,
    ],
    [
      { kind: 'drift', paused: some(0), vanished: some(1, 'b') },
      {},
      /^b of orders: the queue is gone\. Somebody removed/,
    ],
    [
      { kind: 'appeared', links: some(1, 'a') },
      { state: 'paused' },
      /^a of orders has appeared\. syncbot keeps it paused, since/,
    ],
    [
      { kind: 'appeared', links: some(1, 'a') },
      { state: 'running' },
      /^a of orders has appeared\. orders is Running, so tasks/,
    ],
    [
      { kind: 'loose', links: some(1, 'a'), cause: 'not_paused' },
      { state: 'failed' },
      /^a runs although orders is Failed\. syncbot could not pause it yet, and goes on trying/,
    ],
    [{ kind: 'unattended', noWorker: some(1, 'a'), overdue: some(0) }, {}, /^no worker is connected to a of orders\. /],
    [{ kind: 'unattended', noWorker: some(0), overdue: some(1, 'a') }, {}, /^nobody takes the delayed tasks of a of /],
    [{ kind: 'latency', latencyMs: 360_000, limitMs: 300_000 }, {}, /^orders is behind by 6 min, more than 5 min\. /],
    [{ kind: 'failures', count: 7, failure }, {}, /^7 tasks of orders failed, the oldest on a: row 7\. It goes on/],
    [
      { kind: 'log_half', until: 5 },
      { state: 'paused' },
      /^orders is Paused, and its source keeps its log until T5\. Half/,
    ],
    [
      { kind: 'log_most', until: 5 },
      { state: 'failed' },
      /^orders is Failed, and its source keeps its log until T5\. Most/,
    ],
    [
      { kind: 'log_over', until: 5 },
      { state: 'paused' },
      /^orders is Paused, and its source has kept its log until T5\. /,
    ],
  ])('%o, %o', (finding, more, expected) => {
    expect(say(finding, more)).toMatch(expected);
  });

  it('keeps reasons of failed tasks to those who may know', () => {
    expect(say({ kind: 'failed', since: 1, failure }, {}, false)).not.toContain('row 7');
    expect(say({ kind: 'failures', count: 7, failure }, {}, false)).not.toContain('row 7');
  });

  it('every kind has a title, and words for when it is over', () => {
    for (const kind of findingKinds) {
      expect(alertTitle(kind)).not.toBe('');
      expect(alertPastTitle(kind)).not.toBe('');
    }
  });

  it.each<[Finding['kind'], Project['state'], number | null, RegExp]>([
    [
      'loose',
      'paused',
      61_000,
      /^orders: links ran although they should have been paused, for 1 min\. That is over\.$/,
    ],
    ['loose', 'paused', null, /^orders: links ran although they should have been paused\. That is over\.$/],
    ['failed', 'running', 61_000, /^orders was Failed for 1 min, until it was restored by @/],
    ['failed', 'failed', null, /^orders was Failed, it has been restored since$/],
    [
      'latency',
      'paused',
      61_000,
      /^orders: it was too far behind, for 1 min\. It was stopped then; it is Paused now\.$/,
    ],
    ['latency', 'running', 61_000, /That is over\.$/],
    ['log_half', 'paused', 61_000, /A newer reminder follows\.$/],
    ['log_half', 'running', 61_000, /That is over\.$/],
  ])('%s is over, and it is %s', (kind, state, lastedMs, expected) => {
    expect(alertOverWords(kind, { project: exampleProject({ state }), voice, lastedMs })).toMatch(expected);
  });
});
