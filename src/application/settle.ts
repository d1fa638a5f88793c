import type { FreshDialog, OperationRef } from '../domain/operation.ts';
import type { Actor } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Deps } from './deps.ts';
import { StoreUnavailable } from './faults.ts';
import type { Settled, Settlement } from './operation-store.ts';

export interface Answer {
  readonly ref: OperationRef;
  readonly by: Actor;
  /** Where the dialog can be replaced from now on: the response_url of the press. */
  readonly dialog: FreshDialog | null;
}

/**
 * OK: one atomic step settles the operation, then it becomes a job. A repeat gets the first answer. A job that
 * could not be added is no reason to refuse: the sweep finds it missing.
 */
export async function confirm(deps: Pick<Deps, 'store' | 'queue' | 'log'>, answer: Answer): Promise<Settled> {
  const settled = await settle(deps, answer, 'confirm');
  if (settled.kind !== 'refused' && settled.operation.state === 'confirmed') {
    await deps.queue.execute(answer.ref).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) throw error;
      deps.log.warn(fieldsOf(answer.ref), 'job not added, left to the sweep');
    });
  }
  return settled;
}

/** Cancel: nothing will be changed. */
export async function cancel(deps: Pick<Deps, 'store' | 'log'>, answer: Answer): Promise<Settled> {
  return settle(deps, answer, 'cancel');
}

async function settle(deps: Pick<Deps, 'store' | 'log'>, answer: Answer, settlement: Settlement): Promise<Settled> {
  const settled = await deps.store.settle({ ...answer, settlement });
  const state = settled.kind === 'refused' ? settled.refusal.code : settled.operation.state;
  deps.log.info({ ...fieldsOf(answer.ref), settlement, state, kind: settled.kind }, 'operation settled');
  return settled;
}

/** Somebody who may not has answered a dialog: kept in the history, as far as the request is known. */
export async function noteRefusedAnswer(
  deps: Pick<Deps, 'store' | 'log'>,
  {
    ref,
    ...refused
  }: { readonly ref: OperationRef; readonly by: Actor; readonly channel: string; readonly refusal: Refusal },
): Promise<void> {
  try {
    const operation = await deps.store.readOperation(ref);
    if (operation === null) return;
    const { action, reason, origin } = operation;
    await deps.store.refused(ref.project, { action, reason, origin, ...refused });
  } catch (error) {
    deps.log.warn({ ...fieldsOf(ref), error, code: refused.refusal.code }, 'refusal not kept in the history');
  }
}

function fieldsOf({ project, operation }: OperationRef) {
  return { project, operationId: operation };
}
