import { type ActionRequest, recordRefusal, requestAction } from '../../application/request.ts';
import type { OperationKind } from '../../domain/project.ts';
import type { SlackRequest } from '../contract.ts';
import { buildConfirmation } from '../views/confirmation.ts';
import { type ListenerContext, respond, respondWithRefusal } from './desk.ts';

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
  const now = await deps.store.now();
  await respond(context, request, buildConfirmation({ operation, project: result.project, stats: stats, format, now }));
}
