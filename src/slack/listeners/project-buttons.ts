import { pressAlerts } from '../../application/acknowledge-alerts.ts';
import { decideWait } from '../../application/catch-up.ts';
import { keepPaused } from '../../application/keep-paused.ts';
import { extendPause } from '../../application/pause-end.ts';
import { actionIds, readAlertPress, readOperationKind } from '../action-ids.ts';
import {
  readAlertButton,
  readFilterValue,
  readHistoryQuery,
  readLinksQuery,
  readListQuery,
  readOperationRef,
  readPauseEnd,
  readProjectId,
} from '../button-values.ts';
import type { BlockAction } from '../requests.ts';
import { requestConfirmation } from './confirmation.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';
import { showDetails, showHistoryPage, showLinkPage, showList } from './queries.ts';

/** A press of Start, Pause, Restore, Re-apply or Adopt requests that operation. */
export async function onRequestAction(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const action = readOperationKind(press.actionId);
  const project = readProjectId(press.value);
  if (action === null || project === null) return onOutdatedButton(context);
  return requestConfirmation(context, press, { action, project, reason: null });
}

/** Keep Paused answers the reminder of a pause. The alert notifier shows that in its message. */
export async function onKeepPaused(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const project = readProjectId(press.value);
  if (project === null) return onOutdatedButton(context);
  const refusal = await context.authorizer.authorizeRequest(press);
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  const result = await keepPaused(context, { project, by: press.user });
  return result.kind === 'refused' ? { ...result, kind: 'refusal', command: null } : { kind: 'notified' };
}

/** Extend 1 h moves the end of a pause. The notifiers show that in their messages. */
export async function onExtendPause(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const end = readPauseEnd(press.value);
  if (end === null) return onOutdatedButton(context);
  const refusal = await context.authorizer.authorizeRequest(press);
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  const { project, until: expected } = end;
  const result = await extendPause(context, { project, by: press.user, expected, duration: buttonExtension });
  return result.kind === 'refused' ? { ...result, kind: 'refusal', command: null } : { kind: 'notified' };
}

/** By how long the button extends a pause. */
const buttonExtension = '1h';

/** Pause Now and Cancel, of a pause that waits until its project has caught up. The notifier shows that in its message. */
export async function onWaitPress(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const ref = readOperationRef(press.value);
  if (ref === null) return onOutdatedButton(context);
  const refusal = await context.authorizer.authorizeRequest(press);
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  const event = press.actionId === actionIds.wait.cancel ? 'cancel' : 'pause_now';
  const result = await decideWait(context, { ref, by: press.user, event });
  return result.kind === 'refused' ? { ...result, kind: 'refusal', command: null } : { kind: 'notified' };
}

/** Keep Paused removes the end of a pause. The notifiers show that in their messages. */
export async function onKeepPausedBeyondEnd(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const end = readPauseEnd(press.value);
  if (end === null) return onOutdatedButton(context);
  const refusal = await context.authorizer.authorizeRequest(press);
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  const result = await keepPaused(context, { project: end.project, by: press.user, expectedEnd: end.until });
  return result.kind === 'refused' ? { ...result, kind: 'refusal', command: null } : { kind: 'notified' };
}

/**
 * I've Got It, Snooze 1 h and Take Over / Give Back. The alert notifier shows that in the message of the alert. The answer to a press in
 * `show` is the same with the new buttons.
 */
export async function onAlertPress(context: ListenerContext, request: BlockAction): Promise<ListenerResult> {
  const [press, value] = [readAlertPress(request.actionId), readAlertButton(request.value)];
  if (press === null || value === null) return onOutdatedButton(context);
  const refusal = await context.authorizer.authorizeRequest(request);
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  const result = await pressAlerts(context, { press, ...value, by: request.user });
  if (result.kind === 'refused') return { ...result, kind: 'refusal', command: null };
  if (!('project' in value.target)) return { kind: 'notified' };
  const shown = await showDetails(context, request, value.target.project);
  return shown.kind === 'message' ? { ...shown, mode: 'replace' } : shown;
}

/** Show: the same as `show <project>`. */
export async function onShow(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const project = readProjectId(press.value);
  return project === null ? onOutdatedButton(context) : showDetails(context, press, project);
}

/** Next and Previous replace the list by another page. */
export async function onPage(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const query = readListQuery(press.value);
  if (query === null) return onOutdatedButton(context);
  const result = await showList(context, press, query);
  return result.kind === 'message' ? { ...result, mode: 'replace' } : result;
}

/** Another choice in a menu of the list replaces the list by its first page with this filter. */
export async function onFilter(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const filter = readFilterValue(press.value);
  if (filter === null) return onOutdatedButton(context);
  const result = await showList(context, press, { page: 0, filter });
  return result.kind === 'message' ? { ...result, mode: 'replace' } : result;
}

/** All Links answers with the first page of the links of a project. */
export async function onAllLinks(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const query = readLinksQuery(press.value);
  return query === null ? onOutdatedButton(context) : showLinkPage(context, query);
}

/** Next and Previous replace the page of links by another one. */
export async function onLinksPage(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const result = await onAllLinks(context, press);
  return result.kind === 'message' && readLinksQuery(press.value) !== null ? { ...result, mode: 'replace' } : result;
}

/** Older and Newest replace the history by another page. */
export async function onHistoryPage(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const query = readHistoryQuery(press.value);
  if (query === null) return onOutdatedButton(context);
  const result = await showHistoryPage(context, press, query);
  return result.kind === 'message' ? { ...result, mode: 'replace' } : result;
}
