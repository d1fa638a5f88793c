import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/domain/alert.ts';
import type { ConditionOf } from '../../src/domain/conditions.ts';
import { type HistoryEntry, type HistoryEvent, historyEntrySchema, requestedFrom } from '../../src/domain/history.ts';
import { foldHistory } from '../../src/domain/history-lines.ts';
import { type Refusal, type RefusalCode, refusalSchema } from '../../src/domain/refusal.ts';
import { messages } from '../../src/messages/catalog.ts';
import { historyLineText, historyText } from '../../src/messages/render.ts';
import { plainFormatter } from './plain-formatter.ts';

const emptyEntry: HistoryEntry = {
  id: '1-0',
  at: 1_000,
  event: 'created',
  operation: null,
  by: null,
  action: null,
  reason: null,
  origin: null,
  channel: null,
  version: null,
  state: null,
  code: null,
  refusal: null,
  outcome: null,
  failure: null,
  alert: null,
  delivered: null,
  alertKind: null,
  links: null,
  until: null,
  catchUpMs: null,
  cause: null,
  tasks: null,
};
const historyEntry = (overrides: Partial<HistoryEntry>): HistoryEntry => ({ ...emptyEntry, ...overrides });
const renderEntry = (overrides: Partial<HistoryEntry>, revealReasons = true) =>
  historyText(historyEntry(overrides), { format: plainFormatter, revealReasons });

const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
const outcome = { linksTotal: 10, linksDone: 10, unreconciled: [], missing: [], inFlight: 0, retriedTasks: 0 };
const failure = { kind: 'task_failed', link, taskId: '7', reason: 'row <17> was refused', at: 900 } as const;
const pauseOperation = { operation: 'op1', action: 'pause' } as const;
const refusalFacts = { project: 'orders', action: 'pause', state: 'paused', since: 1, by: 'U0BOB' } as const;

const firing = { state: 'firing', absentOnce: false, since: 1, seq: 1, changedAt: 1, version: 1 } as const;

const acknowledged: Alert = {
  ...firing,
  condition: { kind: 'latency', latencyMs: 2, limitMs: 1 },
  acknowledgement: { kind: 'owned', by: 'U0BOB', at: 1, until: 2, from: 'U0ALICE' },
};

/** The text of each event with all its fields, and with the event alone. */
const examples: Readonly<Record<HistoryEvent, readonly [Partial<HistoryEntry>, full: string, bare: string]>> = {
  created: [{}, 'added the project', 'added the project'],
  changed: [{}, 'changed its definition', 'changed its definition'],
  removed: [{}, 'removed the project', 'removed the project'],
  wait_ended: [{ ...pauseOperation, by: 'U0BOB' }, 'pressed Pause Now', 'caught up, so its pause began'],
  requested: [
    { ...pauseOperation, reason: 'deploy', channel: 'C0SYNC' },
    'asked to pause it · because deploy · in #C0SYNC',
    'asked for an action',
  ],
  superseded: [pauseOperation, 'replaced the older request to pause it', 'replaced the older request'],
  confirmed: [pauseOperation, 'confirmed the request to pause it', 'confirmed the request'],
  cancelled: [pauseOperation, 'cancelled the request to pause it', 'cancelled the request'],
  expired: [
    pauseOperation,
    'the request to pause it expired before it was confirmed',
    'the request expired before it was confirmed',
  ],
  started: [{ ...pauseOperation, state: 'pausing' }, 'Pausing began', 'a syncbot worker began'],
  refused: [
    { ...pauseOperation, code: 'not_allowed', refusal: { code: 'not_allowed', ...refusalFacts } },
    'asked to pause it · not done: it was Paused, since T1, by @U0BOB',
    'asked for an action · not done: the reason was not recorded',
  ],
  done: [
    { ...pauseOperation, outcome: { ...outcome, inFlight: 3 } },
    'paused 10 of 10 links · 3 tasks still in flight then',
    'done',
  ],
  failed: [{ failure }, 'Failed: a task failed on orders-full: row ‹17> was refused', 'Failed: a task failed'],
  drained: [pauseOperation, 'the last task in flight ended', 'the last task in flight ended'],
  caught_up: [{ ...pauseOperation, action: 'restore' }, 'caught up', 'caught up'],
  skip_ended: [
    { tasks: [{ link, taskId: '7', at: 900 }] },
    '1 skipped task was no longer failed: 7 on orders-full',
    'skipped tasks were no longer failed',
  ],
  kept_paused: [{ by: 'U0BOB', until: 5 }, 'kept it Paused until T5', 'kept it Paused'],
  pause_extended: [{ by: 'U0BOB', until: 5 }, 'extended the pause until T5', 'extended the pause'],
  timer_stopped: [
    { by: 'timer', until: 5 },
    'did not restore it at T5, because it was changed after the pause',
    'did not restore it, because it was changed after the pause',
  ],
  alert_owned: [{ by: 'U0BOB', alertKind: 'tasks_failed' }, 'took the alert: tasks failed', 'took the alert'],
  alert_taken_over: [
    { alertKind: 'tasks_failed', alert: acknowledged },
    'took over the alert from @U0ALICE: tasks failed',
    'took over the alert',
  ],
  alert_given_back: [{ alertKind: 'tasks_failed' }, 'gave the alert back: tasks failed', 'gave the alert back'],
  alert_snoozed: [
    { alertKind: 'tasks_failed', alert: acknowledged },
    'snoozed the alert until T2: tasks failed',
    'snoozed the alert',
  ],
  correction_scheduled: [
    { links: [link], cause: 'late_write' },
    'syncbot scheduled a correction of orders-full, because an older command of syncbot may have arrived late',
    'syncbot scheduled a correction of links, because an older command of syncbot may have arrived late',
  ],
  alert_firing: [
    {
      alert: {
        ...firing,
        condition: { kind: 'unexpectedly_running', links: { total: 1, first: [link] }, cause: 'resumed' },
      },
    },
    'alert: links run although they should be paused: orders-full',
    'an alert fired',
  ],
  alert_resolved: [
    { alertKind: 'unexpectedly_running' },
    'alert resolved: links ran although they should have been paused',
    'the alert is resolved',
  ],
  alert_notified: [
    {
      alertKind: 'latency',
      delivered: { seq: 1, since: 1, message: { channel: 'C0OPS', ts: '1.2' }, resolved: false },
    },
    'syncbot notified #C0OPS: it is too far behind',
    'syncbot posted the alert',
  ],
};

