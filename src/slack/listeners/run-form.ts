import { listPage } from '../../application/list-projects.ts';
import { searchProjects } from '../../application/search-projects.ts';
import { emptyFilter } from '../../domain/list-filter.ts';
import type { Project } from '../../domain/project.ts';
import { totalCount } from '../../domain/project-state.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { readProjectId } from '../contract.ts';
import type { BlockAction, SlackRequest } from '../requests.ts';
import { type RunSubmission, readProjectSearch } from '../run-form-requests.ts';
import type { Option } from '../views/blocks.ts';
import { maxOptions } from '../views/limits.ts';
import { normalizeText } from '../views/mrkdwn.ts';
import { buildRunForm, projectOption } from '../views/run-form.ts';
import { requestConfirmation } from './confirmation.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';
import { readRestriction, showHelp } from './queries.ts';

/** `/sync` without a command, and Run a Command…: the form in a modal. If Slack opens no modal, the help. */
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
  const [{ counts, projects }, restriction] = await Promise.all([
    listPage(context, { filter: emptyFilter, page: 0, size: maxOptions }),
    readRestriction(context, request),
  ]);
  const view = { projects, total: totalCount(counts.states), chosen, restriction, format: context.format };
  return { kind: 'form', form: buildRunForm(view, request), message: help.message };
}

/** Next: the confirmation of the action is the next page of the modal. */
export async function onRunSubmission(context: ListenerContext, submission: RunSubmission): Promise<ListenerResult> {
  const { action, project } = submission;
  const reason = normalizeText(submission.reason);
  return requestConfirmation(context, submission, { action, project, reason: reason === '' ? null : reason });
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
