import { describe, expect, it } from 'vitest';
import type { Acknowledgement } from '../../../src/domain/acknowledgement.ts';
import type { OperationKind } from '../../../src/domain/lifecycle.ts';
import { type LinkObservation, type ProjectStats, toProjectStats } from '../../../src/domain/observation.ts';
import type { ObservationStatus } from '../../../src/domain/observation-status.ts';
import type { Operation } from '../../../src/domain/operation.ts';
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
      failedAgain: 0,
      otherRequests: [],
      operation: exampleOperation(),
    });
    expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel']);
    expect(sectionTexts(dialog)).toContain('Latency will grow until you restore orders.');
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
      'If you press OK, syncbot goes on without the queue of `orders-full`. orders is Running.',
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
      failedAgain: 0,
      otherRequests: [],
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
      failedAgain: 0,
      otherRequests: [],
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

describe('a dialog', () => {
  const failure = {
    kind: 'task_failed',
    link: exampleLink('orders-full'),
    taskId: '7',
    reason: 'no',
    at: exampleNow,
  } as const;
  const row = {
    count: 2,
    isSameCause: true,
    failedAt: exampleNow - 59_000,
    run: { since: exampleNow - 60_000, by: 'U0ALICE', action: 'restore' },
  } as const;
  const restoreDialog = (
    project: Partial<Project>,
    { action = 'restore', stats = exampleProjectStats }: { action?: OperationKind; stats?: ProjectStats } = {},
  ) =>
    sectionTexts(
      buildConfirmation({
        ...viewContext,
        project: exampleProject({ state: 'failed', failure, ...project }),
        stats,
        removedTasks: 0,
        failedAgain: 0,
        otherRequests: [],
        operation: exampleOperation({ action }),
      }),
    );

  it('of a Restore says what fails again if the cause is not fixed', () => {
    const again = ' again, and orders becomes Failed again.';
    const failedTasks = (failuresAfterWatermark: number) => ({
      stats: { ...exampleProjectStats, links: [exampleLinkStats('orders-full', { failuresAfterWatermark })] },
    });
    expect(restoreDialog({}, failedTasks(7))).toContain(`If the cause is not fixed, they fail${again}`);
    expect(restoreDialog({}, failedTasks(1))).toContain(
      `If the cause is not fixed, the task on \`orders-full\` fails${again}`,
    );
    expect(restoreDialog({}, failedTasks(0))).not.toContain('If the cause');
    expect(restoreDialog({ failure: null }, failedTasks(7))).not.toContain('If the cause');
    const { definition } = exampleProject();
    expect(restoreDialog({ definition: { ...definition, onFailure: 'continue' } }, failedTasks(7))).not.toContain(
      'If the cause',
    );
  });

  it('of a Restore shows tasks that failed for the same reason once', () => {
    const failedTask = (taskId: string, reason: string) => ({ taskId, reason, at: exampleNow });
    const link = {
      ...exampleLinkStats('orders-full'),
      failuresAfterWatermark: 7,
      oldestFailures: [failedTask('1', 'refused'), failedTask('2', 'refused'), failedTask('3', 'too long')],
    };
    const text = restoreDialog({}, { stats: { ...exampleProjectStats, links: [link] } });
    expect(text.match(/: refused/g)).toHaveLength(1);
    expect(text).toMatch(/: refused\n.*: too long\nAnd 5 more/);
  });

  it('of a Restore says that the project was restored before and failed again', () => {
    const clock = viewContext.format.at(exampleNow - 60_000);
    const text = `Last restore ${clock} by <@U0ALICE>: failed again after 1 s · 2 failures in a row, same cause`;
    expect(restoreDialog({ failureStreak: row })).toContain(text);
    expect(restoreDialog({ failureStreak: { ...row, count: 1 } })).not.toContain('failed again after');
    expect(restoreDialog({ failureStreak: row, state: 'paused' })).not.toContain('failed again after');
  });

  it('of a Restore says who paused the project, why, and until when', () => {
    const pausedUntil: NonNullable<Project['pausedUntil']> = {
      at: exampleNow + 60_000,
      by: 'U0BOB',
      setAt: exampleNow,
      operation: 'op1',
      version: 4,
      attempts: 0,
      nextAttemptAt: exampleNow,
      code: null,
      stopped: null,
    };
    const { format } = viewContext;
    const since = exampleNow - 60_000;
    const paused = { state: 'paused', since, by: 'U0BOB', reason: 'schema change', pausedUntil } as const;
    const line = `Paused ${format.at(since)} by <@U0BOB> · schema change`;
    expect(restoreDialog(paused)).toContain(`\n${line} · planned end: ${format.time(pausedUntil.at)}\n`);
    expect(restoreDialog({ ...paused, pausedUntil: null })).toContain(`\n${line}\n`);
    expect(restoreDialog({ ...paused, state: 'failed' })).not.toContain('schema change');
  });

  it('names another person who is on an alert of the project', () => {
    const owned = { kind: 'owned', by: 'U0BOB', at: exampleNow - 60_000, until: exampleNow + 60_000 } as const;
    const alertsWith = (acknowledgement: Acknowledgement): Project['alerts'] => {
      const condition = { kind: 'project_failed', since: exampleNow, failure: null } as const;
      const firing = { state: 'firing', absentOnce: false, since: 1, seq: 1, changedAt: 1, version: 1 } as const;
      return { project_failed: { alert: { ...firing, condition, acknowledgement }, delivered: null } };
    };
    const text = `<@U0BOB> is on the alert since ${viewContext.format.time(owned.at)}`;
    expect(restoreDialog({ alerts: alertsWith(owned) })).toContain(text);
    for (const other of [{ by: 'U0ALICE' }, { until: exampleNow }, { kind: 'snoozed' }] as const)
      expect(restoreDialog({ alerts: alertsWith({ ...owned, ...other }) })).not.toContain('is on the alert');
  });

  it.each<[string, readonly Partial<Operation>[], string]>([
    ['the same', [{ by: 'U0BOB', action: 'restore' }], '<@U0BOB> asks for the same'],
    ['for another action', [{ by: 'U0BOB', action: 'pause' }], '<@U0BOB> asks to pause it'],
    [
      'in great number',
      ['U0BOB', 'U0CAROL', 'U0DAVE', 'U0ERIN', 'U0FRED'].map((by) => ({ by, action: 'restore' as const })),
      '<@U0BOB> asks for the same · <@U0CAROL> asks for the same · <@U0DAVE> asks for the same · and 2 more',
    ],
  ])('names the other people who ask %s', (_name, others, text) => {
    const dialog = buildConfirmation({
      ...viewContext,
      project: exampleProject({ state: 'failed' }),
      stats: exampleProjectStats,
      removedTasks: 0,
      failedAgain: 0,
      otherRequests: others.map((other) => exampleOperation(other)),
      operation: exampleOperation({ action: 'restore' }),
    });
    expect(sectionTexts(dialog)).toContain(text);
  });
});
