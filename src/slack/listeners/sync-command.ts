import { listProjects } from '../../application/list-projects.ts';
import { allowedAction } from '../../domain/lifecycle.ts';
import { emptyFilter } from '../../domain/list-filter.ts';
import type { Project } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import { explainParseError } from '../commands/errors.ts';
import { type ParseError, parseCommand } from '../commands/parse.ts';
import { suggestedHelp } from '../commands/suggestions.ts';
import type { BlockAction, SlackRequest, SlashCommand } from '../contract.ts';
import { messageWithSuggestions } from '../views/blocks.ts';
import { escapeText } from '../views/mrkdwn.ts';
import { requestConfirmation } from './confirmation.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';
import { showDetails, showHelp, showHistory, showList, showPrecheck, showWhoami } from './queries.ts';

/** `/sync …`. Every member of the workspace may read; changing commands are authorized in `requestConfirmation`. */
export async function onCommand(context: ListenerContext, request: SlashCommand): Promise<ListenerResult> {
  return runCommand(context, request, request.text);
}

/** A button whose value is a command: the same as that command. */
export async function onCommandButton(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  // Slack escapes the text of a command, and not the value of a button.
  return typeof press.value === 'string'
    ? runCommand(context, press, escapeText(press.value))
    : onOutdatedButton(context);
}

async function runCommand(context: ListenerContext, request: SlackRequest, text: string): Promise<ListenerResult> {
  const command = parseCommand(text);
  switch (command.kind) {
    case 'help':
      return showHelp(context, request);
    case 'whoami':
      return showWhoami(context, request);
    case 'list':
      return showList(context, request, { page: 0, filter: command.filter });
    case 'show':
      return showDetails(context, request, command.project);
    case 'precheck':
      return showPrecheck(context, request, command.project);
    case 'history':
      return showHistory(context, request, command);
    case 'change':
      return requestConfirmation(context, request, command);
    case 'invalid':
      return answerParseError(context, command.error);
    default:
      return command satisfies never;
  }
}

/** Says what is missing, with a button for each suggested command. */
async function answerParseError(context: ListenerContext, error: ParseError): Promise<ListenerResult> {
  const projects = await suggestedProjects(context, error);
  const { text, suggestions } = explainParseError(error, projects, context.format);
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
