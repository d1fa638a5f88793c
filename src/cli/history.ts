import { Temporal } from 'temporal-polyfill';
import type { UseCaseContext } from '../application/context.ts';
import { defaultHistorySince, getHistory, getHistoryPage, getHistorySince } from '../application/history.ts';
import { type ProjectEntry, readAudit } from '../application/read-audit.ts';
import { auditEvent } from '../domain/audit-event.ts';
import type { HistoryEntry } from '../domain/history.ts';
import { actorOf, type HistoryLine, timesOf } from '../domain/history-lines.ts';
import { groupSimilarLines, type SimilarLines } from '../domain/similar-lines.ts';
import { resolveSince } from '../lib/resolve-since.ts';
import type { SinceTime } from '../lib/since-time.ts';
import { messages } from '../messages/catalog.ts';
import { historyLineText, historySummary, historyText } from '../messages/render.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, printRefusal } from './command-context.ts';
import type { OutputLine } from './output.ts';
import type { HistoryCommand } from './parsed-command.ts';
import { type Column, formatTable } from './table.ts';
import { cliFormatter, sanitizeText, utcFormatter } from './terminal-text.ts';

/** How many of the newest lines a table shows without `--limit`. */
const defaultTableLines = 100;
const defaultLinesSince = 1_000;

/** `syncbot history [project]`: what happened to a project, or to all since a time, newest first. */
export async function history(context: CommandContext, command: HistoryCommand): Promise<ExitCode> {
  const { project, all, since, limit, json } = command;
  if (all) return printAudit(context, { since: since === null ? null : await toEpochMs(context, since), limit });
  if (project !== null && since === null) {
    return json
      ? printEntries(context, project, { since: null, limit })
      : printLines(context, project, limit ?? defaultTableLines);
  }
  const range = { since: await toEpochMs(context, since ?? defaultHistorySince), limit };
  if (!json) return printLinesSince(context, { project, ...range });
  return project === null ? printEntriesOfAll(context, range) : printEntries(context, project, range);
}

async function toEpochMs({ app }: CommandContext, since: SinceTime): Promise<number> {
  const now = await app.useCaseContext.serverClock.now();
  return resolveSince(since, { now, timeZone: Temporal.Now.timeZoneId() });
}

interface Range {
  /** Epoch ms. Null for all that is stored. */
  readonly since: number | null;
  /** Null for all. */
  readonly limit: number | null;
}

/** `--all`: every entry of all projects, one a line, the oldest first. With a limit, the newest ones of them. */
async function printAudit({ app, output }: CommandContext, { since, limit }: Range): Promise<ExitCode> {
  const { useCaseContext } = app;
  const entries =
    limit === null
      ? readAudit(useCaseContext, { since, limit, order: 'oldest_first' })
      : (await readNewest(useCaseContext, { since, limit })).reverse();
  await output.lines(map(entries, auditLine));
  return exitCodes.success;
}

async function readNewest(context: UseCaseContext, range: Range): Promise<ProjectEntry[]> {
  const newest: ProjectEntry[] = [];
  for await (const entry of readAudit(context, { ...range, order: 'newest_first' })) newest.push(entry);
  return newest;
}

async function* map<T, U>(items: AsyncIterable<T> | Iterable<T>, convert: (item: T) => U): AsyncGenerator<U> {
  for await (const item of items) yield convert(item);
}

function auditLine({ project, entry }: ProjectEntry): OutputLine {
  const cells = [cliFormatter.time(entry.at), project, entry.by ?? '-', historyText(entry, textContext)];
  return { text: cells.map(sanitizeText).join('  '), data: { project, ...entryJson(entry) } };
}

async function printEntries(context: CommandContext, project: string, { since, limit }: Range): Promise<ExitCode> {
  const range = { limit: limit ?? Number.POSITIVE_INFINITY, since: since ?? undefined };
  const result = await getHistory(context.app.useCaseContext, project, range);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  context.output.result('', result.entries.map(entryJson));
  return exitCodes.success;
}

async function printEntriesOfAll({ app, output }: CommandContext, range: Range): Promise<ExitCode> {
  const entries = await readNewest(app.useCaseContext, range);
  output.result(
    '',
    entries.map(({ project, entry }) => ({ project, ...entryJson(entry) })),
  );
  return exitCodes.success;
}

async function printLines(context: CommandContext, project: string, maxLines: number): Promise<ExitCode> {
  const { output, app } = context;
  const result = await getHistoryPage(app.useCaseContext, { project, cursor: null, size: maxLines });
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const { lines, next } = result.page;
  output.result(formatTable(columns, lines.map(lineCells)), null);
  if (next !== null) output.note(messages.cli.history.truncated(lines.length, project));
  return exitCodes.success;
}

async function printLinesSince(
  context: CommandContext,
  { project, since, limit }: Range & { readonly project: string | null; readonly since: number },
): Promise<ExitCode> {
  const { output, app } = context;
  const request = { project, since, maxLines: limit ?? defaultLinesSince };
  const result = await getHistorySince(app.useCaseContext, request);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const texts = messages.cli.history;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  output.note(texts.since(cliFormatter.time(since), timeZone));
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
const textContext = { format: cliFormatter, revealReasons: true };

function lineCells(line: HistoryLine): string[] {
  return [
    messages.history.times(timesOf(line), cliFormatter),
    actorOf(line) ?? '-',
    historyLineText(line, textContext),
  ];
}

function groupCells({ newest, projects, times }: SimilarLines): string[] {
  if (projects.length === 1) return lineCells(newest);
  return [
    messages.history.times(times, cliFormatter),
    actorOf(newest) ?? '-',
    historySummary(newest, textContext) ?? '',
  ];
}

/** A history entry in the `--json` output. */
function entryJson(entry: HistoryEntry) {
  const message = sanitizeText(historyText(entry, { format: utcFormatter, revealReasons: true }));
  return { ...auditEvent(entry), message };
}
