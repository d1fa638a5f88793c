import type { DigestReport } from '../../application/digest.ts';
import { attentionTotal } from '../../domain/attention.ts';
import type { DigestSections } from '../../domain/digest.ts';
import { activeDeadline } from '../../domain/pause-timer.ts';
import type { Project } from '../../domain/project.ts';
import { totalCount } from '../../domain/project-state.ts';
import { messages } from '../../messages/catalog.ts';
import { type Formatter, joinDots } from '../../messages/format.ts';
import { listRow } from '../../messages/list-text.ts';
import { blockId } from '../block-ids.ts';
import { type Suggestion, suggestHistory, suggestLists } from '../commands/suggestions.ts';
import {
  actionsBlock,
  type Block,
  commandButton,
  contextBlock,
  type Message,
  sectionBlock,
  showButton,
  textMessage,
} from './blocks.ts';
import { historyLinesThatFit } from './history.ts';
import { maxBlocksJsonChars } from './limits.ts';
import { causeLine, rowPerson } from './list-row.ts';
import { splitIntoSections } from './sections.ts';

/** How many projects a section shows. The others have a button that opens the list. */
const rowsPerSection = 5;
const maxHistoryLines = 10;
/** The JSON of all rows. The rest is for the lines of the history, and for everything else. */
const maxRowsJsonChars = 8_000;
const frameChars = 2_500;

export interface DigestView extends DigestReport {
  readonly format: Formatter;
  /** Whether masked reasons of failed tasks may be shown here. */
  readonly revealReasons: boolean;
}

/**
 * The state of all projects at one time: those that are Failed, have alerts or are Paused, and what has happened since the last
 * digest. One line if there is nothing to report, and each project was observed all the time.
 */
export function buildDigest(view: DigestView): Message {
  const { counts, sections, observation, gap, history, since, now, format } = view;
  const { digest, list } = messages;
  const attention = attentionTotal(counts.attention);
  const isEmpty = totalCount(counts.states) === 0;
  const areWell = attention === 0 && observation.kind === 'observed' && !isEmpty;
  const states = isEmpty ? digest.noProjects : list.counts(counts);
  const summary = areWell ? digest.allWell(counts.states) : states;
  const isQuiet = areWell && gap === null && sections.paused.length === 0 && nothingHappened(view);
  if (isQuiet) return textMessage(digest.quiet(summary, since, format));
  const title = digest.title(observation, attention > 0 ? list.attention(counts.attention) : summary, now, format);
  const heading = attention > 0 ? [title, list.counts(counts)] : [title];
  const warnings = [
    ...(observation.kind === 'not_observed' ? [messages.observation.consequence] : []),
    ...(observation.kind === 'partly_observed' ? [list.unobserved(observation.unobservedProjects)] : []),
    ...(gap === null ? [] : [messages.observation.gap({ since: gap.from, until: gap.to }, format)]),
  ];
  const rows = projectBlocks(sections, view);
  const maxJsonChars = maxBlocksJsonChars - frameChars - JSON.stringify(rows.blocks).length;
  const { lines, shownCount } = historyLinesThatFit(
    { ...view, lines: history.lines, project: null },
    { maxLines: maxHistoryLines, maxJsonChars },
  );
  const isLong = shownCount < history.lineCount || !history.isComplete;
  const buttons = [...rows.suggestions, ...(isLong ? suggestHistory(null, ['yesterday']) : [])].map(commandButton);
  return {
    text: [...heading, ...warnings].join('\n'),
    blocks: [
      sectionBlock([`*${title}*`, ...heading.slice(1)]),
      ...warnings.map((line) => sectionBlock(line)),
      ...rows.blocks,
      ...historyBlocks(view, lines),
      ...(isLong ? [contextBlock(digest.moreLines(history.lineCount - shownCount, history.isComplete))] : []),
      ...(buttons.length > 0 ? [actionsBlock(blockId('digest', now), buttons)] : []),
    ],
  };
}

function nothingHappened({ history }: DigestView): boolean {
  return history.lineCount === 0 && history.isComplete;
}

/** No statement about a time in which the links were not observed. */
function historyBlocks(view: DigestView, lines: readonly string[]): Block[] {
  const { observation, gap, since, format } = view;
  const { digest } = messages;
  if (lines.length > 0) return splitIntoSections([`*${digest.happened(since, format)}*`, ...lines]);
  const isKnown = observation.kind === 'observed' && gap === null && nothingHappened(view);
  return isKnown ? [sectionBlock(digest.nothingHappened(since, format))] : [];
}

interface ProjectBlocks {
  readonly blocks: readonly Block[];
  /** The lists of what is not shown. */
  readonly suggestions: readonly Suggestion[];
}

/** The sections that have projects, the worst first. */
function projectBlocks(sections: DigestSections, view: DigestView): ProjectBlocks {
  const parts = [
    { projects: sections.failed, title: messages.digest.sections.failed, filter: 'failed' },
    { projects: sections.alerting, title: messages.digest.sections.alerting, filter: 'attention' },
    { projects: sections.paused, title: messages.digest.sections.paused, filter: 'paused' },
  ];
  const blocks: Block[] = [];
  const filters: string[] = [];
  let remainingChars = maxRowsJsonChars;
  for (const { projects, title, filter } of parts) {
    if (projects.length === 0) continue;
    blocks.push(sectionBlock(`*${title}*`));
    let shown = 0;
    for (const project of projects.slice(0, rowsPerSection)) {
      const row = digestRow(project, view);
      remainingChars -= JSON.stringify(row).length;
      if (remainingChars < 0) break;
      blocks.push(row);
      shown += 1;
    }
    if (shown === projects.length) continue;
    blocks.push(contextBlock(messages.alertGroups.more(projects.length - shown)));
    filters.push(filter);
  }
  return { blocks, suggestions: suggestLists(filters) };
}

function digestRow(project: Project, view: DigestView): Block {
  const lines = project.state === 'paused' ? pausedLines(project, view) : alertLines(project, view);
  return sectionBlock(lines, showButton(project.id));
}

/** As in the list: what is wrong since when, who is on it, and why. */
function alertLines(project: Project, view: DigestView): string[] {
  const row = listRow(project, view);
  const { event, since, cause, moreAlerts } = row;
  const first = joinDots(`*${project.id}*`, event, messages.list.stateSince(since, view.format), rowPerson(row, view));
  return cause === null ? [first] : [first, causeLine(cause, moreAlerts)];
}

/** Since when, the person and the reason, then an alert. The alerts about the pause itself would repeat them. */
function pausedLines(project: Project, view: DigestView): string[] {
  const { paused_reminder: _reminder, pause_ending: _ending, ...alerts } = project.alerts;
  const { list, pauseLimits, states } = messages;
  const deadline = activeDeadline(project);
  const row = listRow({ ...project, alerts }, view);
  const { event, cause, moreAlerts } = row;
  const alert =
    cause === null
      ? []
      : [joinDots(event === states.paused ? null : event, causeLine(cause, moreAlerts), rowPerson(row, view))];
  return [
    joinDots(
      `*${project.id}*`,
      deadline === null ? states.paused : `${states.paused} ${pauseLimits.until(deadline.at, view.format)}`,
      list.stateSince(project.since, view.format),
    ),
    list.lastChange(project, view.format),
    ...alert,
  ];
}
