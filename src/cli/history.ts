import { getHistory, getHistoryPage } from '../application/history.ts';
import { type HistoryEntry, requestedFrom } from '../domain/history.ts';
import { actorOf, type HistoryLine, timesOf } from '../domain/history-lines.ts';
import { messages } from '../messages/catalog.ts';
import { historyLineText, historyText } from '../messages/render.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, printRefusal } from './command-context.ts';
import { type Column, cliFormatter, formatTable, localFormatter, sanitizeText } from './terminal-text.ts';

/** The table shows the newest lines only. `--json` prints all entries. */
const maxTableLines = 100;

/** `syncbot history <project>`: what happened to a project, newest first. */
export async function history(
  context: CommandContext,
  { project, json }: { readonly project: string; readonly json: boolean },
): Promise<ExitCode> {
  return json ? printEntries(context, project) : printLines(context, project);
}

async function printEntries(context: CommandContext, project: string): Promise<ExitCode> {
  const result = await getHistory(context.app.useCaseContext, project, Number.POSITIVE_INFINITY);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  context.output.result('', result.entries.map(entryJson));
  return exitCodes.success;
}

async function printLines(context: CommandContext, project: string): Promise<ExitCode> {
  const { output, app } = context;
  const result = await getHistoryPage(app.useCaseContext, { project, cursor: null, size: maxTableLines });
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  output.result(formatTable(columns, result.page.lines.map(lineCells)), null);
  if (result.page.next !== null) output.note(messages.cli.history.truncated(maxTableLines, project));
  return exitCodes.success;
}

const columns: readonly Column[] = [
  { title: messages.columnTitles.when },
  { title: messages.columnTitles.who, maxWidth: 24 },
  { title: messages.columnTitles.what, maxWidth: 200 },
];

/** With the masked reasons of failed tasks, because a user of the command line is trusted. */
const textContext = { format: localFormatter, revealReasons: true };

function lineCells(line: HistoryLine): string[] {
  const { from, to } = timesOf(line);
  const times = messages.history.times(localFormatter.time(from), to === null ? null : localFormatter.time(to));
  return [times, actorOf(line) ?? '-', historyLineText(line, textContext)];
}

/** A history entry in the `--json` output. */
function entryJson(entry: HistoryEntry) {
  const { at, event, by, action, operation, reason, version, state } = entry;
  const from = requestedFrom(entry);
  const message = sanitizeText(historyText(entry, { format: cliFormatter, revealReasons: true }));
  return { at, event, by, from, action, operation, reason, version, state, message };
}
