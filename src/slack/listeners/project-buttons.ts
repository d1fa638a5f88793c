import { parseCommand } from '../commands/parse.ts';
import {
  type BlockAction,
  readHistoryQuery,
  readListQuery,
  readOperationKind,
  readProjectId,
  readRequestedProject,
} from '../contract.ts';
import { requestConfirmation } from './confirmation.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';
import { showDetails, showHelp, showHistory, showHistoryPage, showList, showPrecheck, showWhoami } from './queries.ts';

/** A press of Start, Pause, Restore, Re-apply or Adopt requests that operation. */
export async function onRequestAction(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const action = readOperationKind(press.actionId);
  const requested = readRequestedProject(press.value);
  if (action === null || requested === null) return onOutdatedButton(context);
  return requestConfirmation(context, press, { action, ...requested });
}

/** Show: the same as `show <project>`. */
export async function onShow(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const project = readProjectId(press.value);
  return project === null ? onOutdatedButton(context) : showDetails(context, press, project);
}

/** Precheck: the same as `precheck <project>`. */
export async function onPrecheck(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const project = readProjectId(press.value);
  return project === null ? onOutdatedButton(context) : showPrecheck(context, press, project);
}

/** History: the same as the command that is its value. */
export async function onHistory(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const command = typeof press.value === 'string' ? parseCommand(press.value) : null;
  return command?.kind === 'history' ? showHistory(context, press, command) : onOutdatedButton(context);
}

/** List: the same as `list`. */
export async function onList(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  return showList(context, press, { page: 0, filter: '' });
}

/** Help: the same as `help`. */
export async function onHelp(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  return showHelp(context, press);
}

/** Whoami: the same as `whoami`. */
export async function onWhoami(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  return showWhoami(context, press);
}

/** Next and Previous replace the list by another page. */
export async function onPage(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const query = readListQuery(press.value);
  if (query === null) return onOutdatedButton(context);
  const result = await showList(context, press, query);
  return result.kind === 'message' ? { ...result, mode: 'replace' } : result;
}

/** Older and Newest replace the history by another page. */
export async function onHistoryPage(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const query = readHistoryQuery(press.value);
  if (query === null) return onOutdatedButton(context);
  const result = await showHistoryPage(context, press, query);
  return result.kind === 'message' ? { ...result, mode: 'replace' } : result;
}
