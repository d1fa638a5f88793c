import type { FiringAlert } from '../../../src/domain/alert.ts';
import type { HistoryEntry, HistoryEvent } from '../../../src/domain/history.ts';
import type { messages } from '../../../src/messages/catalog.ts';
import { exampleOutcome } from '../../support/example-records.ts';
import type { ExamplesOf } from './example.ts';
import { at, causes, format, full, historyContext, incr, noLink, oneLink, skippedTask, taskFailed } from './facts.ts';

function entry(event: HistoryEvent, overrides: Partial<HistoryEntry> = {}): HistoryEntry {
  const none = {
    reason: null,
    channel: null,
    version: null,
    state: null,
    code: null,
    refusal: null,
    outcome: null,
    failure: null,
    alert: null,
    alertKind: null,
    delivered: null,
    links: null,
    until: null,
    catchUpMs: null,
    cause: null,
    tasks: null,
  };
  const base = {
    id: '1-0',
    at: at('03:00'),
    operation: 'op1',
    by: 'U0ALICE',
    action: 'pause',
    origin: 'slack',
  } as const;
  return { ...none, ...base, event, ...overrides };
}

const counters = { since: at('02:58'), seq: 1, changedAt: at('02:58'), version: 4 };
const firing: FiringAlert = {
  state: 'firing',
  absentOnce: false,
  condition: { kind: 'no_worker', noWorker: oneLink, overdue: noLink },
  ...counters,
};
const acknowledged: Partial<HistoryEntry> = {
  alertKind: 'no_worker',
  alert: {
    ...firing,
    acknowledgement: { kind: 'snoozed', by: 'U0BOB', at: at('03:02'), until: at('04:02'), from: 'U0ALICE' },
  },
};
const delivered = { seq: 1, since: at('02:58'), message: { channel: 'C0SYNC', ts: '1.2' }, resolved: false };
const notAllowed = {
  code: 'not_allowed',
  action: 'pause',
  project: 'orders',
  state: 'failed',
  since: at('02:58'),
  by: 'syncbot',
} as const;

