import { listPage } from '../../application/list-projects.ts';
import { searchProjects } from '../../application/search-projects.ts';
import { emptyFilter } from '../../domain/list-filter.ts';
import type { Project } from '../../domain/project.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { readProjectId } from '../button-values.ts';
import { readProjectSearch } from '../modal-requests.ts';
import type { BlockAction, SlackRequest } from '../requests.ts';
import { readRestriction } from '../restriction.ts';
import type { Option } from '../views/blocks.ts';
import { maxOptions } from '../views/limits.ts';
import { buildRunForm, projectOption, type RunFormView } from '../views/run-form.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';
import { showHelp } from './queries.ts';

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

/** Reads what the form shows. */
export async function readForm(
  context: ListenerContext,
  request: SlackRequest,
  chosen: Project | null,
): Promise<RunFormView> {
  const [{ counts, projects }, restriction] = await Promise.all([
    listPage(context, { filter: emptyFilter, page: 0, size: maxOptions }),
    readRestriction(context, request),
  ]);
  return { projects, counts: counts.states, chosen, restriction, refused: null, format: context.format };
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
