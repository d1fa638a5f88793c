import { expect, test } from 'vitest';
import { backoffMs } from '../../src/lib/retry.ts';

const limits = { initialMs: 250, maxMs: 15_000 };

test('The first attempt has no delay, and each later attempt has twice the delay, up to the maximum.', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1_000].map((attempts) => backoffMs({ attempts, ...limits }))).toEqual([
    0, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000,
  ]);
});

test('Jitter subtracts up to half of the delay.', () => {
  const delaysMs = [0, 0.25, 0.5, 0.999].map((jitter) => backoffMs({ attempts: 3, ...limits, jitter }));
  expect(delaysMs).toEqual([1_000, 875, 750, expect.closeTo(500.5)]);
});

test('The delay is at least the Retry-After of the server, even above the maximum.', () => {
  const delayMs = (attempts: number, retryAfterMs: number) => backoffMs({ attempts, ...limits, retryAfterMs });
  expect([delayMs(0, 1_000), delayMs(1, 1_000), delayMs(9, 1_000), delayMs(9, 60_000)]).toEqual([
    1_000, 1_000, 15_000, 60_000,
  ]);
});