describe('the text of an entry', () => {
  it.each(Object.entries(examples))(
    'of the event %s is complete with and without its fields',
    (event, [more, full, bare]) => {
      expect(renderEntry({ event, ...more })).toBe(full);
      expect(renderEntry({ event })).toBe(bare);
    },
  );

  it('of a newer version is the escaped name of the event', () => {
    expect(renderEntry({ event: 'drift_<seen>' })).toBe('drift_‹seen>');
    expect(renderEntry({ event: '' })).toBe('an event without a name');
    expect(renderEntry({ event: 'toString' })).toBe('toString');
  });

  it('of a correction names the cause, and of an alert without links has the title of the alert', () => {
    expect(renderEntry({ event: 'correction_scheduled', links: [link], cause: 'queue_created' })).toBe(
      'syncbot scheduled a correction of orders-full, because the queue is new',
    );
    const condition = { kind: 'latency', latencyMs: 9, limitMs: 1 } as const;
    expect(renderEntry({ event: 'alert_firing', alert: { ...firing, condition } })).toBe('alert: it is too far behind');
  });

  it('hides the reason of a failed task where it may not be shown', () => {
    expect(renderEntry({ event: 'failed', failure }, false)).toBe('Failed: a task failed on orders-full');
  });

  it('of a completed operation has its links, its refusal or its retried tasks', () => {
    const unreconciled = [{ ...link, queue: 'orders-incr' }];
    const partly = { ...pauseOperation, event: 'failed', outcome: { ...outcome, linksDone: 9, unreconciled } };
    expect(renderEntry(partly)).toBe('only partly paused: 9 of 10 links, orders-incr not reached');
    const refusal = { code: 'links_unreachable' as const, project: 'orders', links: [link] } satisfies Refusal;
    expect(renderEntry({ ...pauseOperation, event: 'failed', code: refusal.code, refusal })).toBe(
      'not paused: the link orders-full could not be reached',
    );
    const restored = { operation: 'op1', action: 'restore', event: 'done' } as const;
    expect(renderEntry({ ...restored, outcome: { ...outcome, retriedTasks: 1 } })).toBe(
      'restored 10 of 10 links · 1 failed task retried',
    );
    expect(renderEntry({ ...restored, outcome: { ...outcome, removedTasks: 35 } })).toBe(
      'restored 10 of 10 links · at least 35 failed tasks removed before',
    );
  });

  it('of a refusal has the reason of every code, and of an unknown code its name', () => {
    const refusalCodes = refusalSchema.options.map((option) => [...option.shape.code.values][0] as RefusalCode);
    expect(refusalCodes.length).toBeGreaterThan(10);
    for (const code of refusalCodes)
      expect(renderEntry({ event: 'refused', code })).toMatch(
        /^asked for an action · not done: [a-zA-Z ]+( \d+ min)?$/,
      );
    expect(
      renderEntry({
        event: 'refused',
        code: 'operation_active',
        refusal: { code: 'operation_active', ...refusalFacts, action: 'restore' },
      }),
    ).toBe('asked for an action · not done: another operation was in progress: @U0BOB had asked to restore it at T1');
    expect(renderEntry({ event: 'refused', code: 'changed', refusal: { code: 'changed', ...refusalFacts } })).toBe(
      'asked for an action · not done: the project or its definition changed after the request: it was Paused, since T1, by @U0BOB',
    );
    const problem = {
      verb: 'pause',
      word: 'for',
      text: 'two hours',
      problem: 'not_a_duration',
      timeZone: 'UTC',
    } as const;
    expect(
      renderEntry({
        event: 'refused',
        action: 'pause',
        code: 'invalid_limit',
        refusal: { code: 'invalid_limit', project: 'orders', ...problem },
      }),
    ).toBe('asked to pause it · not done: the end of the pause was not valid: “for two hours”');
    expect(renderEntry({ event: 'refused', code: 'too_<new>' })).toBe('asked for an action · not done: too_‹new>');
    expect(renderEntry({ event: 'refused', code: 'constructor' })).toBe('asked for an action · not done: constructor');
  });
});

