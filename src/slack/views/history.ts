import type { HistoryEntry } from '../../domain/history.ts';
import { messages } from '../../messages/catalog.ts';
import { joinDots, type TextContext } from '../../messages/format.ts';
import { historyText } from '../../messages/render.ts';
import { type Block, contextBlock, type Message, sectionBlock } from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';
import { codeSpan } from './mrkdwn.ts';

/** So many entries fit into a message, however long each is. The command line shows all. */
export const maxEntriesShown = 15;

export interface HistoryView extends TextContext {
  readonly project: string;
  /** Newest first. One more than `maxEntriesShown` when there are older ones. */
  readonly entries: readonly HistoryEntry[];
  /** Whether masked reasons of failed tasks may be shown here. */
  readonly revealReasons: boolean;
}

/** The history of a project, one line for each entry. */
export function buildHistory(view: HistoryView): Message {
  const { project, entries } = view;
  const { history, onlyYouSeeThis } = messages;
  const lines = entries.slice(0, maxEntriesShown).map((entry) => entryLine(entry, view));
  const shownLines = lines.length === 0 ? [history.empty] : lines;
  const hasOlder = entries.length > maxEntriesShown;
  const title = history.title(project);
  return {
    text: joinDots(title, shownLines[0] ?? null),
    blocks: [
      ...splitIntoSections([`*${title}*`, ...shownLines]),
      contextBlock(
        joinDots(onlyYouSeeThis, hasOlder ? history.olderEntries(codeSpan(`syncbot history ${project}`)) : null),
      ),
    ],
  };
}

/** `2 h ago · @alice · asked to pause it · because we deploy`. */
function entryLine(entry: HistoryEntry, view: HistoryView): string {
  const person = entry.by === null ? null : view.format.person(entry.by);
  return joinDots(messages.format.ago(view.now - entry.at), person, historyText(entry, view));
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
