import { normalizeFilterText } from '../../domain/filter-tokens.ts';
import { formatListFilter, type ListFilter } from '../../domain/list-filter.ts';
import { messages } from '../../messages/catalog.ts';
import { actionIds } from '../action-ids.ts';
import { filterValue } from '../button-values.ts';
import { type Select, type SelectOption, select } from './blocks.ts';
import { maxOptionChars, maxOptions } from './limits.ts';
import { plainLabel } from './mrkdwn.ts';

const { filters } = messages.list;

/** The states that the menu of filters has. */
const filteredStates = ['failed', 'paused', 'running', 'not_started'] as const;

/** The menu of states. Its choice keeps the label. All also removes what a person typed. Null if no choice fits into it. */
export function stateSelect(filter: ListFilter, actionId: string = actionIds.filter.state): Select | null {
  const unfiltered = { ...filter, attention: false, states: [], alerts: [] };
  const choices: readonly (readonly [string, ListFilter])[] = [
    [filters.all, { ...unfiltered, words: [] }],
    [filters.attention, { ...unfiltered, attention: true }],
    ...filteredStates.map((state) => [messages.states[state], { ...unfiltered, states: [state] }] as const),
  ];
  const options = choices.flatMap(([label, choice]) => toOption(label, choice, filter));
  return options.length === 0 ? null : select({ actionId, placeholder: filters.placeholder, options });
}

export interface LabelSelect {
  /** Null if there is no label. */
  readonly select: Select | null;
  /** Whether a label is not in the menu. */
  readonly isPartial: boolean;
}

export interface LabelOptions {
  readonly labels: readonly string[];
  readonly maxJsonChars: number;
  readonly actionId?: string;
}

/** The menu of labels, in alphabetical order. `labels`: those with the most projects first. */
export function labelSelect(
  filter: ListFilter,
  { labels, maxJsonChars, actionId = actionIds.filter.label }: LabelOptions,
): LabelSelect {
  const unfiltered = { ...filter, labels: [] };
  const [all, ...options] = [
    ...toOption(filters.allLabels, unfiltered, filter),
    ...uniqueLabels(filter.labels, labels).flatMap(({ key, label }) =>
      toOption(label, { ...filter, labels: [key] }, filter),
    ),
  ];
  if (all === undefined || options.length === 0) return { select: null, isPartial: false };
  const fitting = options.slice(0, maxOptions - 1);
  const build = () =>
    select({
      actionId,
      placeholder: filters.labelPlaceholder,
      options: [all, ...fitting.toSorted((a, b) => (a.label < b.label ? -1 : 1))],
    });
  while (fitting.length > 0 && JSON.stringify(build()).length > maxJsonChars) fitting.pop();
  return { select: fitting.length === 0 ? null : build(), isPartial: fitting.length < options.length };
}

/** Empty if Slack would not accept the value, even without the words that a person typed. */
function toOption(label: string, choice: ListFilter, current: ListFilter): SelectOption[] {
  const text = formatListFilter(choice);
  const value = filterValue(text) ?? filterValue(formatListFilter({ ...choice, words: [] }));
  const shown = plainLabel(label, maxOptionChars);
  if (value === null || shown === '') return [];
  return [{ label: shown, value, isSelected: text === formatListFilter(current) }];
}

/** Labels that differ only in the case of their letters are one. The selected ones come first. */
function uniqueLabels(
  selected: readonly string[],
  labels: readonly string[],
): { readonly key: string; readonly label: string }[] {
  const labelOf = new Map(labels.toReversed().map((label) => [normalizeFilterText(label), label]));
  const keys = new Set([...selected, ...labels.map(normalizeFilterText)]);
  return [...keys].map((key) => ({ key, label: labelOf.get(key) ?? key }));
}
