import { findTouched } from '../../application/batch-selection.ts';
import { listProjects, readAllProjects } from '../../application/list-projects.ts';
import { extendPause } from '../../application/pause-end.ts';
import { resolveProject } from '../../application/resolve-project.ts';
import { type NameOptions, resolveSelection } from '../../application/resolve-selection.ts';
import { allowedAction } from '../../domain/lifecycle.ts';
import { emptyFilter } from '../../domain/list-filter.ts';
import { activeDeadline } from '../../domain/pause-timer.ts';
import type { ProjectId } from '../../domain/project.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { findNamedProject, formatSelection, readFollowingWords } from '../../domain/selection.ts';
import { parseSince } from '../../lib/since-time.ts';
import { messages } from '../../messages/catalog.ts';
import type { ChangeSelection, Command, ParseError, SeveralNames } from '../commands/command.ts';
import { explainParseError } from '../commands/errors.ts';
import { parseCommand } from '../commands/parse.ts';
import { changesProject, suggestedHelp } from '../commands/suggestions.ts';
import { conditionsOf } from '../commands/when-caught-up.ts';
import { readProjectName } from '../commands/words.ts';
import type { BlockAction, CommandRequest, SlackRequest } from '../requests.ts';
import { messageWithSuggestions, textMessage } from '../views/blocks.ts';
import { escapeText } from '../views/mrkdwn.ts';
import { requestBatchConfirmation } from './batch.ts';
import { requestConfirmation } from './confirmation.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';
import { showDetails, showHelp, showHistory, showList, showPrecheck, showWhoami } from './queries.ts';
import { showRunForm } from './run-form.ts';
import { showSkippedTasks } from './skipped-tasks.ts';

/** `/sync …` or `@syncbot …`. Every member of the workspace may read; changing commands are authorized in `requestConfirmation`. */
export async function onCommand(context: ListenerContext, request: CommandRequest): Promise<ListenerResult> {
  if (request.text.trim() === '') return showRunForm(context, request);
  const resolved = await resolveNames(context, request, parseCommand(request.text));
  return resolved.kind === 'command' ? runCommand(context, request, resolved.command, typed) : resolved.result;
}

/** A button whose value is a command: the same as that command. Its project is an id, also if it was removed meanwhile. */
export async function onCommandButton(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  // Slack escapes the text of a command, and not the value of a button.
  if (typeof press.value !== 'string') return onOutdatedButton(context);
  const command = parseCommand(escapeText(press.value));
  // The reason of a button follows `because`. So other words are the ids of more projects.
  const several = command.kind === 'change' ? command.alternative?.command : undefined;
  return runCommand(context, press, several ?? command);
}

/** A name in a button is an id. */
const typed = { readName: readProjectName, onlyIds: false };
const fromButton = { ...typed, onlyIds: true };

async function runCommand(
  context: ListenerContext,
  request: SlackRequest,
  command: Command,
  names: NameOptions = fromButton,
): Promise<ListenerResult> {
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
    case 'change-selection':
      return changeSelection(context, request, command, names);
    case 'extend':
      return extend(context, request, command);
    case 'invalid':
      return answerParseError(context, request, command.error);
    default:
      return command satisfies never;
  }
}

/** Moves the end of a pause. It changes no link, so it asks for no confirmation. */
async function extend(
  context: ListenerContext,
  request: SlackRequest,
  { project, duration }: Extract<Command, { readonly kind: 'extend' }>,
): Promise<ListenerResult> {
  const refusal = await context.authorizer.authorizeRequest(request);
  if (refusal !== null) return { kind: 'refusal', refusal, command: null };
  const result = await extendPause(context, { project, by: request.user, duration, expected: null });
  if (result.kind === 'refused') return { ...result, kind: 'refusal', command: null };
  return {
    kind: 'message',
    message: textMessage(messages.pauseLimits.extended(project, result.until ?? 0, context.format)),
  };
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
    if (command.kind === 'history' && command.since === null && parseSince(name.text) !== null) {
      const error = { code: 'since_missing', project: null, text: name.text } as const;
      return { kind: 'result', result: await answerParseError(context, request, error) };
    }
    const isChange = command.kind === 'change';
    const denied = isChange ? await context.authorizer.authorizeRequest(request) : null;
    const unknown: Refusal = { code: 'unknown_project', project: name.text, similar: [...found.similar] };
    const refused = isChange
      ? { verb: command.action, reason: command.reason, limit: conditionsOf(command) }
      : { verb: command.kind, reason: null, limit: command.kind === 'extend' ? command.duration : null };
    return { kind: 'result', result: { kind: 'refusal', refusal: denied ?? unknown, command: refused } };
  }
  const { project } = found;
  if (command.kind !== 'change' || command.alternative === undefined)
    return { kind: 'command', command: { ...command, project } };
  const following = await readNames(context, command.alternative);
  if (following.kind === 'names') return { kind: 'command', command: command.alternative.command };
  const error = findUnclearWords({ ...command, project, alternative: command.alternative }, following);
  if (error === null) return { kind: 'command', command: { ...command, project } };
  return { kind: 'result', result: await answerParseError(context, request, error) };
}

