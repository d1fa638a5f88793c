import { getHistory } from '../application/history.ts';
import { type HistoryEntry, requestedFrom } from '../domain/history.ts';
import { messages } from '../messages/catalog.ts';
import { historyText } from '../messages/render.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, printRefusal } from './command-context.ts';
import { type Column, cliFormatter, formatTable, sanitizeText } from './terminal-text.ts';

/** The table shows the newest entries only. `--json` prints all. */
const maxTableEntries = 100;

/** `syncbot history <project>`: what happened to a project, newest first. */
export async function history(
  context: CommandContext,
  { project, json }: { readonly project: string; readonly json: boolean },
): Promise<ExitCode> {
  const { output, app } = context;
  const result = await getHistory(app.useCaseContext, project, json ? Number.POSITIVE_INFINITY : maxTableEntries + 1);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const { entries } = result;
  const now = await app.useCaseContext.serverClock.now();
  output.result(historyTable(entries.slice(0, maxTableEntries), now), entries.map(entryJson));
  if (entries.length > maxTableEntries) output.note(messages.cli.history.truncated(maxTableEntries, project));
  return exitCodes.success;
}

const columns: readonly Column[] = [
  { title: messages.columnTitles.when, align: 'right' },
  { title: messages.columnTitles.who, maxWidth: 24 },
  { title: messages.columnTitles.what, maxWidth: 200 },
];

function historyTable(entries: readonly HistoryEntry[], now: number): string {
  const rows = entries.map((entry) => [messages.cli.ago(now - entry.at), entry.by ?? '-', entryMessage(entry)]);
  return formatTable(columns, rows);
}

/** A history entry in the `--json` output. */
function entryJson(entry: HistoryEntry) {
  const { at, event, by, action, operation, reason, version, state } = entry;
  const from = requestedFrom(entry);
  return { at, event, by, from, action, operation, reason, version, state, message: entryMessage(entry) };
}

/** With the masked reasons of failed tasks, because a user of the command line is trusted. */
function entryMessage(entry: HistoryEntry): string {
  return sanitizeText(historyText(entry, { format: cliFormatter, revealReasons: true }));
}
