import type { NewDialog, OperationRef } from '../domain/operation.ts';
import type { Actor } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { UseCaseContext } from './context.ts';
import { StoreUnavailableError } from './errors.ts';
import type { ConfirmationResult, Decision } from './stores.ts';

export interface Confirmation {
  readonly ref: OperationRef;
  readonly by: Actor;
  /** Where the dialog can be replaced from now on: the response_url of the press. */
  readonly dialog: NewDialog | null;
}

/**
 * OK: one atomic step settles the operation, then it becomes a job. A repeat gets the first answer. A job that
 * could not be added is no reason to refuse: the sweep finds it missing.
 */
export async function confirm(
  context: Pick<UseCaseContext, 'operations' | 'jobs' | 'log'>,
  confirmation: Confirmation,
): Promise<ConfirmationResult> {
  const result = await resolve(context, confirmation, 'confirm');
  if (result.kind !== 'refused' && result.operation.state === 'confirmed') {
    await context.jobs.execute(confirmation.ref).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) throw error;
      context.log.warn(logFields(confirmation.ref), 'job not added, left to the sweep');
    });
  }
  return result;
}

/** Cancel: nothing will be changed. */
export async function cancel(
  context: Pick<UseCaseContext, 'operations' | 'log'>,
  confirmation: Confirmation,
): Promise<ConfirmationResult> {
  return resolve(context, confirmation, 'cancel');
}

async function resolve(
  context: Pick<UseCaseContext, 'operations' | 'log'>,
  confirmation: Confirmation,
  decision: Decision,
): Promise<ConfirmationResult> {
  const result = await context.operations.resolve({ ...confirmation, decision });
  const state = result.kind === 'refused' ? result.refusal.code : result.operation.state;
  context.log.info(
    { ...logFields(confirmation.ref), settlement: decision, state, kind: result.kind },
    'operation settled',
  );
  return result;
}

/** Somebody who may not has answered a dialog: kept in the history, as far as the request is known. */
export async function recordRefusedConfirmation(
  context: Pick<UseCaseContext, 'operations' | 'auditLog' | 'log'>,
  {
    ref,
    ...refused
  }: { readonly ref: OperationRef; readonly by: Actor; readonly channel: string; readonly refusal: Refusal },
): Promise<void> {
  try {
    const operation = await context.operations.read(ref);
    if (operation === null) return;
    const { action, reason, origin } = operation;
    await context.auditLog.recordRefusal(ref.project, { action, reason, origin, ...refused });
  } catch (error) {
    context.log.warn({ ...logFields(ref), error, code: refused.refusal.code }, 'refusal not kept in the history');
  }
}

function logFields({ project, operation }: OperationRef) {
  return { project, operationId: operation };
}
