import {
  findProject,
  getHistory,
  getProjectDetails,
  listPage,
  observeProjects,
  precheckProject,
  readObservationStatus,
} from '../../application/queries.ts';
import { oldestFailure } from '../../domain/observation.ts';
import type { ListQuery, SlackRequest } from '../contract.ts';
import { buildHistory, maxEntriesShown } from '../views/history.ts';
import { buildList, projectsPerPage } from '../views/list.ts';
import { buildPrecheck } from '../views/precheck.ts';
import { buildShow } from '../views/show.ts';
import type { ListenerContext, ListenerResult } from './listener.ts';

/** One page of the list. Only the links of the projects on this page are observed. */
export async function showList(context: ListenerContext, { page, filter }: ListQuery): Promise<ListenerResult> {
  const { format } = context;
  const { projects, ...pageInfo } = await listPage(context, { filter, page, size: projectsPerPage });
  const [observedProjects, now, observation] = await Promise.all([
    observeProjects(context, projects),
    context.serverClock.now(),
    readObservationStatus(context),
  ]);
  return { kind: 'message', message: buildList({ ...pageInfo, observedProjects, observation, filter, format, now }) };
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
  const [now, observation, revealReasons] = await Promise.all([
    context.serverClock.now(),
    readObservationStatus(context),
    mayRevealReasons(context, request, hasFailed),
  ]);
  const view = { details, observation, revealReasons, format: context.format, now };
  return { kind: 'message', message: buildShow(view) };
}

/** `precheck`: checks whether the project can be started. */
export async function showPrecheck(context: ListenerContext, id: string): Promise<ListenerResult> {
  const result = await findProject(context, id);
  if (result.kind === 'refused')
    return { kind: 'refusal', refusal: result.refusal, command: { verb: 'precheck', reason: null } };
  const { project } = result;
  const [{ items }, now] = await Promise.all([precheckProject(context, project), context.serverClock.now()]);
  return { kind: 'message', message: buildPrecheck({ project, items, format: context.format, now }) };
}

/** `history`. The reasons of failed tasks are shown as in `show`. */
export async function showHistory(
  context: ListenerContext,
  request: SlackRequest,
  project: string,
): Promise<ListenerResult> {
  const result = await getHistory(context, project, maxEntriesShown + 1);
  if (result.kind === 'refused')
    return { kind: 'refusal', refusal: result.refusal, command: { verb: 'history', reason: null } };
  const { entries } = result;
  const hasFailed = entries.some(({ failure }) => failure !== null);
  const [now, revealReasons] = await Promise.all([
    context.serverClock.now(),
    mayRevealReasons(context, request, hasFailed),
  ]);
  return { kind: 'message', message: buildHistory({ project, entries, revealReasons, format: context.format, now }) };
}

/** Reads the person's user groups only if there is a reason to hide. */
async function mayRevealReasons(
  { showErrors, authorizer }: ListenerContext,
  request: SlackRequest,
  hasFailed: boolean,
): Promise<boolean> {
  return showErrors || !hasFailed || authorizer.isOperator(request);
}
