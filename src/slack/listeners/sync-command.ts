import { listProjects } from '../../application/list-projects.ts';
import { resolveProject } from '../../application/resolve-project.ts';
import { allowedAction } from '../../domain/lifecycle.ts';
import { emptyFilter } from '../../domain/list-filter.ts';
import type { Project, ProjectId } from '../../domain/project.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { messages } from '../../messages/catalog.ts';
import { explainParseError } from '../commands/errors.ts';
import { type Command, type ParseError, parseCommand, readProjectName, splitWords } from '../commands/parse.ts';
import { changesProject, suggestedHelp } from '../commands/suggestions.ts';
import type { BlockAction, CommandRequest, SlackRequest } from '../requests.ts';
import { messageWithSuggestions } from '../views/blocks.ts';
import { escapeText } from '../views/mrkdwn.ts';
import { requestConfirmation } from './confirmation.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';
import { showDetails, showHelp, showHistory, showList, showPrecheck, showWhoami } from './queries.ts';
import { showRunForm } from './run-form.ts';
import { showSkippedTasks } from './skipped-tasks.ts';

/** `/sync …` or `@syncbot …`. Every member of the workspace may read; changing commands are authorized in `requestConfirmation`. */
export async function onCommand(context: ListenerContext, request: CommandRequest): Promise<ListenerResult> {
  if (request.text.trim() === '') return showRunForm(context, request);
  const resolved = await resolveNames(context, request, parseCommand(request.text));
  return resolved.kind === 'command' ? runCommand(context, request, resolved.command) : resolved.result;
}

/** A button whose value is a command: the same as that command. Its project is an id, also if it was removed meanwhile. */
export async function onCommandButton(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  // Slack escapes the text of a command, and not the value of a button.
  return typeof press.value === 'string'
    ? runCommand(context, press, parseCommand(escapeText(press.value)))
    : onOutdatedButton(context);
}

async function runCommand(context: ListenerContext, request: SlackRequest, command: Command): Promise<ListenerResult> {
  switch (command.kind) {
    case 'help':
      return showHelp(context, request);
    case 'whoami':
      return showWhoami(context, request);
    case 'list':
      return showList(context, request, { page: 0, filter: command.filter });
    case 'show':
      return showDetails(context, request, command.project);
    case 'skipped':
      return showSkippedTasks(context, request, command.project);
    case 'precheck':
      return showPrecheck(context, request, command.project);
    case 'history':
      return showHistory(context, request, command);
    case 'change':
      return requestConfirmation(context, request, command);
    case 'invalid':
      return answerParseError(context, request, command.error);
    default:
      return command satisfies never;
  }
}

type ResolvedCommand =
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'result'; readonly result: ListenerResult };

/** The command with the id of the project that its name means. Answers instead if that is not one project. */
async function resolveNames(
  context: ListenerContext,
  request: SlackRequest,
  command: Command,
): Promise<ResolvedCommand> {
  if (!('project' in command) || command.project === null) return { kind: 'command', command };
  const name = readProjectName(command.project);
  const found = await resolveProject(context, name);
  if (found.kind === 'unresolved') {
    const isChange = command.kind === 'change';
    const denied = isChange ? await context.authorizer.authorizeRequest(request) : null;
    const unknown: Refusal = { code: 'unknown_project', project: name.text, similar: [...found.similar] };
    const refused = isChange ? { verb: command.action, reason: command.reason } : { verb: command.kind, reason: null };
    return { kind: 'result', result: { kind: 'refusal', refusal: denied ?? unknown, command: refused } };
  }
  const { project } = found;
  if (command.kind === 'change' && command.reason !== null && !command.hasBecause) {
    const { action: verb, reason } = command;
    const others = await otherProjectsIn(context, reason);
    if (others.length > 0) {
      const error = { code: 'one_project_only', verb, project, others, reason } as const;
      return { kind: 'result', result: await answerParseError(context, request, error) };
    }
  }
  return { kind: 'command', command: { ...command, project } };
}

/** The projects that a reason without `because` may be meant to name: each id in it, or the name that it consists of. */
async function otherProjectsIn(context: ListenerContext, reason: string): Promise<ProjectId[]> {
  const words = splitWords(reason);
  const ids = new Set(await context.projects.listIds());
  const named = words.filter((word) => ids.has(word));
  if (named.length > 0 || words.length !== 1) return [...new Set(named)];
  const [word = ''] = words;
  const found = await resolveProject(context, readProjectName(word));
  return found.kind === 'resolved' ? [found.project] : [...found.similar];
}

/**
 * Says what is missing, with a button for each suggested command. A person who may not change projects gets no suggestion to do
 * that.
 */
async function answerParseError(
  context: ListenerContext,
  request: SlackRequest,
  error: ParseError,
): Promise<ListenerResult> {
  const projects = await suggestedProjects(context, error);
  const { text, suggestions } = explainParseError(error, projects, context.format);
  const refusal = suggestions.some(changesProject) ? await context.authorizer.authorizeRequest(request) : null;
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  return { kind: 'message', message: messageWithSuggestions(text, suggestions) };
}

/** Candidates for a misspelled name. For a verb without a project: first the projects on which it is allowed now. */
async function suggestedProjects(context: ListenerContext, error: ParseError): Promise<string[]> {
  if (error.code !== 'project_missing') return context.projects.listIds();
  const projects = await listProjects(context, emptyFilter);
  const allowsVerb = ({ state }: Project) => allowedAction(state) === error.verb;
  return [...projects.filter(allowsVerb), ...projects.filter((project) => !allowsVerb(project))].map(({ id }) => id);
}

/** Another slash command that the app's manifest sends to this bot. */
export async function onOtherCommand(context: ListenerContext): Promise<ListenerResult> {
  const text = messages.commandErrors.otherCommand(context.format);
  return { kind: 'message', message: messageWithSuggestions(text, [suggestedHelp]) };
}
