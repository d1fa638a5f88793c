import { type EventEmitter, once } from 'node:events';

export interface WaitOptions {
  readonly timeoutMs?: number;
  /** What is waited for, in words, for the failing test. */
  readonly what?: string;
}

export type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>;

interface Wait<T> {
  readonly condition: () => T | Promise<T>;
  readonly options: WaitOptions;
  readonly describe: () => string;
  /** Emits `change` whenever the condition may have changed. */
  readonly events: EventEmitter;
}

/** The condition may hang on more than the fake (Redis, the app itself), so it is looked at again at least this often. */
const LOOK_EVERY_MS = 20;

export async function waitUntil<T>(wait: Wait<T>): Promise<Truthy<T>> {
  const timeoutMs = wait.options.timeoutMs ?? 10_000;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const looked = await look(wait.condition);
    if (looked.value) return looked.value as Truthy<T>;
    if (performance.now() > deadline) throw timedOut(wait, timeoutMs, looked.error);
    await changeOrTick(wait.events);
  }
}

async function look<T>(condition: () => T | Promise<T>): Promise<{ value?: T; error?: unknown }> {
  try {
    return { value: await condition() };
  } catch (error) {
    return { error };
  }
}

async function changeOrTick(events: EventEmitter): Promise<void> {
  try {
    await once(events, 'change', { signal: AbortSignal.timeout(LOOK_EVERY_MS) });
  } catch {
    // The tick came first: look again.
  }
}

function timedOut<T>(wait: Wait<T>, timeoutMs: number, cause: unknown): Error {
  const what = wait.options.what ?? wait.condition.toString();
  const last = cause === undefined ? '' : `\nLast error: ${String(cause)}`;
  return new Error(`Waited ${timeoutMs} ms in vain for: ${what}${last}\n\n${wait.describe()}`, { cause });
}
