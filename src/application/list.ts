import { urgency } from '../domain/lifecycle.ts';
import { type Project, type ProjectId, type ProjectState, projectStates, stateTitles } from '../domain/project.ts';
import { countStates, type StateCounts, stateCounts, totalOf } from '../domain/state-counts.ts';
import type { Deps } from './deps.ts';

/**
 * All projects that fit what a person typed behind `list`, the worst state first, then by id (the console's list page). The
 * filter is empty, or a state, a label, or a part of id, description or endpoint.
 */
export async function listProjects(deps: Pick<Deps, 'store'>, filter: string): Promise<Project[]> {
  const projects = await deps.store.readMany(await deps.store.ids());
  return projects
    .filter((project) => fits(project, filter))
    .sort((a, b) => urgency[a.state] - urgency[b.state] || compareIds(a.id, b.id));
}

export interface ListPage {
  /** How many of those that fit the filter are in each state. */
  readonly counts: StateCounts;
  /** From 0; the last one when there are fewer than was asked for. */
  readonly page: number;
  readonly projects: readonly Project[];
}

export interface WantedPage {
  readonly filter: string;
  readonly page: number;
  /** How many projects a page holds. */
  readonly size: number;
}

/**
 * One page of what `listProjects` lists. Without a filter, or with a state for one, it costs the same however many projects
 * there are: the store keeps them in this order.
 */
export async function listPage(deps: Pick<Deps, 'store'>, wanted: WantedPage): Promise<ListPage> {
  return (await orderedPage(deps, wanted)) ?? pageOf(await listProjects(deps, wanted.filter), wanted);
}

async function orderedPage(
  { store }: Pick<Deps, 'store'>,
  { filter, page, size }: WantedPage,
): Promise<ListPage | null> {
  const state = filter.trim() === '' ? null : stateNamed(filter);
  if (state === undefined) return null;
  const found = await store.ordered({ state, from: page * size, limit: size });
  if (found === null) return null;
  const counts = state === null ? found.counts : stateCounts((each) => (each === state ? found.counts[each] : 0));
  const last = lastPage(totalOf(counts), size);
  if (page > last) return orderedPage({ store }, { filter, page: last, size });
  return { counts, page, projects: found.projects };
}

function pageOf(projects: readonly Project[], { page, size }: WantedPage): ListPage {
  const within = Math.min(page, lastPage(projects.length, size));
  return { counts: countStates(projects), page: within, projects: projects.slice(within * size, (within + 1) * size) };
}

function lastPage(total: number, size: number): number {
  return Math.max(0, Math.ceil(total / size) - 1);
}

function fits({ id, state, definition }: Project, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return true;
  const named = stateNamed(wanted);
  if (named !== undefined) return named === state;
  if (definition.labels.some((label) => label.toLowerCase() === wanted)) return true;
  const searched = [id, definition.description, definition.source?.name, definition.target?.name];
  return searched.some((field) => field?.toLowerCase().includes(wanted));
}

/** The state that these words name, as `not_started` or `Not Started`. */
function stateNamed(words: string): ProjectState | undefined {
  const wanted = words.trim().toLowerCase().replaceAll('_', ' ');
  return projectStates.find((state) => stateTitles[state].toLowerCase() === wanted);
}

function compareIds(a: ProjectId, b: ProjectId): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
