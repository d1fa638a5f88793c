import type { ApplyRefusalCode } from '../../../src/domain/refusal.ts';
import { type LimitErrorCode, limitErrorCodes } from '../../../src/lib/time-limit.ts';
import type { messages } from '../../../src/messages/catalog.ts';
import type { ExamplesOf } from './example.ts';
import { at, format, full, incr } from './facts.ts';

const limitTexts: Readonly<Record<LimitErrorCode, { readonly word: 'for' | 'until'; readonly text: string }>> = {
  missing: { word: 'for', text: '' },
  not_a_duration: { word: 'for', text: 'a while' },
  not_a_time: { word: 'until', text: 'we are done' },
  time_missing: { word: 'until', text: 'tomorrow' },
  no_such_time: { word: 'until', text: '25:00' },
  no_such_date: { word: 'until', text: '2026-02-30 06:00' },
  too_short: { word: 'for', text: '10s' },
  too_long: { word: 'for', text: '60d' },
  past: { word: 'until', text: 'today 02:00' },
  skipped_time: { word: 'until', text: '02:30' },
};
const project = 'orders';
const change = { project, since: at('02:58'), by: 'U0BOB' } as const;
const kept = { at: at('02:58'), by: 'U0ALICE', until: at('14:58') };
const held = {
  code: 'alert_held',
  project,
  target: { project },
  by: 'U0ALICE',
  at: at('03:02'),
  until: at('04:02'),
  seenAt: at('03:10'),
} as const;
const links = [full, incr];

