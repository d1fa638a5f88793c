import {
  type BlockAction,
  readListQuery,
  readOperationKind,
  readProjectId,
  readRequestedProject,
} from '../contract.ts';
import { buildHelp } from '../views/help.ts';
import { requestConfirmation } from './confirmation.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';
import { showDetails, showHistory, showList, showPrecheck } from './queries.ts';

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
  return project === null ? onOutdatedButton(context) : showPrecheck(context, project);
}

/** History: the same as `history <project>`. */
export async function onHistory(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const project = readProjectId(press.value);
  return project === null ? onOutdatedButton(context) : showHistory(context, press, project);
}

/** List: the same as `list`. */
export async function onList(context: ListenerContext): Promise<ListenerResult> {
  return showList(context, { page: 0, filter: '' });
}

/** Help: the same as `help`. */
export async function onHelp({ format }: ListenerContext): Promise<ListenerResult> {
  return { kind: 'message', message: buildHelp(format) };
}

/** Next and Previous replace the list by another page. */
export async function onPage(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const query = readListQuery(press.value);
  if (query === null) return onOutdatedButton(context);
  const result = await showList(context, query);
  return result.kind === 'message' ? { ...result, mode: 'replace' } : result;
}
