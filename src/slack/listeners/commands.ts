import { listProjects } from '../../application/list-projects.ts';
import { allowedAction } from '../../domain/lifecycle.ts';
import type { Project } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import { explainParseError } from '../commands/errors.ts';
import { type Command, type ParseError, parseCommand } from '../commands/parse.ts';
import type { SlashCommand } from '../contract.ts';
import { textMessage } from '../views/blocks.ts';
import { buildHelp } from '../views/help.ts';
import { showConfirmation } from './confirmation.ts';
import { type ListenerContext, respond } from './listener.ts';
import { showDetails, showHistory, showList, showPrecheck } from './queries.ts';

/** `/sync …`: reads what was typed and takes the road of it. Looking is open to everybody of the workspace. */
export async function onCommand(context: ListenerContext, request: SlashCommand): Promise<void> {
  const command = parseCommand(request.text);
  await dispatch(context, request, command);
}

async function dispatch(context: ListenerContext, request: SlashCommand, command: Command): Promise<void> {
  switch (command.kind) {
    case 'help':
      return respond(context, request, buildHelp(context.format));
    case 'list':
      return showList(context, request, { page: 0, filter: command.filter }, 'new');
    case 'show':
      return showDetails(context, request, command.project);
    case 'precheck':
      return showPrecheck(context, request, command.project);
    case 'history':
      return showHistory(context, request, command.project);
    case 'act':
      return showConfirmation(context, request, command);
    case 'misread':
      return respondWithParseError(context, request, command.error);
    default:
      return command satisfies never;
  }
}

/** A misspelt command is answered with help; a readable one that lacks something, with what it lacks. */
async function respondWithParseError(
  context: ListenerContext,
  request: SlashCommand,
  error: ParseError,
): Promise<void> {
  const text = explainParseError(error, await suggestedProjects(context, error), context.format);
  const isUnknownVerb = error.code === 'unknown_verb';
  await respond(context, request, isUnknownVerb ? buildHelp(context.format, text) : textMessage(text));
}

/** The projects that may have been meant; for a verb without a project, those first on which it is allowed now. */
async function suggestedProjects({ deps }: ListenerContext, error: ParseError): Promise<string[]> {
  if (error.code !== 'project_missing') return deps.projects.listIds();
  const projects = await listProjects(deps, '');
  const allowsVerb = ({ state }: Project) => allowedAction(state) === error.verb;
  return [...projects.filter(allowsVerb), ...projects.filter((project) => !allowsVerb(project))].map(({ id }) => id);
}

/** A command of another name that the app's manifest sends here. */
export async function onOtherCommand(context: ListenerContext, request: SlashCommand): Promise<void> {
  await respond(context, request, textMessage(messages.commandErrors.otherCommand(context.format)));
}
