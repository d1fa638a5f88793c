import { expect, it } from 'vitest';
import { Replays } from '../../src/slack/replays.ts';

it('what has been here is forgotten when it would be refused as stale anyway, and when there is no room', () => {
  const replays = new Replays(3);
  const see = (signature: string, until: number, at: number) => replays.hasSeen({ signature, until }, at);
  expect([see('a', 10, 0), see('b', 20, 0), see('a', 10, 0)]).toEqual([false, false, true]);
  expect(see('c', 30, 11)).toBe(false);
  expect(replays.size).toBe(2);
  for (const signature of ['d', 'e', 'f', 'g']) expect(see(signature, 100, 12)).toBe(false);
  expect(replays.size).toBe(3);
  expect([see('g', 100, 12), see('e', 100, 12), see('b', 20, 12)]).toEqual([true, true, false]);
});
