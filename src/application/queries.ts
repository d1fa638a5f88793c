import type { HistoryEntry } from '../domain/history.ts';
import { allowedAction, urgency } from '../domain/lifecycle.ts';
import { type ObservedProject, type ProjectStats, toProjectStats } from '../domain/observation.ts';
import { isOpen, type Operation } from '../domain/operation.ts';
import { type PrecheckFacts, precheckItems, precheckPassed } from '../domain/precheck.ts';
import {
  type Action,
  type Project,
  type ProjectId,
  type ProjectState,
  projectStates,
  stateTitles,
  watermarkOf,
} from '../domain/project.ts';
import type { PrecheckItem, Refusal } from '../domain/refusal.ts';
import { countStates, countsByState, type StateCounts, totalCount } from '../domain/state-counts.ts';
import { closestMatch } from '../lib/closest-match.ts';
import type { UseCaseContext } from './context.ts';
import type { LinkWithWatermark } from './ports.ts';

/** Live figures of these projects: one look at all their links together. */
export async function observeProjects(
  context: Pick<UseCaseContext, 'links' | 'clock'>,
  projects: readonly Project[],
): Promise<ObservedProject[]> {
  const observations = await context.links.observe(projects.flatMap(linksWithWatermarks));
  let next = 0;
  return projects.map((project) => {
    const own = observations.slice(next, next + project.definition.links.length);
    next += own.length;
    return { project, stats: toProjectStats(own, context.clock.now()) };
  });
}

export async function observeProject(
  context: Pick<UseCaseContext, 'links' | 'clock'>,
  project: Project,
): Promise<ProjectStats> {
  return toProjectStats(await context.links.observe(linksWithWatermarks(project)), context.clock.now());
}

/** The links of a project with the watermarks after which failures count. */
function linksWithWatermarks(project: Project): LinkWithWatermark[] {
  return project.definition.links.map((link) => ({ link, watermark: watermarkOf(project, link) }));
}

export interface ProjectDetails extends ObservedProject {
  readonly precheck: readonly PrecheckItem[];
  /** Newest first, at most five. */
  readonly operations: readonly Operation[];
}

/** Everything that `show` tells of a project, read live. */
export async function getProjectDetails(
  context: Pick<UseCaseContext, 'projects' | 'operations' | 'links' | 'clock'>,
  id: string,
): Promise<{ readonly kind: 'found'; readonly details: ProjectDetails } | Refused> {
  const found = await findProject(context, id);
  if (found.kind === 'refused') return found;
  const { project } = found;
  const [stats, facts, operations] = await Promise.all([
    observeProject(context, project),
    precheckFacts(context, project),
    context.operations.listRecent(project.id, 5),
  ]);
  const precheck = precheckItems({ ...facts, links: stats.links });
  return { kind: 'found', details: { project, stats, operations, precheck } };
}

/** The action that is allowed now: by the state, and for Start by the precheck as it was just read. */
export function availableAction({ project, precheck }: ProjectDetails): Action | null {
  const action = allowedAction(project.state);
  return action === 'start' && !precheckPassed(precheck) ? null : action;
}

/** The precheck of a project, read live: what must hold before it may be started. */
export async function precheckProject(
  context: Pick<UseCaseContext, 'links' | 'clock'>,
  project: Project,
): Promise<{ readonly items: PrecheckItem[]; readonly stats: ProjectStats }> {
  const [figures, facts] = await Promise.all([observeProject(context, project), precheckFacts(context, project)]);
  return { stats: figures, items: precheckItems({ ...facts, links: figures.links }) };
}

export type Refused = { readonly kind: 'refused'; readonly refusal: Refusal };

/** The project with this id, or the refusal that names the nearest one. */
export async function findProject(
  context: Pick<UseCaseContext, 'projects'>,
  id: string,
): Promise<{ readonly kind: 'found'; readonly project: Project } | Refused> {
  const project = await context.projects.read(id);
  if (project !== null) return { kind: 'found', project };
  const similar = closestMatch(id, await context.projects.listIds());
  return { kind: 'refused', refusal: { code: 'unknown_project', project: id, similar } };
}

/** What happened to a project, newest first. One that was removed still has its history. */
export async function getHistory(
  context: Pick<UseCaseContext, 'projects' | 'auditLog'>,
  id: string,
  limit: number,
): Promise<{ readonly kind: 'found'; readonly entries: readonly HistoryEntry[] } | Refused> {
  const entries: HistoryEntry[] = [];
  while (entries.length < limit) {
    const before = entries.at(-1)?.id;
    const pageSize = Math.min(maxHistoryPage, limit - entries.length);
    const page = await context.auditLog.read(id, { limit: pageSize, ...(before === undefined ? {} : { before }) });
    entries.push(...page);
    if (page.length < pageSize) break;
  }
  if (entries.length > 0) return { kind: 'found', entries };
  const found = await findProject(context, id);
  return found.kind === 'refused' ? found : { kind: 'found', entries };
}

/** How many entries of a history are read in one go. */
const maxHistoryPage = 500;

/** The operation that is open on a project now, or null. One whose dialog has run out is open no more. */
export async function findOpenOperation(
  context: Pick<UseCaseContext, 'operations' | 'serverClock'>,
  project: Project,
): Promise<Operation | null> {
  if (project.activeOperation !== null) {
    const active = await context.operations.read({ project: project.id, operation: project.activeOperation });
    if (active !== null && isOpen(active)) return active;
  }
  const [found, now] = await Promise.all([context.operations.listOpen(project.id), context.serverClock.now()]);
  const open = found.filter(
    (operation) => isOpen(operation) && (operation.state !== 'requested' || operation.expiresAt > now),
  );
  const newest = open.sort((a, b) => b.requestedAt - a.requestedAt);
  return newest.find(({ state }) => state !== 'requested') ?? newest[0] ?? null;
}

async function precheckFacts(
  context: Pick<UseCaseContext, 'links'>,
  { definition }: Project,
): Promise<Omit<PrecheckFacts, 'links'>> {
  const names = [...new Set(definition.links.map((link) => link.connection))];
  const [connections, workers] = await Promise.all([
    context.links.readConnections(names),
    context.links.countWorkers(definition.links),
  ]);
  return { connections, workers };
}

/**
 * All projects that fit what a person typed behind `list`, the worst state first, then by id (the console's list page). The
 * filter is empty, or a state, a label, or a part of id, description or endpoint.
 */
export async function listProjects(context: Pick<UseCaseContext, 'projects'>, filter: string): Promise<Project[]> {
  const projects = await context.projects.readMany(await context.projects.listIds());
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
export async function listPage(context: Pick<UseCaseContext, 'projects'>, request: PageRequest): Promise<ListPage> {
  return (await indexedPage(context, request)) ?? slicePage(await listProjects(context, request.filter), request);
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

/** The state that these words name, as `not_started` or `Not Started`. */
function parseState(words: string): ProjectState | undefined {
  const normalized = words.trim().toLowerCase().replaceAll('_', ' ');
  return projectStates.find((state) => stateTitles[state].toLowerCase() === normalized);
}

function compareIds(a: ProjectId, b: ProjectId): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
