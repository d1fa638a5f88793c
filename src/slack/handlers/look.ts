import { listPage } from '../../application/list.ts';
import { findProject, observeProjects, precheckProject, projectHistory, showProject } from '../../application/look.ts';
import { oldestFailure } from '../../domain/observation.ts';
import type { Heard, ListPage } from '../contract.ts';
import type { How } from '../response-url.ts';
import { buildHistory, entriesShown } from '../views/history.ts';
import { buildList, projectsPerPage } from '../views/list.ts';
import { buildPrecheck } from '../views/precheck.ts';
import { buildShow } from '../views/show.ts';
import { type Desk, refuse, say } from './desk.ts';

/** `list`, and a turned page: `replace` puts the page where the list stands. Only the projects shown are looked at live. */
export async function sayList(desk: Desk, heard: Heard, { page, filter }: ListPage, how: How): Promise<void> {
  const { deps, voice } = desk;
  const { projects, ...found } = await listPage(deps, { filter, page, size: projectsPerPage });
  const [shown, now] = await Promise.all([observeProjects(deps, projects), deps.store.now()]);
  await say(desk, heard, buildList({ ...found, shown, filter, voice, now }), how);
}

/** `show`: reasons of failed tasks only to operators, unless `showErrors` says otherwise. */
export async function sayShow(desk: Desk, heard: Heard, id: string): Promise<void> {
  const { deps, voice, directory, showErrors } = desk;
  const shown = await showProject(deps, id);
  if (shown.kind === 'refused') return refuse(desk, heard, shown.refusal, 'show');
  const { details } = shown;
  const hasFailed = details.project.failure !== null || oldestFailure(details.figures.links) !== null;
  const mayKnow = showErrors || !hasFailed || directory.isOperator(heard);
  const [now, revealReasons] = await Promise.all([deps.store.now(), mayKnow]);
  await say(desk, heard, buildShow({ details, revealReasons, voice, now }));
}

/** `precheck`: what keeps a project from being started. */
export async function sayPrecheck(desk: Desk, heard: Heard, id: string): Promise<void> {
  const { deps, voice } = desk;
  const found = await findProject(deps, id);
  if (found.kind === 'refused') return refuse(desk, heard, found.refusal, 'precheck');
  const { project } = found;
  const [{ items }, now] = await Promise.all([precheckProject(deps, project), deps.store.now()]);
  await say(desk, heard, buildPrecheck({ project, items, voice, now }));
}

/** `history`: what happened to a project; failed tasks' reasons as in `show`. */
export async function sayHistory(desk: Desk, heard: Heard, project: string): Promise<void> {
  const { deps, voice, directory, showErrors } = desk;
  const told = await projectHistory(deps, project, entriesShown + 1);
  if (told.kind === 'refused') return refuse(desk, heard, told.refusal, 'history');
  const { entries } = told;
  const mayKnow = showErrors || entries.every(({ failure }) => failure === null) || directory.isOperator(heard);
  const [now, revealReasons] = await Promise.all([deps.store.now(), mayKnow]);
  await say(desk, heard, buildHistory({ project, entries, revealReasons, voice, now }));
}
