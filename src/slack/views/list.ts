import { formatListFilter, type ListFilter, type NoMatch, type UnknownFilterValue } from '../../domain/list-filter.ts';
import { totalCount } from '../../domain/project-state.ts';
import { messages } from '../../messages/catalog.ts';
import { type Formatter, joinDots } from '../../messages/format.ts';
import { type ListFacts, listHeading, listWarnings, noMatchText, unknownFilterText } from '../../messages/list-text.ts';
import { actionIds } from '../action-ids.ts';
import { blockId } from '../block-ids.ts';
import { listQueryValue } from '../button-values.ts';
import { suggestedList, suggestLists } from '../commands/suggestions.ts';
import {
  actionsBlock,
  type Button,
  button,
  commandButton,
  contextBlock,
  type Message,
  messageWithSuggestions,
  type Select,
  sectionBlock,
} from './blocks.ts';
import { maxBlocksJsonChars } from './limits.ts';
import { type LabelSelect, labelSelect, stateSelect } from './list-filters.ts';
import { type ListRowView, projectRow } from './list-row.ts';
import { codeSpan } from './mrkdwn.ts';

export const projectsPerPage = 10;

export interface ListView extends ListFacts, ListRowView {
  /** From 0. */
  readonly page: number;
  /** The labels that exist, those with the most projects first. */
  readonly labels: readonly string[];
}

/** The JSON of the menus without the options of the labels, of the buttons below them, and of the lines at the end. */
const frameChars = 2_500;

/** One page: how many projects need attention, two lines for each project, the menus of filters and the buttons of pages. */
export function buildList(view: ListView): Message {
  const { observedProjects, page, format, restriction } = view;
  const { list, onlyYouSeeThis } = messages;
  const heading = listHeading(view, format);
  const warnings = listWarnings(view.observation, format);
  const pageCount = Math.ceil(totalCount(view.counts.states) / projectsPerPage);
  const top = [
    sectionBlock([`*${heading[0]}*`, ...heading.slice(1)]),
    ...warnings.map((line) => sectionBlock(line)),
    ...observedProjects.map((observed) => projectRow(observed, view)),
  ];
  const label = labelSelect(view.filter, {
    labels: view.labels,
    maxJsonChars: maxBlocksJsonChars - JSON.stringify(top).length - frameChars,
  });
  const controls = [...menus(view.filter, label), ...pagingButtons(page, pageCount, view.filter)];
  const footer = joinDots(
    onlyYouSeeThis,
    pageCount > 1 ? list.page(page + 1, pageCount) : null,
    list.showHint(format),
    label.isPartial ? list.moreLabels(format) : null,
  );
  return {
    text: [...heading, ...warnings].join('\n'),
    blocks: [
      ...top,
      ...(controls.length > 0 ? [actionsBlock(listBlockId(view), controls)] : []),
      contextBlock(footer),
      ...(restriction === null ? [] : [contextBlock(restriction)]),
    ],
  };
}

function pagingButtons(page: number, pageCount: number, filter: ListFilter): Button[] {
  const pageButton = (direction: 'next' | 'previous', target: number) =>
    button({
      label: messages.buttons[direction],
      actionId: actionIds.page[direction],
      value: listQueryValue({ page: target, filter: formatListFilter(filter) }),
      accessibilityLabel: messages.buttons.accessibilityLabels.page(messages.buttons[direction]),
    });
  return [
    ...(page > 0 ? [pageButton('previous', page - 1)] : []),
    ...(page + 1 < pageCount ? [pageButton('next', page + 1)] : []),
  ];
}

/** Slack keeps what a person selected in a menu as long as the block id is the same. */
function listBlockId({ page, observedProjects, filter }: ListView): string {
  return blockId('page', page, observedProjects[0]?.stats.observedAt ?? 0, formatListFilter(filter));
}

export interface EmptyListView extends Pick<ListView, 'filter' | 'observation' | 'labels' | 'format'> {
  readonly reason: NoMatch;
}

/** No project matches. If the filter exists, that is an answer as any other, with the menus. */
export function buildEmptyList({ reason, filter, observation, labels, format }: EmptyListView): Message {
  const { list, onlyYouSeeThis } = messages;
  if (reason.kind === 'no_projects')
    return messageWithSuggestions(list.noProjects(codeSpan('syncbot apply'), format), [suggestedList]);
  const answer = noMatchText(reason, filter, format);
  if (reason.kind !== 'none') return filterHint(answer, 'similar' in reason ? reason.similar : []);
  const text = [answer, ...listWarnings(observation, format)].join('\n');
  const label = labelSelect(filter, { labels, maxJsonChars: maxBlocksJsonChars - text.length - frameChars });
  const controls = [...menus(filter, label), commandButton(suggestedList)];
  return {
    text,
    blocks: [
      sectionBlock(text),
      actionsBlock(blockId('page', 'none', formatListFilter(filter)), controls),
      contextBlock(onlyYouSeeThis),
    ],
  };
}

export interface UnknownFilterView {
  readonly unknown: UnknownFilterValue;
  /** Filters that may have been meant. */
  readonly similar: readonly string[];
  readonly format: Formatter;
}

/** A filter that cannot be read. */
export function buildUnknownFilter({ unknown, similar, format }: UnknownFilterView): Message {
  return filterHint(unknownFilterText(unknown, similar, format), similar);
}

function filterHint(text: string, filters: readonly string[]): Message {
  return messageWithSuggestions(text, filters.length === 0 ? [suggestedList] : suggestLists(filters));
}

function menus(filter: ListFilter, label: LabelSelect): Select[] {
  const state = stateSelect(filter);
  return [...(state === null ? [] : [state]), ...(label.select === null ? [] : [label.select])];
}
