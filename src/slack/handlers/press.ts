import { type HeardPress, readAskedDeed, readPage, readProjectId } from '../contract.ts';
import { sayConfirmation } from './ask.ts';
import type { Desk } from './desk.ts';
import { sayList, sayShow } from './look.ts';
import { sayStale } from './stale.ts';

/** Start, Pause, Restore, Re-apply and Adopt in a list or a message: the road of the command, in an answer of its own below. */
export async function onAsk(desk: Desk, heard: HeardPress): Promise<void> {
  const action = readAskedDeed(heard.actionId);
  const project = readProjectId(heard.value);
  if (action === null || project === null) return sayStale(desk, heard);
  await sayConfirmation(desk, heard, { action, project, reason: null });
}

/** Show: the same as `show <project>`. */
export async function onShow(desk: Desk, heard: HeardPress): Promise<void> {
  const project = readProjectId(heard.value);
  if (project === null) return sayStale(desk, heard);
  await sayShow(desk, heard, project);
}

/** Next and Previous: the list is replaced where it stands. */
export async function onPage(desk: Desk, heard: HeardPress): Promise<void> {
  const page = readPage(heard.value);
  if (page === null) return sayStale(desk, heard);
  await sayList(desk, heard, page, 'replace');
}
