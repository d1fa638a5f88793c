import { describe, expect, it } from 'vitest';
import type { PrecheckItem } from '../../../src/domain/precheck.ts';
import type { ProjectState } from '../../../src/domain/project-state.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { buildPrecheck, linesThatFit, precheckSummary } from '../../../src/slack/views/precheck.ts';
import { exampleLink, exampleNow, exampleProject } from '../../support/example-records.ts';

const format = slackFormatter('/sync');
const links = { total: 1, first: [exampleLink('orders-full')] };
const passed: PrecheckItem = { check: 'queues_exist', result: 'pass', reason: null, links: { total: 0, first: [] } };
const unknown: PrecheckItem = {
  check: 'workers_connected',
  result: 'unknown',
  reason: { code: 'workers_unknown' },
  links,
};
const failed: PrecheckItem = {
  check: 'no_failed_task',
  result: 'fail',
  reason: { code: 'tasks_failed', count: 3 },
  links,
};
const build = (items: readonly PrecheckItem[], state: ProjectState = 'not_started') =>
  buildPrecheck({ project: exampleProject({ state }), items, restriction: null, format, now: exampleNow });

describe('the precheck of a project', () => {
  it('has the failed items first, with their reasons', () => {
    const { text, blocks } = build([passed, unknown, failed]);
    expect(text).toBe('orders · Not Started · Precheck: 1 of 3 pass, 1 unknown · tasks failed');
    expect(blocks).toEqual([
      expect.objectContaining({ text: expect.objectContaining({ text: text.replace('orders', '*orders*') }) }),
      expect.objectContaining({
        text: expect.objectContaining({
          text: [
            'Fail · Retry or remove the failed tasks of `orders-full` (3)',
            'Unknown · Link `orders-full`: the server does not show which workers are connected',
            'Pass · Every queue exists',
          ].join('\n'),
        }),
      }),
      expect.objectContaining({ type: 'actions', block_id: `sync:precheck:orders:${exampleNow}` }),
      {
        type: 'context',
        elements: [
          {
            type: 'mrkdwn',
            text: 'Only you can see this · An unknown item does not block a start',
            verbatim: true,
          },
        ],
      },
    ]);
  });

  it.each<[readonly PrecheckItem[], ProjectState, string[]]>([
    [[passed], 'not_started', ['sync:v1:request:start', 'sync:v1:show']],
    [[passed, unknown], 'not_started', ['sync:v1:request:start', 'sync:v1:show']],
    [[passed, failed], 'not_started', ['sync:v1:show']],
    [[passed], 'running', ['sync:v1:show']],
  ])('%# has a Start button only if the project can be started', (items, state, actionIds) => {
    const actions = build(items, state).blocks.find((block) => block.type === 'actions');
    expect(actions?.elements.map(({ action_id }) => action_id)).toEqual(actionIds);
  });
});

describe('the lines of a precheck', () => {
  it('that do not fit are counted', () => {
    const line = 'Start the workers of `orders-full`';
    const lines = [line, line, line, line];
    const more = 'And 4 more, with the same or a better result';
    const exactlyOne = line.length + 1 + more.length;
    expect(linesThatFit(lines, exactlyOne)).toEqual([line, 'And 3 more, with the same or a better result']);
    expect(linesThatFit(lines, exactlyOne - 1)).toEqual([more]);
    expect(linesThatFit(lines, 2_900)).toHaveLength(4);
  });

  it('in `show` are the number of passed items, and what to do about the failed ones', () => {
    const noWorker: PrecheckItem = {
      check: 'workers_connected',
      result: 'fail',
      reason: { code: 'no_worker' },
      links: { total: 10, first: links.first },
    };
    const summary = (precheck: readonly PrecheckItem[], state: ProjectState = 'not_started') =>
      precheckSummary({ project: exampleProject({ state }), precheck }, format, 1_000);
    expect(summary([passed, noWorker, unknown, passed])).toEqual([
      '*Precheck: 2 of 4 pass, 1 unknown · a link has no worker*',
      'Start the workers of `orders-full` and 9 more',
    ]);
    expect(summary([passed])).toEqual(['*Precheck: 1 of 1 pass*']);
    expect(summary([failed])[1]).toBe('Retry or remove the failed tasks of `orders-full` (3)');
    expect(summary([failed], 'failed')[1]).toBe(
      'Fix the cause of the failed tasks of `orders-full` (3), then restore the project, which retries them',
    );
    expect(summary([])).toEqual(['*Precheck: nothing to check*']);
  });
});