describe('the text of a line', () => {
  /** The texts of the lines of these entries, newest first. */
  const lineTexts = (...entries: readonly Partial<HistoryEntry>[]) =>
    foldHistory(
      entries.map((entry, index) => historyEntry({ id: `${9 - index}-0`, at: (9 - index) * 1_000, ...entry })),
      { size: 10, cursor: null },
    ).lines.map((line) => historyLineText(line, { format: plainFormatter, revealReasons: true }));
  const resolved = { state: 'resolved', since: 1, seq: 2, changedAt: 1, version: 1 } as const;
  const running: ConditionOf<'unexpectedly_running'> = {
    kind: 'unexpectedly_running',
    links: { total: 1, first: [link] },
    cause: 'resumed',
  };

  it('of an operation has its outcome, its reason and place, and when its last task ended', () => {
    const request = { ...pauseOperation, reason: 'deploy', channel: 'C0SYNC' };
    expect(
      lineTexts(
        { ...request, event: 'drained' },
        { ...request, event: 'done', outcome },
        { ...request, event: 'started', state: 'pausing' },
        { ...request, event: 'requested' },
      ),
    ).toEqual(['paused 10 of 10 links · because deploy · in #C0SYNC · the last task in flight ended at T9000']);
    expect(lineTexts({ ...request, event: 'requested' })).toEqual(['asked to pause it · because deploy · in #C0SYNC']);
    expect(lineTexts({ ...request, event: 'drained' })).toEqual([
      'the last task in flight ended · because deploy · in #C0SYNC',
    ]);
  });

  it('of an alert is in the past tense after it is resolved, and counts how often it fired', () => {
    const fired = { event: 'alert_firing', alertKind: running.kind, alert: { ...firing, condition: running } } as const;
    const ended = { event: 'alert_resolved', alertKind: running.kind, alert: resolved } as const;
    const message = { channel: 'C0OPS', ts: '1.2' };
    const posted = {
      event: 'alert_notified',
      alertKind: running.kind,
      delivered: { seq: 1, since: 1, message, resolved: false },
    };
    expect(lineTexts(fired)).toEqual(['alert: links run although they should be paused: orders-full']);
    expect(lineTexts(posted, ended, posted, fired)).toEqual([
      'alert: links ran although they should have been paused: orders-full',
    ]);
    expect(lineTexts(fired, ended, fired)).toEqual([
      'alert: links run although they should be paused: orders-full · fired 2 times',
    ]);
    expect(lineTexts(posted)).toEqual(['alert: links run although they should be paused']);
    expect(lineTexts({ event: 'alert_firing' })).toEqual(['an alert fired']);
  });

  it('of a restore says when the project failed again', () => {
    const run = { since: 7_000, by: 'U0ALICE', action: 'restore' } as const;
    const streak = { count: 2, isSameCause: true, failedAt: 9_000, run };
    const condition = { kind: 'project_failed', since: 9_000, failure, streak } as const;
    const restore = { ...pauseOperation, action: 'restore', outcome } as const;
    const [, line] = lineTexts(
      { event: 'alert_firing', alertKind: 'project_failed', alert: { ...firing, condition } },
      { ...restore, operation: 'op2', event: 'refused', code: 'changed' },
      { ...restore, event: 'done' },
    );
    expect(line).toMatch(/^asked to restore it · not done: /);
    expect(
      lineTexts(
        { event: 'alert_firing', alertKind: 'project_failed', alert: { ...firing, condition } },
        { ...restore, operation: 'op2', event: 'requested' },
        { ...restore, event: 'done' },
      )[2],
    ).toBe('restored 10 of 10 links · failed again after 2 s');
  });

  it('of a failure of several tasks has their number and their causes', () => {
    const causes = { tasks: 7, grouped: 7, causes: 1, first: [{ reason: 'refused', tasks: 7 }], since: 1 };
    const condition = { kind: 'project_failed', since: 8_000, failure, causes } as const;
    expect(
      lineTexts(
        { event: 'alert_firing', alertKind: 'project_failed', alert: { ...firing, condition } },
        { event: 'failed', failure },
      ),
    ).toEqual(['Failed: 7 tasks failed: refused · the oldest on orders-full']);
  });

  it('of what a person did about an alert of several failed tasks says what that was', () => {
    const causes = { tasks: 7, grouped: 7, causes: 1, first: [{ reason: 'refused', tasks: 7 }], since: 1 };
    const condition = { kind: 'project_failed', since: 8_000, failure, causes } as const;
    const press = (kind: 'owned' | 'snoozed', from?: string) => ({
      alertKind: condition.kind,
      alert: {
        ...firing,
        condition,
        acknowledgement: { kind, by: 'U0BOB', at: 1, until: 2, ...(from === undefined ? {} : { from }) },
      },
    });
    expect(
      lineTexts(
        { event: 'alert_snoozed', ...press('snoozed') },
        { event: 'alert_given_back', ...press('owned') },
        { event: 'alert_taken_over', ...press('owned', 'U0ALICE') },
        { event: 'alert_owned', ...press('owned') },
      ),
    ).toEqual([
      'snoozed the alert until T2: it was Failed',
      'gave the alert back: it was Failed',
      'took over the alert from @U0ALICE: it was Failed',
      'took the alert: it was Failed',
    ]);
  });

  it('of a project that became Failed has the failure', () => {
    const condition = { kind: 'project_failed', since: 7_000, failure: null } as const;
    expect(
      lineTexts(
        { event: 'alert_resolved', alertKind: 'project_failed', alert: resolved },
        { event: 'alert_firing', alertKind: 'project_failed', alert: { ...firing, condition } },
        { event: 'failed', failure },
      ),
    ).toEqual(['Failed: a task failed on orders-full: row ‹17> was refused']);
  });
});

