import { findOpenOperation, listProjects, observeProjects } from '../application/queries.ts';
import type { ObservedProject } from '../domain/observation.ts';
import { stateTitles } from '../domain/project.ts';
import { cliMessages, columnTitles } from '../messages/en/cli.ts';
import { formatDuration, formatNumber } from '../messages/format.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { type Column, formatTable } from './output.ts';
import { projectJson } from './show.ts';

const messages = cliMessages.list;

/** `syncbot list [filter]`: the projects with live stats, worst state first. */
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
  else output.result(filter === '' ? messages.noProjects(configPath) : messages.noMatch(filter), data);
  return exitCodes.success;
}

const columns: readonly Column[] = [
  { title: columnTitles.project, maxWidth: 40 },
  { title: columnTitles.state },
  { title: columnTitles.links },
  { title: columnTitles.backlog, align: 'right' },
  { title: columnTitles.latency, align: 'right' },
  { title: columnTitles.since, align: 'right' },
  { title: columnTitles.by, maxWidth: 24 },
  { title: columnTitles.reason, maxWidth: 50 },
];

/** A `?` is a number that could not be read. */
function projectTable(observed: readonly ObservedProject[], now: number): string {
  const rows = observed.map(({ project, stats }) => [
    project.id,
    stateTitles[project.state],
    linksCell(stats.links),
    stats.backlog === null ? '?' : formatNumber(stats.backlog),
    stats.latencyMs === null ? '?' : formatDuration(stats.latencyMs),
    formatDuration(now - project.since),
    project.by,
    project.reason ?? '',
  ]);
  return formatTable(columns, rows);
}

function linksCell(links: ObservedProject['stats']['links']): string {
  return messages.links({
    total: links.length,
    paused: links.filter((observation) => observation.kind === 'read' && observation.paused).length,
    missing: links.filter(({ kind }) => kind === 'missing').length,
    unreachable: links.filter(({ kind }) => kind === 'unreachable').length,
  });
}
