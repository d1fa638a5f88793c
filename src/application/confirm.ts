import type { NewDialog, OperationRef } from '../domain/operation.ts';
import type { Actor } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { UseCaseContext } from './context.ts';
import { StoreUnavailableError } from './errors.ts';
import type { ConfirmationResult, Decision } from './operation-store.ts';

export interface Confirmation {
  readonly ref: OperationRef;
  readonly by: Actor;
  /** Where the dialog can be replaced from now on: the `response_url` of the press. Null from the command line. */
  readonly dialog: NewDialog | null;
}

/**
 * OK: resolves the operation in one atomic step, then adds its job. A repeated call gets the first result. If the job cannot
 * be added, the operation stays confirmed and the sweep adds the job. Throws `StoreUnavailableError` if the operation could
 * not be resolved.
 */
export async function confirm(
  context: Pick<UseCaseContext, 'operations' | 'jobs' | 'log'>,
  confirmation: Confirmation,
): Promise<ConfirmationResult> {
  const result = await resolve(context, confirmation, 'confirm');
  if (result.kind !== 'refused' && result.operation.state === 'confirmed') {
    await context.jobs.execute(confirmation.ref).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) throw error;
      context.log.warn(logFields(confirmation.ref), 'job not added, the sweep will add it');
    });
  }
  return result;
}

/** Cancel: resolves the operation, and nothing is changed. Throws `StoreUnavailableError`. */
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
  const { ref, by } = confirmation;
  context.log.info({ ...logFields(ref), by, decision, state, kind: result.kind }, 'operation resolved');
  return result;
}

export interface RefusedConfirmation {
  readonly ref: OperationRef;
  readonly by: Actor;
  /** The Slack channel of the press. Null in the Home tab. */
  readonly channel: string | null;
  readonly refusal: Refusal;
}

/** Writes to the audit log that a person without permission pressed OK or Cancel. Never throws. */
export async function recordRefusedConfirmation(
  { operations, auditLog, log }: Pick<UseCaseContext, 'operations' | 'auditLog' | 'log'>,
  { ref, ...refused }: RefusedConfirmation,
): Promise<void> {
  try {
    const operation = await operations.read(ref);
    if (operation === null) return;
    const { action, reason, origin } = operation;
    await auditLog.recordRefusal(ref.project, { action, reason, origin, ...refused });
  } catch (error) {
    log.warn({ ...logFields(ref), error, code: refused.refusal.code }, 'refusal not written to the history');
  }
}

function logFields({ project, operation }: OperationRef) {
  return { project, operationId: operation };
}
