import { catchUpTimeoutMs } from '../../../src/domain/catch-up.ts';
import type { OperationKind } from '../../../src/domain/lifecycle.ts';
import { toProjectStats } from '../../../src/domain/observation.ts';
import type { Project } from '../../../src/domain/project.ts';
import type { messages } from '../../../src/messages/catalog.ts';
import type { ConfirmationFacts } from '../../../src/messages/facts.ts';
import {
  exampleLinkStats,
  exampleOperation,
  exampleProject,
  exampleProjectStats,
} from '../../support/example-records.ts';
import type { ExamplesOf } from './example.ts';
import { at, failed, format, full, incr, paused, running, taskFailed } from './facts.ts';

const now = at('02:59');
const tasks = [taskFailed, { ...taskFailed, taskId: '9' }];
const withoutTasks = { action: 'restore', tasks, pauseUntil: null, catchUpMs: null } as const;
const whenCaughtUp: ConfirmationFacts['operation'] = {
  action: 'pause',
  tasks: [],
  pauseUntil: null,
  catchUpMs: catchUpTimeoutMs,
};
const until: NonNullable<Project['pausedUntil']> = {
  at: at('05:00'),
  by: 'U0ALICE',
  setAt: at('02:50'),
  operation: 'op1',
  version: 4,
  attempts: 0,
  nextAttemptAt: at('05:00'),
  code: null,
  stopped: null,
};
const notStarted = exampleProject({ state: 'not_started' });
const failedAgain = exampleProject({
  ...failed,
  failureStreak: {
    count: 2,
    isSameCause: true,
    failedAt: at('02:58') + 1_000,
    run: { since: at('02:58'), by: 'U0ALICE', action: 'restore' },
  },
});
const withRetention: Project = { ...running, definition: { ...running.definition, logRetention: 48 * 3_600_000 } };
const withPauseMax: Project = { ...running, definition: { ...running.definition, pauseMax: 3_600_000 } };
const later = now + 72 * 3_600_000;
const pauseUntil = (until: number, timeZone: string | null): ConfirmationFacts['operation'] => ({
  action: 'pause',
  tasks: [],
  pauseUntil: { at: until, timeZone, source: 'person' },
  catchUpMs: null,
});
const bothPaused = toProjectStats(
  [full, incr].map(({ queue }) => exampleLinkStats(queue, { paused: true })),
  now,
);
const deleted = toProjectStats([exampleLinkStats('orders-full'), { kind: 'missing', link: incr }], now);

function facts(project: Project, action: OperationKind, overrides: Partial<ConfirmationFacts> = {}): ConfirmationFacts {
  const noMore = { failedTasks: 0, removedTasks: 0, failedAgain: 0, otherRequests: [] };
  return {
    project,
    stats: exampleProjectStats,
    operation: { action, tasks: [], pauseUntil: null, catchUpMs: null },
    format,
    now,
    ...noMore,
    ...overrides,
  };
}

