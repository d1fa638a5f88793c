import { describe, expect, it } from 'vitest';
import { type HistoryEntry, type HistoryEvent, historyEntrySchema, requestedFrom } from '../../src/domain/history.ts';
import { type Refusal, type RefusalCode, refusalSchema } from '../../src/domain/refusal.ts';
import type { Formatter } from '../../src/messages/format.ts';
import { historyText } from '../../src/messages/render.ts';

const escapeText = (raw: string, max = 1_000) => raw.replaceAll('<', '‹').slice(0, max);
const formatter: Formatter = {
  text: escapeText,
  person: (actor) => `@${escapeText(actor)}`,
  channel: (id) => `#${escapeText(id)}`,
  link: ({ queue }) => escapeText(queue),
  time: (at) => `at ${at}`,
  command: (words) => `/sync ${escapeText(words)}`,
};
const emptyEntry: HistoryEntry = {
  id: '1-0',
  at: 1_000,
  event: 'created',
  operation: null,
  by: null,
  action: null,
  reason: null,
  origin: null,
  ...{
    channel: null,
    version: null,
    state: null,
    code: null,
    refusal: null,
    outcome: null,
    failure: null,
    alert: null,
    delivered: null,
    kind: null,
    links: null,
    cause: null,
  },
};
const historyEntry = (overrides: Partial<HistoryEntry>): HistoryEntry => ({ ...emptyEntry, ...overrides });
const renderEntry = (overrides: Partial<HistoryEntry>, revealReasons = true) =>
  historyText(historyEntry(overrides), { format: formatter, revealReasons });

const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
const outcome = { linksTotal: 10, linksDone: 10, unreachable: [], missing: [], inFlight: 0, retriedTasks: 0 };
const failure = { link, taskId: '7', reason: 'row <17> was refused', at: 900 };
const pauseOperation = { operation: 'op1', action: 'pause' } as const;
const refusalFacts = { project: 'orders', action: 'pause', state: 'paused', since: 1, by: 'U0BOB' } as const;

const alert = { since: 1, firing: true, resolving: false, condition: null, seq: 1, changedAt: 1, version: 1 };

/** What each event says in full, and what an entry says that holds the event alone, as older versions wrote it. */
const examples: Readonly<Record<HistoryEvent, readonly [Partial<HistoryEntry>, full: string, bare: string]>> = {
  created: [{}, 'added the project', 'added the project'],
  changed: [{}, 'changed its definition', 'changed its definition'],
  removed: [{}, 'removed the project', 'removed the project'],
  requested: [
    { ...pauseOperation, reason: 'deploy', channel: 'C0SYNC' },
    'asked to pause it · because deploy · in #C0SYNC',
    'asked for an action',
  ],
  superseded: [
    pauseOperation,
    'asked anew: the older request to pause it was replaced',
    'asked anew: the older request was replaced',
  ],
  confirmed: [pauseOperation, 'confirmed the request to pause it', 'confirmed the request'],
  cancelled: [pauseOperation, 'cancelled the request to pause it', 'cancelled the request'],
  expired: [
    pauseOperation,
    'the request to pause it expired before it was confirmed',
    'the request expired before it was confirmed',
  ],
  started: [{ ...pauseOperation, state: 'pausing' }, 'Pausing began', 'a worker began'],
  refused: [
    { ...pauseOperation, code: 'not_allowed', refusal: { code: 'not_allowed', ...refusalFacts } },
    'refused to pause it: it was Paused, by @U0BOB',
    'refused: the reason was not kept',
  ],
  done: [
    { ...pauseOperation, outcome: { ...outcome, inFlight: 3 } },
    'paused 10 of 10 links · 3 tasks still finishing',
    'done',
  ],
  failed: [{ failure }, 'Failed: a task failed on orders-full: row ‹17> was refused', 'Failed: a task failed'],
  drained: [pauseOperation, 'the last task in flight has ended', 'the last task in flight has ended'],
  corrected: [
    { links: [link], cause: 'late_write' },
    'drives orders-full back after a late write of its own',
    'drives links back after a late write of its own',
  ],
  alert_firing: [
    {
      alert: {
        ...alert,
        condition: { kind: 'unexpectedly_running', links: { total: 1, first: [link] }, cause: 'resumed' },
      },
    },
    'alert: links run although they should be paused: orders-full',
    'an alert',
  ],
  alert_resolved: [
    { alert, kind: 'unexpectedly_running' },
    'the alert is over: links ran although they should have been paused',
    'the alert is over',
  ],
  alert_notified: [
    { kind: 'latency', delivered: { seq: 1, since: 1, message: { channel: 'C0OPS', ts: '1.2' }, resolved: false } },
    '#C0OPS was told: it is too far behind',
    'alert_notified',
  ],
};

