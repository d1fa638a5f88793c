import { describe, expect, it } from 'vitest';
import { askedFrom, type HistoryEntry, type HistoryEvent, historyEntrySchema } from '../../src/domain/history.ts';
import { historyWords } from '../../src/domain/history-words.ts';
import { type Refusal, type RefusalCode, refusalSchema } from '../../src/domain/refusal.ts';
import type { Voice } from '../../src/domain/words.ts';

const tame = (raw: string, max = 1_000) => raw.replaceAll('<', '‹').slice(0, max);
const voice: Voice = {
  text: tame,
  person: (actor) => `@${tame(actor)}`,
  channel: (id) => `#${tame(id)}`,
  link: ({ queue }) => tame(queue),
  moment: (at) => `at ${at}`,
  command: (words) => `/sync ${tame(words)}`,
};
const nothing: HistoryEntry = {
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
    told: null,
    kind: null,
    links: null,
    cause: null,
  },
};
const of = (more: Partial<HistoryEntry>): HistoryEntry => ({ ...nothing, ...more });
const say = (more: Partial<HistoryEntry>, revealReasons = true) => historyWords(of(more), { voice, revealReasons });

const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
const outcome = { linksTotal: 10, linksDone: 10, unreachable: [], missing: [], inFlight: 0, putBack: 0 };
const failure = { link, taskId: '7', reason: 'row <17> was refused', at: 900 };
const pause = { operation: 'op1', action: 'pause' } as const;
const facts = { project: 'orders', action: 'pause', state: 'paused', since: 1, by: 'U0BOB' } as const;

const alert = { since: 1, open: true, fading: false, finding: null, seq: 1, changedAt: 1, version: 1 };

/** What each event says in full, and what an entry says that holds the event alone, as older versions wrote it. */
const examples: Readonly<Record<HistoryEvent, readonly [Partial<HistoryEntry>, full: string, bare: string]>> = {
  created: [{}, 'added the project', 'added the project'],
  changed: [{}, 'changed its definition', 'changed its definition'],
  removed: [{}, 'removed the project', 'removed the project'],
  requested: [
    { ...pause, reason: 'deploy', channel: 'C0SYNC' },
    'asked to pause it · because deploy · in #C0SYNC',
    'asked for an action',
  ],
  superseded: [
    pause,
    'asked anew: the older request to pause it was replaced',
    'asked anew: the older request was replaced',
  ],
  confirmed: [pause, 'confirmed the request to pause it', 'confirmed the request'],
  cancelled: [pause, 'cancelled the request to pause it', 'cancelled the request'],
  expired: [
    pause,
    'the request to pause it expired before it was confirmed',
    'the request expired before it was confirmed',
  ],
  started: [{ ...pause, state: 'pausing' }, 'Pausing began', 'a worker began'],
  refused: [
    { ...pause, code: 'not_allowed', refusal: { code: 'not_allowed', ...facts } },
    'refused to pause it: it was Paused, by @U0BOB',
    'refused: the reason was not kept',
  ],
  done: [{ ...pause, outcome: { ...outcome, inFlight: 3 } }, 'paused 10 of 10 links · 3 tasks still finishing', 'done'],
  failed: [{ failure }, 'Failed: a task failed on orders-full: row ‹17> was refused', 'Failed: a task failed'],
  quiet: [pause, 'the last task in flight has ended', 'the last task in flight has ended'],
  corrected: [
    { links: [link], cause: 'late_write' },
    'drives orders-full back after a late write of its own',
    'drives links back after a late write of its own',
  ],
  alert: [
    { alert: { ...alert, finding: { kind: 'loose', links: { total: 1, first: [link] }, cause: 'resumed' } } },
    'alert: links run although they should be paused: orders-full',
    'an alert',
  ],
  alert_over: [
    { alert, kind: 'loose' },
    'the alert is over: links ran although they should have been paused',
    'the alert is over',
  ],
  told: [
    { kind: 'latency', told: { seq: 1, since: 1, message: { channel: 'C0OPS', ts: '1.2' }, over: false } },
    '#C0OPS was told: it is too far behind',
    'told',
  ],
};

describe('the sentence of an entry', () => {
  it.each(Object.entries(examples))('%s', (event, [more, full, bare]) => {
    expect(say({ event, ...more })).toBe(full);
    expect(say({ event })).toBe(bare);
  });

  it('an event of a newer version is named, and made safe', () => {
    expect(say({ event: 'drift_<seen>' })).toBe('drift_‹seen>');
    expect(say({ event: '' })).toBe('an event without a name');
    expect(say({ event: 'toString' })).toBe('toString');
  });

  it('queues that have just appeared are driven, and an alert without links is named', () => {
    expect(say({ event: 'corrected', links: [link], cause: 'appeared' })).toBe(
      'brings orders-full, whose queue has appeared, in line',
    );
    const finding = { kind: 'latency', latencyMs: 9, limitMs: 1 } as const;
    expect(say({ event: 'alert', alert: { ...alert, finding } })).toBe('alert: it is too far behind');
  });

  it('a failed task’s reason only where it may be known', () => {
    expect(say({ event: 'failed', failure }, false)).toBe('Failed: a task failed on orders-full');
  });

  it('an operation that did not reach every link: how far it got', () => {
    const unreachable = [{ ...link, queue: 'orders-incr' }];
    const partly = { ...pause, event: 'failed', outcome: { ...outcome, linksDone: 9, unreachable } };
    expect(say(partly)).toBe('not wholly paused: 9 of 10 links, orders-incr not reached');
    const refusal = { code: 'links_unreachable' as const, project: 'orders', links: [link] } satisfies Refusal;
    expect(say({ ...pause, event: 'failed', code: refusal.code, refusal })).toBe(
      'not paused: orders-full did not answer in time',
    );
    const restored = { operation: 'op1', action: 'restore', event: 'done' } as const;
    expect(say({ ...restored, outcome: { ...outcome, putBack: 1 } })).toBe(
      'restored 10 of 10 links · 1 failed task put back',
    );
  });

  it('every code has its reason, with the facts and without; an unknown one is named', () => {
    const codes = refusalSchema.options.map((option) => [...option.shape.code.values][0] as RefusalCode);
    expect(codes.length).toBeGreaterThan(10);
    for (const code of codes) expect(say({ event: 'refused', code })).toMatch(/^refused: [a-zA-Z ]+( \d+ min)?$/);
    expect(say({ event: 'refused', code: 'held', refusal: { code: 'held', ...facts, action: 'restore' } })).toBe(
      'refused: @U0BOB had asked to restore it, and that was under way',
    );
    expect(say({ event: 'refused', code: 'changed', refusal: { code: 'changed', ...facts } })).toBe(
      'refused: it changed after that was asked, by @U0BOB',
    );
    expect(say({ event: 'refused', code: 'too_<new>' })).toBe('refused: too_‹new>');
    expect(say({ event: 'refused', code: 'constructor' })).toBe('refused: constructor');
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
    expect(historyEntrySchema.parse(raw)).toEqual(of({ at: 5, event: 'rewound', by: 'U0BOB' }));
  });

  it('says from where, as far as it is known', () => {
    expect(askedFrom(of({ origin: 'slack', channel: 'C0SYNC', by: 'U0BOB' }))).toBe('C0SYNC');
    expect(askedFrom(of({ origin: 'cli', by: 'cli:bob' }))).toBe('cli');
    expect(askedFrom(of({ by: 'cli:bob' }))).toBe('cli');
    expect(askedFrom(of({ by: 'U0BOB' }))).toBeNull();
    expect(askedFrom(of({}))).toBeNull();
  });
});
