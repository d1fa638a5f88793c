import { defaultHistorySince, getHistoryPage, getHistorySince } from '../../application/history.ts';
import { explainNoMatch, listPage, suggestFilters } from '../../application/list-projects.ts';
import {
  findProject,
  getProjectDetails,
  observeProject,
  observeProjects,
  precheckProject,
  readObservationStatus,
} from '../../application/queries.ts';
import { parseListFilter } from '../../domain/list-filter.ts';
import { oldestFailure } from '../../domain/observation.ts';
import type { ProjectId } from '../../domain/project.ts';
import { totalCount } from '../../domain/project-state.ts';
import { resolveSince } from '../../lib/resolve-since.ts';
import type { SinceTime } from '../../lib/since-time.ts';
import type { HistoryQuery, LinksQuery, ListQuery } from '../button-values.ts';
import type { SlackRequest } from '../requests.ts';
import { mayRevealReasons, readRestriction } from '../restriction.ts';
import { buildHelp } from '../views/help.ts';
import { buildHistory, buildHistorySince, linesPerPage, maxProjectLines } from '../views/history.ts';
import { maxOptions } from '../views/limits.ts';
import { buildLinkPage } from '../views/links.ts';
import { buildEmptyList, buildList, buildUnknownFilter, projectsPerPage } from '../views/list.ts';
import { buildPrecheck } from '../views/precheck.ts';
import { buildShow } from '../views/show.ts';
import { buildWhoami } from '../views/whoami.ts';
import type { ListenerContext, ListenerResult } from './listener.ts';

/** One page of the list. Only the links of the projects on this page are observed. */
export async function showList(
  context: ListenerContext,
  request: SlackRequest,
  { page, filter: text }: ListQuery,
): Promise<ListenerResult> {
  const { format } = context;
  const parsed = parseListFilter(text);
  if (parsed.kind === 'unknown') {
    const similar = suggestFilters(parsed);
    return { kind: 'message', message: buildUnknownFilter({ unknown: parsed, similar, format }) };
  }
  const { filter } = parsed;
  const [{ projects, ...pageInfo }, labels, observation] = await Promise.all([
    listPage(context, { filter, page, size: projectsPerPage }),
    context.projects.listLabels(maxOptions),
    readObservationStatus(context),
  ]);
  if (totalCount(pageInfo.counts.states) === 0) {
    const reason = await explainNoMatch(context, filter);
    return { kind: 'message', message: buildEmptyList({ reason, filter, labels, observation, format }) };
  }
  const hasFailed = projects.some(({ failure, alerts }) => failure !== null || alerts.tasks_failed !== undefined);
  const [observedProjects, now, revealReasons, restriction] = await Promise.all([
    observeProjects(context, projects),
    context.serverClock.now(),
    mayRevealReasons(context, request, hasFailed),
    readRestriction(context, request),
  ]);
  const view = { ...pageInfo, observedProjects, now, observation, filter, labels, revealReasons, restriction, format };
  return { kind: 'message', message: buildList(view) };
}

/** `show`. The reasons of failed tasks are shown to operators, and to everybody with `showErrors`. */
export async function showDetails(
  context: ListenerContext,
  request: SlackRequest,
  id: string,
): Promise<ListenerResult> {
  const result = await getProjectDetails(context, id);
  if (result.kind === 'refused')
    return { kind: 'refusal', refusal: result.refusal, command: { verb: 'show', reason: null } };
  const { details } = result;
  const hasFailed = details.project.failure !== null || oldestFailure(details.stats.links) !== null;
  const [now, observation, revealReasons, restriction] = await Promise.all([
    context.serverClock.now(),
    readObservationStatus(context),
    mayRevealReasons(context, request, hasFailed),
    readRestriction(context, request),
  ]);
  const view = { details, observation, revealReasons, restriction, format: context.format, now };
  return { kind: 'message', message: buildShow(view) };
}

