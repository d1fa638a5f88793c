import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** Part of the error message. */
  readonly description?: string;
  readonly timeoutMs?: number;
}

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>;

/**
 * Evaluates a condition about every 10 ms until its result is truthy, and returns the result. A condition that throws is
 * evaluated again. The timeout only ends a test that would wait for ever; it does not assert a duration.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { description = 'a condition', timeoutMs = 20_000 }: WaitOptions = {},
): Promise<Truthy<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const attempt = await evaluate(condition);
    if (attempt.kind === 'returned' && isTruthy(attempt.value)) return attempt.value;
    if (Date.now() > deadline) {
      const error = attempt.kind === 'threw' ? attempt.error : undefined;
      const lastResult = attempt.kind === 'threw' ? 'an error' : JSON.stringify(attempt.value);
      const message = `Timed out after ${timeoutMs} ms waiting for ${description} (last result: ${lastResult})`;
      throw new Error(message, { cause: error });
    }
    await delay(10);
  }
}

type Attempt<T> =
  | { readonly kind: 'returned'; readonly value: T }
  | { readonly kind: 'threw'; readonly error: unknown };

const isTruthy = <T>(value: T): value is Truthy<T> => Boolean(value);

async function evaluate<T>(condition: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    return { kind: 'returned', value: await condition() };
  } catch (error) {
    return { kind: 'threw', error };
  }
}
