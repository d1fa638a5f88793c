import { explainNoMatch, listProjects, suggestFilters } from '../application/list-projects.ts';
import { findOpenOperation, observeProjects, readObservationStatus } from '../application/queries.ts';
import { countProjects } from '../domain/attention.ts';
import { type ListFilter, parseListFilter } from '../domain/list-filter.ts';
import { hasQueue, isNotConfigured, type ObservedProject } from '../domain/observation.ts';
import { messages } from '../messages/catalog.ts';
import { joinDots } from '../messages/format.ts';
import { listHeading, listRow, listWarnings, noMatchText, unknownFilterText } from '../messages/list-text.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import type { CommandContext } from './command-context.ts';
import { type Paint, projectStyle } from './paint.ts';
import type { ListCommand } from './parsed-command.ts';
import { programName } from './process-io.ts';
import { projectJson } from './show.ts';
import { type Column, formatTable } from './table.ts';
import { cliFormatter, sanitizeText } from './terminal-text.ts';

const texts = messages.cli.list;

/** `syncbot list [filter]`: the projects with live stats. Those that need attention come first. */
export async function list(
  context: CommandContext,
  { filter: filterText, limit }: Pick<ListCommand, 'filter' | 'limit'>,
): Promise<ExitCode> {
  const { output } = context;
  const parsed = parseFilter(context, filterText);
  if (parsed.kind === 'exit') return parsed.code;
  const { heading, table, data, notShown, warnings } = await readListView(context, { filter: parsed.filter, limit });
  output.result([...heading, ...(table === null ? [] : ['', table])].join('\n'), data);
  if (notShown > 0) output.note(messages.format.more(notShown));
  for (const warning of warnings) output.note(warning);
  return exitCodes.success;
}

/** Prints a filter that cannot be read, and returns the exit code. */
export function parseFilter(
  { output, format }: CommandContext,
  text: string,
): { readonly kind: 'filter'; readonly filter: ListFilter } | { readonly kind: 'exit'; readonly code: ExitCode } {
  const parsed = parseListFilter(text);
  if (parsed.kind === 'filter') return parsed;
  output.error({ code: 'usage', message: unknownFilterText(parsed, suggestFilters(parsed), format) });
  return { kind: 'exit', code: exitCodes.usageError };
}

/** A list as text. Each part has no line break at its end. */
export interface ListView {
  /** Lines above the table. Without a table: why there is none. */
  readonly heading: readonly string[];
  /** Null without a project. */
  readonly table: string | null;
  /** The same for `--json`. */
  readonly data: readonly object[];
  /** How many projects match and are not in the table. */
  readonly notShown: number;
  readonly warnings: readonly string[];
}

/** Reads the projects that match, and the links of the first `limit` ones. */
export async function readListView(
  context: CommandContext,
  { filter, limit }: { readonly filter: ListFilter; readonly limit: number | null },
): Promise<ListView> {
  const { useCaseContext } = context.app;
  const matching = await listProjects(useCaseContext, filter);
  const projects = limit === null ? matching : matching.slice(0, limit);
  if (projects.length === 0) {
    return { heading: [await emptyText(context, filter)], table: null, data: [], notShown: 0, warnings: [] };
  }
  const [observed, now, observation, operations] = await Promise.all([
    observeProjects(useCaseContext, projects),
    useCaseContext.serverClock.now(),
    readObservationStatus(useCaseContext),
    Promise.all(projects.map((project) => findOpenOperation(useCaseContext, project))),
  ]);
  const facts = { counts: countProjects(matching), filter, observation, observedProjects: observed };
  return {
    heading: listHeading(facts, cliFormatter).map(sanitizeText),
    table: projectTable(observed, now, context.output.paint),
    data: observed.map((project, index) => projectJson(project, operations[index] ?? null)),
    notShown: matching.length - projects.length,
    warnings: listWarnings(observation, cliFormatter),
  };
}

async function emptyText({ app, configPath, format, io }: CommandContext, filter: ListFilter): Promise<string> {
  const reason = await explainNoMatch(app.useCaseContext, filter);
  return reason.kind === 'no_projects'
    ? texts.noProjects(configPath, programName(io))
    : noMatchText(reason, filter, format);
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
function projectTable(observed: readonly ObservedProject[], now: number, paint: Paint): string {
  const rows = observed.map(({ project, stats }) => {
    const { event, cause, since, acknowledgement } = listRow(project, { format: cliFormatter, revealReasons: true });
    return [
      project.id,
      { text: event, paint: (text: string) => paint(projectStyle(project), text) },
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
  return formatTable(columns, rows, (title) => paint('bold', title));
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