it('A period has both of its times, or one if both are in the same minute or it goes on.', () => {
  const { times } = messages.history;
  expect(times({ from: 0, to: 60_000 }, plainFormatter)).toBe('T0 – T60000');
  expect(times({ from: 0, to: 59_999 }, plainFormatter)).toBe('T0');
  expect(times({ from: 0, to: null }, plainFormatter)).toBe('T0');
});

it('The number of lines that are not shown is exact, a lower bound, or unknown.', () => {
  const { notShown } = messages.history;
  expect(notShown(1, true, 'X')).toBe('1 older line not shown: X shows all of one project');
  expect(notShown(2, false, 'X')).toBe('at least 2 older lines not shown: X shows all of one project');
  expect(notShown(0, false, 'X')).toBe('older lines may be missing: X shows all of one project');
  expect(messages.cli.history.notShown(0, false, 12)).toBe(
    'These are the newest 12 lines; older lines may be missing. To see every entry, add --json.',
  );
});

describe('reading an entry', () => {
  it('makes unreadable fields null and ignores unknown ones', () => {
    const raw = {
      id: '1-0',
      at: 5,
      event: 'rewound',
      action: 'rewind',
      state: 'gone',
      outcome: 3,
      more: 'x',
      by: 'U0BOB',
    };
    expect(historyEntrySchema.parse(raw)).toEqual(historyEntry({ at: 5, event: 'rewound', by: 'U0BOB' }));
  });

  it('shows where the request came from', () => {
    expect(requestedFrom(historyEntry({ origin: 'slack', channel: 'C0SYNC', by: 'U0BOB' }))).toBe('C0SYNC');
    expect(requestedFrom(historyEntry({ origin: 'cli', by: 'cli:bob' }))).toBe('cli');
    expect(requestedFrom(historyEntry({ by: 'cli:bob' }))).toBe('cli');
    expect(requestedFrom(historyEntry({ by: 'U0BOB' }))).toBeNull();
    expect(requestedFrom(historyEntry({}))).toBeNull();
  });
});
