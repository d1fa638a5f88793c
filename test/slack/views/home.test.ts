import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HomeFacts, HomeProjects } from '../../../src/application/home.ts';
import type { Acknowledgement } from '../../../src/domain/acknowledgement.ts';
import { attentionCause, countProjects } from '../../../src/domain/attention.ts';
import { emptyFilter, parseListFilter } from '../../../src/domain/list-filter.ts';
import type { Project } from '../../../src/domain/project.ts';
import { actionIds } from '../../../src/slack/action-ids.ts';
import type { Message } from '../../../src/slack/views/blocks.ts';
import { buildHome, type HomeView, homeLimits } from '../../../src/slack/views/home.ts';
import { homeWithinLimits } from '../../../src/slack/views/limits.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { parseView } from '../../fake-slack/view-limits.ts';
import { firingAlert } from '../../support/example-alerts.ts';
import { exampleBatch, exampleNow, exampleOperation, exampleProject } from '../../support/example-records.ts';
import { hostileTextArbitrary, observedProjectArbitrary, operationArbitrary } from '../arbitraries.ts';

const format = slackFormatter('/sync');
const user = 'U0ALICE';
const observed = { observation: { kind: 'observed' }, observedAt: exampleNow } as const;

function page(projects: readonly Project[]) {
  return { counts: countProjects(projects), page: 0, projects: projects.slice(0, homeLimits.projects) };
}

/** What is read of these projects. They are in the order of the list. */
function homeProjects(projects: readonly Project[]): HomeProjects {
  const isQuiet = (project: Project) => project.state === 'paused' && attentionCause(project) === null;
  return { worst: page(projects), paused: page(projects.filter(isQuiet)) };
}

function build(projects: readonly Project[], facts: Partial<HomeFacts> = {}, view: Partial<HomeView> = {}): Message {
  const all = homeProjects(projects);
  return buildHome({
    home: {
      all,
      unreadableProjects: 0,
      ...observed,
      labels: ['prod'],
      operations: [],
      batches: [],
      now: exampleNow,
      ...facts,
    },
    user,
    filter: emptyFilter,
    projects: all,
    revealReasons: true,
    restriction: null,
    format,
    now: exampleNow,
    ...view,
  });
}

const sections = ({ blocks }: Message) =>
  blocks.flatMap((block) => (block.type === 'section' ? [block.text.text.replaceAll('*', '')] : []));
const labels = ({ blocks }: Message) =>
  blocks.flatMap((block) => (block.type === 'section' && block.accessory ? [block.accessory.text.text] : []));
const failed = exampleProject({ state: 'failed' });
const paused = exampleProject({ state: 'paused', reason: 'we deploy' });
const late = exampleProject({ alerts: { latency: firingAlert('latency') } });

describe('the heading of Home', () => {
  it('is green only if every project was read and observed', () => {
    const green = `Nothing needs attention · observed ${format.at(exampleNow)}`;
    expect(build([exampleProject(), paused]).text).toBe(`${green}\n2 projects: 1 Paused, 1 Running`);
    const other: readonly Partial<HomeFacts>[] = [
      { observation: { kind: 'not_observed', since: 1 } },
      { observation: { kind: 'not_observed', since: null }, observedAt: null },
      { observation: { kind: 'partly_observed', unobservedProjects: 3 } },
      { unreadableProjects: 1 },
    ];
    for (const facts of other) {
      const { text } = build([exampleProject()], facts);
      expect(text).not.toContain('Nothing needs attention');
      expect(text).toMatch(/^1 project: 1 Running\n.*(observed|read)/i);
    }
    expect(build([failed, exampleProject()]).text).toMatch(/^1 needs attention: 1 Failed\n2 projects/);
  });

  it('counts all projects, also with a filter that matches none', () => {
    const parsed = parseListFilter('label:other');
    if (parsed.kind !== 'filter') throw new Error('no filter');
    const home = build([failed], {}, { filter: parsed.filter, projects: homeProjects([]) });
    expect(home.text).toMatch(/^1 needs attention/);
    expect(sections(home)).toContain('Nothing to show with this filter');
    expect(labels(home)).toEqual([]);
  });

  it('without a project says how to add one', () => {
    expect(build([]).text).toMatch(/There is no project yet/);
  });
});

it.each([null, 'Ask <@U0BOB>.'])(
  'The button of the form has the same label for each person (restriction: %s).',
  (restriction) => {
    const { blocks } = build([failed, paused], {}, { restriction });
    const buttons = blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
    const [opensForm, ...others] = buttons.filter(({ action_id }) => action_id === actionIds.run.open);
    expect(others).toEqual([]);
    expect(opensForm).toMatchObject({ text: { text: 'Run a command…' }, accessibility_label: 'Run a command…' });
  },
);

