import { describe, expect, it } from 'vitest';
import {
  type Batch,
  changedAt,
  channelsOf,
  collectMs,
  countItems,
  currentEnds,
  doneItems,
  failedItems,
  type ItemResult,
  isOpenBatch,
  maxCatchUpWaitMs,
  nextStep,
  operationIdOf,
  partFor,
  unchangedItems,
  type Waves,
} from '../../src/domain/batch.ts';
import { exampleBatch, exampleBatchItem, exampleNow } from '../support/example-records.ts';

const projects = ['a', 'b', 'c', 'd'] as const;
const unchanged = { stateEndedAt: null, failedAt: null, limitChange: null };
const done: ItemResult = { state: 'done', refusal: null, linksDone: 1, ...unchanged };
const failed: ItemResult = { state: 'failed', refusal: null, linksDone: 0, ...unchanged };
const waves: Waves = { size: 2, wait: 1_000 };

function batchOf(overrides: Partial<Batch>): Batch {
  return exampleBatch({
    id: 'batch',
    items: projects.map(exampleBatchItem),
    waves: null,
    state: 'confirmed',
    started: 4,
    released: 4,
    waveFrom: 0,
    waveEndedAt: null,
    results: {},
    ...overrides,
  });
}

it('Each project of a batch has an operation of its own, also in a repetition.', () => {
  const batch = batchOf({});
  const ids = projects.map((project) => operationIdOf(batch, project));
  expect(ids).toEqual(['batch-0', 'batch-1', 'batch-2', 'batch-3']);
  expect(operationIdOf(batchOf({ id: 'other' }), 'a')).toBe('other-0');
});

describe('the next step of a batch', () => {
  const first = { waves, released: 2, started: 2, results: { a: done, b: done } };
  const ended = { ...first, waveEndedAt: exampleNow };
  const second = { waves, released: 4, started: 4, waveFrom: 2, results: { a: done, b: failed, c: done, d: done } };
  const cases: readonly [string, Partial<Batch>, { readonly after: number; readonly hasCaughtUp: boolean }, string][] =
    [
      ['waits for operations to begin', { started: 0 }, { after: 0, hasCaughtUp: false }, 'wait'],
      ['waits for an operation', { results: { a: done, b: done, c: done } }, { after: 0, hasCaughtUp: false }, 'wait'],
      [
        'finishes when all have ended',
        { results: { a: done, b: failed, c: done, d: done } },
        { after: 0, hasCaughtUp: false },
        'finish',
      ],
      ['ends a wave', first, { after: 0, hasCaughtUp: false }, 'end_wave'],
      ['waits after a wave', ended, { after: 999, hasCaughtUp: true }, 'wait'],
      ['begins the next wave', ended, { after: 1_000, hasCaughtUp: false }, 'begin_wave'],
      [
        'stops after a wave with a failure',
        { ...first, results: { a: done, b: failed } },
        { after: 0, hasCaughtUp: true },
        'stop',
      ],
      [
        'waits for the wave to catch up',
        { ...ended, waves: { size: 2, wait: 'caughtUp' } },
        { after: 0, hasCaughtUp: false },
        'wait',
      ],
      [
        'begins the next wave when the one before has caught up',
        { ...ended, waves: { size: 2, wait: 'caughtUp' } },
        { after: 0, hasCaughtUp: true },
        'begin_wave',
      ],
      [
        'begins the next wave after the longest wait',
        { ...ended, waves: { size: 2, wait: 'caughtUp' } },
        { after: maxCatchUpWaitMs, hasCaughtUp: false },
        'begin_wave',
      ],
      ['finishes after the last wave', second, { after: 0, hasCaughtUp: false }, 'finish'],
      [
        'does not stop again for a failure of an earlier wave',
        { ...second, started: 3, released: 3, results: { a: failed, b: done, c: done } },
        { after: 0, hasCaughtUp: false },
        'end_wave',
      ],
    ];
  it.each(cases)('%s.', (_case, overrides, { after, hasCaughtUp }, kind) => {
    expect(nextStep(batchOf(overrides), { now: exampleNow + after, hasCaughtUp }).kind).toBe(kind);
  });
});

