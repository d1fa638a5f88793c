import type { types } from '@slack/bolt';
import { listPage } from '../../application/list-projects.ts';
import { searchProjects } from '../../application/search-projects.ts';
import { type Action, allowedAction } from '../../domain/lifecycle.ts';
import { emptyFilter } from '../../domain/list-filter.ts';
import type { Project, ProjectId } from '../../domain/project.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { messages } from '../../messages/catalog.ts';
import { readProjectId, runForm } from '../contract.ts';
import { type RunSubmission, readProjectSearch, readRunSubmission } from '../modal-requests.ts';
import type { BlockAction, SlackRequest } from '../requests.ts';
import { readRestriction } from '../restriction.ts';
import type { Message, Option } from '../views/blocks.ts';
import { maxOptions } from '../views/limits.ts';
import { buildLoadingModal } from '../views/modal.ts';
import { normalizeText } from '../views/mrkdwn.ts';
import { buildRunForm, projectOption, type RunFormView } from '../views/run-form.ts';
import { requestConfirmation } from './confirmation.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';
import { showDetails, showHelp } from './queries.ts';

/** `/sync` without a command, and Run a command…: the form in a modal. If Slack opens no modal, the help. */
export async function showRunForm(context: ListenerContext, request: SlackRequest): Promise<ListenerResult> {
  return showForm(context, request, null);
}

/** The form with the actions of the project that the person chose in the menu. */
export async function onChooseProject(context: ListenerContext, choice: BlockAction): Promise<ListenerResult> {
  const id = readProjectId(choice.value);
  return id === null ? onOutdatedButton(context) : showForm(context, choice, await context.projects.read(id));
}

async function showForm(
  context: ListenerContext,
  request: SlackRequest,
  chosen: Project | null,
): Promise<ListenerResult> {
  const help = await showHelp(context, request);
  if (request.replyTo.kind !== 'view' || help.kind !== 'message') return help;
  const view = await readForm(context, request, chosen);
  return { kind: 'message', message: help.message, page: buildRunForm(view, request) };
}

async function readForm(context: ListenerContext, request: SlackRequest, chosen: Project | null): Promise<RunFormView> {
  const [{ counts, projects }, restriction] = await Promise.all([
    listPage(context, { filter: emptyFilter, page: 0, size: maxOptions }),
    readRestriction(context, request),
  ]);
  return { projects, counts: counts.states, chosen, restriction, refused: null, format: context.format };
}

/** Acknowledges a submission: the modal shows an error at the menu if it has no project, else that the bot reads. */
export function acknowledgeSubmission(
  body: unknown,
):
  | { readonly response_action: 'update'; readonly view: types.ModalView }
  | { readonly response_action: 'errors'; readonly errors: Record<string, string> } {
  const submission = readRunSubmission(body);
  return submission === null
    ? { response_action: 'errors', errors: { [runForm.projectBlockId]: messages.modal.projectMissing } }
    : { response_action: 'update', view: buildLoadingModal(submission) };
}

/**
 * Next: the confirmation of the action is the next page of the modal. If the state of the project does not allow the action, the
 * modal shows the form again, with the refusal.
 */
export async function onRunSubmission(context: ListenerContext, submission: RunSubmission): Promise<ListenerResult> {
  const { project: id } = submission;
  const action = submission.action ?? (await possibleAction(context, id));
  const text = normalizeText(submission.reason);
  const reason = text === '' ? null : text;
  const result = await requestConfirmation(context, submission, { action, project: id, reason });
  if (result.kind !== 'refusal' || result.refusal.code !== 'not_allowed') return result;
  const form = await readForm(context, submission, await context.projects.read(id));
  const page = (answer: Message) =>
    buildRunForm({ ...form, refused: { text: answer.text, reason: submission.reason } }, submission);
  return { ...result, page };
}

/** A state that allows no action refuses each of them. So does a project that does not exist. */
async function possibleAction({ projects }: ListenerContext, id: ProjectId): Promise<Action> {
  const project = await projects.read(id);
  return (project === null ? null : allowedAction(project.state)) ?? 'start';
}

/** Show: where nothing can be changed, the form shows the project. */
export async function onShowSubmission(context: ListenerContext, { project, ...request }: RunSubmission) {
  return showDetails(context, request, project);
}

export interface SearchArgs {
  readonly ack: (suggestions: { readonly options: Option[] }) => Promise<void>;
  readonly body: unknown;
}

/** Answers with the projects that the typed text means, the most urgent one first. Without an answer Slack shows an error. */
export async function onProjectSearch(context: ListenerContext, { ack, body }: SearchArgs): Promise<void> {
  const { log } = context;
  try {
    await ack({ options: (await findOptions(context, body)).slice(0, maxOptions) });
  } catch (error) {
    log.warn({ error: serializeError(error) }, 'projects not suggested');
  }
}

async function findOptions(context: ListenerContext, body: unknown): Promise<Option[]> {
  const search = readProjectSearch(body);
  if (search === null || context.authorizer.checkTeam(search) !== null) return [];
  return (await searchProjects(context, search.text)).map(projectOption);
}
