import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { delayLine } from './delay-line.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

it('a delay line forwards each item after the delay, counted from its arrival', () => {
  const forwarded: string[] = [];
  const start = performance.now();
  const push = delayLine<string>(
    () => 5,
    (item) => void forwarded.push(`${item} at ${performance.now() - start}`),
  );
  push('first');
  push('together with first');
  vi.advanceTimersByTime(3);
  push('3 ms later');
  vi.advanceTimersByTime(20);
  push('after a pause');
  vi.advanceTimersByTime(20);
  expect(forwarded).toEqual(['first at 5', 'together with first at 5', '3 ms later at 8', 'after a pause at 28']);
});

it('a delay line delays a thousand items as long as one', () => {
  let forwardedCount = 0;
  const push = delayLine<number>(
    () => 5,
    (item) => {
      expect(item).toBe(forwardedCount);
      forwardedCount += 1;
    },
  );
  for (let item = 0; item < 1_000; item++) push(item);
  vi.advanceTimersByTime(4);
  expect(forwardedCount).toBe(0);
  vi.advanceTimersByTime(1);
  expect(forwardedCount).toBe(1_000);
});

it('a delay line keeps the order when the delay becomes shorter', () => {
  const forwarded: string[] = [];
  let delayMs = 5;
  const push = delayLine<string>(
    () => delayMs,
    (item) => void forwarded.push(item),
  );
  push('slow');
  delayMs = 0;
  push('fast');
  expect(forwarded).toEqual([]);
  vi.advanceTimersByTime(5);
  expect(forwarded).toEqual(['slow', 'fast']);
  push('without delay');
  expect(forwarded).toEqual(['slow', 'fast', 'without delay']);
});
