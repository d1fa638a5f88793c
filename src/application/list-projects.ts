import { attentionCause, countProjects, type ProjectCounts, urgencyOf } from '../domain/attention.ts';
import { alertKinds } from '../domain/conditions.ts';
import { normalizeFilterText } from '../domain/filter-tokens.ts';
import {
  emptyFilter,
  formatListFilter,
  type ListFilter,
  matchesFilter,
  type NoMatch,
  parseListFilter,
  type UnknownFilterValue,
} from '../domain/list-filter.ts';
import type { Project } from '../domain/project.ts';
import { projectStates, totalCount } from '../domain/project-state.ts';
import { closestMatches } from '../lib/closest-match.ts';
import type { UseCaseContext } from './context.ts';
import type { ProjectsAndUnreadable } from './project-store.ts';

type Context = Pick<UseCaseContext, 'projects'>;

/** Returns all projects that match the filter. Those that need attention come first, then those in the most urgent state. */
export async function listProjects(context: Context, filter: ListFilter): Promise<Project[]> {
  return selectProjects(await readAllProjects(context), filter);
}

/** All projects that can be read, sorted by their id. Throws `StoreUnavailableError`. */
export async function readAllProjects({ projects }: Context): Promise<Project[]> {
  return projects.readMany(await projects.listIds());
}

/** The same, and which projects cannot be read. */
export async function readProjectsAndUnreadable({ projects }: Context): Promise<ProjectsAndUnreadable> {
  return projects.readManyOrUnreadable(await projects.listIds());
}

function selectProjects(projects: readonly Project[], filter: ListFilter): Project[] {
  return projects
    .filter((project) => matchesFilter(project, filter))
    .map((project) => ({ project, urgency: urgencyOf(project) }))
    .sort((a, b) => a.urgency - b.urgency || (a.project.id < b.project.id ? -1 : 1))
    .map(({ project }) => project);
}

export interface PageRequest {
  readonly filter: ListFilter;
  /** Leaves out the projects that need attention. Default false. */
  readonly isQuiet?: boolean;
  /** From 0. */
  readonly page: number;
  /** How many projects a page has. */
  readonly size: number;
}

export interface ListPage {
  /** Counts the projects that match. */
  readonly counts: ProjectCounts;
  /** From 0. The last page if the requested one does not exist. */
  readonly page: number;
  readonly projects: readonly Project[];
}

/**
 * Returns one page of what `listProjects` lists. If the filter has only states and attention, the page is read from the urgency
 * index: then the cost does not depend on the number of projects.
 */
export async function listPage(context: Context, request: PageRequest): Promise<ListPage> {
  const { alerts, labels, words } = request.filter;
  if (alerts.length + labels.length + words.length === 0) {
    const indexed = await readIndexPage(context, request);
    if (indexed.kind === 'page') return indexed.page;
  }
  const projects = await listProjects(context, request.filter);
  return slicePage(
    request.isQuiet ? projects.filter((project) => attentionCause(project) === null) : projects,
    request,
  );
}

async function readIndexPage(
  context: Context,
  request: PageRequest,
): Promise<{ readonly kind: 'page'; readonly page: ListPage } | { readonly kind: 'outdated' }> {
  const { filter, isQuiet = false, page, size } = request;
  const attention = isQuiet ? 'none' : filter.attention ? 'only' : 'any';
  const query = { attention, states: filter.states, from: page * size, limit: size } as const;
  const found = await context.projects.listByUrgency(query);
  if (found.kind === 'outdated') return found;
  const last = lastPage(totalCount(found.counts.states), size);
  if (page > last) return readIndexPage(context, { ...request, page: last });
  return { kind: 'page', page: { counts: found.counts, page, projects: found.projects } };
}

function slicePage(projects: readonly Project[], { page, size }: PageRequest): ListPage {
  const shown = Math.min(page, lastPage(projects.length, size));
  return { counts: countProjects(projects), page: shown, projects: projects.slice(shown * size, (shown + 1) * size) };
}

function lastPage(total: number, size: number): number {
  return Math.max(0, Math.ceil(total / size) - 1);
}

const maxSimilar = 5;

/** Explains why no project matches the filter. */
export async function explainNoMatch(context: Context, filter: ListFilter): Promise<NoMatch> {
  const { projects, unreadable } = await readProjectsAndUnreadable(context);
  if (projects.length === 0)
    return unreadable.length === 0 ? { kind: 'no_projects' } : { kind: 'unreadable', projects: unreadable.length };
  const isAnyLike = (part: Partial<ListFilter>) =>
    projects.some((project) => matchesFilter(project, { ...emptyFilter, ...part }));
  const { labels, words } = filter;
  if (isAnyLike({ labels, words })) return { kind: 'none' };
  const existing = [...new Set(projects.flatMap(({ definition }) => definition.labels.map(normalizeFilterText)))];
  const unknownLabel = labels.find((label) => !isAnyLike({ labels: [label] }));
  if (unknownLabel !== undefined) {
    const similar = closestMatches(unknownLabel, existing, maxSimilar);
    const suggested = (similar.length === 0 ? existing : similar).slice(0, maxSimilar);
    const toFilter = (label: string) =>
      formatListFilter({ ...filter, labels: labels.map((each) => (each === unknownLabel ? label : each)) });
    return { kind: 'unknown_label', text: unknownLabel, similar: suggested.map(toFilter) };
  }
  const unknownWord = words.find((word) => !isAnyLike({ words: [word] }));
  if (unknownWord === undefined) return { kind: 'no_combination' };
  const otherWords = { ...filter, words: words.filter((word) => word !== unknownWord) };
  const meanings: readonly (readonly [string, ListFilter])[] = [
    ...projectStates.map((state) => [state.replace('_', ' '), { ...otherWords, states: [state] }] as const),
    ['attention', { ...otherWords, attention: true }],
    ...existing.map((label) => [label, { ...otherWords, labels: [...labels, label] }] as const),
    ...projects.map(({ id }) => [id, { ...otherWords, words: [...otherWords.words, id] }] as const),
  ];
  const byName = new Map([...meanings].reverse());
  const similar = closestMatches(unknownWord, [...byName.keys()].reverse(), maxSimilar);
  return {
    kind: 'unknown_word',
    text: unknownWord,
    similar: similar.flatMap((name) => {
      const meaning = byName.get(name);
      return meaning === undefined ? [] : [formatListFilter(meaning)];
    }),
  };
}

/** The filters that an unknown state or kind of alert was most likely meant to be, as texts. */
export function suggestFilters({ key, value }: UnknownFilterValue): string[] {
  const names = key === 'state' ? projectStates : alertKinds;
  const similar = closestMatches(value.replace(/[ -]/g, '_'), names, maxSimilar);
  return similar.flatMap((name) => {
    const parsed = parseListFilter(`${key}:${name}`);
    return parsed.kind === 'filter' ? [formatListFilter(parsed.filter)] : [];
  });
}
