import { describe, expect, it } from 'vitest';
import { countProjects } from '../../../src/domain/attention.ts';
import { type AlertKind, alertKinds } from '../../../src/domain/conditions.ts';
import { emptyFilter, type ListFilter, type NoMatch, parseListFilter } from '../../../src/domain/list-filter.ts';
import { type ObservedProject, toProjectStats } from '../../../src/domain/observation.ts';
import type { ObservationStatus } from '../../../src/domain/observation-status.ts';
import type { Project } from '../../../src/domain/project.ts';
import type { ProjectState } from '../../../src/domain/project-state.ts';
import type { Message } from '../../../src/slack/views/blocks.ts';
import { buildEmptyList, buildList, buildUnknownFilter, type ListView } from '../../../src/slack/views/list.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { firingAlert } from '../../support/example-alerts.ts';
import { exampleLink, exampleNow, exampleProject, exampleProjectStats } from '../../support/example-records.ts';
import { actionButtons, selects } from '../action-buttons.ts';

const format = slackFormatter('/sync');
const observation: ObservationStatus = { kind: 'observed' };
const time = (at: number) => format.time(at);
const twoHoursAgo = exampleNow - 2 * 3_600_000;
const aMinuteAgo = exampleNow - 60_000;

const filterOf = (text: string): ListFilter => {
  const parsed = parseListFilter(text);
  if (parsed.kind === 'unknown') throw new Error(`unknown ${parsed.value}`);
  return parsed.filter;
};

/** The list of these projects. */
function build(projects: readonly Project[], overrides: Partial<ListView> = {}): Message {
  return buildList({
    counts: countProjects(projects),
    observedProjects: projects.map((project) => ({ project, stats: exampleProjectStats })),
    observation,
    page: 0,
    filter: emptyFilter,
    labels: [],
    revealReasons: true,
    restriction: null,
    format,
    now: exampleNow,
    ...overrides,
  });
}

const sections = ({ blocks }: Message) =>
  blocks.flatMap((block) => (block.type === 'section' ? [block.text.text] : []));
const labels = ({ blocks }: Message) => [
  ...blocks.flatMap((block) => (block.type === 'section' && block.accessory ? [block.accessory.text.text] : [])),
  ...actionButtons(blocks).map(({ text }) => text.text),
];
const footer = ({ blocks }: Message) =>
  blocks.flatMap((block) => (block.type === 'context' ? block.elements.map(({ text }) => text) : [])).join('\n');
const many = (count: number, overrides: Partial<Project>) =>
  Array.from({ length: count }, () => exampleProject(overrides));
const failure = {
  kind: 'task_failed',
  link: exampleLink('orders_eu'),
  taskId: '7',
  reason: 'connection refused',
  at: aMinuteAgo,
} as const;

describe('the heading of a list', () => {
  it('says how many projects need attention and why, then the states of all', () => {
    const projects = [
      ...many(4, { state: 'failed' }),
      ...many(44, { alerts: { no_worker: firingAlert('no_worker') } }),
      ...many(12, {}),
    ];
    const list = build([], { counts: countProjects(projects) });
    expect(list.text).toBe(
      '48 need attention: 4 Failed, 44 without a worker\n60 projects: 4 Failed, 56 Running (44 without a worker)',
    );
    expect(sections(list)[0]).toBe(
      '*48 need attention: 4 Failed, 44 without a worker*\n60 projects: 4 Failed, 56 Running (44 without a worker)',
    );
  });

  it('has no states when all of the listed projects need attention, and names the filter', () => {
    const list = build(many(1, { state: 'failed' }), { filter: filterOf('failed label:"two words"') });
    expect(list.text).toBe('1 needs attention: 1 Failed\nFilter: failed label:"two words"');
  });

  it('says that all are well', () => {
    expect(build([...many(50, {}), ...many(10, { state: 'paused' })]).text).toBe(
      'All 60 projects are well: 10 Paused, 50 Running',
    );
    expect(build(many(1, {})).text).toBe('1 project is well: 1 Running');
    const paused = build(many(4, { state: 'paused' }), { filter: filterOf('paused') });
    expect(paused.text).toBe('None of these 4 projects needs attention: 4 Paused\nFilter: paused');
  });

  const since = Date.UTC(2026, 10, 24, 18, 52);
  it.each<[ObservationStatus, RegExp]>([
    [{ kind: 'not_observed', since }, /^2 projects: 2 Running\nNot observed since .*18:52 UTC.*failed tasks/],
    [{ kind: 'not_observed', since: null }, /^2 projects: 2 Running\nNot observed yet.*failed tasks/],
    [{ kind: 'partly_observed', unobservedProjects: 3 }, /^2 projects: 2 Running\n3 projects could not be observed/],
  ])('does not say so when not every project was observed lately: %j', (status, text) => {
    const list = build(many(2, {}), { observation: status });
    expect(list.text).toMatch(text);
    expect(sections(list).join('\n')).toMatch(/observed/);
  });

  it('does not say so when a link of a listed project does not answer now', () => {
    const stats = toProjectStats([{ kind: 'unreachable', link: exampleLink('orders-full') }], exampleNow);
    const list = build(many(1, {}), { observedProjects: [{ project: exampleProject(), stats }] });
    expect(list.text).toBe('1 project: 1 Running');
    expect(sections(list)[1]).toContain('backlog unknown · latency unknown');
  });
});

