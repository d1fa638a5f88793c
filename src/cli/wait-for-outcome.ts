import type { UseCaseContext } from '../application/context.ts';
import { StoreUnavailableError } from '../application/errors.ts';
import { isOpen, type OperationRef } from '../domain/operation.ts';
import type { OutcomeFacts } from '../messages/facts.ts';

/** An operation and its project as they were read. */
export type OperationSnapshot = Omit<OutcomeFacts, 'format'>;

export type WaitResult =
  | { readonly kind: 'over'; readonly snapshot: OperationSnapshot }
  /** Not over within the time, or nobody waits any longer. Null: nothing could be read. */
  | { readonly kind: 'open'; readonly snapshot: OperationSnapshot | null }
  /** There is no record of it (any more). */
  | { readonly kind: 'unknown' };

const pollIntervalMs = 100;

/** Reads an operation until it is over, the time is up or the signal is aborted. A Redis that is away is waited for. */
export async function waitForOutcome(
  useCaseContext: Pick<UseCaseContext, 'projects' | 'operations' | 'serverClock' | 'clock'>,
  {
    ref,
    deadlineAt,
    signal,
  }: { readonly ref: OperationRef; readonly deadlineAt: number; readonly signal: AbortSignal },
): Promise<WaitResult> {
  for (let lastSnapshot: OperationSnapshot | null = null; ; ) {
    const current: OperationSnapshot | null | 'away' = await readSnapshot(useCaseContext, ref).catch(toUnavailable);
    if (current === null) return { kind: 'unknown' };
    if (current !== 'away') {
      if (!isOpen(current.operation)) return { kind: 'over', snapshot: current };
      lastSnapshot = current;
    }
    const remainingMs = deadlineAt - useCaseContext.clock.now();
    if (remainingMs <= 0 || signal.aborted) return { kind: 'open', snapshot: lastSnapshot };
    await useCaseContext.clock.sleep(Math.min(pollIntervalMs, remainingMs), signal);
  }
}

async function readSnapshot(
  context: Pick<UseCaseContext, 'projects' | 'operations' | 'serverClock'>,
  ref: OperationRef,
): Promise<OperationSnapshot | null> {
  const operation = await context.operations.read(ref);
  if (operation === null) return null;
  const [project, now] = await Promise.all([context.projects.read(ref.project), context.serverClock.now()]);
  return { operation, project, now };
}

function toUnavailable(error: unknown): 'away' {
  if (error instanceof StoreUnavailableError) return 'away';
  throw error;
}
