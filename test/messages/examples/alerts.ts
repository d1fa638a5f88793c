import type { AlertKind, Condition, ConditionOf } from '../../../src/domain/conditions.ts';
import type { FailureStreak } from '../../../src/domain/failure-streak.ts';
import type { messages } from '../../../src/messages/catalog.ts';
import type { ResolvedAlertFacts } from '../../../src/messages/facts.ts';
import type { ExamplesOf } from './example.ts';
import {
  alertContext,
  at,
  causes,
  failed,
  format,
  noLink,
  oneLink,
  paused,
  running,
  taskFailed,
  tenLinks,
  unreachable,
} from './facts.ts';

const since = at('02:58');
const until = at('14:50');

const streak: FailureStreak = {
  count: 2,
  isSameCause: true,
  failedAt: since + 1_000,
  run: { since, by: 'U0ALICE', action: 'restore' },
};
const reminder: ConditionOf<'paused_reminder'> = { kind: 'paused_reminder', since, by: 'U0BOB', reason: 'we deploy' };
const ending: ConditionOf<'pause_ending'> = { kind: 'pause_ending', until, by: 'U0BOB', setAt: since };
const extended = { kind: 'extended', at: at('03:01'), by: 'U0ALICE', until: at('15:50') } as const;
const overdue: ConditionOf<'pause_overdue'> = {
  kind: 'pause_overdue',
  until: since,
  by: 'U0BOB',
  setAt: at('01:00'),
  cause: { kind: 'not_restored', attempts: 1, nextAttemptAt: at('03:05'), code: 'links_unreachable' },
};
const kept = { at: at('03:10'), by: 'U0ALICE', until: at('15:10') };
const reasonsHidden = { ...alertContext(failed), revealReasons: false };

function resolved(kind: AlertKind, condition: Condition, project = running): ResolvedAlertFacts {
  const occurrence = { since, resolvedAt: at('03:03') };
  return { kind, project, condition, occurrence, format, revealReasons: true };
}

