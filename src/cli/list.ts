import { explainNoMatch, listProjects, suggestFilters } from '../application/list-projects.ts';
import { findOpenOperation, observeProjects, readObservationStatus } from '../application/queries.ts';
import { countProjects } from '../domain/attention.ts';
import { type ListFilter, parseListFilter } from '../domain/list-filter.ts';
import { hasQueue, isNotConfigured, type ObservedProject } from '../domain/observation.ts';
import { messages } from '../messages/catalog.ts';
import { joinDots } from '../messages/format.ts';
import { listHeading, listRow, listWarnings, noMatchText, unknownFilterText } from '../messages/list-text.ts';
import type { ListCommand } from './arguments.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import type { CommandContext } from './command-context.ts';
import { projectJson } from './show.ts';
import { type Column, formatTable } from './table.ts';
import { cliFormatter, sanitizeText } from './terminal-text.ts';

const texts = messages.cli.list;

/** `syncbot list [filter]`: the projects with live stats. Those that need attention come first. */
export async function list(
  context: CommandContext,
  { filter: filterText, limit }: Pick<ListCommand, 'filter' | 'limit'>,
): Promise<ExitCode> {
  const {
    app: { useCaseContext },
    output,
  } = context;
  const parsed = parseListFilter(filterText);
  if (parsed.kind === 'unknown') {
    output.error({ code: 'usage', message: unknownFilterText(parsed, suggestFilters(parsed), cliFormatter) });
    return exitCodes.usageError;
  }
  const { filter } = parsed;
  const matching = await listProjects(useCaseContext, filter);
  const projects = limit === null ? matching : matching.slice(0, limit);
  const [observed, now, observation, operations] = await Promise.all([
    observeProjects(useCaseContext, projects),
    useCaseContext.serverClock.now(),
    readObservationStatus(useCaseContext),
    Promise.all(projects.map((project) => findOpenOperation(useCaseContext, project))),
  ]);
  const data = observed.map((project, index) => projectJson(project, operations[index] ?? null));
  if (projects.length === 0) {
    output.result(await emptyText(context, filter), data);
    return exitCodes.success;
  }
  const facts = { counts: countProjects(matching), filter, observation, observedProjects: observed };
  const heading = listHeading(facts, cliFormatter).map(sanitizeText);
  output.result(`${heading.join('\n')}\n\n${projectTable(observed, now)}`, data);
  if (projects.length < matching.length) output.note(messages.format.more(matching.length - projects.length));
  for (const warning of listWarnings(observation, cliFormatter)) output.note(warning);
  return exitCodes.success;
}

async function emptyText({ app, configPath }: CommandContext, filter: ListFilter): Promise<string> {
  const reason = await explainNoMatch(app.useCaseContext, filter);
  return reason.kind === 'no_projects' ? texts.noProjects(configPath) : noMatchText(reason, filter, cliFormatter);
}

const columns: readonly Column[] = [
  { title: messages.columnTitles.project, maxWidth: 40 },
  { title: messages.columnTitles.state, maxWidth: 40 },
  { title: messages.columnTitles.links },
  { title: messages.columnTitles.backlog, align: 'right' },
  { title: messages.columnTitles.latency, align: 'right' },
  { title: messages.columnTitles.since, align: 'right' },
  { title: messages.columnTitles.by, maxWidth: 24 },
  { title: messages.columnTitles.causeOrReason, maxWidth: 80 },
];

/** A `?` is a number that could not be read. */
function projectTable(observed: readonly ObservedProject[], now: number): string {
  const rows = observed.map(({ project, stats }) => {
    const { event, cause, since, acknowledgement } = listRow(project, { format: cliFormatter, revealReasons: true });
    return [
      project.id,
      event,
      linksCell(stats.links),
      stats.backlog === null ? '?' : messages.format.number(stats.backlog),
      stats.latencyMs === null ? '?' : messages.format.duration(stats.latencyMs),
      messages.format.duration(now - since),
      project.by,
      joinDots(
        acknowledgement && messages.acknowledgements.short(acknowledgement, { format: cliFormatter, now }),
        cause ?? project.reason,
      ),
    ];
  });
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
