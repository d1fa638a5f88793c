import { cancel, confirm, recordRefusedConfirmation } from '../../application/confirm.ts';
import { StoreUnavailableError } from '../../application/errors.ts';
import { type ActionRequest, recordRefusal, requestAction } from '../../application/request.ts';
import type { OperationKind } from '../../domain/lifecycle.ts';
import type { NewDialog, OperationRef } from '../../domain/operation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { messages } from '../../messages/catalog.ts';
import type { TextContext } from '../../messages/format.ts';
import { type BlockAction, readOperationRef, type SlackRequest } from '../contract.ts';
import { responseUrlLifetimeMs, responseUrlMaxUses } from '../notifier/response-url.ts';
import { textMessage } from '../views/blocks.ts';
import { buildConfirmation } from '../views/confirmation.ts';
import { buildRefusal } from '../views/refusal.ts';
import {
  isFirstDelivery,
  type ListenerContext,
  respond,
  respondOutdatedButton,
  respondWithRefusal,
} from './listener.ts';

export interface RequestedAction {
  readonly action: OperationKind;
  readonly project: string;
  readonly reason: string | null;
}

/**
 * Start, Pause or Restore, typed or pressed: the requester alone sees what would happen, with OK and Cancel.
 * The operation has no dialog that could be replaced until OK or Cancel is pressed: the response_url of a command replaces
 * nothing (slackapi/bolt-js#2287), and that of a press in a list would replace the list. So an older dialog that this one
 * supersedes stays as it is; its buttons answer truly.
 */
export async function showConfirmation(
  context: ListenerContext,
  request: SlackRequest,
  { action, project, reason }: RequestedAction,
): Promise<void> {
  const { deps, format } = context;
  const actionRequest: ActionRequest = {
    action,
    project,
    reason,
    by: request.user,
    origin: 'slack',
    channel: request.channel,
  };
  const refusal = await context.authorizer.authorizeRequest(request);
  if (refusal !== null) {
    await respondWithRefusal(context, request, refusal, action);
    return recordRefusal(deps, actionRequest, refusal);
  }
  const result = await requestAction(deps, actionRequest);
  if (result.kind === 'refused') return respondWithRefusal(context, request, result.refusal, action);
  const { operation, stats } = result;
  const now = await deps.serverClock.now();
  await respond(context, request, buildConfirmation({ operation, project: result.project, stats: stats, format, now }));
}

const pollIntervalMs = 2_000;
const pollTimeoutMs = 2 * 60_000;

/**
 * OK: who may is decided again, then one atomic step settles the operation. The teller shows how it stands in
 * the pressed dialog: it is the one writer of it, so a repeated or late press is answered there too. That step knows the same
 * press when it is delivered twice, so nothing is asked before it.
 */
export async function onOk(context: ListenerContext, press: BlockAction): Promise<void> {
  const ref = readOperationRef(press.value);
  if (ref === null) return respondOutdatedButton(context, press);
  const refusal = await context.authorizer.authorizeRequest(press);
  if (refusal !== null) return refuseConfirmation(context, press, { ref, refusal });
  await resolveOperation(context, press, ref, confirm);
}

/** Cancel: nothing is changed by it, so whoever asked may always press it. */
export async function onCancel(context: ListenerContext, press: BlockAction): Promise<void> {
  const ref = readOperationRef(press.value);
  if (ref === null) return respondOutdatedButton(context, press);
  await resolveOperation(context, press, ref, cancel);
}

type Resolve = typeof confirm;

async function resolveOperation(
  context: ListenerContext,
  press: BlockAction,
  ref: OperationRef,
  resolve: Resolve,
): Promise<void> {
  const { deps } = context;
  const dialog: NewDialog = { url: press.responseUrl, lifetimeMs: responseUrlLifetimeMs, usesLeft: responseUrlMaxUses };
  try {
    const result = await resolve(deps, { ref, by: press.user, dialog });
    if (result.kind === 'refused') return await refuseConfirmation(context, press, { ref, refusal: result.refusal });
    await deps.notifications.operationChanged(ref);
  } catch (error) {
    if (!(error instanceof StoreUnavailableError) || error.sent === 'no') throw error;
    deps.log.warn(
      { project: ref.project, operationId: ref.operation, error: serializeError(error) },
      'reply to a press lost',
    );
    await pollForOutcome(context, press, ref);
  }
}

interface RefusedConfirmation {
  readonly ref: OperationRef;
  readonly refusal: Refusal;
}

/** A dialog of a forgotten request is replaced, since nobody else will; other refusals stand below it, and in the history. */
async function refuseConfirmation(
  context: ListenerContext,
  press: BlockAction,
  { ref, refusal }: RefusedConfirmation,
): Promise<void> {
  if (!(await isFirstDelivery(context, press))) return;
  if (refusal.code !== 'unknown_operation') {
    await respondWithRefusal(context, press, refusal);
    return recordRefusedConfirmation(context.deps, { ref, by: press.user, channel: press.channel, refusal });
  }
  context.onRefusal?.(refusal.code);
  const viewContext: TextContext = { format: context.format, now: await context.deps.serverClock.now() };
  await respond(context, press, buildRefusal({ refusal, verb: null, ...viewContext }), 'replace');
}

/** Redis took the press, or did not: its reply was lost. Asks by id until it is known. */
async function pollForOutcome(context: ListenerContext, press: BlockAction, ref: OperationRef): Promise<void> {
  const { clock, operations, notifications } = context.deps;
  await respond(context, press, textMessage(messages.notices.checkingOutcome));
  const deadline = clock.now() + pollTimeoutMs;
  while (clock.now() < deadline && !context.stopSignal.aborted) {
    await clock.sleep(pollIntervalMs, context.stopSignal);
    const operation = await readIfAvailable(() => operations.read(ref));
    if (operation === 'not known') continue;
    if (operation === null) return refuseConfirmation(context, press, { ref, refusal: { code: 'unknown_operation' } });
    if (operation.state === 'requested') return respond(context, press, textMessage(messages.notices.storeUnavailable));
    return notifications.operationChanged(ref);
  }
  await respond(context, press, textMessage(messages.notices.outcomeUnknown(ref.project, context.format)));
}

async function readIfAvailable<T>(read: () => Promise<T>): Promise<T | 'not known'> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StoreUnavailableError) return 'not known';
    throw error;
  }
}
