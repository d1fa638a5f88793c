import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** What is waited for, for the message of the failure. */
  readonly description?: string;
  readonly timeoutMs?: number;
}

/**
 * Asks about every 10 ms until the answer is truthy, and returns it. A condition that throws counts as not met yet.
 * The limit only ends a wait that would be for ever: it is no statement about how long anything should take.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { description = 'a condition', timeoutMs = 20_000 }: WaitOptions = {},
): Promise<Exclude<T, false | 0 | '' | null | undefined>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const attempt = await evaluate(condition);
    if ('value' in attempt && isTruthy(attempt.value)) return attempt.value;
    if (Date.now() > deadline) {
      const lastResult =
        'value' in attempt ? `last answer: ${JSON.stringify(attempt.value)}` : 'it last threw the cause';
      throw new Error(`Waited ${timeoutMs} ms in vain for ${description} (${lastResult})`, { cause: attempt.error });
    }
    await delay(10);
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

const isTruthy = <T>(value: T): value is Exclude<T, false | 0 | '' | null | undefined> => Boolean(value);