export const alerts: ExamplesOf<typeof messages.alerts> = {
  firing: {
    project_failed: [
      ['a task failed for good', { kind: 'project_failed', since, failure: taskFailed }, alertContext(failed)],
      ['several tasks failed', { kind: 'project_failed', since, failure: taskFailed, causes }, alertContext(failed)],
      ['it failed again', { kind: 'project_failed', since, failure: taskFailed, streak }, alertContext(failed)],
      [
        'failed tasks were removed',
        { kind: 'project_failed', since, failure: { ...taskFailed, removedTasks: 2 }, causes },
        alertContext(failed),
      ],
      [
        'tasks failed again after a restore',
        { kind: 'project_failed', since, failure: taskFailed, streak, causes: { ...causes, failedAgain: 2 } },
        alertContext(failed),
      ],
      ['a pause did not reach a link', { kind: 'project_failed', since, failure: unreachable }, alertContext(failed)],
    ],
    unexpectedly_running: [
      ['links were resumed', { kind: 'unexpectedly_running', links: tenLinks, cause: 'resumed' }, alertContext(paused)],
      [
        'syncbot could not pause a link',
        { kind: 'unexpectedly_running', links: oneLink, cause: 'not_paused' },
        alertContext(failed),
      ],
    ],
    pause_ignored: [['workers of BullMQ 4', { kind: 'pause_ignored', links: oneLink }, alertContext(paused)]],
    unexpectedly_paused: [['a link was paused', { kind: 'unexpectedly_paused', links: oneLink }, alertContext()]],
    queue_missing: [['a queue was deleted', { kind: 'queue_missing', links: oneLink }, alertContext()]],
    queue_created: [
      ['a queue of a Paused project appears', { kind: 'queue_created', links: oneLink }, alertContext(paused)],
      ['a queue of a Running project appears', { kind: 'queue_created', links: oneLink }, alertContext()],
    ],
    link_unreadable: [['a damaged task', { kind: 'link_unreadable', links: oneLink }, alertContext()]],
    no_worker: [
      ['links without a worker', { kind: 'no_worker', noWorker: tenLinks, overdue: noLink }, alertContext()],
      ['due tasks are not taken', { kind: 'no_worker', noWorker: noLink, overdue: oneLink }, alertContext()],
    ],
    latency: [['over latencyAlert', { kind: 'latency', latencyMs: 360_000, limitMs: 300_000 }, alertContext()]],
    tasks_failed: [
      ['onFailure: continue', { kind: 'tasks_failed', count: 7, failure: taskFailed, causes }, alertContext()],
    ],
    pause_ending: [['15 min before the end of a pause', ending, alertContext(paused)]],
    pause_overdue: [
      ['a restore of the timer did not succeed', overdue, alertContext(paused)],
      [
        'the project was changed after the pause',
        { ...overdue, cause: { kind: 'changed', change: { by: 'U0BOB', at: at('03:00') } } },
        alertContext(paused),
      ],
      [
        'it is not known who changed it',
        { ...overdue, cause: { kind: 'changed', change: null } },
        alertContext(paused),
      ],
    ],
    paused_reminder: [['Paused for longer than pausedReminder', reminder, alertContext(paused)]],
    log_retention_50: [['half of logRetention', { kind: 'log_retention_50', until }, alertContext(paused)]],
    log_retention_80: [['80 % of logRetention', { kind: 'log_retention_80', until }, alertContext(paused)]],
    log_retention_100: [['logRetention is over', { kind: 'log_retention_100', until }, alertContext(paused)]],
  },
  resolved: [
    ['Restore of a project that was Paused for long', resolved('paused_reminder', reminder)],
    ['after Keep Paused', resolved('paused_reminder', { ...reminder, kept }, paused)],
    ['the pause has ended', resolved('pause_ending', ending)],
    ['after Extend 1 h', resolved('pause_ending', { ...ending, change: extended }, paused)],
    [
      'after Keep Paused of a pause with an end',
      resolved('pause_ending', { ...ending, change: { ...extended, kind: 'kept', until: null } }, paused),
    ],
    ['it was restored after the end of its pause', resolved('pause_overdue', overdue)],
    [
      'a Failed project was restored',
      resolved('project_failed', { kind: 'project_failed', since, failure: taskFailed }),
    ],
    ['another alert', resolved('no_worker', { kind: 'no_worker', noWorker: tenLinks, overdue: noLink })],
    ['logRetention is over, and it was restored', resolved('log_retention_100', { kind: 'log_retention_100', until })],
    ['the project was paused', resolved('latency', { kind: 'latency', latencyMs: 360_000, limitMs: 300_000 }, paused)],
  ],
  call: [['people are on call: before the advice', ['@alice', '@bob']]],
};

export const failures: ExamplesOf<typeof messages.failures> = {
  runTime: [['it failed at once: in the dialog of Restore', { ...streak, failedAt: streak.run.since + 400 }]],
  afterRun: [['it failed again: follows the state', streak, format]],
  repetition: [['from the second failure on', streak]],
  causes: [
    ['several tasks failed', causes, alertContext(failed)],
    ['reasons are not shown', causes, reasonsHidden],
  ],
  causesOnly: [['follows the number of tasks', causes, alertContext(failed)]],
  circumstances: [['at the end', causes, taskFailed, format]],
  details: [['all of it', causes, taskFailed, alertContext(failed)]],
};

export const observation: ExamplesOf<typeof messages.observation> = {
  notObserved: [
    ['numbers are old', since, format],
    ['no worker has ever run', null, format],
  ],
  warning: [['above a list or the details of a project', since, format]],
  alert: [
    ['the alert of a channel with one project', ['orders'], since, format],
    ['with several', ['orders', 'users'], since, format],
  ],
  observedAgain: [['a worker runs again', { since, until: at('03:03') }, format]],
  gap: [['in a digest', { since, until: at('03:03') }, format]],
};
