import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../src/domain/observation.ts';
import type { Project } from '../../src/domain/project.ts';
import { countStates } from '../../src/domain/state-counts.ts';
import { type Block, type Message, section } from '../../src/slack/blocks.ts';
import { sendable } from '../../src/slack/limits.ts';
import { slackVoice } from '../../src/slack/mrkdwn.ts';
import { buildConfirmation } from '../../src/slack/views/confirmation.ts';
import { buildList } from '../../src/slack/views/list.ts';
import { buildShow } from '../../src/slack/views/show.ts';
import {
  exampleFacts,
  exampleFigures,
  exampleLink,
  exampleNow,
  exampleOperation,
  exampleOutcome,
  exampleProject,
} from './examples.ts';

const scene = { voice: slackVoice('/sync'), now: exampleNow };
const labels = (message: Message) => message.blocks.flatMap(buttonsIn);
const words = (message: Message) =>
  message.blocks.flatMap((block) => (block.type === 'section' ? [block.text.text] : [])).join('\n');

function buttonsIn(block: Block): string[] {
  if (block.type === 'actions') return block.elements.map(({ text }) => text.text);
  return block.type === 'section' && block.accessory !== undefined ? [block.accessory.text.text] : [];
}

describe('list', () => {
  const running = exampleProject();
  const many = Array.from({ length: 23 }, () => running);
  const observed = (projects: readonly Project[]) => projects.map((project) => ({ project, figures: exampleFigures }));

  it('says a project in two lines, with the action that is allowed', () => {
    const list = buildList({
      ...scene,
      counts: countStates([running]),
      shown: observed([running]),
      page: 0,
      filter: '',
    });
    expect(list.text).toBe('1 project: 1 Running');
    expect(words(list)).toContain('*orders* · Running\n2 links · backlog 1,204 · latency 5 s · for 2 h by <@U0BOB>');
    expect(labels(list)).toEqual(['Pause']);
  });

  it('offers nothing while a project is in transition, and calls unknown what was not read', () => {
    const pausing = exampleProject({ state: 'pausing' });
    const figures = figuresOf([{ kind: 'unreachable', link: exampleLink('orders-full') }], exampleNow);
    const list = buildList({
      ...scene,
      counts: countStates([pausing]),
      shown: [{ project: pausing, figures }],
      page: 0,
      filter: '',
    });
    expect(labels(list)).toEqual([]);
    expect(words(list)).toContain('backlog unknown · latency unknown');
  });

  it.each([
    [0, ['Next']],
    [1, ['Previous', 'Next']],
    [2, ['Previous']],
  ])('page %i of three has %j', (page, buttons) => {
    const list = buildList({ ...scene, counts: countStates(many), shown: [], page, filter: '' });
    expect(labels(list)).toEqual(buttons);
    expect(JSON.stringify(list.blocks)).toContain(`page ${page + 1} of 3`);
  });

  it('says what to type when there is nothing', () => {
    const empty = { ...scene, counts: countStates([]), shown: [], page: 0 };
    expect(buildList({ ...empty, filter: '' }).text).toContain('syncbot apply');
    expect(buildList({ ...empty, filter: 'prod' }).text).toContain('No project fits “prod”');
  });
});

describe('confirmation', () => {
  it('says what would happen, with OK and Cancel', () => {
    const dialog = buildConfirmation({
      ...scene,
      project: exampleProject(),
      figures: exampleFigures,
      operation: exampleOperation(),
    });
    expect(labels(dialog)).toEqual(['OK', 'Cancel']);
    expect(words(dialog)).toContain('Latency will grow until restored.');
    expect(words(dialog)).toContain('backlog 1,204 · latency 5 s · 3 tasks in flight');
    expect(words(dialog)).toContain('Reason: we deploy');
    expect(dialog.text).toMatch(/^Pause orders\?.*within 5 min\.$/);
  });

  it('of a Failed project tells what failed, masked, and how many tasks are put back', () => {
    const firstFailures = [{ taskId: '7', at: exampleNow - 60_000, reason: 'row 17 refused at db.acme.com:3306' }];
    const facts = exampleFacts('orders-incr', { failuresAfterWatermark: 5, firstFailures });
    const dialog = buildConfirmation({
      ...scene,
      project: exampleProject({ state: 'failed' }),
      figures: figuresOf([facts], exampleNow),
      operation: exampleOperation({ action: 'restore' }),
    });
    expect(words(dialog)).toContain('5 failed tasks will be put back before newer ones.');
    expect(words(dialog)).toContain('row 17 refused at ‹host›');
    expect(words(dialog)).toContain('and 4 more');
    expect(words(dialog)).not.toContain('acme.com');
  });
});

describe('show', () => {
  const failure = { link: exampleLink('orders-incr'), taskId: '7', reason: 'row 17 refused', at: exampleNow - 60_000 };
  const links = Array.from({ length: 300 }, (_, index) =>
    exampleFacts(`link-${index}-${'x'.repeat(80)}`, { waiting: index }),
  );
  const show = (revealReasons: boolean) =>
    buildShow({
      ...scene,
      details: {
        project: exampleProject({ state: 'failed', failure }),
        figures: figuresOf([...links, { kind: 'unreachable', link: exampleLink('gone') }], exampleNow),
        precheck: [],
        operations: [exampleOperation({ state: 'done', outcome: exampleOutcome })],
      },
      revealReasons,
    });

  it('has the allowed action, the worst link first, and says how many do not fit', () => {
    expect(labels(show(true))).toEqual(['Restore']);
    expect(words(show(true))).toContain('*301 links*\n`gone` · not reachable, figures unknown');
    expect(words(show(true))).toMatch(/\d+ more links not shown/);
  });

  it('keeps the reason of a failure from those who may not see it', () => {
    expect(words(show(true))).toContain('row 17 refused');
    expect(words(show(false))).not.toContain('row 17 refused');
    expect(words(show(false))).toContain('shown to operators only');
  });
});

describe('a message over the limits', () => {
  it('is sent without its blocks, and says the same', () => {
    const message = { text: 'orders is Paused', blocks: [section('x'.repeat(3_001))] };
    expect(sendable(message)).toEqual({
      message: { text: 'orders is Paused', blocks: [] },
      faults: [expect.any(String)],
    });
    const empty = sendable({ text: '', blocks: [] }).message;
    expect(empty.text).not.toBe('');
    expect(sendable({ text: 'a '.repeat(5_000), blocks: [] }).message.text.length).toBeLessThanOrEqual(4_000);
  });
});
