import { listPage } from '../../application/queries.ts';
import {
  findProject,
  getHistory,
  getProjectDetails,
  observeProjects,
  precheckProject,
} from '../../application/queries.ts';
import { oldestFailure } from '../../domain/observation.ts';
import type { ListQuery, SlackRequest } from '../contract.ts';
import type { ResponseMode } from '../notifier/response-url.ts';
import { buildHistory, maxEntriesShown } from '../views/history.ts';
import { buildList, projectsPerPage } from '../views/list.ts';
import { buildPrecheck } from '../views/precheck.ts';
import { buildShow } from '../views/show.ts';
import { type ListenerContext, respond, respondWithRefusal } from './listener.ts';

/** `list`, and a turned page: `replace` puts the page where the list stands. Only the projects shown are looked at live. */
export async function showList(
  context: ListenerContext,
  request: SlackRequest,
  { page, filter }: ListQuery,
  mode: ResponseMode,
): Promise<void> {
  const { deps, format } = context;
  const { projects, ...pageInfo } = await listPage(deps, { filter, page, size: projectsPerPage });
  const [observedProjects, now] = await Promise.all([observeProjects(deps, projects), deps.serverClock.now()]);
  await respond(context, request, buildList({ ...pageInfo, observedProjects, filter, format, now }), mode);
}

/** `show`: reasons of failed tasks only to operators, unless `showErrors` says otherwise. */
export async function showDetails(context: ListenerContext, request: SlackRequest, id: string): Promise<void> {
  const { deps, format, authorizer, showErrors } = context;
  const result = await getProjectDetails(deps, id);
  if (result.kind === 'refused') return respondWithRefusal(context, request, result.refusal, 'show');
  const { details } = result;
  const hasFailed = details.project.failure !== null || oldestFailure(details.stats.links) !== null;
  const canReveal = showErrors || !hasFailed || authorizer.isOperator(request);
  const [now, revealReasons] = await Promise.all([deps.serverClock.now(), canReveal]);
  await respond(context, request, buildShow({ details, revealReasons, format, now }));
}

/** `precheck`: what keeps a project from being started. */
export async function showPrecheck(context: ListenerContext, request: SlackRequest, id: string): Promise<void> {
  const { deps, format } = context;
  const result = await findProject(deps, id);
  if (result.kind === 'refused') return respondWithRefusal(context, request, result.refusal, 'precheck');
  const { project } = result;
  const [{ items }, now] = await Promise.all([precheckProject(deps, project), deps.serverClock.now()]);
  await respond(context, request, buildPrecheck({ project, items, format, now }));
}

/** `history`: what happened to a project; failed tasks' reasons as in `show`. */
export async function showHistory(context: ListenerContext, request: SlackRequest, project: string): Promise<void> {
  const { deps, format, authorizer, showErrors } = context;
  const result = await getHistory(deps, project, maxEntriesShown + 1);
  if (result.kind === 'refused') return respondWithRefusal(context, request, result.refusal, 'history');
  const { entries } = result;
  const canReveal = showErrors || entries.every(({ failure }) => failure === null) || authorizer.isOperator(request);
  const [now, revealReasons] = await Promise.all([deps.serverClock.now(), canReveal]);
  await respond(context, request, buildHistory({ project, entries, revealReasons, format, now }));
}
