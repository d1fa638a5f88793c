import type { HistoryEntry } from '../../domain/history.ts';
import { historyWords } from '../../domain/history-words.ts';
import { dotted, duration } from '../../domain/words.ts';
import { type Block, context, type Message, section } from '../blocks.ts';
import { sectionRoom } from '../limits.ts';
import { code } from '../mrkdwn.ts';
import type { Scene } from './phrases.ts';

/** How many entries are shown at most: so many fit, however long each is. The command line has them all. */
export const entriesShown = 15;

export interface HistoryView extends Scene {
  readonly project: string;
  /** Newest first; one more than `entriesShown` when there are older ones. */
  readonly entries: readonly HistoryEntry[];
  /** Whether failed tasks' reasons may be shown, masked: to operators, or with `showErrors`. */
  readonly revealReasons: boolean;
}

/** What happened to a project, one line an entry, the newest first. */
export function buildHistory(view: HistoryView): Message {
  const { project, entries } = view;
  const lines = entries.slice(0, entriesShown).map((entry) => entryLine(entry, view));
  const older = entries.length > entriesShown ? `older ones: ${code(`syncbot history ${project}`)}` : null;
  return {
    text: `History of ${project} · ${lines[0] ?? 'nothing yet'}`,
    blocks: [
      ...sections([`*History of ${project}*`, ...(lines.length === 0 ? ['nothing yet'] : lines)]),
      context(dotted('Only you can see this', older)),
    ],
  };
}

/** `2 h ago · @alice · asked to pause it · because we deploy`. */
function entryLine(entry: HistoryEntry, view: HistoryView): string {
  const who = entry.by === null ? null : view.voice.person(entry.by);
  return dotted(`${duration(view.now - entry.at)} ago`, who, historyWords(entry, view));
}

function sections(lines: readonly string[]): Block[] {
  const texts: string[] = [];
  for (const line of lines) {
    const last = texts.at(-1);
    if (last === undefined || last.length + line.length >= sectionRoom) texts.push(line);
    else texts[texts.length - 1] = `${last}\n${line}`;
  }
  return texts.map((text) => section(text));
}
