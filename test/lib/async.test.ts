import { describe, expect, it } from 'vitest';
import { forEachIsolated, toChunks, withTimeout } from '../../src/lib/async.ts';

describe('withTimeout', () => {
  it('returns the value or the error of a promise that settles in time', async () => {
    const error = new Error('no');
    expect(await withTimeout(Promise.resolve(1), 60_000)).toEqual({ kind: 'resolved', value: 1 });
    expect(await withTimeout(Promise.reject(error), 60_000)).toEqual({ kind: 'rejected', error });
  });

  it('times out when the promise does not settle', async () => {
    expect(await withTimeout(new Promise(() => {}), 1)).toEqual({ kind: 'timed_out' });
  });
});

describe('forEachIsolated', () => {
  it('works on every item although one fails, and reports its error', async () => {
    const done: number[] = [];
    const failed: unknown[] = [];
    const work = async (item: number) => {
      if (item === 2) throw new Error('no');
      done.push(item);
    };
    await forEachIsolated([1, 2, 3], { work, onError: (error, item) => failed.push([String(error), item]) });
    expect({ done, failed }).toEqual({ done: [1, 3], failed: [['Error: no', 2]] });
  });

  it('rejects with what onError throws', async () => {
    const rethrow = (error: unknown) => {
      throw error;
    };
    const failing = forEachIsolated([1], { work: () => Promise.reject(new Error('no')), onError: rethrow });
    await expect(failing).rejects.toThrow('no');
  });
});

it('toChunks keeps the order, and the last chunk may be smaller', () => {
  expect(toChunks([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(toChunks([], 2)).toEqual([]);
});
