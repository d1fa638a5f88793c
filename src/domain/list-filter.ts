import { attentionCause } from './attention.ts';
import { type AlertKind, alertKinds } from './conditions.ts';
import { normalizeFilterText, quote, readTokens, type Token } from './filter-tokens.ts';
import type { Project } from './project.ts';
import { type ProjectState, projectStates } from './project-state.ts';

/**
 * Which projects a list contains: those that need attention, with one of the states, with one of the firing alerts, with all of
 * the labels, and with all of the words. An empty part selects all. Texts are in the form of `normalizeFilterText`.
 */
export interface ListFilter {
  readonly attention: boolean;
  readonly states: readonly ProjectState[];
  readonly alerts: readonly AlertKind[];
  readonly labels: readonly string[];
  /** Each is a part of an id, a description or an endpoint name, or a label. */
  readonly words: readonly string[];
}

export const emptyFilter: ListFilter = { attention: false, states: [], alerts: [], labels: [], words: [] };

/** `key:value`, where the value is neither a state nor an alert kind. */
export interface UnknownFilterValue {
  readonly key: 'state' | 'alert';
  readonly value: string;
}

export type ParsedFilter =
  | { readonly kind: 'filter'; readonly filter: ListFilter }
  | ({ readonly kind: 'unknown' } & UnknownFilterValue);

/** Why a list is empty. */
export type NoMatch =
  | { readonly kind: 'no_projects' }
  /** There are projects, and the record of none can be read. */
  | { readonly kind: 'unreadable'; readonly projects: number }
  /** Projects have the labels and match the words, but none of them the rest of the filter. */
  | { readonly kind: 'none' }
  /** `similar`: filters that may have been meant, as texts. */
  | { readonly kind: 'unknown_label' | 'unknown_word'; readonly text: string; readonly similar: readonly string[] }
  /** Projects match each label and each word, but none matches all of them. */
  | { readonly kind: 'no_combination' };

const filterKeys = ['label', 'alert', 'state'] as const;
type FilterKey = (typeof filterKeys)[number];

/**
 * Parses a filter as people type it: `paused label:prod orders`, `alert:no-worker`, `label:"two words"`. A text in quotes is a
 * word, also if it is the name of a state.
 */
export function parseListFilter(text: string): ParsedFilter {
  const tokens = readTokens(text, filterKeys);
  let filter = emptyFilter;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined) break;
    const { key, value } = token;
    if (key === 'label') filter = { ...filter, labels: add(filter.labels, value) };
    else if (key === 'alert') {
      const kind = parseAlertKind(value);
      if (kind === null) return { kind: 'unknown', key, value };
      filter = { ...filter, alerts: add(filter.alerts, kind) };
    } else if (key === 'state') {
      const state = parseState(value);
      if (state === null) return { kind: 'unknown', key, value };
      filter = { ...filter, states: add(filter.states, state) };
    } else {
      const pair = isName(tokens[index + 1]) ? addName(filter, `${value} ${tokens[index + 1]?.value}`) : null;
      const named = token.isQuoted ? null : (pair ?? addName(filter, value));
      if (named !== null && named === pair) index += 1;
      filter = named ?? { ...filter, words: add(filter.words, value) };
    }
  }
  return { kind: 'filter', filter };
}

/** The text of a filter. `parseListFilter` reads it as the same filter. */
export function formatListFilter(filter: ListFilter): string {
  const { attention, states, alerts, labels, words } = filter;
  const quoteUnless = (isPlain: boolean, value: string) => (isPlain ? value : quote(value));
  const start = [
    ...(attention ? ['attention'] : []),
    ...states.map(withHyphens),
    ...alerts.map((kind) => `alert:${withHyphens(kind)}`),
    ...labels.map((label) => `label:${quoteUnless(parsesAs(`label:${label}`, { labels: [label] }), label)}`),
  ];
  const text = [...start, ...words.map((word) => quoteUnless(parsesAs(word, { words: [word] }), word))].join(' ');
  // Two words can be a name only together, such as `not started`.
  return parsesAs(text, filter) ? text : [...start, ...words.map(quote)].join(' ');
}

export function matchesFilter(project: Project, filter: ListFilter): boolean {
  const { attention, states, alerts } = filter;
  return (
    (!attention || attentionCause(project) !== null) &&
    (states.length === 0 || states.includes(project.state)) &&
    (alerts.length === 0 || alerts.some((kind) => project.alerts[kind]?.alert.state === 'firing')) &&
    hasLabels(project, filter) &&
    hasWords(project, filter)
  );
}

function hasLabels({ definition }: Project, { labels }: ListFilter): boolean {
  if (labels.length === 0) return true;
  const own = definition.labels.map(normalizeFilterText);
  return labels.every((label) => own.includes(label));
}

/** A label that has spaces matches all of the words together. */
function hasWords({ id, definition }: Project, { words }: ListFilter): boolean {
  if (words.length === 0) return true;
  const labels = definition.labels.map(normalizeFilterText);
  if (labels.includes(words.join(' '))) return true;
  const searched = [id, definition.description, definition.source?.name, definition.target?.name];
  const texts = searched.flatMap((text) => (text == null ? [] : [normalizeFilterText(text)]));
  return words.every((word) => labels.includes(word) || texts.some((text) => text.includes(word)));
}

/** The state with this name, such as `not_started` or `Not Started`, or null. */
export function parseState(name: string): ProjectState | null {
  return findName(projectStates, name);
}

function parseAlertKind(name: string): AlertKind | null {
  return findName(alertKinds, name);
}

function findName<Name extends string>(names: readonly Name[], text: string): Name | null {
  const normalized = normalizeFilterText(text).replace(/[ -]/g, '_');
  return names.find((name) => name === normalized) ?? null;
}

function isName(token: Token<FilterKey> | undefined): boolean {
  return token !== undefined && token.key === null && !token.isQuoted;
}

/** Returns null if the text is not the name of a state, `attention` or `all`. */
function addName(filter: ListFilter, name: string): ListFilter | null {
  if (name === 'all') return filter;
  if (name === 'attention' || name === 'needs attention') return { ...filter, attention: true };
  const state = parseState(name);
  return state === null ? null : { ...filter, states: add(filter.states, state) };
}

function add<Item>(items: readonly Item[], item: Item): readonly Item[] {
  return items.includes(item) ? items : [...items, item];
}

function withHyphens(name: string): string {
  return name.replaceAll('_', '-');
}

function parsesAs(text: string, filter: Partial<ListFilter>): boolean {
  const expected: ParsedFilter = { kind: 'filter', filter: { ...emptyFilter, ...filter } };
  return JSON.stringify(parseListFilter(text)) === JSON.stringify(expected);
}
