import { describe, expect, it } from 'vitest';
import type { Deps } from '../../src/application/deps.ts';
import { round } from '../../src/application/round.ts';
import { fakeDeps } from '../slack/fake-deps.ts';

/** Use cases with a clock of their own, and how long they slept. */
function timed(): { deps: Deps; slept: number[]; pass(ms: number): void } {
  let now = 0;
  const slept: number[] = [];
  const clock = { now: () => now, elapsed: () => now, sleep: async (ms: number) => void slept.push(ms) };
  const pass = (ms: number) => {
    now += ms;
  };
  return { deps: { ...fakeDeps([]).deps, clock }, slept, pass };
}

describe('a round', () => {
  it.each([
    [0, []],
    [2_500, []],
    [2_501, [2_501]],
    [9_000, [9_000]],
  ])('that took %i ms of 5 s is followed by a rest of %j', async (tookMs, rests) => {
    const { deps, slept, pass } = timed();
    await round(deps, { everyMs: 5_000, withinMs: 60_000 }, async () => pass(tookMs));
    expect(slept).toEqual(rests);
  });

  it('that takes too long is told so, and rests as long', async () => {
    const { deps, slept, pass } = timed();
    const work = ({ stopping }: Deps) =>
      new Promise<void>((_resolve, reject) => {
        stopping.addEventListener('abort', () => {
          pass(60_000);
          reject(new Error('given up'));
        });
      });
    await expect(round(deps, { everyMs: 5_000, withinMs: 1 }, work)).rejects.toThrow('given up');
    expect(slept).toEqual([60_000]);
  });

  it('ends with the process', async () => {
    const { deps } = timed();
    const stopping = new AbortController();
    stopping.abort();
    const work = async (given: Deps) => given.stopping.throwIfAborted();
    await expect(
      round({ ...deps, stopping: stopping.signal }, { everyMs: 1, withinMs: 60_000 }, work),
    ).rejects.toThrow();
  });
});