export const refusals: ExamplesOf<typeof messages.refusals> = {
  not_allowed: [
    ['Start of a Paused project', { code: 'not_allowed', action: 'start', state: 'paused', ...change }, format],
    ['Pause of a Paused project', { code: 'not_allowed', action: 'pause', state: 'paused', ...change }, format],
  ],
  unknown_project: [
    ['a name with a typo', { code: 'unknown_project', project: 'ordrs', similar: ['orders', 'orders-eu'] }, format],
    ['a name like no other', { code: 'unknown_project', project: 'xyz', similar: [] }, format],
  ],
  operation_active: [
    [
      'another operation is in progress',
      { code: 'operation_active', state: 'restoring', action: 'restore', ...change },
      format,
    ],
  ],
  changed: [
    ['OK, after another person was faster', { code: 'changed', action: 'pause', state: 'paused', ...change }, format],
  ],
  claim_timeout: [['no worker took the request', { code: 'claim_timeout', action: 'pause', project }, format]],
  precheck_failed: [
    [
      'Start, and the precheck fails',
      {
        code: 'precheck_failed',
        project,
        items: [
          {
            check: 'queues_exist',
            result: 'fail',
            reason: { code: 'queue_missing' },
            links: { total: 1, first: [full] },
          },
        ],
      },
      format,
    ],
  ],
  links_unreachable: [
    ['Start or Restore, and a link does not answer', { code: 'links_unreachable', project, links }, format],
  ],
  no_drift: [['Re-apply or Adopt, and nothing is wrong', { code: 'no_drift', project, state: 'paused' }, format]],
  adopt_mixed: [
    [
      'Adopt, and the links are not all alike',
      { code: 'adopt_mixed', project, running: [full], paused: [incr], missing: [] },
      format,
    ],
  ],
  no_task_to_skip: [['**Restore Without 1 Task** of an old alert', { code: 'no_task_to_skip', project }, format]],
  too_many_skipped: [
    [
      'a restore that would skip too many tasks',
      { code: 'too_many_skipped', project, tasks: 3, skipped: 98, max: 100 },
      format,
    ],
  ],
  task_not_found: [
    [
      '`syncbot restore orders --skip 7`',
      { code: 'task_not_found', project, action: 'restore', task: '7', candidates: [] },
      format,
    ],
    [
      '`syncbot retry orders 7`',
      { code: 'task_not_found', project, action: 'retry', task: '7', candidates: [] },
      format,
    ],
    [
      'the same id on two links',
      { code: 'task_not_found', project, action: 'retry', task: '7', candidates: ['orders-full/7', 'orders-incr/7'] },
      format,
    ],
  ],
  not_skipped: [['**Retry** of an old list', { code: 'not_skipped', project }, format]],
  removed: [['OK, and the project is gone', { code: 'removed', project }, format]],
  not_paused: [['Keep Paused, and it was restored', { code: 'not_paused', state: 'running', ...change }, format]],
  no_reminder: [
    ['Keep Paused, after another person pressed it', { code: 'no_reminder', project, kept }, format],
    ['Keep Paused of an old message', { code: 'no_reminder', project, kept: null }, format],
  ],
  invalid_limit: [
    [
      '`extend orders soon`',
      {
        code: 'invalid_limit',
        project,
        verb: 'extend',
        word: 'for',
        text: 'soon',
        problem: 'not_a_duration',
        timeZone: 'UTC',
      },
      format,
    ],
    ...limitErrorCodes.map(
      (problem) =>
        [
          `the limit of a pause: ${problem}`,
          { code: 'invalid_limit', project, verb: 'pause', ...limitTexts[problem], problem, timeZone: 'Europe/Berlin' },
          format,
        ] as const,
    ),
  ],
  limit_not_possible: [
    ['`restore orders for 2h`', { code: 'limit_not_possible', project, action: 'restore' }, format],
    ['a limit of a retry', { code: 'limit_not_possible', project, action: 'retry' }, format],
  ],
  limit_above_max: [
    ['a pause that is longer than pauseMax', { code: 'limit_above_max', project, maxMs: 7_200_000 }, format],
  ],
  catch_up_not_possible: [
    ['`restore orders when caught up`', { code: 'catch_up_not_possible', project, action: 'restore' }, format],
  ],
  pause_waits: [
    [
      'a second `pause orders when caught up`',
      { code: 'pause_waits', project, by: 'U0BOB', until: at('03:30') },
      format,
    ],
  ],
  not_caught_up: [
    [
      'the wait of `pause orders when caught up` is over',
      { code: 'not_caught_up', project, until: at('03:30'), latencyMs: 42_000, observedAt: at('03:29') },
      format,
    ],
    [
      'a link could not be read',
      { code: 'not_caught_up', project, until: at('03:30'), latencyMs: null, observedAt: at('03:29') },
      format,
    ],
    [
      'no worker has read the links',
      { code: 'not_caught_up', project, until: at('03:30'), latencyMs: null, observedAt: null },
      format,
    ],
  ],
  not_waiting: [['**Pause Now** or **Cancel** after the wait', { code: 'not_waiting', project }, format]],
  limit_passed: [['OK after the end of the pause', { code: 'limit_passed', project, until: at('02:58') }, format]],
  deadline_moved: [
    ['Extend 1 h, after another person', { code: 'deadline_moved', project, by: 'U0BOB', until: at('04:00') }, format],
    ['Extend 1 h, after Keep Paused', { code: 'deadline_moved', project, by: 'U0BOB', until: null }, format],
  ],
  no_limit: [['`extend` of a pause without an end', { code: 'no_limit', project }, format]],
  alert_held: [
    ["I've Got It, and another person has it", { ...held, held: 'owned' }, format],
    ['Snooze 1 h, and another person has snoozed it', { ...held, held: 'snoozed' }, format],
  ],
  alert_over: [['a button of an alert that was resolved meanwhile', { code: 'alert_over' }, format]],
  policy_unreadable: [['a newer syncbot stored the policy', { code: 'policy_unreadable' }, format]],
  no_operators: [['no operator is configured', { code: 'no_operators', user: 'U0CAROL' }, format]],
  not_operator: [['a person who may only look', { code: 'not_operator', user: 'U0CAROL' }, format]],
  other_team: [['a person of another workspace', { code: 'other_team', user: 'U0CAROL' }, format]],
  group_unknown: [
    ['Slack does not return a user group', { code: 'group_unknown', user: 'U0CAROL', group: 'S0OPS' }, format],
  ],
  channel_not_allowed: [
    [
      'a channel that the policy does not name',
      { code: 'channel_not_allowed', channel: 'C0SYNC', allowed: ['C0OPS'] },
      format,
    ],
    ['the Home tab', { code: 'channel_not_allowed', channel: null, allowed: ['C0OPS'] }, format],
  ],
  channel_shared: [['a shared channel', { code: 'channel_shared', channel: 'C0SYNC' }, format]],
  channel_unknown: [['a private channel without syncbot', { code: 'channel_unknown', channel: 'C0SYNC' }, format]],
  not_requester: [['a press of OK in the dialog of another person', { code: 'not_requester', by: 'U0ALICE' }, format]],
  unknown_operation: [['a very old button', { code: 'unknown_operation' }, format]],
};

