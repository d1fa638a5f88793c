import { describe, expect, it } from 'vitest';
import type { UseCaseContext } from '../../src/application/context.ts';
import { runCycle } from '../../src/application/run-cycle.ts';
import { createFakeDeps } from '../slack/fake-deps.ts';

/** Use cases with a clock of their own, and how long they slept. */
function createClockDeps(): { deps: UseCaseContext; sleepsMs: number[]; advance(ms: number): void } {
  let now = 0;
  const sleepsMs: number[] = [];
  const clock = { now: () => now, monotonicNow: () => now, sleep: async (ms: number) => void sleepsMs.push(ms) };
  const advance = (ms: number) => {
    now += ms;
  };
  return { deps: { ...createFakeDeps([]).deps, clock }, sleepsMs, advance };
}

describe('a round', () => {
  it.each([
    [0, []],
    [2_500, []],
    [2_501, [2_501]],
    [9_000, [9_000]],
  ])('that took %i ms of 5 s is followed by a rest of %j', async (durationMs, expectedSleeps) => {
    const { deps, sleepsMs, advance } = createClockDeps();
    await runCycle(deps, { intervalMs: 5_000, timeoutMs: 60_000 }, async () => advance(durationMs));
    expect(sleepsMs).toEqual(expectedSleeps);
  });

  it('that takes too long is told so, and rests as long', async () => {
    const { deps, sleepsMs, advance } = createClockDeps();
    const work = ({ stopSignal }: UseCaseContext) =>
      new Promise<void>((_resolve, reject) => {
        stopSignal.addEventListener('abort', () => {
          advance(60_000);
          reject(new Error('given up'));
        });
      });
    await expect(runCycle(deps, { intervalMs: 5_000, timeoutMs: 1 }, work)).rejects.toThrow('given up');
    expect(sleepsMs).toEqual([60_000]);
  });

  it('ends with the process', async () => {
    const { deps } = createClockDeps();
    const stopping = new AbortController();
    stopping.abort();
    const work = async (deps: UseCaseContext) => deps.stopSignal.throwIfAborted();
    await expect(
      runCycle({ ...deps, stopSignal: stopping.signal }, { intervalMs: 1, timeoutMs: 60_000 }, work),
    ).rejects.toThrow();
  });
});
