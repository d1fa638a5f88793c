import { projectHistory } from '../application/look.ts';
import { askedFrom, type HistoryEntry } from '../domain/history.ts';
import { historyWords } from '../domain/history-words.ts';
import { duration } from '../domain/words.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { refused } from './refused.ts';
import type { Session } from './session.ts';
import { type Column, plain, table } from './text.ts';
import { cliVoice } from './voice.ts';

/** How many entries the table shows; `--json` prints all that are kept. */
export const entriesInTable = 100;

/** `syncbot history <project>`: what happened to it, the newest first. */
export async function history(
  session: Session,
  { project, json }: { readonly project: string; readonly json: boolean },
): Promise<ExitCode> {
  const { say, app } = session;
  const told = await projectHistory(app.deps, project, json ? Number.POSITIVE_INFINITY : entriesInTable + 1);
  if (told.kind === 'refused') return refused(session, told.refusal);
  const shown = told.entries.slice(0, entriesInTable);
  say.result(historyTable(shown, await app.deps.store.now()), told.entries.map(entryJson));
  if (told.entries.length > shown.length) {
    say.remark(`These are the newest ${entriesInTable}; all of them: ${cliVoice.command(`history ${project} --json`)}`);
  }
  return exitCodes.done;
}

const columns: readonly Column[] = [
  { title: 'WHEN', align: 'right' },
  { title: 'WHO', most: 24 },
  { title: 'WHAT', most: 200 },
];

function historyTable(entries: readonly HistoryEntry[], now: number): string {
  const rows = entries.map((entry) => [`${duration(now - entry.at)} ago`, entry.by ?? '-', message(entry)]);
  return table(columns, rows);
}

/** An entry as `--json` prints it. */
function entryJson(entry: HistoryEntry) {
  const { at, event, by, action, operation, reason, version, state } = entry;
  return { at, event, by, from: askedFrom(entry), action, operation, reason, version, state, message: message(entry) };
}

/** Whoever reaches Redis is trusted: a failed task's masked reason is told, as `show` does. */
function message(entry: HistoryEntry): string {
  return plain(historyWords(entry, { voice: cliVoice, revealReasons: true }));
}
