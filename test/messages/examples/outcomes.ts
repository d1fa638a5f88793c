import type { FollowEnd, FollowGoal, FollowUp } from '../../../src/domain/follow-up.ts';
import type { Operation } from '../../../src/domain/operation.ts';
import type { messages } from '../../../src/messages/catalog.ts';
import type { OutcomeFacts } from '../../../src/messages/facts.ts';
import { exampleOperation, exampleOutcome } from '../../support/example-records.ts';
import type { ExamplesOf } from './example.ts';
import { at, format, full, incr, noLink, oneLink, taskFailed } from './facts.ts';

const finishedAt = at('03:00');

function facts(overrides: Partial<Operation>): OutcomeFacts {
  return { operation: exampleOperation(overrides), format };
}

function finished(overrides: Partial<Operation>): OutcomeFacts {
  return facts({ resolvedAt: finishedAt, finishedAt, ...overrides });
}

const restored = { state: 'done', action: 'restore', reason: null } as const;
const paused = { state: 'done', outcome: exampleOutcome } as const;
const limit = { at: at('05:00'), timeZone: null };
const extended = { kind: 'extended', at: at('04:50'), by: 'U0BOB', until: at('06:00') } as const;
const backlog = { ...exampleOutcome, backlog: 12_400 };

function following(goal: FollowGoal, remaining: number, overrides: Partial<FollowUp['latest']> = {}): FollowUp {
  const observation = { at: at('03:02'), remaining, counters: null, rates: null, noWorker: noLink };
  return { goal, latest: { ...observation, ...overrides }, intervalMs: 1_000 };
}

const catchingUp = following('caught_up', 12_400, { rates: { fewerPerS: 310, addedPerS: 40, endedPerS: 350 } });
const growing = following('caught_up', 12_400, { rates: { fewerPerS: -28, addedPerS: 40, endedPerS: 12 } });
const reached: FollowEnd = { kind: 'reached', at: at('03:09') };
const failedLater: FollowEnd = { kind: 'state_changed', at: at('03:02'), state: 'failed', by: 'syncbot' };

const observed: NonNullable<Operation['waitObservation']> = {
  latest: { at: at('03:05'), remaining: 420, counters: null, rates: null, noWorker: noLink },
  latencyMs: 42_000,
  shown: { at: at('03:05'), latencyMs: 42_000 },
};
const waiting: Partial<Operation> = {
  state: 'confirmed',
  catchUpMs: 1_800_000,
  waitsUntil: at('03:30'),
  waitObservation: observed,
};