describe('the sentence of an entry', () => {
  it.each(Object.entries(examples))('%s', (event, [more, full, bare]) => {
    expect(renderEntry({ event, ...more })).toBe(full);
    expect(renderEntry({ event })).toBe(bare);
  });

  it('an event of a newer version is named, and made safe', () => {
    expect(renderEntry({ event: 'drift_<seen>' })).toBe('drift_‹seen>');
    expect(renderEntry({ event: '' })).toBe('an event without a name');
    expect(renderEntry({ event: 'toString' })).toBe('toString');
  });

  it('queues that have just appeared are driven, and an alert without links is named', () => {
    expect(renderEntry({ event: 'corrected', links: [link], cause: 'queue_created' })).toBe(
      'brings orders-full, whose queue has appeared, in line',
    );
    const condition = { kind: 'latency', latencyMs: 9, limitMs: 1 } as const;
    expect(renderEntry({ event: 'alert_firing', alert: { ...alert, condition } })).toBe('alert: it is too far behind');
  });

  it('a failed task’s reason only where it may be known', () => {
    expect(renderEntry({ event: 'failed', failure }, false)).toBe('Failed: a task failed on orders-full');
  });

  it('an operation that did not reach every link: how far it got', () => {
    const unreachable = [{ ...link, queue: 'orders-incr' }];
    const partly = { ...pauseOperation, event: 'failed', outcome: { ...outcome, linksDone: 9, unreachable } };
    expect(renderEntry(partly)).toBe('not wholly paused: 9 of 10 links, orders-incr not reached');
    const refusal = { code: 'links_unreachable' as const, project: 'orders', links: [link] } satisfies Refusal;
    expect(renderEntry({ ...pauseOperation, event: 'failed', code: refusal.code, refusal })).toBe(
      'not paused: orders-full did not answer in time',
    );
    const restored = { operation: 'op1', action: 'restore', event: 'done' } as const;
    expect(renderEntry({ ...restored, outcome: { ...outcome, retriedTasks: 1 } })).toBe(
      'restored 10 of 10 links · 1 failed task put back',
    );
  });

  it('every code has its reason, with the facts and without; an unknown one is named', () => {
    const refusalCodes = refusalSchema.options.map((option) => [...option.shape.code.values][0] as RefusalCode);
    expect(refusalCodes.length).toBeGreaterThan(10);
    for (const code of refusalCodes)
      expect(renderEntry({ event: 'refused', code })).toMatch(/^refused: [a-zA-Z ]+( \d+ min)?$/);
    expect(
      renderEntry({
        event: 'refused',
        code: 'operation_active',
        refusal: { code: 'operation_active', ...refusalFacts, action: 'restore' },
      }),
    ).toBe('refused: @U0BOB had asked to restore it, and that was under way');
    expect(renderEntry({ event: 'refused', code: 'changed', refusal: { code: 'changed', ...refusalFacts } })).toBe(
      'refused: it changed after that was asked, by @U0BOB',
    );
    expect(renderEntry({ event: 'refused', code: 'too_<new>' })).toBe('refused: too_‹new>');
    expect(renderEntry({ event: 'refused', code: 'constructor' })).toBe('refused: constructor');
  });
});

describe('reading an entry', () => {
  it('what is not understood is null, and what is not known is passed over', () => {
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

  it('says from where, as far as it is known', () => {
    expect(requestedFrom(historyEntry({ origin: 'slack', channel: 'C0SYNC', by: 'U0BOB' }))).toBe('C0SYNC');
    expect(requestedFrom(historyEntry({ origin: 'cli', by: 'cli:bob' }))).toBe('cli');
    expect(requestedFrom(historyEntry({ by: 'cli:bob' }))).toBe('cli');
    expect(requestedFrom(historyEntry({ by: 'U0BOB' }))).toBeNull();
    expect(requestedFrom(historyEntry({}))).toBeNull();
  });
});
