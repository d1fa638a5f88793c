import {
  availableAction,
  findOpenOperation,
  findProject,
  getProjectDetails,
  type ProjectDetails,
  precheckProject,
} from '../application/queries.ts';
import { firingConditions } from '../domain/alert.ts';
import { logRetentionDeadline } from '../domain/log-retention.ts';
import { type LinkObservation, linkLatencyMs, type ObservedProject } from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';
import { precheckPassed } from '../domain/precheck.ts';
import type { Endpoint } from '../domain/project.ts';
import type { PrecheckItem } from '../domain/refusal.ts';
import { alertText } from '../messages/alerts.ts';
import { cliMessages, columnTitles, factLabels } from '../messages/en/cli.ts';
import { formatDuration, formatNumber } from '../messages/format.ts';
import { type CommandContext, printRefusal } from './command-context.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { type Column, cliFormatter, formatTable, sanitizeText } from './output.ts';

const messages = cliMessages.show;

/** `syncbot show <project>`: all details of a project, read live. */
export async function show(context: CommandContext, id: string): Promise<ExitCode> {
  const { useCaseContext } = context.app;
  const result = await getProjectDetails(useCaseContext, id);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const { details } = result;
  const [operation, now] = await Promise.all([
    findOpenOperation(useCaseContext, details.project),
    useCaseContext.serverClock.now(),
  ]);
  const data = { ...projectJson(details, operation), precheck: details.precheck };
  context.output.result(detailsText(details, now), data);
  return exitCodes.success;
}

/** `syncbot precheck <project>`: the items of its precheck. The exit code is 1 if one fails. */
export async function precheck(context: CommandContext, id: string): Promise<ExitCode> {
  const { useCaseContext } = context.app;
  const result = await findProject(useCaseContext, id);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const { items } = await precheckProject(useCaseContext, result.project);
  context.output.result(checkTable(items), items);
  return precheckPassed(items) ? exitCodes.success : exitCodes.failure;
}

/** The items of a precheck or of `doctor`. */
export function checkTable(items: readonly PrecheckItem[]): string {
  const rows = items.map(({ item, result, message }) => [result, item, message]);
  return formatTable(checkColumns, rows);
}

/** A project in the `--json` output. Times are epoch ms. A number that could not be read is null. */
export function projectJson({ project, stats }: ObservedProject, operation: Operation | null) {
  const { id, state, since, by, reason } = project;
  const { latencyMs, backlog, observedAt, links } = stats;
  const summary = { id, state, since, by, reason, latencyMs, backlog, observedAt, links: links.map(linkJson) };
  return operation === null ? summary : { ...summary, operation: operationJson(operation) };
}

function operationJson({ id, action, state, by, requestedAt }: Operation) {
  return { id, action, state, by, requestedAt };
}

function linkJson(observation: LinkObservation) {
  const { queue, connection, prefix } = observation.link;
  if (observation.kind !== 'read') return { queue, connection, prefix, ...unreadStats };
  const { paused, waiting, prioritized, active, delayed, failed } = observation;
  const latencyMs = linkLatencyMs(observation);
  return { queue, connection, prefix, paused, waiting, prioritized, active, delayed, failed, latencyMs };
}

const unreadStats = {
  paused: null,
  waiting: null,
  prioritized: null,
  active: null,
  delayed: null,
  failed: null,
  latencyMs: null,
};

function detailsText(details: ProjectDetails, now: number): string {
  const { project, stats, precheck: items, operations } = details;
  const facts = [...projectFacts(details, now), ...alertFacts(details), ...actionFacts(details)].map(
    ([label, value]) => `  ${label.padEnd(13)} ${sanitizeText(value)}`,
  );
  const sections = [
    [sanitizeText(project.id), ...facts].join('\n'),
    formatTable(linkColumns, stats.links.map(linkRow)),
    checkTable(items),
    ...(operations.length === 0 ? [] : [operationTable(operations, now)]),
  ];
  return sections.join('\n\n');
}

