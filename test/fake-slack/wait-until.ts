import { type EventEmitter, once } from 'node:events';

export interface WaitUntilOptions {
  readonly timeoutMs?: number;
  /** What is waited for, in words, for the failing test. */
  readonly description?: string;
}

export type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>;

interface Wait<T> {
  readonly condition: () => T | Promise<T>;
  readonly options: WaitUntilOptions;
  readonly describe: () => string;
  /** Emits `change` whenever the condition may have changed. */
  readonly events: EventEmitter;
}

/** The condition may hang on more than the fake (Redis, the app itself), so it is looked at again at least this often. */
const POLL_INTERVAL_MS = 20;

export async function waitUntil<T>(wait: Wait<T>): Promise<Truthy<T>> {
  const timeoutMs = wait.options.timeoutMs ?? 10_000;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const result = await evaluate(wait.condition);
    if (result.value) return result.value as Truthy<T>;
    if (performance.now() > deadline) throw timeoutError(wait, timeoutMs, result.error);
    await waitForChangeOrPoll(wait.events);
  }
}

async function evaluate<T>(condition: () => T | Promise<T>): Promise<{ value?: T; error?: unknown }> {
  try {
    return { value: await condition() };
  } catch (error) {
    return { error };
  }
}

async function waitForChangeOrPoll(events: EventEmitter): Promise<void> {
  try {
    await once(events, 'change', { signal: AbortSignal.timeout(POLL_INTERVAL_MS) });
  } catch {
    // The tick came first: look again.
  }
}

function timeoutError<T>(wait: Wait<T>, timeoutMs: number, cause: unknown): Error {
  const description = wait.options.description ?? wait.condition.toString();
  const lastError = cause === undefined ? '' : `\nLast error: ${String(cause)}`;
  return new Error(`Waited ${timeoutMs} ms in vain for: ${description}${lastError}\n\n${wait.describe()}`, { cause });
}
