import { describe, expect, it } from 'vitest';
import { alertOverWords, alertTitle, alertWords } from '../../src/domain/alert-words.ts';
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
      { kind: 'loose', links: some(1, 'a') },
      { state: 'paused' },
      /^a runs although orders is Paused\. .* resumed it, .* Re-apply pauses it again\.$/,
    ],
    [
      { kind: 'loose', links: some(2, 'a', 'b') },
      { state: 'paused' },
      /^2 links \(a, b\) run although .* Re-apply pauses them again; Adopt makes the project Running\.$/,
    ],
    [{ kind: 'loose', links: some(2, 'a', 'b') }, { state: 'failed' }, /Re-apply pauses them again\.$/],
    [
      { kind: 'not_held', links: some(9, 'a', 'b') },
      {},
      /^9 links \(a, b, …\) of orders are paused, and a worker still/,
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
    [{ kind: 'appeared', links: some(1, 'a') }, { state: 'paused' }, /^a of orders appeared, and orders is Paused\. /],
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
    const said = { project: exampleProject(), voice, revealReasons: true };
    for (const kind of findingKinds) {
      expect(alertTitle(kind)).not.toBe('');
      expect(alertOverWords(kind, { since: 1_000, changedAt: 61_000 }, said)).toMatch(
        /^orders: .*, for 1 min. That is over\.$/,
      );
    }
  });
});
