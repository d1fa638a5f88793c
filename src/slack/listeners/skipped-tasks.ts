import { findProject } from '../../application/queries.ts';
import { readSkippedTasks } from '../../application/skipped-tasks.ts';
import { readProjectId, readSkippedTask, skippedTaskKey } from '../button-values.ts';
import type { BlockAction, SlackRequest } from '../requests.ts';
import { mayRevealReasons, readRestriction } from '../restriction.ts';
import { buildSkippedTasks } from '../views/skipped-tasks.ts';
import { requestConfirmation } from './confirmation.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';

/** `skipped`: the tasks that restores of a project have left out. Their reasons are shown as in `show`. */
export async function showSkippedTasks(
  context: ListenerContext,
  request: SlackRequest,
  id: string,
): Promise<ListenerResult> {
  const result = await findProject(context, id);
  if (result.kind === 'refused')
    return { kind: 'refusal', refusal: result.refusal, command: { verb: 'skipped', reason: null } };
  const { project } = result;
  const [{ skipped }, revealReasons, restriction] = await Promise.all([
    readSkippedTasks(context, project),
    mayRevealReasons(context, request, project.skippedTasks.length > 0),
    readRestriction(context, request),
  ]);
  const view = { project, tasks: skipped, revealReasons, restriction, format: context.format };
  return { kind: 'message', message: buildSkippedTasks(view) };
}

/** Restore Without 1 Task requests a restore that leaves out the tasks that have failed again. Its dialog names them. */
export async function onRestoreWithout(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const project = readProjectId(press.value);
  if (project === null) return onOutdatedButton(context);
  const tasks = { kind: 'failed_again' } as const;
  return requestConfirmation(context, press, { action: 'restore', project, reason: null, tasks });
}

/** The same button in the dialog of a restore. The new dialog replaces that one, which it supersedes. */
export async function onRestoreWithoutInDialog(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const result = await onRestoreWithout(context, press);
  return result.kind === 'message' && readProjectId(press.value) !== null ? { ...result, mode: 'replace' } : result;
}

/** Retry requests that one skipped task is moved back to wait. */
export async function onRetry(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const named = readSkippedTask(press.value);
  if (named === null) return onOutdatedButton(context);
  const project = await context.projects.read(named.project);
  const given = (project?.skippedTasks ?? []).filter((task) => skippedTaskKey(task) === named.key);
  const tasks = { kind: 'given', tasks: given } as const;
  return requestConfirmation(context, press, { action: 'retry', project: named.project, reason: null, tasks });
}

/** Retry All requests that all skipped tasks of a project are moved back to wait. */
export async function onRetryAll(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const project = readProjectId(press.value);
  if (project === null) return onOutdatedButton(context);
  return requestConfirmation(context, press, { action: 'retry', project, reason: null });
}
