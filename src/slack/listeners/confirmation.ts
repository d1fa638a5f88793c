import { checkClaim } from '../../application/check-claim.ts';
import { cancel, confirm, recordRefusedConfirmation } from '../../application/confirm.ts';
import { StoreUnavailableError } from '../../application/errors.ts';
import { updateHomes } from '../../application/home.ts';
import {
  type ActionRequest,
  type RequestedOperation,
  readDialog,
  recordRefusal,
  requestAction,
} from '../../application/request-action.ts';
import type { TaskSelection } from '../../application/select-tasks.ts';
import { isAction, type OperationKind } from '../../domain/lifecycle.ts';
import { claimNoticeMs, type Operation, type OperationRef } from '../../domain/operation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { messages } from '../../messages/catalog.ts';
import { readOperationRef } from '../button-values.ts';
import type { LimitWords } from '../commands/command.ts';
import { suggestProjects } from '../commands/suggestions.ts';
import { conditionsOf } from '../commands/when-caught-up.ts';
import type { ConfirmationPress } from '../modal-requests.ts';
import { dialogOf } from '../notifier/dialog.ts';
import type { BlockAction, SlackRequest } from '../requests.ts';
import { messageWithSuggestions, textMessage } from '../views/blocks.ts';
import { buildConfirmation, buildConfirmationPage } from '../views/confirmation.ts';
import { buildOutcome } from '../views/outcome.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';
import { pollForAnswer } from './poll-for-answer.ts';

export interface RequestedAction {
  readonly action: OperationKind;
  readonly project: string;
  readonly reason: string | null;
  readonly limit?: LimitWords | undefined;
  readonly whenCaughtUp?: boolean | undefined;
  readonly tasks?: TaskSelection;
}

/**
 * Authorizes the requester, requests the operation and returns its confirmation dialog. Only the requester sees the dialog.
 *
 * The operation stores no dialog until OK or Cancel is pressed: the response_url of a slash command cannot replace a message
 * (slackapi/bolt-js#2287), and that of a button in a list would replace the list. So a superseded dialog stays visible; its
 * buttons answer that it was superseded.
 */
export async function requestConfirmation(
  context: ListenerContext,
  request: SlackRequest,
  { action, project, reason, limit, whenCaughtUp = false, tasks }: RequestedAction,
): Promise<ListenerResult> {
  const { user: by, channel, threadTs } = request;
  const actionRequest: ActionRequest = {
    action,
    project,
    reason,
    by,
    channel,
    threadTs,
    origin: 'slack',
    whenCaughtUp,
    ...(limit === undefined ? {} : { limit: { ...limit, timeZone: await readTimeZone(context, by, limit) } }),
    ...(tasks === undefined ? {} : { tasks }),
  };
  // Re-apply, Adopt and Retry have no command that the refusal could suggest.
  const command = {
    verb: isAction(action) ? action : ('show' as const),
    reason,
    limit: conditionsOf({ limit, whenCaughtUp }),
  };
  const refusal = await context.authorizer.authorizeRequest(request);
  if (refusal !== null) {
    return { kind: 'refusal', refusal, command, record: () => recordRefusal(context, actionRequest, refusal) };
  }
  const result = await requestAction(context, actionRequest);
  if (result.kind === 'refused') return { kind: 'refusal', refusal: result.refusal, command };
  return { ...(await answerWithDialog(context, request, result)), followUp: () => updateHomesLater(context) };
}

async function answerWithDialog(
  { format, serverClock }: ListenerContext,
  request: SlackRequest,
  requested: RequestedOperation,
) {
  const view = { ...requested, format, now: await serverClock.now() };
  return { kind: 'message', message: buildConfirmation(view), page: buildConfirmationPage(view, request) } as const;
}

/** A duration needs no time zone. */
export async function readTimeZone(context: ListenerContext, user: string, { word }: LimitWords): Promise<string> {
  return word === 'for' ? 'UTC' : context.readTimeZone(user);
}

/** The person's Home shows the open dialog. */
export async function updateHomesLater(context: ListenerContext): Promise<ListenerResult> {
  await updateHomes(context);
  return { kind: 'notified' };
}