type ChangeOfOne = Extract<Command, { readonly kind: 'change' }>;

/** Null if the words after the project are its reason. */
function findUnclearWords(
  command: ChangeOfOne & Required<Pick<ChangeOfOne, 'alternative'>>,
  following: Exclude<FollowingNames, { readonly kind: 'names' }>,
): ParseError | null {
  const { action: verb, project, possibleLimit, alternative } = command;
  const text = command.reason ?? '';
  if (following.kind === 'unclear') {
    const several = alternative.command.kind === 'invalid' ? null : conditionsOf(alternative.command);
    const limit = conditionsOf(command) ?? several;
    return { code: 'unclear_names', verb, project, others: following.others, reason: text, limit };
  }
  if (possibleLimit === undefined) return null;
  const { limit, reason } = possibleLimit;
  const { whenCaughtUp } = command;
  const conditions = conditionsOf({ limit, whenCaughtUp }) ?? '';
  return { code: 'unclear_limit', project, text, limit: conditions, reason };
}

type FollowingNames =
  | { readonly kind: 'names' }
  | { readonly kind: 'reason' }
  /** `others`: the projects that the words name or may name. */
  | { readonly kind: 'unclear'; readonly others: readonly ProjectId[] };

/** What the words after the first project are: more projects, the reason, or neither for sure. */
async function readNames(context: ListenerContext, { names, hasBecause }: SeveralNames): Promise<FollowingNames> {
  const projects = await readAllProjects(context);
  const found = names.map((name) => findNamedProject(readProjectName(name), projects));
  const kind = readFollowingWords(found, { hasBecause });
  if (kind === 'names') return { kind };
  const exact = found.flatMap((name) => (name.kind === 'exact' ? [name.id] : []));
  if (kind === 'unclear' && exact.length > 0) return { kind, others: [...new Set(exact)] };
  const [only, ...more] = names;
  if (only === undefined || more.length > 0) return { kind: 'reason' };
  // One word may be a misspelled name.
  const others = await resolveProject(context, readProjectName(only));
  if (others.kind === 'resolved') return { kind: 'unclear', others: [others.project] };
  return others.similar.length === 0 ? { kind: 'reason' } : { kind: 'unclear', others: others.similar };
}

/** A selection of one project is the same as its name. */
async function changeSelection(
  context: ListenerContext,
  request: SlackRequest,
  { action, selection, reason, limit, whenCaughtUp }: ChangeSelection,
  names: NameOptions,
): Promise<ListenerResult> {
  const resolved = await resolveSelection(context, selection, names);
  const text = formatSelection(selection);
  switch (resolved.kind) {
    case 'unknown_name': {
      const corrected = resolved.corrected.map(formatSelection);
      const { name } = resolved;
      return answerParseError(context, request, {
        code: 'unknown_name',
        verb: action,
        name,
        selection: text,
        corrected,
      });
    }
    case 'empty':
      return answerParseError(context, request, { ...resolved, code: 'selection_empty', selection: text });
    case 'resolved': {
      const [project, ...others] = resolved.projects.map(({ id }) => id);
      if (project !== undefined && others.length === 0 && resolved.batches.length === 0)
        return requestConfirmation(context, request, { action, project, reason, limit, whenCaughtUp });
      const excluded = findTouched(action, resolved);
      const selected = formatSelection(resolved.selection);
      const batch = { action, reason, limit, whenCaughtUp, selection: selected, after: null };
      return requestBatchConfirmation(context, request, {
        ...batch,
        earlier: resolved.batches,
        projects: resolved.projects,
        excluded,
      });
    }
    default:
      return resolved satisfies never;
  }
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

/**
 * Candidates for a misspelled name. For a change without a project: the projects whose state allows it, or all if none does. An
 * extension needs a pause with an end.
 */
async function suggestedProjects(context: ListenerContext, error: ParseError): Promise<string[]> {
  if (error.code !== 'project_missing') return context.projects.listIds();
  const projects = await listProjects(context, emptyFilter);
  const allowing = projects.filter((project) =>
    error.verb === 'extend' ? activeDeadline(project) !== null : allowedAction(project.state) === error.verb,
  );
  return (allowing.length > 0 ? allowing : projects).map(({ id }) => id);
}

/** Another slash command that the app's manifest sends to this bot. */
export async function onOtherCommand(context: ListenerContext): Promise<ListenerResult> {
  const text = messages.commandErrors.otherCommand(context.format);
  return { kind: 'message', message: messageWithSuggestions(text, [suggestedHelp]) };
}