describe('the counts of a batch', () => {
  const batch = batchOf({ started: 3, released: 3, results: { a: done, b: failed } });

  it('are of all its projects, or of some.', () => {
    expect(countItems(batch)).toEqual({ total: 4, done: 1, failed: 1, running: 1, waiting: 1 });
    expect(countItems(batch, batch.items.slice(1, 3))).toEqual({
      total: 2,
      done: 0,
      failed: 1,
      running: 1,
      waiting: 0,
    });
  });

  it('name those that are done, and those that ended otherwise.', () => {
    expect(doneItems(batch).map(({ project }) => project)).toEqual(['a']);
    expect(failedItems(batch).map(({ project }) => project)).toEqual(['b']);
  });
});

describe('the channels of a batch', () => {
  const items = [
    { ...exampleBatchItem('a'), channel: 'C0SYNC' },
    { ...exampleBatchItem('b'), channel: 'C0OTHER' },
    { ...exampleBatchItem('c'), channel: null },
    { ...exampleBatchItem('d'), channel: 'C0OTHER' },
  ];
  const batch = batchOf({ channel: 'C0SYNC', items });

  it('are that of the request and those of its projects, each once.', () => {
    expect(channelsOf(batch)).toEqual(['C0SYNC', 'C0OTHER']);
    expect(channelsOf({ ...batch, channel: null })).toEqual(['C0SYNC', 'C0OTHER']);
    expect(channelsOf({ ...batch, channel: 'C0THIRD' })).toEqual(['C0THIRD', 'C0SYNC', 'C0OTHER']);
  });

  it('show all projects in that of the request, and the own ones in another.', () => {
    const shown = (channel: string) => partFor(batch, channel).items.map(({ project }) => project);
    expect(shown('C0SYNC')).toEqual(['a', 'b', 'c', 'd']);
    expect(shown('C0OTHER')).toEqual(['b', 'd']);
  });
});

it.each([
  ['requested', true],
  ['confirmed', true],
  ['stopped', true],
  ['done', false],
  ['cancelled', false],
  ['expired', false],
] as const)('A batch that is %s: open is %s.', (state, isOpen) => {
  expect(isOpenBatch({ state })).toBe(isOpen);
});

it('A longer batch collects its changes for longer.', () => {
  expect([0, 9_999, 10_000, 59_999, 60_000].map(collectMs)).toEqual([1_000, 1_000, 2_000, 2_000, 5_000]);
});

describe('a project that was changed after the end of its operation', () => {
  const end = { at: 7_200_000, timeZone: null, source: 'person' } as const;
  const items = projects.map((project) => ({ ...exampleBatchItem(project), pauseUntil: end }));
  const moved = { kind: 'extended', at: 5_000, by: 'U0BOB', until: 9_000_000 } as const;
  const kept = { kind: 'kept', at: 6_000, by: 'U0BOB', until: null } as const;
  const batch = batchOf({
    items,
    state: 'done',
    finishedAt: 1_000,
    results: {
      a: { ...done, stateEndedAt: 4_000 },
      b: { ...done, limitChange: moved },
      c: { ...done, limitChange: kept },
      d: failed,
    },
  });

  it('has left the state that the batch gave it.', () => {
    expect(unchangedItems(batch, items).map(({ project }) => project)).toEqual(['b', 'c', 'd']);
  });

  it('has no end of its pause, and the others have the end that was set last.', () => {
    expect(currentEnds(batch, items)).toEqual([9_000_000]);
    expect(currentEnds({ results: {} }, items)).toEqual(items.map(() => end.at));
  });

  it('makes the message due at the time of the change.', () => {
    expect(changedAt(batch, 8_000)).toBe(6_000);
    expect(changedAt({ ...batch, results: {} }, 8_000)).toBe(1_000);
    expect(changedAt({ finishedAt: null, results: {} }, 8_000)).toBe(8_000);
  });
});