describe('the sections of Home', () => {
  it('have what needs attention first, then who paused what and why, with the buttons of the list', () => {
    const home = build([failed, late, paused]);
    expect(sections(home).slice(1)).toEqual([
      'Needs attention: 2',
      expect.stringMatching(/^orders · Failed/),
      expect.stringMatching(/^orders · .*behind/i),
      'Paused: 1',
      expect.stringMatching(/^orders · Paused · since .*\nBy <@U0BOB>: we deploy$/),
    ]);
    expect(labels(home)).toEqual(['Restore', 'Show', 'Restore']);
  });

  it('show who is on an alert, and that it is snoozed', () => {
    const owned = { kind: 'owned', by: 'U0BOB', at: exampleNow - 60_000, until: exampleNow + 60_000 } as const;
    const snoozed = { ...owned, kind: 'snoozed' } as const;
    const withAlert = (acknowledgement: Acknowledgement) =>
      exampleProject({ alerts: { latency: firingAlert('latency', acknowledgement) } });
    const texts = sections(build([withAlert(owned), withAlert(snoozed), withAlert({ ...owned, until: exampleNow })]));
    expect(texts.slice(2)).toEqual([
      expect.stringMatching(/^orders · .* · <@U0BOB> is on it\n/),
      expect.stringMatching(/^orders · .* · snoozed until /),
      expect.not.stringMatching(/is on it|snoozed/),
    ]);
  });

  it('have the open dialogs of the person, newest first, without those that have expired', () => {
    const dialog = { state: 'requested', by: user, expiresAt: exampleNow + 60_000, reason: null } as const;
    const operations = [
      exampleOperation({ ...dialog, action: 'restore' }),
      exampleOperation({ ...dialog, by: 'U0BOB' }),
      exampleOperation({ ...dialog, expiresAt: exampleNow }),
      exampleOperation({ ...dialog, batch: 'batch1' }),
      exampleOperation({ state: 'done', by: 'U0BOB' }),
    ];
    const home = build([paused], { operations });
    expect(sections(home)).toContain('Waiting for your OK: 1');
    expect(sections(home)).toContain(`orders · Restore · waits for your OK until ${format.time(exampleNow + 60_000)}`);
    expect(labels(home)).toEqual(['Show Dialog', 'Restore']);
    expect(sections(home).at(-1)).toMatch(/^Last operations\n.* · orders · <@U0BOB> · .*Done/);
  });

  it('have the open dialogs of several projects among them, one line each', () => {
    const dialog = { state: 'requested', by: user, expiresAt: exampleNow + 60_000, reason: null } as const;
    const batches = [
      exampleBatch({ ...dialog, requestedAt: exampleNow + 1 }),
      exampleBatch({ ...dialog, by: 'U0BOB' }),
      exampleBatch({ ...dialog, expiresAt: exampleNow }),
      exampleBatch({ ...dialog, state: 'confirmed' }),
    ];
    const operations = [exampleOperation({ ...dialog, action: 'restore', requestedAt: exampleNow })];
    const home = build([paused], { operations, batches });
    const ends = `waits for your OK until ${format.time(exampleNow + 60_000)}`;
    const [, title, ...lines] = sections(home);
    expect(title).toBe('Waiting for your OK: 2');
    expect(lines.slice(0, 2)).toEqual([`3 projects: carts and 2 more · Pause · ${ends}`, `orders · Restore · ${ends}`]);
    expect(labels(home)).toEqual(['Show Dialog', 'Show Dialog', 'Restore']);
  });

  it('have no button that changes something for a person who can only look', () => {
    const dialog = exampleOperation({ state: 'requested', by: user, expiresAt: exampleNow + 60_000 });
    const home = build([failed, paused], { operations: [dialog] }, { restriction: 'Ask <@U0BOB>.' });
    expect(labels(home)).toEqual(['Show']);
    expect(JSON.stringify(home.blocks)).toContain('Ask <@U0BOB>.');
  });

  it('have ten projects each, of 10,000, and a button for the list of all', () => {
    const home = build([...Array(6_000).fill(failed), ...Array(4_000).fill(paused)]);
    expect(sections(home).filter((text) => text.startsWith('orders'))).toHaveLength(20);
    expect(sections(home)).toEqual(expect.arrayContaining(['And 5,990 more', 'And 3,990 more']));
    expect(labels(home)).toEqual(expect.arrayContaining(['List attention', 'List paused']));
  });
});

it('Slack accepts every Home, and its text is never empty.', () => {
  const operations = fc.array(
    operationArbitrary('orders').map((operation) => ({ ...operation, by: user })),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(
      fc.array(observedProjectArbitrary, { maxLength: 30 }),
      operations,
      fc.array(hostileTextArbitrary, { maxLength: 120 }),
      fc.boolean(),
      (observedProjects, newest, existing, isRestricted) => {
        const projects = observedProjects.map(({ project }) => project);
        const restriction = isRestricted ? 'Ask <@U0BOB>.' : null;
        const home = build(projects, { operations: newest, labels: existing }, { restriction });
        expect(homeWithinLimits(home).violations).toEqual([]);
        parseView({ type: 'home', blocks: JSON.parse(JSON.stringify(home.blocks)) }, 'home');
        expect(home.text.trim()).not.toBe('');
        expect(home.blocks.length).toBeLessThanOrEqual(60);
      },
    ),
    { numRuns: 100 },
  );
});
