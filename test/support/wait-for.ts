import { type EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** What the test waits for, for the error message. Default: the source of the condition. */
  readonly description?: string;
  readonly timeoutMs?: number;
  /** How long to wait between two checks. Default 10 ms. Longer for a check that takes the processor for milliseconds. */
  readonly intervalMs?: number;
  /** Emits `change` when the condition may have changed, so that it is checked at once. */
  readonly changes?: EventEmitter;
  /** Returns a description of the state, for the error message. */
  readonly describeState?: () => string;
}

export type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>;

const defaultIntervalMs = 10;
const defaultTimeoutMs = 120_000;
/** Bound at import: a test that mocks `performance.now` must not change the deadlines. */
const monotonicNow = performance.now.bind(performance);

/**
 * Checks the condition every `intervalMs` until its value is truthy, and returns the value. A condition that throws is not met
 * yet. The time limit only ends a wait that would never end. It does not assert how long anything takes.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  {
    description = String(condition),
    timeoutMs = defaultTimeoutMs,
    intervalMs = defaultIntervalMs,
    changes,
    describeState,
  }: WaitOptions = {},
): Promise<Truthy<T>> {
  const deadline = monotonicNow() + timeoutMs;
  for (;;) {
    const attempt = await evaluate(condition);
    if ('value' in attempt && isTruthy(attempt.value)) return attempt.value;
    if (monotonicNow() > deadline) {
      const lastResult = 'value' in attempt ? `last value: ${JSON.stringify(attempt.value)}` : 'it threw the cause';
      const state = describeState === undefined ? '' : `\n\n${describeState()}`;
      const message = `Timed out after ${timeoutMs} ms waiting for ${description} (${lastResult})${state}`;
      throw new Error(message, { cause: attempt.error });
    }
    await waitForChange(changes, intervalMs);
  }
}

type Attempt<T> = { readonly value: T; readonly error?: never } | { readonly error: unknown };

async function evaluate<T>(condition: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await condition() };
  } catch (error) {
    return { error };
  }
}

async function waitForChange(changes: EventEmitter | undefined, timeoutMs: number): Promise<void> {
  if (changes === undefined) return delay(timeoutMs);
  await once(changes, 'change', { signal: AbortSignal.timeout(timeoutMs) }).catch(() => {});
}

const isTruthy = <T>(value: T): value is Truthy<T> => Boolean(value);
