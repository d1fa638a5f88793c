import { listProjects } from '../application/list-projects.ts';
import { findOpenOperation, observeProjects } from '../application/queries.ts';
import type { ObservedProject } from '../domain/observation.ts';
import { messages } from '../messages/catalog.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { projectJson } from './project-json.ts';
import { type Column, formatTable } from './table.ts';

/** `syncbot list [filter]`: every project with live figures, the worst state first. */
export async function list(
  { app: { useCaseContext }, output, configPath }: CommandContext,
  filter: string,
): Promise<ExitCode> {
  const projects = await listProjects(useCaseContext, filter);
  const [observed, now, operations] = await Promise.all([
    observeProjects(useCaseContext, projects),
    useCaseContext.serverClock.now(),
    Promise.all(projects.map((project) => findOpenOperation(useCaseContext, project))),
  ]);
  const data = observed.map((project, index) => projectJson(project, operations[index] ?? null));
  if (projects.length > 0) output.result(projectTable(observed, now), data);
  else output.result(filter === '' ? noProjectsMessage(configPath) : `No project fits "${filter}".`, data);
  return exitCodes.success;
}

const columns: readonly Column[] = [
  { title: 'PROJECT', maxWidth: 40 },
  { title: 'STATE' },
  { title: 'LINKS' },
  { title: 'BACKLOG', align: 'right' },
  { title: 'LATENCY', align: 'right' },
  { title: 'SINCE', align: 'right' },
  { title: 'BY', maxWidth: 24 },
  { title: 'REASON', maxWidth: 50 },
];

/** Projects as a table; `?` stands for what could not be read. */
function projectTable(observed: readonly ObservedProject[], now: number): string {
  const rows = observed.map(({ project, stats }) => [
    project.id,
    messages.states[project.state],
    linksCell(stats.links),
    stats.backlog === null ? '?' : messages.format.number(stats.backlog),
    stats.latencyMs === null ? '?' : messages.format.duration(stats.latencyMs),
    messages.format.duration(now - project.since),
    project.by,
    project.reason ?? '',
  ]);
  return formatTable(columns, rows);
}

/** `2`, `1 of 2 paused`, `2 paused`, and what is wrong with the others. */
function linksCell(links: ObservedProject['stats']['links']): string {
  const paused = links.filter((observation) => observation.kind === 'read' && observation.paused).length;
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

function noProjectsMessage(configPath: string): string {
  return `There is no project yet. Define some in ${configPath}, then: syncbot apply`;
}