describe('a row of a list', () => {
  const row = (overrides: Partial<Project>, view: Partial<ListView> = {}) => {
    const list = build([exampleProject(overrides)], view);
    return { text: sections(list)[1], buttons: labels(list) };
  };

  it.each<[string, Partial<Project>, string, string[]]>([
    [
      'that is Failed has the cause and the time',
      { state: 'failed', since: aMinuteAgo, failure },
      `*orders* · Failed · since ${time(aMinuteAgo)}\nA task failed on \`orders_eu\`: connection refused`,
      ['Restore'],
    ],
    [
      'that could not be paused has the link',
      { state: 'failed', failure: { kind: 'link_unreachable', link: exampleLink('orders_eu'), at: 1 } },
      `*orders* · Failed · since ${time(twoHoursAgo)}\n\`orders_eu\` could not be reached`,
      ['Restore'],
    ],
    [
      'with alerts has the worst one, and how many more there are',
      { alerts: { no_worker: firingAlert('no_worker'), latency: firingAlert('latency') } },
      `*orders* · No worker connected · since ${time(aMinuteAgo)}\n\`orders-full\` and 9 more links · and 1 more alert`,
      ['Show'],
    ],
    [
      'with drift has the links',
      { state: 'paused', alerts: { unexpectedly_running: firingAlert('unexpectedly_running') } },
      `*orders* · Paused, but 10 links run · since ${time(aMinuteAgo)}\n\`orders-full\` and 9 more`,
      ['Show'],
    ],
    [
      'near the end of its log retention has both times',
      { state: 'paused', alerts: { log_retention_80: firingAlert('log_retention_80') } },
      `*orders* · Paused · since ${time(twoHoursAgo)}\nMost of its log retention has passed · its source keeps its log until ${time(exampleNow + 3_600_000)}`,
      ['Show'],
    ],
    [
      'that is Paused has when, the person and the reason',
      { state: 'paused', reason: 'month-end closing' },
      `*orders* · Paused · since ${time(twoHoursAgo)}\nBy <@U0BOB>: month-end closing`,
      ['Restore'],
    ],
    [
      'that is Paused without a reason has none',
      { state: 'paused' },
      `*orders* · Paused · since ${time(twoHoursAgo)}\nBy <@U0BOB>`,
      ['Restore'],
    ],
    [
      'in transition has no action',
      { state: 'restoring' },
      `*orders* · Restoring · since ${time(twoHoursAgo)}\nBy <@U0BOB>`,
      [],
    ],
    ['that runs has its numbers', {}, '*orders* · Running\n2 links · backlog 1,204 · latency 5 s', ['Pause']],
    [
      'that was never started has its numbers',
      { state: 'not_started' },
      '*orders* · Not Started\n2 links · backlog 1,204 · latency 5 s',
      ['Start'],
    ],
  ])('%s', (_what, project, text, buttons) => {
    expect(row(project)).toEqual({ text, buttons });
  });

  it('hides the reason of a failed task where it may not be shown', () => {
    const { text } = row({ state: 'failed', failure }, { revealReasons: false });
    expect(text).toMatch(/\nA task failed on `orders_eu`$/);
  });

  it('has Show instead of an action for a person who can only look, and the list says why', () => {
    const list = build([exampleProject({ state: 'failed' }), exampleProject()], { restriction: 'Ask <@U0ALICE>.' });
    expect(labels(list)).toEqual(['Show']);
    expect(footer(list)).toMatch(/\nAsk <@U0ALICE>\.$/);
  });

  it.each(
    (['running', 'paused', 'failed', 'not_started'] as const).flatMap((state) =>
      alertKinds.map((kind): [ProjectState, AlertKind] => [state, kind]),
    ),
  )('of a %s project with the alert %s has two lines that begin with a capital or a name', (state, kind) => {
    const { text } = row({
      state,
      failure: state === 'failed' ? failure : null,
      alerts: { [kind]: firingAlert(kind) },
    });
    expect(text?.split('\n')).toEqual([
      expect.stringMatching(/^\*orders\* · [A-Z\d]/),
      expect.stringMatching(/^([A-Z\d]|`orders)/),
    ]);
  });

  it('cuts a long cause', () => {
    const { text = '' } = row({ state: 'failed', failure: { ...failure, reason: 'word '.repeat(200) } });
    expect(text.length).toBeLessThan(250);
    expect(text).toMatch(/word…$/);
  });
});

describe('the controls of a list', () => {
  it.each([
    [0, ['Next']],
    [1, ['Previous', 'Next']],
    [2, ['Previous']],
  ])('on page %i of three has the buttons %j', (page, buttons) => {
    const list = build([], { counts: countProjects(many(23, {})), page });
    expect(labels(list)).toEqual(buttons);
    expect(footer(list)).toContain(`page ${page + 1} of 3`);
  });

  const menusOf = (text: string, existing = ['Prod', 'eu', 'prod']) => {
    const observedProjects: ObservedProject[] = [];
    const list = build(many(1, {}), { filter: filterOf(text), labels: existing, observedProjects });
    return selects(list.blocks).map((menu) => ({
      selected: menu.initial_option?.text.text,
      options: Object.fromEntries(menu.options.map((option) => [option.text.text, option.value])),
    }));
  };

  it('are a menu of states and one of the labels that exist', () => {
    expect(menusOf('')).toEqual([
      {
        selected: 'All',
        options: {
          All: 'list',
          'Needs attention': 'list attention',
          Failed: 'list failed',
          Paused: 'list paused',
          Running: 'list running',
          'Not Started': 'list not-started',
        },
      },
      { selected: 'All labels', options: { 'All labels': 'list', Prod: 'list label:prod', eu: 'list label:eu' } },
    ]);
  });

  it('keep what is selected in the other menu, and the words that were typed', () => {
    const [states, labelMenu] = menusOf('paused label:prod orders');
    expect(states).toMatchObject({
      selected: 'Paused',
      options: { All: 'list label:prod', Failed: 'list failed label:prod orders' },
    });
    expect(labelMenu).toMatchObject({
      selected: 'Prod',
      options: { 'All labels': 'list paused orders', eu: 'list paused label:eu orders' },
    });
  });

  it('have the selected label although it is in no project any more', () => {
    expect(menusOf('label:old', [])[1]).toMatchObject({ selected: 'old' });
  });

  it('have no menu of labels without labels, and select nothing for a filter that is not in the menu', () => {
    expect(menusOf('alert:no-worker', [])).toEqual([expect.objectContaining({ selected: undefined })]);
  });

  it('leave out what was typed when the value would be too long for Slack', () => {
    const [states] = menusOf(`${'x'.repeat(70)} label:prod`);
    expect(states?.options).toMatchObject({ Failed: 'list failed label:prod' });
  });
});

describe('an empty list', () => {
  const empty = (text: string, reason: NoMatch, status: ObservationStatus = observation) =>
    buildEmptyList({ reason, filter: filterOf(text), observation: status, labels: ['prod'], format });

  it.each([
    ['failed', 'No project is Failed.'],
    ['paused running', 'No project is Paused or Running.'],
    ['attention', 'No project needs attention.'],
    ['attention running', 'No project is Running and needs attention.'],
    ['alert:no-worker', 'No project is without a worker.'],
    ['failed label:prod', 'No project with the label prod is Failed.'],
    ['failed orders', 'No project that matches “orders” is Failed.'],
  ])('of %j is good news: %s', (text, sentence) => {
    const message = empty(text, { kind: 'none' });
    expect(message.text).toBe(sentence);
    expect(labels(message)).toEqual(['List']);
    expect(selects(message.blocks)).toHaveLength(2);
  });

  it('says so when the projects are not observed', () => {
    expect(empty('failed', { kind: 'none' }, { kind: 'not_observed', since: null }).text).toMatch(
      /^No project is Failed\.\nNot observed yet/,
    );
  });

  it('of no project names the command that adds one', () => {
    expect(empty('', { kind: 'no_projects' }).text).toContain('syncbot apply');
  });

  it('of an unknown label or word has the filters that were probably meant as buttons', () => {
    const label = empty('label:prd', { kind: 'unknown_label', text: 'prd', similar: ['label:prod'] });
    expect(label.text).toBe('No project has the label prd. Did you mean `/sync list label:prod`?');
    expect(labels(label)).toEqual(['List label:prod']);
    expect(actionButtons(label.blocks).map(({ value }) => value)).toEqual(['list label:prod']);
    const word = empty('pausd', { kind: 'unknown_word', text: 'pausd', similar: [] });
    expect(word.text).toMatch(/^No project matches “pausd”\. A filter is a state, attention, a label/);
    expect(labels(word)).toEqual(['List']);
  });

  it('of a filter that cannot be read has the filters that were probably meant as buttons', () => {
    const unknown = { key: 'alert', value: 'no-wroker' } as const;
    const message = buildUnknownFilter({ unknown, similar: ['alert:no-worker'], format });
    expect(message.text).toBe('There is no kind of alert called no-wroker. Did you mean `/sync list alert:no-worker`?');
    expect(labels(message)).toEqual(['List alert:no-worker']);
  });
});
