import { listProjects } from '../application/list.ts';
import { observeProjects, openOperation } from '../application/look.ts';
import type { ObservedProject } from '../domain/observation.ts';
import { stateTitles } from '../domain/project.ts';
import { duration, number } from '../domain/words.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { projectJson } from './project-json.ts';
import type { Session } from './session.ts';
import { type Column, table } from './text.ts';

/** `syncbot list [filter]`: every project with live figures, the worst state first. */
export async function list({ app: { deps }, say, configPath }: Session, filter: string): Promise<ExitCode> {
  const projects = await listProjects(deps, filter);
  const [observed, now, operations] = await Promise.all([
    observeProjects(deps, projects),
    deps.store.now(),
    Promise.all(projects.map((project) => openOperation(deps, project))),
  ]);
  const data = observed.map((project, index) => projectJson(project, operations[index] ?? null));
  if (projects.length > 0) say.result(projectTable(observed, now), data);
  else say.result(filter === '' ? nothingYet(configPath) : `No project fits "${filter}".`, data);
  return exitCodes.done;
}

const columns: readonly Column[] = [
  { title: 'PROJECT', most: 40 },
  { title: 'STATE' },
  { title: 'LINKS' },
  { title: 'BACKLOG', align: 'right' },
  { title: 'LATENCY', align: 'right' },
  { title: 'SINCE', align: 'right' },
  { title: 'BY', most: 24 },
  { title: 'REASON', most: 50 },
];

/** Projects as a table; `?` stands for what could not be read. */
function projectTable(observed: readonly ObservedProject[], now: number): string {
  const rows = observed.map(({ project, figures }) => [
    project.id,
    stateTitles[project.state],
    linksField(figures.links),
    figures.backlog === null ? '?' : number(figures.backlog),
    figures.latencyMs === null ? '?' : duration(figures.latencyMs),
    duration(now - project.since),
    project.by,
    project.reason ?? '',
  ]);
  return table(columns, rows);
}

/** `2`, `1 of 2 paused`, `2 paused`, and what is wrong with the others. */
function linksField(links: ObservedProject['figures']['links']): string {
  const paused = links.filter((reading) => reading.kind === 'read' && reading.paused).length;
  const missing = links.filter(({ kind }) => kind === 'missing').length;
  const unreachable = links.filter(({ kind }) => kind === 'unreachable').length;
  const total = String(links.length);
  const parts = [
    ...(paused === 0 ? [] : [paused === links.length ? `${total} paused` : `${paused} of ${total} paused`]),
    ...(missing === 0 ? [] : [`${missing} missing`]),
    ...(unreachable === 0 ? [] : [`${unreachable} unreachable`]),
  ];
  return parts.length === 0 ? total : parts.join(', ');
}

function nothingYet(configPath: string): string {
  return `There is no project yet. Define some in ${configPath}, then: syncbot apply`;
}
