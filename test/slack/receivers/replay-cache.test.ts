import { expect, it } from 'vitest';
import { ReplayCache } from '../../../src/slack/receivers/replay-cache.ts';

it('what has been here is forgotten when it would be refused as stale anyway, and when there is no room', () => {
  const replayCache = new ReplayCache(3);
  const hasSeen = (signature: string, expiresAt: number, nowSeconds: number) =>
    replayCache.checkAndAdd({ signature, expiresAt }, nowSeconds);
  expect([hasSeen('a', 10, 0), hasSeen('b', 20, 0), hasSeen('a', 10, 0)]).toEqual([false, false, true]);
  expect(hasSeen('c', 30, 11)).toBe(false);
  expect(replayCache.size).toBe(2);
  for (const signature of ['d', 'e', 'f', 'g']) expect(hasSeen(signature, 100, 12)).toBe(false);
  expect(replayCache.size).toBe(3);
  expect([hasSeen('g', 100, 12), hasSeen('e', 100, 12), hasSeen('b', 20, 12)]).toEqual([true, true, false]);
});
