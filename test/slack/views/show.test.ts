import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/domain/link.ts';
import { type LinkObservation, toProjectStats } from '../../../src/domain/observation.ts';
import type { ObservationStatus } from '../../../src/domain/observation-status.ts';
import type { PrecheckItem } from '../../../src/domain/precheck.ts';
import type { Block, Message } from '../../../src/slack/views/blocks.ts';
import { buildLinkPage } from '../../../src/slack/views/links.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { buildShow, type ShowView } from '../../../src/slack/views/show.ts';
import {
  exampleLink,
  exampleLinkStats,
  exampleNow,
  exampleOperation,
  exampleOutcome,
  exampleProject,
} from '../../support/example-records.ts';
import { actionButtons } from '../action-buttons.ts';

const observation: ObservationStatus = { kind: 'observed' };
const format = slackFormatter('/sync');
const failure: Failure = {
  kind: 'task_failed',
  link: exampleLink('orders-incr'),
  taskId: '7',
  reason: 'row 17 refused',
  at: exampleNow - 60_000,
};
const hundredLinks: readonly LinkObservation[] = [
  ...Array.from({ length: 98 }, (_, index) =>
    exampleLinkStats(`orders-table-${String(index).padStart(2, '0')}`, {
      waiting: index,
      oldestRunnableAt: exampleNow - index * 1_000,
    }),
  ),
  exampleLinkStats('orders-incr', { failed: 3, failuresAfterWatermark: 3 }),
  { kind: 'unreachable', link: exampleLink('gone') },
];
const noWorker: PrecheckItem = {
  check: 'workers_connected',
  result: 'fail',
  reason: { code: 'no_worker' },
  links: { total: 100, first: [exampleLink('orders-table-00')] },
};
/** A backlog that fell from 12,000 to 160 within the hour, and nine minutes in which no worker observed it. */
const hourOfSamples = Array.from({ length: 60 }, (_, index) => ({
  at: exampleNow - (59 - index) * 60_000,
  backlog: (60 - index) * 200 - 40,
  latencyMs: 5_000,
})).filter((_, index) => index < 30 || index >= 39);
const passed: PrecheckItem = { check: 'queues_exist', result: 'pass', reason: null, links: { total: 0, first: [] } };

function show({
  links = hundredLinks,
  ...overrides
}: Partial<ShowView> & { readonly links?: readonly LinkObservation[] }) {
  const operations = ['pause', 'restore', 'pause', 'restore', 'start'] as const;
  return buildShow({
    format,
    now: exampleNow,
    observation,
    restriction: null,
    revealReasons: true,
    details: {
      project: exampleProject({ state: 'failed', failure, reason: 'we deploy' }),
      stats: toProjectStats(links, exampleNow),
      precheck: [...Array<PrecheckItem>(6).fill(passed), noWorker],
      samples: hourOfSamples,
      operations: operations.map((action) => exampleOperation({ action, state: 'done', outcome: exampleOutcome })),
    },
    ...overrides,
  });
}

const buttonLabels = (message: Message) => actionButtons(message.blocks).map(({ text }) => text.text);
const linesOf = (block: Block) =>
  block.type === 'actions'
    ? []
    : (block.type === 'section' ? block.text.text : block.elements.map(({ text }) => text).join('\n')).split('\n');
