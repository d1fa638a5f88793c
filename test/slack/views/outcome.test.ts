import { describe, expect, it } from 'vitest';
import type { Operation } from '../../../src/domain/operation.ts';
import type { Project } from '../../../src/domain/project.ts';
import type { Refusal } from '../../../src/domain/refusal.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { buildOutcome } from '../../../src/slack/views/outcome.ts';
import {
  exampleLink,
  exampleNow,
  exampleOperation,
  exampleOutcome,
  exampleProject,
} from '../../support/example-records.ts';

const viewContext = { format: slackFormatter('/sync'), now: exampleNow };

describe('the message of an operation', () => {
  const paused = exampleProject({ state: 'paused', by: 'U0ALICE', since: exampleNow - 12_000 });
  const outcomeText = (operation: Partial<Operation>, project: Project | null = paused) =>
    buildOutcome({ ...viewContext, project, operation: exampleOperation(operation) }).text;
  const done: Partial<Operation> = { state: 'done', toState: 'paused' };

  it.each<[string, Partial<Operation>, string]>([
    ['confirmed', { state: 'confirmed' }, 'Pausing orders… · by <@U0ALICE> · we deploy'],
    [
      'confirmed, and no worker has claimed it',
      { state: 'confirmed', claimDelayedAt: exampleNow, executeBy: Date.UTC(2026, 10, 24, 18, 54) },
      '\nNo syncbot worker has taken the request yet. If none takes it before <!date',
    ],
    ['running', { state: 'running', progress: { done: 3, total: 10 } }, 'Pausing orders… 3 of 10 links · by'],
    ['done', { ...done, outcome: exampleOutcome }, 'orders is Paused · 2 links · by <@U0ALICE> · we deploy'],
    [
      'done with tasks in flight',
      { ...done, outcome: { ...exampleOutcome, inFlight: 3 } },
      '\n3 tasks still in flight',
    ],
    ['cancelled', { state: 'cancelled' }, 'orders was not paused. Cancelled.\nNothing was changed.'],
    ['expired', { state: 'expired' }, 'Nothing was changed. Ask again with `/sync pause orders`.'],
    ['superseded', { state: 'superseded' }, 'Replaced by a newer request.'],
  ])('has the text of its state: %s', (_name, operation, text) => expect(outcomeText(operation)).toContain(text));

  it('of a restore has the number of retried tasks', () => {
    const operation: Partial<Operation> = {
      action: 'restore',
      state: 'done',
      toState: 'running',
      outcome: { ...exampleOutcome, retriedTasks: 5, removedTasks: 35 },
    };
    expect(outcomeText(operation, exampleProject())).toContain(
      'orders is Running · 2 links · by <@U0ALICE> · we deploy\n5 failed tasks retried, before newer ones\nAt least 35 failed tasks could not be retried: removed before (removeOnFail)',
    );
  });

  it('shows the current state if the state has changed since the operation', () => {
    const resumedProject = exampleProject({ since: exampleNow - 3_000 });
    expect(outcomeText({ ...done, outcome: exampleOutcome }, resumedProject)).toBe(
      'orders was paused · 2 links · by <@U0ALICE> · we deploy\nIt is Running now, by <@U0BOB>',
    );
    expect(outcomeText({ ...done, outcome: exampleOutcome }, null)).toContain('orders has been removed since then');
  });

  it('of a pause names the links that it did not reach, and shows whether syncbot still tries', () => {
    const outcome = { ...exampleOutcome, linksTotal: 10, linksDone: 9, unreconciled: [exampleLink('orders-incr')] };
    const failed: Partial<Operation> = { state: 'failed', toState: 'failed', outcome };
    const project = exampleProject({ state: 'failed', incompleteOperation: 'op1' });
    expect(outcomeText(failed, project)).toContain(
      'orders is Failed · 9 of 10 links paused, `orders-incr` not reached, syncbot still tries to pause its links',
    );
    expect(outcomeText(failed, { ...project, incompleteOperation: null })).toContain(
      'all its links that have a queue are paused now',
    );
  });

  it('of a refusal has the reason, the author of the state and the possible action', () => {
    const refusal: Refusal = {
      code: 'not_allowed',
      action: 'pause',
      project: 'orders',
      state: 'paused',
      since: exampleNow - 12_000,
      by: 'U0BOB',
    };
    expect(outcomeText({ state: 'refused', refusal })).toContain(
      'orders is Paused, for 12 s, by <@U0BOB>: it is already paused. Nothing was changed. Possible now: `/sync restore orders`.',
    );
  });
});
