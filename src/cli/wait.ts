import type { Deps } from '../application/deps.ts';
import { StoreUnavailable } from '../application/faults.ts';
import type { OperationRef } from '../application/ports.ts';
import { isOpen, type Operation } from '../domain/operation.ts';

export type Ended =
  | { readonly kind: 'over'; readonly operation: Operation }
  /** Not over within the time, or nobody waits any longer. Null: nothing could be read. */
  | { readonly kind: 'open'; readonly operation: Operation | null }
  /** There is no record of it (any more). */
  | { readonly kind: 'unknown' };

const pollMs = 100;

/** Reads an operation until it is over, the time is up or the signal is aborted. A Redis that is away is waited for. */
export async function waitForEnd(
  deps: Pick<Deps, 'store' | 'clock'>,
  { ref, giveUpAt, signal }: { readonly ref: OperationRef; readonly giveUpAt: number; readonly signal: AbortSignal },
): Promise<Ended> {
  for (let last: Operation | null = null; ; ) {
    const read: Operation | null | 'away' = await deps.store.readOperation(ref).catch(away);
    if (read === null) return { kind: 'unknown' };
    if (read !== 'away') {
      if (!isOpen(read)) return { kind: 'over', operation: read };
      last = read;
    }
    const leftMs = giveUpAt - deps.clock.now();
    if (leftMs <= 0 || signal.aborted) return { kind: 'open', operation: last };
    await deps.clock.sleep(Math.min(pollMs, leftMs), signal);
  }
}

function away(error: unknown): 'away' {
  if (error instanceof StoreUnavailable) return 'away';
  throw error;
}
