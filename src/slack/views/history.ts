import { actorOf, type HistoryLine, type HistoryPage, timesOf } from '../../domain/history-lines.ts';
import { messages } from '../../messages/catalog.ts';
import { type Formatter, joinDots } from '../../messages/format.ts';
import { historyLineText } from '../../messages/render.ts';
import { actionIds, blockId, type HistoryQuery, historyQueryValue } from '../contract.ts';
import { actionsBlock, type Block, type Button, button, contextBlock, type Message, sectionBlock } from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';
import { codeSpan, truncateMrkdwn } from './mrkdwn.ts';

export const linesPerPage = 10;
/** The lines of a page fit into a message, also if each character needs two in JSON. */
const maxLineChars = 500;

export interface HistoryView extends HistoryQuery {
  readonly page: HistoryPage;
  /** Whether masked reasons of failed tasks may be shown here. */
  readonly revealReasons: boolean;
  readonly format: Formatter;
}

/** A page of the history of a project: one line for each operation, alert or other entry. */
export function buildHistory(view: HistoryView): Message {
  const { project, cursor, page } = view;
  const { history, onlyYouSeeThis } = messages;
  const lines = page.lines.map((line) => historyLine(line, view));
  const shownLines = lines.length > 0 ? lines : [cursor === null ? history.empty : history.noOlder];
  const buttons = pageButtons(view);
  const needsCommandLine =
    page.next !== null && !buttons.some(({ action_id }) => action_id === actionIds.history.older);
  const title = history.title(project);
  return {
    text: joinDots(title, shownLines[0] ?? null),
    blocks: [
      ...splitIntoSections([`*${title}*`, ...shownLines]),
      ...(buttons.length > 0 ? [actionsBlock(blockId('history', project, cursor?.before ?? 'newest'), buttons)] : []),
      contextBlock(
        joinDots(
          onlyYouSeeThis,
          needsCommandLine ? history.olderEntries(codeSpan(`syncbot history ${project}`)) : null,
        ),
      ),
    ],
  };
}

/** `yesterday 22:41 · @alice · paused 2 of 2 links · because we deploy`. */
export function historyLine(line: HistoryLine, view: Pick<HistoryView, 'format' | 'revealReasons'>): string {
  const { format } = view;
  const { from, to } = timesOf(line);
  const actor = actorOf(line);
  return truncateMrkdwn(
    joinDots(
      messages.history.times(format.time(from), to === null ? null : format.time(to)),
      actor === null ? null : format.person(actor),
      historyLineText(line, view),
    ),
    maxLineChars,
  );
}

function pageButtons({ project, cursor, page: { next } }: HistoryView): Button[] {
  const older = next === null ? null : historyQueryValue({ project, cursor: next });
  const newest = cursor === null ? null : historyQueryValue({ project, cursor: null });
  return [...pageButton('older', older), ...pageButton('newest', newest)];
}

function pageButton(target: 'older' | 'newest', value: string | null): Button[] {
  if (value === null) return [];
  const label = messages.buttons[target];
  const accessibilityLabel = messages.buttons.accessibilityLabels.page(label);
  return [button({ label, actionId: actionIds.history[target], value, accessibilityLabel })];
}

/** Puts lines into as few sections as possible. */
export function splitIntoSections(lines: readonly string[]): Block[] {
  const texts: string[] = [];
  for (const line of lines) {
    const last = texts.at(-1);
    if (last === undefined || last.length + line.length >= sectionBudgetChars) texts.push(line);
    else texts[texts.length - 1] = `${last}\n${line}`;
  }
  return texts.map((text) => sectionBlock(text));
}