export const selection: ExamplesOf<typeof messages.selection> = {
  unclear: [
    [
      '`/sync pause orders users are migrated`',
      { all: 'pause orders users', one: 'pause orders', others: ['users'], reason: 'users are migrated' },
      format,
    ],
  ],
  unknownName: [['`/sync pause label:prod we deploy`', { name: 'we', command: 'pause label:prod we deploy' }, format]],
  unknownState: [['`/sync restore state:broken`', 'broken', format]],
  exceptMissing: [['`/sync pause label:prod except`', 'pause label:prod except', format]],
  empty: [
    ['no project has the label', { selection: 'label:prdo', unmatched: ['label:prdo'] }, format],
    ['no project matches all parts', { selection: 'label:prod state:failed', unmatched: [] }, format],
  ],
};

export const commandErrors: ExamplesOf<typeof messages.commandErrors> = {
  textTooLong: [['a very long reason', 3_000]],
  unknownCommand: [
    ['a verb with a typo', 'puase orders', ['pause orders'], format],
    ['another word', 'xyz', [], format],
  ],
  projectMissing: [
    ['`/sync pause`', { example: 'pause orders', time: '' }, format],
    ['`/sync extend 1h`', { example: 'extend orders 1h', time: '1h' }, format],
  ],
  sinceMissing: [['`/sync history 12h`', { time: '12h', command: 'history since 12h' }, format]],
  unknownProject: [
    ['a name with a typo', 'ordrs', ['pause orders', 'pause orders-eu'], format],
    ['a name like no other', 'xyz', [], format],
  ],
  invalidSince: [
    ['`/sync history since noon`', 'noon', 'history', format],
    ['`/sync history since`', '', 'history', format],
  ],
  reasonMissing: [['`/sync pause orders because`', 'pause orders', format]],
  unclearLimit: [
    ['`/sync pause orders 2h`', { text: '2h', limited: 'pause orders for 2h', unlimited: 'pause orders' }, format],
  ],
  extraWords: [['`/sync show orders x`', { project, command: 'show orders' }, format]],
  asksFirst: [
    ['follows a suggested command that changes a project', 1],
    ['follows several', 2],
  ],
  otherCommand: [['the app has another command', format]],
};

export const requestFailures: ExamplesOf<typeof messages.requestFailures> = {
  outcomeUnknown: [["the bot's Redis stops during OK", project, format]],
  internalError: [['an error of syncbot', 'a1b2c3', format]],
  outdatedButton: [['a button of an older version', format]],
};

/** `syncbot apply` prints them. */
export const applyRefusals: { readonly [Code in ApplyRefusalCode]: ExamplesOf<typeof messages.applyRefusals>[Code] } = {
  configuration_unreadable: [
    ['a newer syncbot stored it', { code: 'configuration_unreadable', project: null }, format],
  ],
  project_unreadable: [['version 0.1.0 stored it', { code: 'project_unreadable', project }, format]],
  links_unreachable: [['a new project whose Redis is down', { code: 'links_unreachable', project, links }, format]],
  adopt_mixed: [
    ['adopt: true, and the queues differ', { code: 'adopt_mixed', project, running: [full], paused: [incr] }, format],
  ],
  queue_used: [
    [
      'a new project whose queue is in use',
      { code: 'queue_used', project, links: [{ link: full, evidence: 'active_tasks' }] },
      format,
    ],
  ],
  added_queue_used: [
    [
      'a new link whose queue is in use',
      { code: 'added_queue_used', project, links: [{ link: incr, evidence: 'work_events' }] },
      format,
    ],
  ],
  queue_of_kept: [
    ['a project was renamed', { code: 'queue_of_kept', project: 'orders-2', link: full, other: project }, format],
  ],
  connection_of_kept: [['a truncated file', { code: 'connection_of_kept', project, connection: 'warehouse' }, format]],
  queue_shared: [
    [
      'two connections to the same Redis',
      {
        code: 'queue_shared',
        project,
        link: full,
        other: { project: 'users', link: { ...full, connection: 'warehouse' } },
      },
      format,
    ],
  ],
  queue_of_other_syncbot: [
    [
      'two syncbots on one Redis',
      { code: 'queue_of_other_syncbot', project, link: full, other: { prefix: 'staging', project: 'orders' } },
      format,
    ],
  ],
  not_removable: [
    ['a Running project is not in the file', { code: 'not_removable', project, state: 'running' }, format],
    ['a Failed one', { code: 'not_removable', project, state: 'failed' }, format],
  ],
  in_transition: [['the project is just changing', { code: 'in_transition', project, state: 'pausing' }, format]],
  links_in_use: [['other links of a Running project', { code: 'links_in_use', project, state: 'running' }, format]],
};
