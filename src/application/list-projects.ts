import type { Project, ProjectId } from '../domain/project.ts';
import {
  countStates,
  countsByState,
  type ProjectState,
  projectStates,
  type StateCounts,
  totalCount,
  urgency,
} from '../domain/state.ts';
import type { UseCaseContext } from './context.ts';

/**
 * All projects that fit what a person typed behind `list`, the worst state first, then by id (the console's list page). The
 * filter is empty, or a state, a label, or a part of id, description or endpoint.
 */
export async function listProjects(deps: Pick<UseCaseContext, 'projects'>, filter: string): Promise<Project[]> {
  const projects = await deps.projects.readMany(await deps.projects.listIds());
  return projects
    .filter((project) => matchesFilter(project, filter))
    .sort((a, b) => urgency[a.state] - urgency[b.state] || compareIds(a.id, b.id));
}

export interface ListPage {
  /** How many of those that fit the filter are in each state. */
  readonly counts: StateCounts;
  /** From 0; the last one when there are fewer than was asked for. */
  readonly page: number;
  readonly projects: readonly Project[];
}

export interface PageRequest {
  readonly filter: string;
  readonly page: number;
  /** How many projects a page holds. */
  readonly size: number;
}

/**
 * One page of what `listProjects` lists. Without a filter, or with a state for one, it costs the same however many projects
 * there are: the store keeps them in this order.
 */
export async function listPage(deps: Pick<UseCaseContext, 'projects'>, request: PageRequest): Promise<ListPage> {
  return (await indexedPage(deps, request)) ?? slicePage(await listProjects(deps, request.filter), request);
}

async function indexedPage(
  { projects }: Pick<UseCaseContext, 'projects'>,
  { filter, page, size }: PageRequest,
): Promise<ListPage | null> {
  const state = filter.trim() === '' ? null : parseState(filter);
  if (state === undefined) return null;
  const found = await projects.listByUrgency({ state, from: page * size, limit: size });
  if (found.kind === 'outdated') return null;
  const counts = state === null ? found.counts : countsByState((each) => (each === state ? found.counts[each] : 0));
  const last = lastPage(totalCount(counts), size);
  if (page > last) return indexedPage({ projects }, { filter, page: last, size });
  return { counts, page, projects: found.projects };
}

function slicePage(projects: readonly Project[], { page, size }: PageRequest): ListPage {
  const within = Math.min(page, lastPage(projects.length, size));
  return { counts: countStates(projects), page: within, projects: projects.slice(within * size, (within + 1) * size) };
}

function lastPage(total: number, size: number): number {
  return Math.max(0, Math.ceil(total / size) - 1);
}

function matchesFilter({ id, state, definition }: Project, text: string): boolean {
  const query = text.trim().toLowerCase();
  if (query === '') return true;
  const stateFilter = parseState(query);
  if (stateFilter !== undefined) return stateFilter === state;
  if (definition.labels.some((label) => label.toLowerCase() === query)) return true;
  const searched = [id, definition.description, definition.source?.name, definition.target?.name];
  return searched.some((field) => field?.toLowerCase().includes(query));
}

/** The state with this name, written `not_started` or `Not Started`. */
function parseState(words: string): ProjectState | undefined {
  const normalized = words.trim().toLowerCase().replaceAll('_', ' ');
  return projectStates.find((state) => state.replaceAll('_', ' ') === normalized);
}

function compareIds(a: ProjectId, b: ProjectId): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
