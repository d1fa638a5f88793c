import type { UseCaseContext } from './context.ts';

export interface CycleOptions {
  /** How often cycles should run, ms. */
  readonly intervalMs: number;
  /** After this time, ms, the cycle's `stopSignal` is aborted: it stops at its next step. */
  readonly timeoutMs: number;
}

/**
 * Runs one cycle over all projects. If it took more than half of the interval, waits as long as it took, so that cycles
 * never use the links' Redis servers more than half of the time. Throws what `work` throws.
 */
export async function runThrottledCycle(
  context: UseCaseContext,
  { intervalMs, timeoutMs }: CycleOptions,
  work: (context: UseCaseContext) => Promise<void>,
): Promise<void> {
  const { clock, stopSignal } = context;
  const startedAt = clock.monotonicNow();
  // In Node 20, each call of `AbortSignal.any` leaks memory at a signal that lives as long as the process
  // (nodejs/node#54614). Use it once no supported version of Node leaks.
  const cycle = new AbortController();
  const abort = () => cycle.abort();
  const timer = setTimeout(abort, timeoutMs);
  stopSignal.addEventListener('abort', abort);
  try {
    if (stopSignal.aborted) abort();
    await work({ ...context, stopSignal: cycle.signal });
  } finally {
    clearTimeout(timer);
    stopSignal.removeEventListener('abort', abort);
    const elapsedMs = clock.monotonicNow() - startedAt;
    if (elapsedMs > intervalMs / 2) await clock.sleep(elapsedMs, stopSignal);
  }
}
