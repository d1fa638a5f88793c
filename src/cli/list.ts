import { findOpenOperation, listProjects, observeProjects, readObservationStatus } from '../application/queries.ts';
import { hasQueue, isNotConfigured, type ObservedProject } from '../domain/observation.ts';
import { messages } from '../messages/catalog.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, noteIfNotObserved } from './command-context.ts';
import { projectJson } from './show.ts';
import { type Column, formatTable } from './terminal-text.ts';

const texts = messages.cli.list;

/** `syncbot list [filter]`: the projects with live stats, worst state first. */
export async function list(context: CommandContext, filter: string): Promise<ExitCode> {
  const {
    app: { useCaseContext },
    output,
    configPath,
  } = context;
  const projects = await listProjects(useCaseContext, filter);
  const [observed, now, observation, operations] = await Promise.all([
    observeProjects(useCaseContext, projects),
    useCaseContext.serverClock.now(),
    readObservationStatus(useCaseContext),
    Promise.all(projects.map((project) => findOpenOperation(useCaseContext, project))),
  ]);
  const data = observed.map((project, index) => projectJson(project, operations[index] ?? null));
  if (projects.length > 0) output.result(projectTable(observed, now), data);
  else output.result(filter === '' ? texts.noProjects(configPath) : texts.noMatch(filter), data);
  if (projects.length > 0) noteIfNotObserved(output, observation);
  return exitCodes.success;
}

const columns: readonly Column[] = [
  { title: messages.columnTitles.project, maxWidth: 40 },
  { title: messages.columnTitles.state },
  { title: messages.columnTitles.links },
  { title: messages.columnTitles.backlog, align: 'right' },
  { title: messages.columnTitles.latency, align: 'right' },
  { title: messages.columnTitles.since, align: 'right' },
  { title: messages.columnTitles.by, maxWidth: 24 },
  { title: messages.columnTitles.reason, maxWidth: 50 },
];

/** A `?` is a number that could not be read. */
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

function linksCell(links: ObservedProject['stats']['links']): string {
  return texts.links({
    total: links.length,
    paused: links.filter((observation) => hasQueue(observation) && observation.paused).length,
    unreadable: links.filter(({ kind }) => kind === 'unreadable').length,
    missing: links.filter(({ kind }) => kind === 'missing').length,
    notConfigured: links.filter(isNotConfigured).length,
    unreachable: links.filter((link) => link.kind === 'unreachable' && !isNotConfigured(link)).length,
  });
}
