import { expect, test } from 'vitest';
import { backoffMs, defaultSocketTiming } from '../../../src/slack/receivers/socket-timing.ts';

const maxBackoffMs = (tries: number, retryAfterMs = 0) =>
  backoffMs({ attempts: tries, retryAfterMs, random: 0 }, defaultSocketTiming);

test('the first try comes at once, later ones after twice as long each time, up to 15 s', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1_000].map((tries) => maxBackoffMs(tries))).toEqual([
    0, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000,
  ]);
});

test('chance takes off up to a half, so that bots do not try in step', () => {
  const backoffsMs = [0, 0.25, 0.5, 0.999].map((random) =>
    backoffMs({ attempts: 3, retryAfterMs: 0, random }, defaultSocketTiming),
  );
  expect(backoffsMs).toEqual([1_000, 875, 750, expect.closeTo(500.5)]);
});

test('what Slack asks for is kept, above the cap too', () => {
  expect([maxBackoffMs(0, 1_000), maxBackoffMs(1, 1_000), maxBackoffMs(9, 1_000), maxBackoffMs(9, 60_000)]).toEqual([
    1_000, 1_000, 15_000, 60_000,
  ]);
});
