import type { Project } from '../domain/project.ts';
import type { UseCaseContext } from './context.ts';
import { StoreUnavailableError } from './errors.ts';

export interface CycleOptions {
  /** How often rounds are to be, ms. */
  readonly intervalMs: number;
  /** A round that takes longer is given up at its next step, ms; the following one begins anew. */
  readonly timeoutMs: number;
}

/**
 * One round over all projects. With so many links that it takes long it is followed by a rest of the same length: looking
 * takes at most half of the time of whatever is looked at.
 */
export async function runCycle(
  context: UseCaseContext,
  { intervalMs, timeoutMs }: CycleOptions,
  work: (context: UseCaseContext) => Promise<void>,
): Promise<void> {
  const startedAt = context.clock.monotonicNow();
  const timeout = new AbortController();
  const abort = () => timeout.abort();
  const timer = setTimeout(abort, timeoutMs);
  context.stopSignal.addEventListener('abort', abort);
  try {
    if (context.stopSignal.aborted) abort();
    await work({ ...context, stopSignal: timeout.signal });
  } finally {
    clearTimeout(timer);
    context.stopSignal.removeEventListener('abort', abort);
    const tookMs = context.clock.monotonicNow() - startedAt;
    if (tookMs > intervalMs / 2) await context.clock.sleep(tookMs, context.stopSignal);
  }
}

/** Does the work for each project at once. What goes wrong with one is logged and does not keep the others from theirs. */
export async function forEachIsolated<Item>(
  { log }: Pick<UseCaseContext, 'log'>,
  items: readonly Item[],
  { projectOf, work }: { readonly projectOf: (item: Item) => Project; readonly work: (item: Item) => Promise<void> },
): Promise<void> {
  await Promise.all(
    items.map(async (item) => {
      try {
        await work(item);
      } catch (error) {
        if (error instanceof StoreUnavailableError) throw error;
        log.error({ project: projectOf(item).id, error }, 'round left a project out');
      }
    }),
  );
}