/** One page of the links of a project, observed now. */
export async function showLinkPage(
  context: ListenerContext,
  { project: id, page }: LinksQuery,
): Promise<ListenerResult> {
  const result = await findProject(context, id);
  if (result.kind === 'refused')
    return { kind: 'refusal', refusal: result.refusal, command: { verb: 'show', reason: null } };
  const { project } = result;
  const [stats, now] = await Promise.all([observeProject(context, project), context.serverClock.now()]);
  return { kind: 'message', message: buildLinkPage({ project, stats, page, now }) };
}

/** `precheck`: checks whether the project can be started. */
export async function showPrecheck(
  context: ListenerContext,
  request: SlackRequest,
  id: string,
): Promise<ListenerResult> {
  const result = await findProject(context, id);
  if (result.kind === 'refused')
    return { kind: 'refusal', refusal: result.refusal, command: { verb: 'precheck', reason: null } };
  const { project } = result;
  const [{ items }, now, restriction] = await Promise.all([
    precheckProject(context, project),
    context.serverClock.now(),
    readRestriction(context, request),
  ]);
  return { kind: 'message', message: buildPrecheck({ project, items, restriction, format: context.format, now }) };
}

/** What `history` is about. */
interface HistorySelection {
  /** Null for all projects. */
  readonly project: ProjectId | null;
  readonly since: SinceTime | null;
}

/** `history`. The reasons of failed tasks are shown as in `show`. */
export async function showHistory(
  context: ListenerContext,
  request: SlackRequest,
  { project, since }: HistorySelection,
): Promise<ListenerResult> {
  return project === null || since !== null
    ? showHistorySince(context, request, { project, since: since ?? defaultHistorySince })
    : showHistoryPage(context, request, { project, cursor: null });
}

/** One page of the history of a project. */
export async function showHistoryPage(
  context: ListenerContext,
  request: SlackRequest,
  query: HistoryQuery,
): Promise<ListenerResult> {
  const result = await getHistoryPage(context, { ...query, size: linesPerPage });
  if (result.kind === 'refused')
    return { kind: 'refusal', refusal: result.refusal, command: { verb: 'history', reason: null } };
  const { page } = result;
  const hasFailed = page.lines.some(({ entries }) => entries.some(({ failure }) => failure !== null));
  const revealReasons = await mayRevealReasons(context, request, hasFailed);
  return { kind: 'message', message: buildHistory({ ...query, page, revealReasons, format: context.format }) };
}

/**
 * `history since …`: what happened in one project or in all. The bot does not read the person's time zone from Slack, so that a
 * time of day is one of UTC. The answer says so, and shows times in the zone of the reader.
 */
async function showHistorySince(
  context: ListenerContext,
  request: SlackRequest,
  { project, since }: HistorySelection & { readonly since: SinceTime },
): Promise<ListenerResult> {
  const timeZone = since.kind === 'clock' ? await context.readTimeZone(request.user) : null;
  const at = resolveSince(since, { now: await context.serverClock.now(), timeZone: timeZone ?? 'UTC' });
  const result = await getHistorySince(context, { project, since: at, maxLines: maxProjectLines });
  if (result.kind === 'refused')
    return { kind: 'refusal', refusal: result.refusal, command: { verb: 'history', reason: null } };
  const hasFailed = result.lines.some(({ line }) => line.entries.some(({ failure }) => failure !== null));
  const revealReasons = await mayRevealReasons(context, request, hasFailed);
  const view = { ...result, project, since: at, timeZone, revealReasons, format: context.format };
  return { kind: 'message', message: buildHistorySince(view) };
}

/** `whoami`: what the person may do from this channel, why, and who else may. */
export async function showWhoami(context: ListenerContext, request: SlackRequest): Promise<ListenerResult> {
  const { authorizer, format } = context;
  const [access, operators] = await Promise.all([authorizer.readAccess(request), authorizer.listOperators()]);
  return { kind: 'message', message: buildWhoami({ ...access, user: request.user, operators, format }) };
}

/** `help`. */
export async function showHelp(context: ListenerContext, request: SlackRequest): Promise<ListenerResult> {
  const restriction = await readRestriction(context, request);
  return { kind: 'message', message: buildHelp({ restriction, format: context.format }) };
}
