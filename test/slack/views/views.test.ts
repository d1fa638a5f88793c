import { describe, expect, it } from 'vitest';
import type { OperationKind } from '../../../src/domain/lifecycle.ts';
import { type LinkObservation, toProjectStats } from '../../../src/domain/observation.ts';
import type { ObservationStatus } from '../../../src/domain/observation-status.ts';
import type { Project } from '../../../src/domain/project.ts';
import { type Block, type Message, sectionBlock } from '../../../src/slack/views/blocks.ts';
import { buildConfirmation } from '../../../src/slack/views/confirmation.ts';
import { withinLimits } from '../../../src/slack/views/limits.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import {
  exampleLink,
  exampleLinkStats,
  exampleNow,
  exampleOperation,
  exampleProject,
  exampleProjectStats,
} from '../../support/example-records.ts';
import { actionButtons } from '../action-buttons.ts';

const observation: ObservationStatus = { kind: 'observed' };
const viewContext = { format: slackFormatter('/sync'), now: exampleNow, observation, restriction: null };
const buttonLabels = (message: Message) => message.blocks.flatMap(buttonsIn);
const sectionTexts = (message: Message) =>
  message.blocks.flatMap((block) => (block.type === 'section' ? [block.text.text] : [])).join('\n');

function buttonsIn(block: Block): string[] {
  if (block.type === 'actions') return actionButtons([block]).map(({ text }) => text.text);
  return block.type === 'section' && block.accessory !== undefined ? [block.accessory.text.text] : [];
}

describe('confirmation', () => {
  it('describes the effect of OK, and has the buttons OK and Cancel', () => {
    const dialog = buildConfirmation({
      ...viewContext,
      project: exampleProject(),
      stats: exampleProjectStats,
      removedTasks: 0,
      operation: exampleOperation(),
    });
    expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel']);
    expect(sectionTexts(dialog)).toContain('Latency will grow until you restore it.');
    expect(sectionTexts(dialog)).toContain('backlog 1,204 · latency 5 s · 3 tasks in flight');
    expect(sectionTexts(dialog)).toContain('Reason: we deploy');
    expect(dialog.text).toMatch(
      /^orders · Running · Pause orders\? .* Answer OK or Cancel before <!date\^1800000300\^.*>\.$/,
    );
  });

  const fullLink = exampleLink('orders-full');
  it.each<[string, OperationKind, Project['state'], LinkObservation, string]>([
    [
      'Re-apply',
      'reapply',
      'paused',
      exampleLinkStats('orders-full'),
      'syncbot will pause the links again, because orders is Paused. `orders-full` stops taking tasks.',
    ],
    [
      'Re-apply',
      'reapply',
      'running',
      exampleLinkStats('orders-full', { paused: true }),
      'syncbot will resume the links again, because orders is Running. `orders-full` takes tasks again.',
    ],
    [
      'Re-apply without drift',
      'reapply',
      'running',
      { kind: 'missing', link: fullLink },
      'orders is Running. `orders-full` has no queue, and the project goes on without it.',
    ],
    [
      'Adopt',
      'adopt',
      'paused',
      exampleLinkStats('orders-full'),
      'syncbot will record the project as Running. All of its links are running already, and none is changed.',
    ],
  ])('of %s (%s) for a %s project says what happens', (_name, action, state, observation, effect) => {
    const dialog = buildConfirmation({
      ...viewContext,
      project: exampleProject({ state }),
      stats: toProjectStats([observation], exampleNow),
      removedTasks: 0,
      operation: exampleOperation({ action }),
    });
    expect(sectionTexts(dialog)).toContain(effect);
  });

  it('of a Failed project shows the failed tasks, and how many will be retried', () => {
    const oldestFailures = [{ taskId: '7', at: exampleNow - 60_000, reason: 'row 17 refused' }];
    const linkStats = exampleLinkStats('orders-incr', { failuresAfterWatermark: 5, oldestFailures: oldestFailures });
    const dialog = buildConfirmation({
      ...viewContext,
      project: exampleProject({ state: 'failed' }),
      stats: toProjectStats([linkStats], exampleNow),
      removedTasks: 350,
      operation: exampleOperation({ action: 'restore' }),
    });
    expect(sectionTexts(dialog)).toContain(
      '5 failed tasks will be retried before newer ones. At least 350 more failed tasks were removed from the queue (removeOnFail) and cannot be retried.',
    );
    expect(sectionTexts(dialog)).toContain('row 17 refused');
    expect(sectionTexts(dialog)).toContain('And 4 more');
  });
});

describe('a message over the limits', () => {
  it('is sent without its blocks, with the same text', () => {
    const message = { text: 'orders is Paused', blocks: [sectionBlock('x'.repeat(3_001))] };
    expect(withinLimits(message)).toEqual({
      message: { text: 'orders is Paused', blocks: [] },
      violations: [expect.any(String)],
    });
    const empty = withinLimits({ text: '', blocks: [] }).message;
    expect(empty.text).not.toBe('');
    expect(withinLimits({ text: 'a '.repeat(5_000), blocks: [] }).message.text.length).toBeLessThanOrEqual(4_000);
  });
});
