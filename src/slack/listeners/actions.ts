import { type BlockAction, readListQuery, readOperationKind, readProjectId } from '../contract.ts';
import { showConfirmation } from './confirmation.ts';
import { type ListenerContext, respondOutdatedButton } from './listener.ts';
import { showDetails, showList } from './queries.ts';

/** Start, Pause, Restore, Re-apply and Adopt in a list or a message: the road of the command, in an answer of its own below. */
export async function onRequestAction(context: ListenerContext, press: BlockAction): Promise<void> {
  const action = readOperationKind(press.actionId);
  const project = readProjectId(press.value);
  if (action === null || project === null) return respondOutdatedButton(context, press);
  await showConfirmation(context, press, { action, project, reason: null });
}

/** Show: the same as `show <project>`. */
export async function onShow(context: ListenerContext, press: BlockAction): Promise<void> {
  const project = readProjectId(press.value);
  if (project === null) return respondOutdatedButton(context, press);
  await showDetails(context, press, project);
}

/** Next and Previous: the list is replaced where it stands. */
export async function onPage(context: ListenerContext, press: BlockAction): Promise<void> {
  const query = readListQuery(press.value);
  if (query === null) return respondOutdatedButton(context, press);
  await showList(context, press, query, 'replace');
}