export const outcomes: ExamplesOf<typeof messages.outcomes> = {
  requested: [['the dialog is open', facts({})]],
  confirmed: [
    ['after OK', facts({ state: 'confirmed', executeBy: at('03:02') })],
    ['`pause orders when caught up`, after OK', facts({ ...waiting, waitObservation: null })],
    ['the project catches up', facts(waiting)],
    [
      'a link cannot be read',
      facts({ ...waiting, waitObservation: { ...observed, shown: { at: at('03:05'), latencyMs: null } } }),
    ],
    [
      '`pause orders when caught up for 2h`',
      facts({ ...waiting, pauseUntil: { ...limit, source: 'person', durationMs: 7_200_000 } }),
    ],
    ['`pause orders when caught up until 05:00`', facts({ ...waiting, pauseUntil: { ...limit, source: 'person' } })],
    ['no worker answers', facts({ state: 'confirmed', executeBy: at('03:02'), claimDelayedAt: at('03:00') })],
  ],
  running: [['a worker sets the links', facts({ state: 'running', progress: { done: 3, total: 10 } })]],
  done: [
    ['Pause is done', finished({ state: 'done', outcome: exampleOutcome })],
    ['the project had caught up', finished({ ...paused, waitEndedAt: at('02:59') })],
    ['**Pause Now**', finished({ ...paused, waitEndedAt: at('02:59'), waitEndedBy: 'U0BOB' })],
    ['Pause with an end is done', finished({ ...paused, pauseUntil: { ...limit, source: 'person' } })],
    [
      'it was restored before that end',
      finished({ ...paused, pauseUntil: { ...limit, source: 'person' }, stateEndedAt: at('03:30') }),
    ],
    ['the end comes from pauseMax', finished({ ...paused, pauseUntil: { ...limit, source: 'pauseMax' } })],
    [
      'after **Extend 1 h**',
      finished({ ...paused, pauseUntil: { ...limit, source: 'person' }, limitChange: extended }),
    ],
    [
      'after **Keep Paused**',
      finished({
        ...paused,
        pauseUntil: { ...limit, source: 'person' },
        limitChange: { ...extended, kind: 'kept', until: null },
      }),
    ],
    [
      'the timer has restored it',
      finished({
        ...restored,
        by: 'timer',
        outcome: exampleOutcome,
        timer: { by: 'U0ALICE', setAt: at('01:00'), at: at('02:59') },
      }),
    ],
    [
      '**Restore Without 1 Task** is done',
      finished({
        state: 'done',
        action: 'restore',
        outcome: { ...exampleOutcome, retriedTasks: 2, tasks: [taskFailed] },
      }),
    ],
    [
      '**Retry** is done',
      finished({
        state: 'done',
        action: 'retry',
        outcome: { ...exampleOutcome, retriedTasks: 1, tasks: [taskFailed] },
      }),
    ],
    [
      'tasks are still finishing',
      finished({ state: 'done', outcome: { ...exampleOutcome, inFlight: 3 }, followUp: following('quiet', 3) }),
    ],
    [
      'they have finished',
      finished({
        state: 'done',
        outcome: { ...exampleOutcome, inFlight: 3 },
        followUp: following('quiet', 0),
        followEnd: reached,
      }),
    ],
    ['Restore is done, with a backlog', finished({ ...restored, outcome: backlog, followUp: catchingUp })],
    ['its backlog grows', finished({ ...restored, outcome: backlog, followUp: growing })],
    [
      'a link has no worker',
      finished({ ...restored, outcome: backlog, followUp: following('caught_up', 12_400, { noWorker: oneLink }) }),
    ],
    ['it has caught up', finished({ ...restored, outcome: backlog, followUp: catchingUp, followEnd: reached })],
    [
      'it failed again',
      finished({
        ...restored,
        outcome: { ...backlog, retriedTasks: 3, removedTasks: 2 },
        laterFailure: { at: at('03:02'), failure: taskFailed },
        followUp: catchingUp,
        followEnd: failedLater,
      }),
    ],
    [
      'it did not catch up in an hour',
      finished({
        ...restored,
        outcome: backlog,
        followUp: following('caught_up', 12_400, {
          at: at('04:00'),
          rates: { fewerPerS: -28, addedPerS: 40, endedPerS: 12 },
        }),
        followEnd: { kind: 'timed_out', at: at('04:00') },
      }),
    ],
    [
      'the links were paused or resumed as before',
      finished({ state: 'done', action: 'reapply', reason: null, outcome: { ...exampleOutcome, missing: [incr] } }),
    ],
    [
      'the state was taken from the links',
      finished({ state: 'done', action: 'adopt', reason: null, toState: 'running', outcome: exampleOutcome }),
    ],
  ],
  refused: [
    [
      'a refusal after OK',
      finished({
        state: 'refused',
        refusal: {
          code: 'changed',
          action: 'pause',
          project: 'orders',
          state: 'failed',
          since: at('02:58'),
          by: 'U0BOB',
        },
      }),
    ],
    [
      'no worker took the request',
      finished({ state: 'refused', refusal: { code: 'claim_timeout', action: 'pause', project: 'orders' } }),
    ],
  ],
  failed: [
    [
      'a pause that did not reach every link',
      finished({ state: 'failed', outcome: { ...exampleOutcome, linksDone: 1, unreconciled: [incr] } }),
    ],
    [
      'syncbot paused the others later',
      finished({
        state: 'failed',
        outcome: { ...exampleOutcome, linksDone: 1, unreconciled: [incr] },
        reconciledAt: at('03:07'),
      }),
    ],
    [
      'a restore that did not reach every link',
      finished({
        ...restored,
        state: 'failed',
        refusal: { code: 'links_unreachable', project: 'orders', links: [incr], paused: [full] },
      }),
    ],
  ],
  cancelled: [['after Cancel', finished({ state: 'cancelled' })]],
  expired: [['no OK in time', finished({ state: 'expired' })]],
  superseded: [['the person asked again', finished({ state: 'superseded' })]],
};

export const seeOutcome: ExamplesOf<Pick<typeof messages, 'seeOutcome'>>['seeOutcome'] = [
  ['the dialog after the outcome, after the first line of the outcome', '#sync'],
];
