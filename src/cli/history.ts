import { getHistory } from '../application/queries.ts';
import { type HistoryEntry, requestedFrom } from '../domain/history.ts';
import { messages } from '../messages/catalog.ts';
import { historyText } from '../messages/render.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { cliFormatter } from './formatter.ts';
import { printRefusal } from './output-refusal.ts';
import { type Column, formatTable, sanitizeText } from './table.ts';

/** How many entries the table shows; `--json` prints all that are kept. */
export const maxTableEntries = 100;

/** `syncbot history <project>`: what happened to it, the newest first. */
export async function history(
  context: CommandContext,
  { project, json }: { readonly project: string; readonly json: boolean },
): Promise<ExitCode> {
  const { output, app } = context;
  const result = await getHistory(app.useCaseContext, project, json ? Number.POSITIVE_INFINITY : maxTableEntries + 1);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const visibleEntries = result.entries.slice(0, maxTableEntries);
  output.result(
    historyTable(visibleEntries, await app.useCaseContext.serverClock.now()),
    result.entries.map(entryJson),
  );
  if (result.entries.length > visibleEntries.length) {
    output.note(
      `These are the newest ${maxTableEntries}; all of them: ${cliFormatter.command(`history ${project} --json`)}`,
    );
  }
  return exitCodes.success;
}

const columns: readonly Column[] = [
  { title: 'WHEN', align: 'right' },
  { title: 'WHO', maxWidth: 24 },
  { title: 'WHAT', maxWidth: 200 },
];

function historyTable(entries: readonly HistoryEntry[], now: number): string {
  const rows = entries.map((entry) => [messages.format.ago(now - entry.at), entry.by ?? '-', entryMessage(entry)]);
  return formatTable(columns, rows);
}

/** An entry as `--json` prints it. */
function entryJson(entry: HistoryEntry) {
  const { at, event, by, action, operation, reason, version, state } = entry;
  return {
    at,
    event,
    by,
    from: requestedFrom(entry),
    action,
    operation,
    reason,
    version,
    state,
    message: entryMessage(entry),
  };
}

/** Whoever reaches Redis is trusted: a failed task's masked reason is told, as `show` does. */
function entryMessage(entry: HistoryEntry): string {
  return sanitizeText(historyText(entry, { format: cliFormatter, revealReasons: true }));
}
