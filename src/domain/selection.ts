import { normalizeFilterText, quote, readTokens } from './filter-tokens.ts';
import { parseState } from './list-filter.ts';
import type { Project, ProjectId } from './project.ts';
import { matchProjects, type ProjectName } from './project-names.ts';
import type { ProjectState } from './project-state.ts';

/** What selects projects by their facts: `key:value`. */
export const selectionKeys = ['label', 'source', 'target', 'state', 'batch'] as const;
export type SelectionKey = (typeof selectionKeys)[number];

export type SelectionTerm =
  /** What a person typed for one project. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'state'; readonly value: ProjectState }
  /** A label, the name of an endpoint, or the id of a batch, in the form of `normalizeFilterText`. */
  | { readonly kind: Exclude<SelectionKey, 'state'>; readonly value: string };

/**
 * Projects that one command is about. Terms of one key, and names, select the projects that match any of them. Different keys
 * combine: a project must match each. A project that matches any term of `except` is left out.
 */
export interface Selection {
  readonly terms: readonly SelectionTerm[];
  readonly except: readonly SelectionTerm[];
}

export type SelectionError =
  | { readonly code: 'unknown_state'; readonly value: string }
  /** `except` without a term after it. */
  | { readonly code: 'except_missing' };

export type ParsedSelection =
  | { readonly kind: 'selection'; readonly selection: Selection }
  | { readonly kind: 'invalid'; readonly error: SelectionError };

/**
 * Reads words as a selection, each of which is a name, `key:value` or `except`. The first word is not `except`: that can be
 * the id of a project.
 */
export function parseSelection(words: readonly string[]): ParsedSelection {
  const position = words.findIndex((word, index) => index > 0 && isExcept(word));
  const [included, excluded] = position === -1 ? [words, []] : [words.slice(0, position), words.slice(position + 1)];
  const terms: SelectionTerm[] = [];
  const except: SelectionTerm[] = [];
  for (const [from, to] of [
    [included, terms],
    [excluded, except],
  ] as const) {
    for (const word of from) {
      const term = parseTerm(word);
      if (term.kind === 'unknown_state') return { kind: 'invalid', error: { code: term.kind, value: term.value } };
      to.push(term);
    }
  }
  if (position !== -1 && except.length === 0) return { kind: 'invalid', error: { code: 'except_missing' } };
  return { kind: 'selection', selection: { terms, except } };
}

/** Whether the word can only be a part of a selection, unlike a name: `key:value`, or `except` after the first word. */
export function isSelectionWord(word: string): boolean {
  return isExcept(word) || parseTerm(word).kind !== 'name';
}

function isExcept(word: string): boolean {
  return normalizeFilterText(word) === 'except';
}

function parseTerm(word: string): SelectionTerm | { readonly kind: 'unknown_state'; readonly value: string } {
  const [token, ...rest] = readTokens(word.replace(/^(\w+):([^"]*\s[^"]*)$/u, '$1:"$2"'), selectionKeys);
  if (token === undefined || token.key === null || rest.length > 0) return { kind: 'name', name: word };
  if (token.key !== 'state') return { kind: token.key, value: token.value };
  const state = parseState(token.value);
  return state === null ? { kind: 'unknown_state', value: token.value } : { kind: 'state', value: state };
}

/** The text of a selection. `parseSelection` reads its words as the same selection. */
export function formatSelection({ terms, except }: Selection): string {
  return [...terms.map(formatTerm), ...(except.length === 0 ? [] : ['except', ...except.map(formatTerm)])].join(' ');
}

function formatTerm(term: SelectionTerm): string {
  if (term.kind === 'name') return term.name;
  const value = term.kind === 'state' ? term.value.replaceAll('_', '-') : term.value;
  const plain = parseTerm(`${term.kind}:${value}`);
  const isPlain = !/[\s"]/u.test(value) && 'value' in plain && plain.value === term.value;
  return `${term.kind}:${isPlain ? value : quote(value)}`;
}

/** The one project that a selection names, if it is nothing else, or null. */
export function onlyName({ terms, except }: Selection): string | null {
  const [term] = terms;
  return terms.length === 1 && except.length === 0 && term?.kind === 'name' ? term.name : null;
}

/** The words that each must mean one project. */
export function namesIn({ terms, except }: Selection): string[] {
  return [...terms, ...except].flatMap((term) => (term.kind === 'name' ? [term.name] : []));
}

/** The ids of the batches. */
export function batchesIn({ terms, except }: Selection): string[] {
  return [...terms, ...except].flatMap((term) => (term.kind === 'batch' ? [term.value] : []));
}

export interface SelectionFacts {
  /** The project that each name of the selection means. */
  readonly idsByName: ReadonlyMap<string, ProjectId>;
  /** The projects of each batch of the selection. */
  readonly projectsByBatch: ReadonlyMap<string, ReadonlySet<ProjectId>>;
}

/** The projects of a selection, in their order. */
export function selectProjects(
  { terms, except }: Selection,
  projects: readonly Project[],
  facts: SelectionFacts,
): Project[] {
  const kinds = [...new Set(terms.map(({ kind }) => kind))];
  return projects.filter(
    (project) =>
      kinds.length > 0 &&
      kinds.every((kind) => terms.some((term) => term.kind === kind && matchesTerm(project, term, facts))) &&
      !except.some((term) => matchesTerm(project, term, facts)),
  );
}

function matchesTerm({ id, state, definition }: Project, term: SelectionTerm, facts: SelectionFacts): boolean {
  switch (term.kind) {
    case 'name':
      return facts.idsByName.get(term.name) === id;
    case 'label':
      return definition.labels.some((label) => normalizeFilterText(label) === term.value);
    case 'source':
    case 'target':
      return normalizeFilterText(definition[term.kind]?.name ?? '') === term.value;
    case 'state':
      return state === term.value;
    case 'batch':
      return facts.projectsByBatch.get(term.value)?.has(id) === true;
    default:
      return term satisfies never;
  }
}

/** What a word means if it is the name of a project. */
export type NamedProject =
  /** Its id, or its channel. */
  | { readonly kind: 'exact'; readonly id: ProjectId }
  /** A part of its id, or the name of a link. It means no other project. */
  | { readonly kind: 'similar'; readonly id: ProjectId }
  | { readonly kind: 'several'; readonly ids: readonly ProjectId[] }
  | { readonly kind: 'none' };

export function findNamedProject(name: ProjectName, projects: readonly Project[]): NamedProject {
  const own = name.channel === null ? projects.find(({ id }) => id === name.text.toLowerCase()) : undefined;
  if (own !== undefined) return { kind: 'exact', id: own.id };
  const [first, ...others] = matchProjects(name, projects);
  if (first === undefined) return { kind: 'none' };
  if (others.length > 0) return { kind: 'several', ids: [first, ...others].map(({ id }) => id) };
  const isChannel = name.channel !== null && first.definition.channel === name.channel;
  return { kind: isChannel ? 'exact' : 'similar', id: first.id };
}

/**
 * Whether the words after the first project name more projects, or are the reason. Without `because` a word names a project
 * only with its whole id. `unclear`: some words name a project and some do not, so that nothing may be done.
 */
export function readFollowingWords(
  words: readonly NamedProject[],
  { hasBecause }: { readonly hasBecause: boolean },
): 'names' | 'reason' | 'unclear' {
  if (words.every(({ kind }) => kind === 'exact' || (hasBecause && kind === 'similar'))) return 'names';
  if (words.some(({ kind }) => kind === 'exact')) return 'unclear';
  return words.length === 1 && words[0]?.kind !== 'none' ? 'unclear' : 'reason';
}
