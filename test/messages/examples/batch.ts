import type { Batch } from '../../../src/domain/batch.ts';
import type { messages } from '../../../src/messages/catalog.ts';
import type { BatchFacts } from '../../../src/messages/facts.ts';
import { exampleBatch, exampleBatchItem as item } from '../../support/example-records.ts';
import type { ExamplesOf } from './example.ts';
import { at, format } from './facts.ts';

const items = ['carts', 'orders', 'users'].map((project) => item(project));
const notAllowed = { code: 'not_allowed', action: 'pause', state: 'paused', since: at('02:58'), by: 'U0BOB' } as const;
const invoices = { project: 'invoices', refusal: { ...notAllowed, project: 'invoices' } } as const;
const refused = [
  { ...invoices, channel: null },
  { project: 'payments', channel: null, refusal: { ...notAllowed, project: 'payments', state: 'failed' as const } },
];
const end = { at: at('05:00'), timeZone: null, source: 'person' } as const;
const request = { action: 'pause', items, refused, waves: null, catchUpMs: null, links: 30 } as const;
const whenCaughtUp = { ...request, catchUpMs: 1_800_000 } as const;
const forTwoHours = { at: at('05:00'), timeZone: null, source: 'person', durationMs: 7_200_000 } as const;
const waves = { size: 5, wait: 'caughtUp' } as const;
const restore = { ...request, action: 'restore', refused: [], waves } as const;

const lateLog = { project: 'orders', until: at('04:30'), isPauseTimed: true } as const;
const openLog = { ...lateLog, isPauseTimed: false } as const;

const unchanged = { stateEndedAt: null, failedAt: null, limitChange: null } as const;
const done = { state: 'done', refusal: null, linksDone: 10, ...unchanged } as const;
const failed = { state: 'failed', refusal: null, linksDone: 9, ...unchanged } as const;
const timedOut = { code: 'claim_timeout', action: 'pause', project: 'users' } as const;
const refusedResult = { state: 'refused', refusal: timedOut, linksDone: null, ...unchanged } as const;
const cancelledResult = { ...refusedResult, state: 'cancelled', refusal: null, cancelledBy: 'U0BOB' } as const;

function facts(changes: Partial<Batch>): BatchFacts {
  const batch = exampleBatch({ items, refused, started: 3, released: 3, ...changes });
  return { batch, items: batch.items, refused: batch.refused, format };
}

const ended = { state: 'done', finishedAt: at('03:04') } as const;
const someDone = facts({ ...ended, results: { carts: done, orders: failed, users: refusedResult } });
const allDone = facts({ ...ended, results: { carts: done, orders: done, users: done } });
const timed = items.map((each) => ({ ...each, pauseUntil: end }));
const restored = { ...done, stateEndedAt: at('04:10') } as const;
const extended = {
  ...done,
  limitChange: { kind: 'extended', at: at('04:00'), by: 'U0BOB', until: at('06:00') },
} as const;
const became = { ...done, failedAt: at('04:20') } as const;
const paused = (results: Batch['results']) => facts({ ...ended, items: timed, results });
const started = (results: Batch['results']) => facts({ ...ended, action: 'start', results });
const stopped = facts({ action: 'restore', state: 'stopped', started: 2, results: { carts: done, orders: failed } });

