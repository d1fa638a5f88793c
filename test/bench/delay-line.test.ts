import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { delayLine } from '../../bench/delay-line.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

it('hands each chunk on after the delay, counted from when it came', () => {
  const forwarded: string[] = [];
  const push = delayLine<string>(5, (chunk) => void forwarded.push(`${chunk} at ${performance.now() - start}`));
  const start = performance.now();
  push('first');
  push('with it');
  vi.advanceTimersByTime(3);
  push('3 ms later');
  vi.advanceTimersByTime(20);
  push('when all are gone');
  vi.advanceTimersByTime(20);
  expect(forwarded).toEqual(['first at 5', 'with it at 5', '3 ms later at 8', 'when all are gone at 28']);
});

it('delays a thousand chunks as long as one: it does not throttle', () => {
  let forwarded = 0;
  const push = delayLine<number>(5, (chunk) => {
    expect(chunk).toBe(forwarded);
    forwarded += 1;
  });
  for (let index = 0; index < 1_000; index++) push(index);
  vi.advanceTimersByTime(4);
  expect(forwarded).toBe(0);
  vi.advanceTimersByTime(1);
  expect(forwarded).toBe(1_000);
});
