import { Temporal } from 'temporal-polyfill';
import {
  defaultHistorySince,
  getEntriesSince,
  getHistory,
  getHistoryPage,
  getHistorySince,
} from '../application/history.ts';
import { type HistoryEntry, requestedFrom } from '../domain/history.ts';
import { actorOf, type HistoryLine, timesOf } from '../domain/history-lines.ts';
import { groupSimilarLines, type SimilarLines } from '../domain/similar-lines.ts';
import { resolveSince } from '../lib/since-time.ts';
import { messages } from '../messages/catalog.ts';
import { historyLineText, historySummary, historyText } from '../messages/render.ts';
import type { HistoryCommand } from './arguments.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, printRefusal } from './command-context.ts';
import { type Column, formatTable } from './table.ts';
import { cliFormatter, localFormatter, sanitizeText } from './terminal-text.ts';

/** The table of one project shows the newest lines only. `--json` prints all entries. */
const maxTableLines = 100;
const maxLinesSince = 1_000;
/** `syncbot history [project]`: what happened to a project, or to all since a time, newest first. */
export async function history(
  context: CommandContext,
  { project, since, json }: Omit<HistoryCommand, 'name'>,
): Promise<ExitCode> {
  if (project !== null && since === null) return json ? printEntries(context, project) : printLines(context, project);
  const now = await context.app.useCaseContext.serverClock.now();
  const sinceMs = resolveSince(since ?? defaultHistorySince, { now, timeZone: Temporal.Now.timeZoneId() });
  if (!json) return printLinesSince(context, project, sinceMs);
  return project === null ? printEntriesOfAll(context, sinceMs) : printEntries(context, project, sinceMs);
}

async function printEntries(context: CommandContext, project: string, since?: number): Promise<ExitCode> {
  const range = { limit: Number.POSITIVE_INFINITY, since };
  const result = await getHistory(context.app.useCaseContext, project, range);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  context.output.result('', result.entries.map(entryJson));
  return exitCodes.success;
}

async function printEntriesOfAll({ app, output }: CommandContext, since: number): Promise<ExitCode> {
  const entries = await getEntriesSince(app.useCaseContext, since);
  output.result(
    '',
    entries.map(({ project, entry }) => ({ project, ...entryJson(entry) })),
  );
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

async function printLinesSince(context: CommandContext, project: string | null, since: number): Promise<ExitCode> {
  const { output, app } = context;
  const result = await getHistorySince(app.useCaseContext, { project, since, maxLines: maxLinesSince });
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const texts = messages.cli.history;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  output.note(texts.since(localFormatter.time(since), timeZone));
  const groups = groupSimilarLines(result.lines, (line) => historySummary(line, textContext));
  const rows = groups.map((group) => [messages.history.projects(group.projects), ...groupCells(group)]);
  output.result(rows.length === 0 ? texts.nothing : formatTable([projectColumn, ...columns], rows), null);
  const { length } = result.lines;
  const notShown = result.lineCount - length;
  if (notShown > 0 || !result.isComplete) output.note(texts.notShown(notShown, result.isComplete, length));
  return exitCodes.success;
}

const projectColumn: Column = { title: messages.columnTitles.project, maxWidth: 40 };
const columns: readonly Column[] = [
  { title: messages.columnTitles.when },
  { title: messages.columnTitles.who, maxWidth: 24 },
  { title: messages.columnTitles.what, maxWidth: 200 },
];

/** With the masked reasons of failed tasks, because a user of the command line is trusted. */
const textContext = { format: localFormatter, revealReasons: true };

function lineCells(line: HistoryLine): string[] {
  return [
    messages.history.times(timesOf(line), localFormatter),
    actorOf(line) ?? '-',
    historyLineText(line, textContext),
  ];
}

function groupCells({ newest, projects, times }: SimilarLines): string[] {
  if (projects.length === 1) return lineCells(newest);
  return [
    messages.history.times(times, localFormatter),
    actorOf(newest) ?? '-',
    historySummary(newest, textContext) ?? '',
  ];
}

/** A history entry in the `--json` output. */
function entryJson(entry: HistoryEntry) {
  const { at, event, by, action, operation, reason, version, state } = entry;
  const from = requestedFrom(entry);
  const message = sanitizeText(historyText(entry, { format: cliFormatter, revealReasons: true }));
  return { at, event, by, from, action, operation, reason, version, state, message };
}
