import type { HistorySince } from '../../application/history.ts';
import { actorOf, type HistoryLine, type HistoryPage, timesOf } from '../../domain/history-lines.ts';
import type { Actor, ProjectId } from '../../domain/project.ts';
import { groupSimilarLines, type SimilarLines } from '../../domain/similar-lines.ts';
import { messages } from '../../messages/catalog.ts';
import type { HistoryContext } from '../../messages/facts.ts';
import { type Formatter, joinDots } from '../../messages/format.ts';
import { historyLineText, historySummary } from '../../messages/render.ts';
import { actionIds } from '../action-ids.ts';
import { blockId } from '../block-ids.ts';
import { type HistoryQuery, historyQueryValue } from '../button-values.ts';
import { actionsBlock, type Button, button, contextBlock, type Message, sectionBlock } from './blocks.ts';
import { maxBlocksJsonChars } from './limits.ts';
import { codeSpan, truncateMrkdwn } from './mrkdwn.ts';
import { splitIntoSections } from './sections.ts';

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
  const lines = page.lines.map((line) => historyLine(line, { ...view, projects: [] }));
  const shownLines = lines.length > 0 ? lines : [cursor === null ? history.empty : history.noOlder];
  const buttons = pageButtons(view);
  const needsCommandLine =
    page.next !== null && !buttons.some(({ action_id }) => action_id === actionIds.historyPage.older);
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

/** As many lines as a message can have. Long ones can be fewer. */
export const maxLinesSince = 30;
/** Of so many lines of all projects, those that say the same are one line. */
export const maxProjectLines = 1_000;
/** The JSON of everything but the lines. */
const frameChars = 1_500;

export interface HistorySinceView extends HistorySince {
  /** Null for all projects. */
  readonly project: ProjectId | null;
  /** Epoch ms. */
  readonly since: number;
  /** In which a time of day was read. Null if the person typed none. */
  readonly timeZone: string | null;
  readonly revealReasons: boolean;
  readonly format: Formatter;
}

/** What happened since a time, in one project or in all. */
export function buildHistorySince(view: HistorySinceView): Message {
  const { project, lineCount, projectCount, isComplete, format } = view;
  const { history, onlyYouSeeThis } = messages;
  const since = format.time(view.since);
  const zone = view.timeZone === null ? null : history.timeZone(view.timeZone);
  if (lineCount === 0) {
    const title = history.nothingSince(project, since);
    return { text: title, blocks: [sectionBlock(title), contextBlock(joinDots(onlyYouSeeThis, zone))] };
  }
  const title = history.sinceTitle(project ?? projectCount, since);
  const { lines, shownCount } = historyLinesThatFit(view, {
    maxLines: maxLinesSince,
    maxJsonChars: maxBlocksJsonChars - frameChars,
  });
  const notShown = lineCount - shownCount;
  const command = format.command(`history ${project ?? '<project>'}`);
  return {
    text: joinDots(title, lines[0] ?? null),
    blocks: [
      ...splitIntoSections([`*${title}*`, ...lines]),
      contextBlock(
        joinDots(
          onlyYouSeeThis,
          zone,
          notShown > 0 || !isComplete ? history.notShown(notShown, isComplete, command) : null,
        ),
      ),
    ],
  };
}

/** What the lines of several projects need to be shown. */
export type HistoryLinesView = Pick<HistorySinceView, 'lines' | 'project' | 'revealReasons' | 'format'>;

/** The text of each group of similar lines that fits, and how many lines these groups have. */
export function historyLinesThatFit(
  view: HistoryLinesView,
  { maxLines, maxJsonChars }: { readonly maxLines: number; readonly maxJsonChars: number },
): { readonly lines: readonly string[]; readonly shownCount: number } {
  let remainingChars = maxJsonChars;
  let shownCount = 0;
  const lines: string[] = [];
  for (const group of groupSimilarLines(view.lines, (line) => similarText(line, view))) {
    const text = similarLinesText(group, view);
    remainingChars -= JSON.stringify(text).length;
    if (remainingChars < 0 || lines.length === maxLines) break;
    lines.push(text);
    shownCount += group.projects.length;
  }
  return { lines, shownCount };
}

function similarText(line: HistoryLine, view: HistoryLinesView): string | null {
  const summary = historySummary(line, view);
  return summary === null ? null : joinDots(actorOf(line), summary);
}

function similarLinesText({ newest, projects, times }: SimilarLines, view: HistoryLinesView): string {
  if (projects.length === 1) return historyLine(newest, { ...view, projects: view.project === null ? projects : [] });
  return lineText({ times, actor: actorOf(newest), text: historySummary(newest, view) ?? '' }, { ...view, projects });
}

interface LineView extends HistoryContext {
  /** Empty where the title names the project. */
  readonly projects: readonly ProjectId[];
}

/** `yesterday 22:41 · @alice · paused 2 of 2 links · because we deploy`. */
function historyLine(line: HistoryLine, view: LineView): string {
  return lineText({ times: timesOf(line), actor: actorOf(line), text: historyLineText(line, view) }, view);
}

interface LineParts {
  /** Epoch ms. */
  readonly times: { readonly from: number; readonly to: number | null };
  readonly actor: Actor | null;
  readonly text: string;
}

function lineText({ times, actor, text }: LineParts, { format, projects }: LineView): string {
  return truncateMrkdwn(
    joinDots(
      messages.history.times(times, format),
      projects.length === 0 ? null : messages.history.projects(projects.map((project) => `*${project}*`)),
      actor === null ? null : format.person(actor),
      text,
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
  return [button({ label, actionId: actionIds.historyPage[target], value, accessibilityLabel })];
}