export const history: ExamplesOf<typeof messages.history> = {
  operation: [
    [
      'one line for an operation',
      {
        step: 'paused 2 of 2 links',
        reason: 'we deploy',
        channel: 'C0SYNC',
        failedAfterMs: null,
        followed: { step: 'the last task in flight ended', at: at('03:04') },
      },
      format,
    ],
    [
      'a restore, and the project failed again',
      { step: 'restored 2 of 2 links', reason: null, channel: 'C0SYNC', failedAfterMs: 1_000, followed: null },
      format,
    ],
  ],
  tasksFailed: [
    [
      'several tasks failed',
      { kind: 'project_failed', since: at('02:58'), failure: taskFailed, causes },
      historyContext,
    ],
  ],
  alert: [
    ['an alert that fires', { kind: 'no_worker', isResolved: false, links: [full], firings: 1 }, format],
    ['one that is resolved', { kind: 'no_worker', isResolved: true, links: [full, incr], firings: 3 }, format],
  ],
  events: {
    created: [['`syncbot apply`', entry('created'), historyContext]],
    changed: [['`syncbot apply`', entry('changed'), historyContext]],
    removed: [['`syncbot apply`', entry('removed'), historyContext]],
    requested: [
      ['a request', entry('requested', { reason: 'we deploy', channel: 'C0SYNC' }), historyContext],
      ['`pause orders when caught up`', entry('requested', { catchUpMs: 1_800_000 }), historyContext],
    ],
    wait_ended: [
      ['the project has caught up', entry('wait_ended', { by: null }), historyContext],
      ['**Pause Now**', entry('wait_ended', { by: 'U0BOB' }), historyContext],
    ],
    superseded: [['a second request', entry('superseded'), historyContext]],
    confirmed: [['OK', entry('confirmed'), historyContext]],
    cancelled: [['Cancel', entry('cancelled'), historyContext]],
    expired: [['no OK in time', entry('expired', { by: null }), historyContext]],
    started: [
      ['a worker began', entry('started', { state: 'pausing' }), historyContext],
      ['a worker began to correct links', entry('started', { action: 'reapply' }), historyContext],
    ],
    refused: [['a refusal after OK', entry('refused', { refusal: notAllowed }), historyContext]],
    done: [
      ['a pause', entry('done', { outcome: { ...exampleOutcome, inFlight: 3 } }), historyContext],
      [
        'a restore',
        entry('done', { action: 'restore', outcome: { ...exampleOutcome, retriedTasks: 7, removedTasks: 2 } }),
        historyContext,
      ],
      [
        'a restore without a task',
        entry('done', { action: 'restore', outcome: { ...exampleOutcome, tasks: [skippedTask] } }),
        historyContext,
      ],
      [
        '**Retry**',
        entry('done', { action: 'retry', outcome: { ...exampleOutcome, retriedTasks: 1, tasks: [skippedTask] } }),
        historyContext,
      ],
    ],
    failed: [
      ['a task failed', entry('failed', { operation: null, action: null, failure: taskFailed }), historyContext],
      [
        'a pause did not reach a link',
        entry('failed', { outcome: { ...exampleOutcome, linksDone: 1, unreconciled: [incr] } }),
        historyContext,
      ],
      [
        'a restore did not reach a link',
        entry('failed', {
          action: 'restore',
          refusal: { code: 'links_unreachable', project: 'orders', links: [incr] },
        }),
        historyContext,
      ],
    ],
    skip_ended: [
      [
        'the owner of a skipped task retried or removed it',
        entry('skip_ended', { operation: null, by: null, tasks: [skippedTask] }),
        historyContext,
      ],
    ],
    kept_paused: [
      ['Keep Paused', entry('kept_paused'), historyContext],
      ['Keep Paused of a project with pauseMax', entry('kept_paused', { until: at('05:00') }), historyContext],
    ],
    pause_extended: [
      ['Extend 1 h', entry('pause_extended', { until: at('05:00') }), historyContext],
      ['written by another version', entry('pause_extended'), historyContext],
    ],
    timer_stopped: [
      ['the project was changed', entry('timer_stopped', { by: 'timer', until: at('05:00') }), historyContext],
      ['written by another version', entry('timer_stopped', { by: 'timer' }), historyContext],
    ],
    alert_owned: [["I've Got It", entry('alert_owned', acknowledged), historyContext]],
    alert_taken_over: [
      ['Take Over / Give Back, by another person', entry('alert_taken_over', acknowledged), historyContext],
    ],
    alert_given_back: [
      ['Take Over / Give Back, by the person who had it', entry('alert_given_back', acknowledged), historyContext],
    ],
    alert_snoozed: [['Snooze 1 h', entry('alert_snoozed', acknowledged), historyContext]],
    drained: [['after a pause', entry('drained'), historyContext]],
    caught_up: [['after a restore', entry('caught_up'), historyContext]],
    correction_scheduled: [
      ['a new queue', entry('correction_scheduled', { links: [full], cause: 'queue_created' }), historyContext],
      ['a late command', entry('correction_scheduled', { links: [full], cause: 'late_write' }), historyContext],
    ],
    alert_firing: [['an alert fires', entry('alert_firing', { alert: firing }), historyContext]],
    alert_resolved: [['it is resolved', entry('alert_resolved', { alertKind: 'no_worker' }), historyContext]],
    alert_notified: [
      ['its message is posted', entry('alert_notified', { alertKind: 'no_worker', delivered }), historyContext],
    ],
  },
  unknownEvent: [
    ['an event of a newer version', 'moved'],
    ['an event that cannot be read', ''],
  ],
  title: [['above one project', 'orders']],
  sinceTitle: [
    ['above all projects', 7, '22:00'],
    ['above one project', 'orders', '22:00'],
  ],
  nothingSince: [
    ['nothing, in all projects', null, '22:00'],
    ['nothing, in one project', 'orders', '22:00'],
  ],
  notShown: [
    ['older lines do not fit', 12, true, '/sync history <project>'],
    ['some of them may be missing', 0, false, '/sync history <project>'],
  ],
  timeZone: [['a time of day was typed', 'UTC']],
  projects: [
    ['the same happened to two projects', ['orders', 'users']],
    ['to many', ['orders', 'users', 'payments']],
  ],
  times: [
    ['something that lasted', { from: at('02:58'), to: at('03:04') }, format],
    ['something that goes on', { from: at('02:58'), to: null }, format],
  ],
  olderEntries: [['older lines than the buttons reach', 'syncbot history orders']],
};