/** Show Dialog: the open dialog of this person again, or what became of it. */
export async function onShowDialog(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const ref = readOperationRef(press.value);
  if (ref === null) return onOutdatedButton(context);
  const { format } = context;
  const refusal = await context.authorizer.authorizeRequest(press);
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  const dialog = await readDialog(context, ref, press.user);
  if (dialog.kind === 'refused') return { kind: 'refusal', refusal: dialog.refusal, command: null };
  if (dialog.kind === 'closed') return { kind: 'message', message: buildOutcome({ ...dialog, format }) };
  return answerWithDialog(context, press, dialog);
}

/** OK: authorizes the presser again and confirms the operation. */
export async function onOk(context: ListenerContext, press: ConfirmationPress): Promise<ListenerResult> {
  const ref = readOperationRef(press.value);
  if (ref === null) return onOutdatedButton(context);
  const refusal = await context.authorizer.authorizeRequest(press);
  if (refusal !== null) return refuseConfirmation(context, press, { ref, refusal });
  return resolveOperation(context, press, { ref, resolve: confirm });
}

/** Cancel changes nothing, so the requester may press it without being an operator. */
export async function onCancel(context: ListenerContext, press: ConfirmationPress): Promise<ListenerResult> {
  const ref = readOperationRef(press.value);
  return ref === null ? onOutdatedButton(context) : resolveOperation(context, press, { ref, resolve: cancel });
}

interface Resolution {
  readonly ref: OperationRef;
  readonly resolve: typeof confirm;
}

/** The notifier replaces the dialog: it is the only writer of a resolved dialog, also after a repeated or late press. */
async function resolveOperation(
  context: ListenerContext,
  press: ConfirmationPress,
  { ref, resolve }: Resolution,
): Promise<ListenerResult> {
  const dialog = dialogOf(press);
  try {
    const result = await resolve(context, { ref, by: press.user, dialog });
    if (result.kind === 'refused') return refuseConfirmation(context, press, { ref, refusal: result.refusal });
    await context.notifications.operationChanged(ref);
    const waitsForWorker = result.operation.state === 'confirmed';
    return { kind: 'notified', ...(waitsForWorker ? { followUp: () => checkClaimLater(context, ref) } : {}) };
  } catch (error) {
    if (!(error instanceof StoreUnavailableError) || error.sent === 'no') throw error;
    context.log.warn({ error: serializeError(error) }, 'reply to a button press lost');
    const message = textMessage(messages.requestFailures.checkingOutcome);
    return { kind: 'message', message, followUp: () => pollForResult(context, press, ref) };
  }
}

/** Checks the claim when the notice is due. If this process stops before, the sweep of another one does it. Never throws. */
async function checkClaimLater(context: ListenerContext, ref: OperationRef): Promise<void> {
  const { clock, stopSignal, log } = context;
  await clock.sleep(claimNoticeMs, stopSignal);
  if (stopSignal.aborted) return;
  try {
    await checkClaim(context, ref);
  } catch (error) {
    log.warn({ error: serializeError(error) }, 'claim not checked, the sweep will check it');
  }
}

interface ConfirmationRefusal {
  readonly ref: OperationRef;
  readonly refusal: Refusal;
}

/** The dialog of an operation without a record is replaced here: the notifier cannot replace it. */
function refuseConfirmation(
  context: ListenerContext,
  { user, channel }: ConfirmationPress,
  { ref, refusal }: ConfirmationRefusal,
): ListenerResult {
  if (refusal.code === 'unknown_operation') return { kind: 'refusal', refusal, command: null, mode: 'replace' };
  const record = () => recordRefusedConfirmation(context, { ref, by: user, channel, refusal });
  return { kind: 'refusal', refusal, command: null, record };
}

/** The reply of Redis to a press was lost. */
function pollForResult(context: ListenerContext, press: ConfirmationPress, ref: OperationRef): Promise<ListenerResult> {
  return pollForAnswer<Operation>(context, {
    read: () => context.operations.read(ref),
    onUnknown: () => refuseConfirmation(context, press, { ref, refusal: { code: 'unknown_operation' } }),
    notify: () => context.notifications.operationChanged(ref),
    outcomeUnknown: () =>
      messageWithSuggestions(
        messages.requestFailures.outcomeUnknown(ref.project, context.format),
        suggestProjects('show', [ref.project]),
      ),
  });
}
