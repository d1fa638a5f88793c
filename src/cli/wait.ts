import type { Deps } from '../application/deps.ts';
import { StoreUnavailable } from '../application/faults.ts';
import type { ProjectStore } from '../application/store.ts';
import { isOpen, type OperationRef } from '../domain/operation.ts';
import type { OutcomeFacts } from '../domain/outcome-words.ts';

/** An operation and its project as they were read. */
export type Standing = Omit<OutcomeFacts, 'voice'>;

export type Ended =
  | { readonly kind: 'over'; readonly standing: Standing }
  /** Not over within the time, or nobody waits any longer. Null: nothing could be read. */
  | { readonly kind: 'open'; readonly standing: Standing | null }
  /** There is no record of it (any more). */
  | { readonly kind: 'unknown' };

const pollMs = 100;

/** Reads an operation until it is over, the time is up or the signal is aborted. A Redis that is away is waited for. */
export async function waitForEnd(
  deps: Pick<Deps, 'store' | 'clock'>,
  { ref, giveUpAt, signal }: { readonly ref: OperationRef; readonly giveUpAt: number; readonly signal: AbortSignal },
): Promise<Ended> {
  for (let last: Standing | null = null; ; ) {
    const read: Standing | null | 'away' = await readStanding(deps.store, ref).catch(away);
    if (read === null) return { kind: 'unknown' };
    if (read !== 'away') {
      if (!isOpen(read.operation)) return { kind: 'over', standing: read };
      last = read;
    }
    const leftMs = giveUpAt - deps.clock.now();
    if (leftMs <= 0 || signal.aborted) return { kind: 'open', standing: last };
    await deps.clock.sleep(Math.min(pollMs, leftMs), signal);
  }
}

async function readStanding(store: ProjectStore, ref: OperationRef): Promise<Standing | null> {
  const operation = await store.readOperation(ref);
  if (operation === null) return null;
  const [project, now] = await Promise.all([store.read(ref.project), store.now()]);
  return { operation, project, now };
}

function away(error: unknown): 'away' {
  if (error instanceof StoreUnavailable) return 'away';
  throw error;
}