const textOf = (message: Message) => message.blocks.flatMap(linesOf).join('\n');
/** What a person sees of a line: a clock time instead of the date token, no markup. */
const visible = (line: string) => line.replaceAll(/<!date[^>]*>/g, 'Today at 18:53').replaceAll(/[*`]/g, '');

describe('show', () => {
  it('has state, who and why, cause, action, numbers, links, precheck and last operations, in this order', () => {
    const message = show({});
    const order = [
      '*orders* · Failed',
      'Since <!date',
      'A task failed on `orders-incr`',
      '"Restore"',
      '3 failed tasks wait for a restore · backlog unknown · latency unknown',
      '*100 links, the worst 5*',
      '"All Links"',
      '*Precheck: 6 of 7 pass · a link has no worker*',
      'Start the workers of `orders-table-00` and 99 more',
      '*Last operations*',
      '"Precheck"',
    ];
    const json = JSON.stringify(message.blocks);
    const positions = order.map((text) => json.indexOf(text));
    expect(positions).not.toContain(-1);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(message.text).toMatch(
      /^orders · Failed · Since <!date.*> by <@U0BOB> · we deploy\n3 failed tasks wait for a restore · backlog unknown/,
    );
  });

  it('of a project with 100 links fits one and a half screens of a phone', () => {
    // A line of Slack has about 46 characters and 22 px at 390 px, a block 8 px around it, a button row 44 px.
    const heights = show({}).blocks.map((block) =>
      block.type === 'actions'
        ? 52
        : 8 + 22 * linesOf(block).reduce((sum, line) => sum + Math.ceil(visible(line).length / 46), 0),
    );
    expect(heights.reduce((sum, height) => sum + height, 0)).toBeLessThan(1.5 * 844);
  });

  it('begins every line with a capital, a name or a time, and contains no duration since something', () => {
    for (const line of show({}).blocks.flatMap(linesOf)) expect(line).toMatch(/^[A-Z0-9*<`░]/);
    expect(textOf(show({}))).not.toMatch(/\bago\b|\bfor \d/);
  });

  it('has the five worst links first, and a button for all of them only if there are more', () => {
    expect(textOf(show({}))).toMatch(
      /the worst 5\*\n`gone` · Not reachable, numbers unknown\n`orders-incr` · Running · 3 failed\n`orders-table-97` /,
    );
    expect(textOf(show({}))).not.toContain('orders-table-94');
    const few = show({ links: [exampleLinkStats('orders-full')] });
    expect(textOf(few)).toContain('*1 link*\n`orders-full` · Running · no tasks');
    expect(buttonLabels(few)).toEqual(['Restore', 'Precheck', 'History']);
    expect(buttonLabels(show({}))).toEqual(['Restore', 'All Links', 'Precheck', 'History']);
  });

  it('has the causes of several failed tasks, without the reasons where they are hidden', () => {
    const causes = { tasks: 7, grouped: 7, causes: 1, first: [{ reason: 'refused', tasks: 7 }], since: 5, workers: 3 };
    const condition = { kind: 'project_failed', since: 1, failure, causes } as const;
    const alert = {
      state: 'firing',
      condition,
      absentOnce: false,
      since: 1,
      seq: 1,
      changedAt: 1,
      version: 1,
    } as const;
    const project = exampleProject({
      state: 'failed',
      failure,
      alerts: { project_failed: { alert, delivered: null } },
    });
    const details = { project, stats: toProjectStats([], exampleNow), precheck: [], operations: [], samples: [] };
    expect(textOf(show({ details }))).toMatch(
      /^7 tasks failed: refused · the oldest on `orders-incr` <!date[^>]*> · 3 workers connected$/m,
    );
    expect(textOf(show({ details, revealReasons: false }))).toMatch(/^7 tasks failed, 1 cause · the oldest on/m);
  });

  it('has a button for the runbook, also for a person who may only look', () => {
    const base = exampleProject({ state: 'failed', failure });
    const project = { ...base, definition: { ...base.definition, runbook: 'https://wiki.example.com/orders' } };
    const details = { project, stats: toProjectStats([], exampleNow), precheck: [], operations: [], samples: [] };
    expect(buttonLabels(show({ details }))).toEqual(['Restore', 'Runbook', 'Precheck', 'History']);
    expect(buttonLabels(show({ details, restriction: 'Ask Bob.' }))).toEqual(['Runbook', 'Precheck', 'History']);
  });

  it('has the last hour as bars, with the first value and that of now, and shows where nothing was observed', () => {
    const stats = toProjectStats([exampleLinkStats('orders-full', { waiting: 160 })], exampleNow);
    const details = { project: exampleProject(), stats, precheck: [], operations: [], samples: hourOfSamples };
    const text = textOf(show({ details }));
    expect(text).toContain('Backlog 160, falling · latency 0 s');
    expect(text).toMatch(/^Backlog ▇▇▇▇▇▅▅▅▅▅░░░▃▃▂▂▂▂▂ 11,960 <!date[^>]*> → 160 <!date[^>]*>$/m);
    expect(text).toMatch(/^Latency ▇{10}░░░▇{6}▁ 5 s <!date[^>]*> → 0 s <!date[^>]*>$/m);
    expect(text).toMatch(/^░ Not observed$/m);
    expect(textOf(show({ details: { ...details, samples: [] } }))).not.toMatch(/[▁▇░]|falling|rising|steady/);
  });

  it('has each operation in one line, with its clock time, its person and its outcome', () => {
    const operations = [
      exampleOperation({ state: 'failed', outcome: { ...exampleOutcome, linksDone: 9, linksTotal: 10 } }),
    ];
    const base = show({});
    expect(base.blocks.flatMap(linesOf).filter((line) => /· Done/.test(line))).toHaveLength(5);
    const stats = toProjectStats(hundredLinks, exampleNow);
    const details = { project: exampleProject(), stats, precheck: [], operations, samples: [] };
    expect(textOf(show({ details }))).toMatch(
      /<!date[^>]*> · <@U0ALICE> · Pause · Failed \(9 of 10 links\) · we deploy/,
    );
  });

  it('has no actions, but says why, for a person who can only look', () => {
    const message = show({ restriction: 'Ask <@U0ALICE>.' });
    expect(buttonLabels(message)).toEqual(['All Links', 'Precheck', 'History']);
    expect(message.blocks.at(-1)).toMatchObject({ type: 'context', elements: [{ text: 'Ask <@U0ALICE>.' }] });
  });

  it('warns when no worker observes the links', () => {
    const since = Date.UTC(2026, 10, 24, 18, 52);
    const message = show({ observation: { kind: 'not_observed', since } });
    expect(textOf(message)).toMatch(/Not observed since .*18:52 UTC/);
    expect(message.text).toMatch(/Not observed since .*18:52 UTC/);
    expect(textOf(show({}))).not.toMatch(/observed since/i);
  });

  it('hides the reason of a failed task where it may not be shown', () => {
    expect(textOf(show({}))).toContain('row 17 refused');
    expect(textOf(show({ revealReasons: false }))).not.toContain('row 17 refused');
    expect(textOf(show({ revealReasons: false }))).toContain('only operators can see its reason');
  });
});

describe('all links', () => {
  const page = (number: number) =>
    buildLinkPage({
      project: exampleProject(),
      stats: toProjectStats(hundredLinks, exampleNow),
      page: number,
      now: exampleNow,
    });

  it.each([
    [0, ['Next'], '`gone`'],
    [2, ['Previous', 'Next'], '`orders-table-59`'],
    [4, ['Previous'], '`orders-table-19`'],
    [9, ['Previous'], '`orders-table-19`'],
  ])('on page %i have 20 links, the worst first, and the buttons %j', (number, buttons, first) => {
    const message = page(number);
    const [heading, ...lines] = message.blocks.slice(0, 1).flatMap(linesOf);
    expect(heading).toBe('*orders* · Running · 100 links');
    expect(lines).toHaveLength(20);
    expect(lines[0]?.startsWith(first)).toBe(true);
    expect(buttonLabels(message)).toEqual(buttons);
    expect(textOf(message)).toContain(`page ${Math.min(number, 4) + 1} of 5`);
  });

  it('are each on one page', () => {
    const names = [0, 1, 2, 3, 4].flatMap((number) => textOf(page(number)).match(/^`[^`]+`/gm) ?? []);
    expect(new Set(names).size).toBe(100);
  });
});
