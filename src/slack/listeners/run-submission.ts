import type { types } from '@slack/bolt';
import { type Action, allowedAction } from '../../domain/lifecycle.ts';
import type { ProjectId } from '../../domain/project.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { parseLimit } from '../../lib/time-limit.ts';
import { messages } from '../../messages/catalog.ts';
import type { LimitWords } from '../commands/command.ts';
import { whenCaughtUpWords } from '../commands/when-caught-up.ts';
import { findMissingInput, type RunSubmission, readRunSubmission } from '../modal-requests.ts';
import { runForm } from '../run-form-ids.ts';
import type { Message } from '../views/blocks.ts';
import { buildLoadingModal } from '../views/modal.ts';
import { escapeText, normalizeText } from '../views/mrkdwn.ts';
import { buildRunForm } from '../views/run-form.ts';
import { requestConfirmation } from './confirmation.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';
import { showDetails } from './queries.ts';
import { readForm } from './run-form.ts';
import { onCommand } from './sync-command.ts';

/** Acknowledges a submission: the modal shows an error at the input that is missing, else that the bot reads. */
export function acknowledgeSubmission(
  body: unknown,
):
  | { readonly response_action: 'update'; readonly view: types.ModalView }
  | { readonly response_action: 'errors'; readonly errors: Record<string, string> } {
  const submission = readRunSubmission(body);
  if (submission !== null) return { response_action: 'update', view: buildLoadingModal(submission) };
  const { projectMissing, actionMissing } = messages.modal;
  const errors: Record<string, string> =
    findMissingInput(body) === 'action'
      ? { [runForm.anyActionBlockId]: actionMissing }
      : { [runForm.projectBlockId]: projectMissing };
  return { response_action: 'errors', errors };
}

/**
 * Next: the confirmation of the action is the next page of the modal. If the action is refused, or the bot cannot read what the
 * person typed, the modal shows the form again, with that.
 */
export async function onRunSubmission(context: ListenerContext, submission: RunSubmission): Promise<ListenerResult> {
  const { project } = submission;
  const result =
    submission.selection === '' && project !== null
      ? await requestForOne(context, submission, project)
      : await onCommand(context, { ...submission, text: commandText(submission) });
  const isDialog = result.kind === 'message' && result.page !== undefined;
  const isFormError = result.kind === 'message' || (result.kind === 'refusal' && correctable.has(result.refusal.code));
  if (isDialog || !isFormError) return result;
  const chosen = project === null || submission.selection !== '' ? null : await context.projects.read(project);
  const form = await readForm(context, submission, chosen);
  const page = (answer: Message) =>
    buildRunForm({ ...form, refused: { text: answer.text, inputs: submission } }, submission);
  return result.kind === 'message' ? { ...result, page: page(result.message) } : { ...result, page };
}

/** The refusals after which a person can choose or type something else in the form. */
const correctable: ReadonlySet<Refusal['code']> = new Set([
  'not_allowed',
  'unknown_project',
  'invalid_limit',
  'limit_not_possible',
  'limit_above_max',
  'limit_passed',
  'pause_waits',
]);

async function requestForOne(context: ListenerContext, submission: RunSubmission, project: ProjectId) {
  const action = submission.action ?? (await possibleAction(context, project));
  const reason = normalizeText(submission.reason);
  return requestConfirmation(context, submission, {
    action,
    project,
    reason: reason === '' ? null : reason,
    limit: limitOf(submission),
    whenCaughtUp: isWaiting(submission, action),
  });
}

/** The command that means the same, as Slack would send it. */
function commandText(submission: RunSubmission): string {
  const { action, selection, reason } = submission;
  const limit = limitOf(submission);
  const words = [
    action ?? '',
    selection,
    ...(isWaiting(submission, action) ? [whenCaughtUpWords] : []),
    ...(limit === undefined ? [] : [limit.word, limit.text]),
    ...(normalizeText(reason) === '' ? [] : ['because', reason]),
  ];
  return escapeText(words.join(' '));
}

/** The form has this choice also for other actions, while no project is chosen. There it means nothing. */
function isWaiting({ whenCaughtUp }: RunSubmission, action: Action | null): boolean {
  return whenCaughtUp && action === 'pause';
}

/** `for 2h` and `until 18:30`, and without the word what each of them can read. Undefined if nothing was typed. */
function limitOf({ limit }: RunSubmission): LimitWords | undefined {
  const text = normalizeText(limit).toLowerCase();
  if (text === '') return undefined;
  const [, word, rest] = /^(for|until) (.*)$/.exec(text) ?? [];
  if ((word === 'for' || word === 'until') && rest !== undefined) return { word, text: rest };
  return { word: parseLimit('for', text).kind === 'limit' ? 'for' : 'until', text };
}

/** A state that allows no action refuses each of them. So does a project that does not exist. */
async function possibleAction({ projects }: ListenerContext, id: ProjectId): Promise<Action> {
  const project = await projects.read(id);
  return (project === null ? null : allowedAction(project.state)) ?? 'start';
}

/** Show: where nothing can be changed, the form shows the project. */
export async function onShowSubmission(context: ListenerContext, { project, ...request }: RunSubmission) {
  return project === null ? onOutdatedButton(context) : showDetails(context, request, project);
}