export const confirmation: ExamplesOf<typeof messages.confirmation> = {
  effects: {
    start: [['the dialog of Start', facts(notStarted, 'start')]],
    pause: [
      ['the dialog of Pause', facts(running, 'pause')],
      ['`pause orders when caught up`', facts(running, 'pause', { operation: whenCaughtUp })],
      ['the source keeps its log for some time', facts(withRetention, 'pause')],
      ['`pause orders for 2h`', facts(running, 'pause', { operation: pauseUntil(at('04:59'), null) })],
      [
        '`pause orders until 05:59`, in another time zone',
        facts(running, 'pause', { operation: pauseUntil(at('04:59'), 'Europe/Berlin') }),
      ],
      ['a limit beyond the log of the source', facts(withRetention, 'pause', { operation: pauseUntil(later, null) })],
      [
        'a pause without a limit, and the project has pauseMax',
        facts(withPauseMax, 'pause', {
          operation: {
            ...pauseUntil(at('03:59'), null),
            pauseUntil: { at: at('03:59'), timeZone: null, source: 'pauseMax' },
          },
        }),
      ],
    ],
    restore: [
      ['the dialog of Restore', facts(paused, 'restore')],
      ['failed tasks are retried', facts(failed, 'restore', { failedTasks: 3, removedTasks: 2 })],
      ['a link does not answer', facts(paused, 'restore', { failedTasks: null })],
      [
        '**Restore Without 1 Task**',
        facts(failed, 'restore', {
          operation: { action: 'restore', tasks: [taskFailed], pauseUntil: null, catchUpMs: null },
          failedTasks: 2,
        }),
      ],
      [
        'more tasks failed again than one restore can leave out',
        facts(failed, 'restore', { operation: withoutTasks, failedTasks: 5, failedAgain: 3 }),
      ],
    ],
    reapply: [
      ['the links of a Paused project run', facts(paused, 'reapply')],
      ['the links of a Running project are paused', facts(running, 'reapply', { stats: bothPaused })],
      ['a queue was deleted', facts(running, 'reapply', { stats: deleted })],
    ],
    retry: [
      [
        '**Retry** of a Running project',
        facts(running, 'retry', {
          operation: { action: 'retry', tasks: [taskFailed], pauseUntil: null, catchUpMs: null },
        }),
      ],
      [
        '**Retry All** of a Paused project',
        facts(paused, 'retry', { operation: { action: 'retry', tasks, pauseUntil: null, catchUpMs: null } }),
      ],
    ],
    adopt: [
      ['all links of a Paused project run', facts(paused, 'adopt')],
      ['all links of a Running project are paused', facts(running, 'adopt', { stats: bothPaused })],
    ],
  },
  pausedBy: [
    ['the dialog of Restore', facts(paused, 'restore')],
    ['the pause has an end', facts({ ...paused, pausedUntil: until }, 'restore')],
  ],
  onAlert: [['another person is on an alert of the project', '@alice', '03:02']],
  earlierFailure: [['the project failed soon after a restore', facts(failedAgain, 'restore')]],
  otherRequests: [
    [
      'other people have a dialog for this project open',
      facts(paused, 'restore', {
        otherRequests: [
          { by: 'U0ALICE', action: 'restore' },
          { by: 'U0BOB', action: 'adopt' },
        ],
      }),
    ],
  ],
  question: [
    ['the heading of the dialog', exampleOperation()],
    ['**Restore Without 2 Tasks**', exampleOperation(withoutTasks)],
    ['**Retry**', exampleOperation({ action: 'retry', tasks: [taskFailed], pauseUntil: null })],
  ],
  stateNow: [['after the backlog and latency', 'Running']],
  headline: [['the notification of a phone', 'Running', exampleOperation()]],
  answerBefore: [['the notification of a phone', '03:04']],
  reason: [['the person gave a reason', 'we deploy']],
  namedTasksTitle: [
    ['above the tasks that a restore leaves out', 2, 'restore'],
    ['above those of **Retry**', 1, 'retry'],
  ],
  namedTask: [['each of these tasks', taskFailed, format]],
  failedTasksTitle: [
    ['above one failed task', 1],
    ['above several', 2],
  ],
  failedTask: [['each failed task that Restore would retry', taskFailed, 'connection refused', format]],
  requestedBy: [['at the end of the dialog', '@alice']],
  expires: [['at the end of the dialog', 'at 03:04']],
};

export const modal: ExamplesOf<typeof messages.modal> = {
  moreProjects: [['more projects than a menu holds', 1_200]],
  option: [['a project in the menu', 'orders', 'running']],
  since: [['the chosen project', exampleProject({ state: 'paused', reason: 'we deploy' }), format]],
  actionHint: [['below the actions while no project is chosen', ['start', 'pause', 'restore']]],
  notPossible: [
    ['the chosen project is Running', 'running'],
    ['the chosen project is Paused', 'paused'],
    ['the chosen project is being paused', 'pausing'],
  ],
};