type Fact = readonly [label: string, value: string];

function projectFacts({ project, stats }: ProjectDetails, now: number): Fact[] {
  const { definition, state, since, by, reason, failure } = project;
  const logKeptUntil = logRetentionDeadline(project);
  const facts: [label: string, value: string | null][] = [
    [factLabels.state, messages.state({ state, durationMs: now - since, by, reason })],
    [factLabels.description, definition.description],
    [factLabels.source, endpointText(definition.source)],
    [factLabels.target, endpointText(definition.target)],
    [factLabels.labels, definition.labels.length === 0 ? null : definition.labels.join(', ')],
    [factLabels.channel, definition.channel],
    [factLabels.backlog, stats.backlog === null ? cliMessages.unknown : formatNumber(stats.backlog)],
    [factLabels.latency, stats.latencyMs === null ? cliMessages.unknown : formatDuration(stats.latencyMs)],
    [factLabels.failure, failure === null ? null : `${failure.link.queue}: ${failure.reason}`],
    [factLabels.sourceLog, logKeptUntil === null ? null : messages.logKeptUntil(logKeptUntil)],
  ];
  return facts.flatMap(([label, value]) => (value === null ? [] : [[label, value] as const]));
}

/** Without `project_failed`, because the failure is a fact of its own. */
function alertFacts({ project }: ProjectDetails): Fact[] {
  return firingConditions(project.alerts)
    .filter(({ kind }) => kind !== 'project_failed')
    .map((condition) => {
      const { headline } = alertText(condition, { project, format: cliFormatter, revealReasons: true });
      return [factLabels.alert, headline];
    });
}

function actionFacts(details: ProjectDetails): Fact[] {
  const { id, state } = details.project;
  const action = availableAction(details);
  if (action !== null) return [[factLabels.possibleNow, cliFormatter.command(`${action} ${id}`)]];
  return state === 'not_started' ? [[factLabels.canStart, messages.afterPrecheck]] : [];
}

const checkColumns: readonly Column[] = [
  { title: columnTitles.result },
  { title: columnTitles.item },
  { title: columnTitles.message, maxWidth: 300 },
];

const linkColumns: readonly Column[] = [
  { title: columnTitles.link, maxWidth: 50 },
  { title: columnTitles.connection, maxWidth: 30 },
  { title: columnTitles.flag },
  { title: columnTitles.waiting, align: 'right' },
  { title: columnTitles.prioritized, align: 'right' },
  { title: columnTitles.active, align: 'right' },
  { title: columnTitles.delayed, align: 'right' },
  { title: columnTitles.failed, align: 'right' },
  { title: columnTitles.latency, align: 'right' },
];

function linkRow(observation: LinkObservation): string[] {
  const { queue, connection } = observation.link;
  if (observation.kind !== 'read') return [queue, connection, observation.kind, ...Array<string>(6).fill('?')];
  const { paused, waiting, prioritized, active, delayed, failed } = observation;
  const counts = [waiting, prioritized, active, delayed, failed].map(formatNumber);
  return [queue, connection, paused ? 'paused' : 'running', ...counts, formatDuration(linkLatencyMs(observation))];
}

const operationColumns: readonly Column[] = [
  { title: columnTitles.lastOperations },
  { title: columnTitles.outcome },
  { title: columnTitles.ago, align: 'right' },
  { title: columnTitles.by, maxWidth: 24 },
  { title: columnTitles.reason, maxWidth: 50 },
];

function operationTable(operations: readonly Operation[], now: number): string {
  const rows = operations.map(({ action, state, requestedAt, by, reason }) => [
    action,
    state,
    formatDuration(now - requestedAt),
    by,
    reason ?? '',
  ]);
  return formatTable(operationColumns, rows);
}

function endpointText(endpoint: Endpoint | null): string | null {
  return endpoint === null ? null : `${endpoint.type} ${endpoint.name}`;
}
