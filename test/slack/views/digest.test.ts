import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Acknowledgement } from '../../../src/domain/acknowledgement.ts';
import { attentionCause, countProjects, urgencyOf } from '../../../src/domain/attention.ts';
import { digestSections } from '../../../src/domain/digest.ts';
import type { Project } from '../../../src/domain/project.ts';
import { buildDigest, type DigestView } from '../../../src/slack/views/digest.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { firingAlert } from '../../support/example-alerts.ts';
import { exampleNow, exampleProject } from '../../support/example-records.ts';
import { actionButtons } from '../action-buttons.ts';
import { observedProjectArbitrary } from '../arbitraries.ts';

const noHistory = { lines: [], lineCount: 0, projectCount: 0, isComplete: true };

function viewOf(projects: readonly Project[], fields: Partial<DigestView> = {}): DigestView {
  return {
    since: exampleNow - 3_600_000,
    now: exampleNow,
    counts: countProjects(projects),
    sections: digestSections(projects),
    observation: { kind: 'observed' },
    gap: null,
    history: noHistory,
    format: slackFormatter('/sync'),
    revealReasons: true,
    ...fields,
  };
}

const projectsArbitrary = fc
  .array(observedProjectArbitrary, { maxLength: 30, size: 'max' })
  .map((observed) => observed.map(({ project }, index) => ({ ...project, id: `p${index}` })))
  .map((projects) => projects.sort((a, b) => urgencyOf(a) - urgencyOf(b)));

it('A digest has each project that is Failed, is Paused or needs attention once, and no other.', () => {
  fc.assert(
    fc.property(projectsArbitrary, (projects) => {
      const { failed, alerting, paused } = digestSections(projects);
      const expected = projects.filter((project) => project.state === 'paused' || attentionCause(project) !== null);
      const named = [...failed, ...alerting, ...paused];
      expect(new Set(named)).toEqual(new Set(expected));
      expect(named).toHaveLength(expected.length);
      for (const section of [failed, alerting, paused])
        expect(section.map(urgencyOf)).toEqual(section.map(urgencyOf).sort((a, b) => a - b));
    }),
    { numRuns: 30 },
  );
});

it('Each of these projects has a row with Show, or is counted beside a button that lists it.', () => {
  fc.assert(
    fc.property(projectsArbitrary, (projects) => {
      const view = viewOf(projects);
      const { blocks } = buildDigest(view);
      const text = JSON.stringify(blocks);
      const rows = blocks.flatMap((block) => ('accessory' in block ? [block.accessory] : []));
      const more = [...text.matchAll(/"and ([\d,]+) more"/g)].map(([, count]) => Number(count));
      const { failed, alerting, paused } = view.sections;
      const named = failed.length + alerting.length + paused.length;
      expect(rows.length + more.reduce((sum, count) => sum + count, 0)).toBe(named);
      expect(rows.every((row) => row?.text.text === 'Show')).toBe(true);
      expect(actionButtons(blocks).filter(({ value }) => value.startsWith('list '))).toHaveLength(more.length);
    }),
    { numRuns: 30 },
  );
});

it('A digest is one line only if all is well, was observed all the time, and nothing happened.', () => {
  const projects = Array.from({ length: 12 }, (_, index) => exampleProject({ id: `p${index}`, state: 'running' }));
  const isQuiet = (view: DigestView) => buildDigest(view).text.includes('. Nothing happened since ');
  const quiet = buildDigest(viewOf(projects));
  expect(quiet.text).toMatch(/^All 12 projects are Running\. Nothing happened since <!date\^/);
  expect(quiet.blocks).toHaveLength(1);
  const notStarted = exampleProject({ id: 'new', state: 'not_started' });
  expect(buildDigest(viewOf([...projects, notStarted])).text).toMatch(
    /^All 13 projects are well: 12 Running, 1 Not Started\. Nothing happened since /,
  );
  for (const fields of [
    { observation: { kind: 'not_observed', since: 1 } },
    { observation: { kind: 'partly_observed', unobservedProjects: 1 } },
    { gap: { from: 1, to: 2 } },
    { history: { ...noHistory, lineCount: 1 } },
    { history: { ...noHistory, isComplete: false } },
  ] satisfies Partial<DigestView>[])
    expect(isQuiet(viewOf(projects, fields))).toBe(false);
  for (const state of ['failed', 'paused'] as const)
    expect(isQuiet(viewOf([...projects, exampleProject({ id: 'bad', state })]))).toBe(false);
  expect(buildDigest(viewOf([])).text).toMatch(/^Digest · There is no project yet · <!date\^/);
});

const owned = { kind: 'owned', by: 'U0ALICE', at: exampleNow - 60_000, until: exampleNow + 60_000 } as const;
it.each<[string, Partial<Project>, Acknowledgement, RegExp]>([
  ['a Running project', { state: 'running' }, owned, /\*orders\* · .*No worker.* · since .* · <@U0ALICE> is on it\n/],
  ['a Failed project', { state: 'failed' }, owned, /\*orders\* · Failed · since .* · <@U0ALICE> is on it\n/],
  ['a Paused project', { state: 'paused' }, owned, /\n.*No worker.* · <@U0ALICE> is on it$/],
  ['a snoozed alert', { state: 'running' }, { ...owned, kind: 'snoozed' }, / · snoozed until <!date/],
])('A digest shows who is on the alert of %s.', (_what, project, acknowledgement, expected) => {
  const kind = project.state === 'failed' ? 'project_failed' : 'no_worker';
  const alerts = { [kind]: firingAlert(kind, acknowledgement) };
  expect(rowOf({ ...project, alerts })).toMatch(expected);
  const ended = { ...acknowledgement, until: exampleNow };
  expect(rowOf({ ...project, alerts: { [kind]: firingAlert(kind, ended) } })).not.toMatch(/is on it|snoozed/);
});

/** The text of the row of a project. */
function rowOf(project: Partial<Project>): string {
  const { blocks } = buildDigest(viewOf([exampleProject(project)]));
  const rows = blocks.flatMap((block) => (block.type === 'section' ? [block.text.text] : []));
  return rows.find((text) => text.startsWith('*orders*')) ?? expect.unreachable();
}