export const batch: ExamplesOf<typeof messages.batch> = {
  question: [
    ['some projects cannot be paused', request],
    ['all can be restored', restore],
    ['`pause label:prod when caught up`', whenCaughtUp],
    ['the only one can be restored', { ...restore, items: restore.items.slice(0, 1) }],
  ],
  headline: [['the beginning of the dialog', request]],
  effect: [
    ['Pause', request],
    ['`pause label:prod when caught up`', whenCaughtUp],
    ['Pause with an end', { ...request, items: items.map((each) => ({ ...each, pauseUntil: end })) }],
    ['Restore', restore],
    ['Start', { ...request, action: 'start' }],
  ],
  allowed: [
    ['some projects cannot be paused', request],
    ['all can be restored', restore],
    ['both can be restored', { ...restore, items: restore.items.slice(0, 2) }],
    ['the only one can be restored', { ...restore, items: restore.items.slice(0, 1) }],
  ],
  inWaves: [
    ['`waves: { size: 5, wait: caughtUp }`', restore],
    ['`waves: { size: 5, wait: 30s }`', { ...restore, waves: { size: 5, wait: 30_000 } }],
    ['all at once', request],
  ],
  plannedEnd: [
    ['`pause label:prod when caught up for 2h`', items.map((each) => ({ ...each, pauseUntil: forTwoHours })), format],
    ['`/sync pause label:prod for 2h`', items.map((each) => ({ ...each, pauseUntil: end })), format],
    ['no project has a limit', items, format],
  ],
  endsTooLate: [
    ['`/sync pause label:prod for 2h`, and `logRetention` of one source ends before', [lateLog], format],
    ['of several sources', [lateLog, { ...lateLog, project: 'users', until: at('04:50') }], format],
  ],
  restoreBefore: [
    ['a pause without an end, and one source has `logRetention`', [openLog], format],
    ['several sources have it', [openLog, { ...openLog, project: 'users', until: at('04:50') }], format],
  ],
  plannedEndNow: [
    ['all are Paused', paused({ carts: done, orders: done, users: done })],
    ['one was extended', paused({ carts: done, orders: extended, users: done })],
    ['one was restored', paused({ carts: done, orders: restored, users: done })],
    ['all were restored', paused({ carts: restored, orders: restored, users: restored })],
  ],
  changedSince: [
    ['one was restored', paused({ carts: done, orders: restored, users: done })],
    ['two were restored', paused({ carts: restored, orders: restored, users: done })],
    ['all were restored', paused({ carts: restored, orders: restored, users: restored })],
    ['both that were paused were restored', paused({ carts: restored, orders: restored, users: refusedResult })],
    ['nothing has happened since', allDone],
  ],
  failedLater: [
    ['one of those that were started', started({ carts: done, orders: became, users: done })],
    ['two of them', started({ carts: became, orders: became, users: done })],
    ['nothing has happened since', allDone],
  ],
  unclaimed: [['no process of the role worker runs', { projects: 3, until: at('03:06') }, format]],
  selected: [
    ['what the person selected', 'label:prod', [], format],
    [
      '**Restore Those 5**',
      'batch:b1',
      [{ ...request, id: 'b1', by: 'U0ALICE', requestedAt: at('03:00'), reason: 'we deploy' }],
      format,
    ],
  ],
  refusedLine: [
    ['a project that is Paused', { ...invoices, channel: null }, format],
    [
      '**Restore Those 5**, after another person has restored it',
      {
        project: 'invoices',
        channel: null,
        refusal: { ...notAllowed, code: 'changed', action: 'restore', project: 'invoices', state: 'running' },
      },
      format,
    ],
  ],
  noneAllowed: [['each project is Paused or Failed', { action: 'pause', refused }]],
  tooMany: [['a selection of too many projects', 1_204, 1_000]],
  state: [
    ['OK was not pressed yet', facts({ state: 'requested' })],
    ['it goes on', facts({ state: 'confirmed', results: { carts: done } })],
    ['one project was not paused', facts({ state: 'confirmed', results: { carts: done, orders: failed } })],
    ['a wave has a failure', stopped],
    ['all were paused', allDone],
    ['some were paused', someDone],
    ['Cancel', facts({ state: 'cancelled' })],
    ['no answer in time', facts({ state: 'expired' })],
  ],
  attribution: [
    ['it goes on', facts({ state: 'confirmed' })],
    ['it has ended', allDone],
  ],
  failedLine: [
    ['a link was not reached', item('orders'), failed, someDone],
    ['no worker took it', item('users'), refusedResult, someDone],
    ['its pause waited, and was cancelled', item('users'), cancelledResult, someDone],
    ['the bot stopped before it began', item('users'), { ...refusedResult, state: 'expired', refusal: null }, someDone],
  ],
  leftOut: [
    ['projects that could not be paused', allDone],
    ['one of them', facts({ ...ended, refused: refused.slice(0, 1) })],
  ],
  notBegun: [['Stop after the first wave', 1, stopped]],
  stoppedAdvice: [['a wave has a failure', 3]],
  noneWaits: [['**Cancel**, after another person was faster', someDone]],
  notStopped: [['Go On, after another person was faster', facts({ state: 'confirmed', action: 'restore' })]],
  seeMessage: [['in place of the dialog', '#sync']],
  restoreThose: [['all that were paused', 5]],
};
