import { describe, expect, it } from 'vitest';
import type { UseCaseContext } from '../../src/application/context.ts';
import { runThrottledCycle } from '../../src/application/throttled-cycle.ts';
import { createFakeContext } from '../slack/fake-context.ts';

/** A context with a manual clock that records its sleeps. */
function createClockContext(): { context: UseCaseContext; sleepsMs: number[]; advance(ms: number): void } {
  let now = 0;
  const sleepsMs: number[] = [];
  const clock = { now: () => now, monotonicNow: () => now, sleep: async (ms: number) => void sleepsMs.push(ms) };
  const advance = (ms: number) => {
    now += ms;
  };
  return { context: { ...createFakeContext([]).context, clock }, sleepsMs, advance };
}

describe('a cycle', () => {
  it.each([
    [0, []],
    [2_500, []],
    [2_501, [2_501]],
    [9_000, [9_000]],
  ])('that took %i ms of a 5 s interval is followed by a wait of %j ms', async (durationMs, expectedSleeps) => {
    const { context, sleepsMs, advance } = createClockContext();
    await runThrottledCycle(context, { intervalMs: 5_000, timeoutMs: 60_000 }, async () => advance(durationMs));
    expect(sleepsMs).toEqual(expectedSleeps);
  });

  it('that exceeds its time limit is aborted, and the next cycle waits as long as it took', async () => {
    const { context, sleepsMs, advance } = createClockContext();
    const work = ({ stopSignal }: UseCaseContext) =>
      new Promise<void>((_resolve, reject) => {
        stopSignal.addEventListener('abort', () => {
          advance(60_000);
          reject(new Error('aborted'));
        });
      });
    await expect(runThrottledCycle(context, { intervalMs: 5_000, timeoutMs: 1 }, work)).rejects.toThrow('aborted');
    expect(sleepsMs).toEqual([60_000]);
  });

  it('is aborted when the process stops, also if it stopped before the cycle', async () => {
    const stopping = new AbortController();
    const context = { ...createClockContext().context, stopSignal: stopping.signal };
    const work = async ({ stopSignal }: UseCaseContext) => {
      stopping.abort();
      stopSignal.throwIfAborted();
    };
    const runCycle = () => runThrottledCycle(context, { intervalMs: 1, timeoutMs: 60_000 }, work);
    await expect(runCycle()).rejects.toMatchObject({ name: 'AbortError' });
    await expect(runCycle()).rejects.toMatchObject({ name: 'AbortError' });
  });
});
