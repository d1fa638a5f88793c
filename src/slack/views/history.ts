import type { HistoryEntry } from '../../domain/history.ts';
import { formatDuration, joinDots } from '../../messages/format.ts';
import { historyText } from '../../messages/history.ts';
import { type Block, contextBlock, type Message, sectionBlock } from './blocks.ts';
import type { ViewContext } from './context.ts';
import { sectionBudgetChars } from './limits.ts';
import { codeSpan } from './mrkdwn.ts';

/** How many entries are shown at most: so many fit, however long each is. The command line has them all. */
export const maxEntriesShown = 15;

export interface HistoryView extends ViewContext {
  readonly project: string;
  /** Newest first; one more than `entriesShown` when there are older ones. */
  readonly entries: readonly HistoryEntry[];
  /** Whether failed tasks' reasons may be shown, masked: to operators, or with `showErrors`. */
  readonly revealReasons: boolean;
}

/** What happened to a project, one line an entry, the newest first. */
export function buildHistory(view: HistoryView): Message {
  const { project, entries } = view;
  const lines = entries.slice(0, maxEntriesShown).map((entry) => entryLine(entry, view));
  const older = entries.length > maxEntriesShown ? `older ones: ${codeSpan(`syncbot history ${project}`)}` : null;
  return {
    text: `History of ${project} · ${lines[0] ?? 'nothing yet'}`,
    blocks: [
      ...splitIntoSections([`*History of ${project}*`, ...(lines.length === 0 ? ['nothing yet'] : lines)]),
      contextBlock(joinDots('Only you can see this', older)),
    ],
  };
}

/** `2 h ago · @alice · asked to pause it · because we deploy`. */
function entryLine(entry: HistoryEntry, view: HistoryView): string {
  const who = entry.by === null ? null : view.format.person(entry.by);
  return joinDots(`${formatDuration(view.now - entry.at)} ago`, who, historyText(entry, view));
}

function splitIntoSections(lines: readonly string[]): Block[] {
  const texts: string[] = [];
  for (const line of lines) {
    const last = texts.at(-1);
    if (last === undefined || last.length + line.length >= sectionBudgetChars) texts.push(line);
    else texts[texts.length - 1] = `${last}\n${line}`;
  }
  return texts.map((text) => sectionBlock(text));
}
