import type { Deps } from './deps.ts';

export interface RoundOptions {
  /** How often rounds are to be, ms. */
  readonly everyMs: number;
  /** A round that takes longer is given up at its next step, ms; the following one begins anew. */
  readonly withinMs: number;
}

/**
 * One round over all projects. With so many links that it takes long it is followed by a rest of the same length: looking
 * takes at most half of the time of whatever is looked at.
 */
export async function round(
  deps: Deps,
  { everyMs, withinMs }: RoundOptions,
  work: (deps: Deps) => Promise<void>,
): Promise<void> {
  const beganAt = deps.clock.elapsed();
  const over = new AbortController();
  const end = () => over.abort();
  const timer = setTimeout(end, withinMs);
  deps.stopping.addEventListener('abort', end);
  try {
    if (deps.stopping.aborted) end();
    await work({ ...deps, stopping: over.signal });
  } finally {
    clearTimeout(timer);
    deps.stopping.removeEventListener('abort', end);
    const tookMs = deps.clock.elapsed() - beganAt;
    if (tookMs > everyMs / 2) await deps.clock.sleep(tookMs, deps.stopping);
  }
}
