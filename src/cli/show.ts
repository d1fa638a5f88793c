import {
  availableAction,
  findOpenOperation,
  findProject,
  getProjectDetails,
  type ProjectDetails,
  precheckProject,
  readObservationStatus,
} from '../application/queries.ts';
import { firingAlerts, firingConditions } from '../domain/alert.ts';
import {
  hasQueue,
  isNotConfigured,
  type LinkObservation,
  linkLatencyMs,
  type ObservedProject,
} from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';
import { type PrecheckItem, precheckPassed } from '../domain/precheck.ts';
import type { Endpoint } from '../domain/project.ts';
import { logRetentionDeadline } from '../domain/source-log-retention.ts';
import { messages } from '../messages/catalog.ts';
import type { CheckText } from '../messages/facts.ts';
import { joinDots } from '../messages/format.ts';
import { listRow } from '../messages/list-text.ts';
import { alertText, precheckText } from '../messages/render.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, noteIfNotObserved, printRefusal } from './command-context.ts';
import { type Column, cliFormatter, formatTable, sanitizeText } from './terminal-text.ts';

const texts = messages.cli.show;

/** `syncbot show <project>`: all details of a project, read live. */
export async function show(context: CommandContext, id: string): Promise<ExitCode> {
  const { useCaseContext } = context.app;
  const result = await getProjectDetails(useCaseContext, id);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const { details } = result;
  const [operation, now, observation] = await Promise.all([
    findOpenOperation(useCaseContext, details.project),
    useCaseContext.serverClock.now(),
    readObservationStatus(useCaseContext),
  ]);
  const data = { ...projectJson(details, operation), precheck: details.precheck.map(toCheckText) };
  context.output.result(detailsText(details, now), data);
  noteIfNotObserved(context.output, observation);
  return exitCodes.success;
}

/** `syncbot precheck <project>`: the items of its precheck. The exit code is 1 if one fails. */
export async function precheck(context: CommandContext, id: string): Promise<ExitCode> {
  const { useCaseContext } = context.app;
  const result = await findProject(useCaseContext, id);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const { items } = await precheckProject(useCaseContext, result.project);
  const texts = items.map(toCheckText);
  context.output.result(checkTable(texts), texts);
  return precheckPassed(items) ? exitCodes.success : exitCodes.failure;
}

/** The items of a precheck or of `doctor`. */
export function checkTable(items: readonly CheckText[]): string {
  const rows = items.map(({ item, result, message }) => [messages.precheck.results[result], item, message]);
  return formatTable(checkColumns, rows);
}

function toCheckText(item: PrecheckItem): CheckText {
  return precheckText(item, cliFormatter);
}

/** A project in the `--json` output. Times are epoch ms. A number that could not be read is null. */
export function projectJson({ project, stats }: ObservedProject, operation: Operation | null) {
  const { id, state, since, by, reason } = project;
  const { latencyMs, backlog, observedAt, links } = stats;
  const { cause } = listRow(project, { format: cliFormatter, revealReasons: true });
  const alerts = firingAlerts(project.alerts).map(({ condition, since: alertSince }) => ({
    kind: condition.kind,
    since: alertSince,
  }));
  const numbers = { latencyMs, backlog, observedAt, links: links.map(linkJson) };
  const summary = { id, state, since, by, reason, cause, alerts, ...numbers };
  return operation === null ? summary : { ...summary, operation: operationJson(operation) };
}

function operationJson({ id, action, state, by, requestedAt }: Operation) {
  return { id, action, state, by, requestedAt };
}

function linkJson(observation: LinkObservation) {
  const { queue, connection, prefix } = observation.link;
  if (observation.kind !== 'read') {
    return { queue, connection, prefix, ...unreadStats, paused: hasQueue(observation) ? observation.paused : null };
  }
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
    checkTable(items.map(toCheckText)),
    ...(operations.length === 0 ? [] : [operationTable(operations, now)]),
  ];
  return sections.join('\n\n');
}

type Fact = readonly [label: string, value: string];

function projectFacts({ project, stats }: ProjectDetails, now: number): Fact[] {
  const { definition, state, since, by, reason, failure } = project;
  const logKeptUntil = logRetentionDeadline(project);
  const facts: [label: string, value: string | null][] = [
    [messages.factLabels.state, texts.state({ state, durationMs: now - since, by, reason })],
    [messages.factLabels.description, definition.description],
    [messages.factLabels.source, endpointText(definition.source)],
    [messages.factLabels.target, endpointText(definition.target)],
    [messages.factLabels.labels, definition.labels.length === 0 ? null : definition.labels.join(', ')],
    [messages.factLabels.channel, definition.channel],
    [
      messages.factLabels.backlog,
      stats.backlog === null ? messages.cli.unknown : messages.format.number(stats.backlog),
    ],
    [
      messages.factLabels.latency,
      stats.latencyMs === null ? messages.cli.unknown : messages.format.duration(stats.latencyMs),
    ],
    [messages.factLabels.failure, failure === null ? null : texts.failure(failure, cliFormatter)],
    [messages.factLabels.sourceLog, logKeptUntil === null ? null : texts.logKeptUntil(logKeptUntil)],
  ];
  return facts.flatMap(([label, value]) => (value === null ? [] : [[label, value] as const]));
}

/** Without `project_failed`, because the failure is a fact of its own. */
function alertFacts({ project }: ProjectDetails): Fact[] {
  return firingConditions(project.alerts)
    .filter(({ kind }) => kind !== 'project_failed')
    .map((condition) => {
      const { event, details } = alertText(condition, { project, format: cliFormatter, revealReasons: true });
      return [messages.factLabels.alert, joinDots(event, ...details)];
    });
}

function actionFacts(details: ProjectDetails): Fact[] {
  const { id, state } = details.project;
  const action = availableAction(details);
  if (action !== null) return [[messages.factLabels.possibleNow, cliFormatter.command(`${action} ${id}`)]];
  return state === 'not_started' ? [[messages.factLabels.canStart, texts.afterPrecheck]] : [];
}

const checkColumns: readonly Column[] = [
  { title: messages.columnTitles.result },
  { title: messages.columnTitles.item },
  { title: messages.columnTitles.message, maxWidth: 300 },
];

const linkColumns: readonly Column[] = [
  { title: messages.columnTitles.link, maxWidth: 50 },
  { title: messages.columnTitles.connection, maxWidth: 30 },
  { title: messages.columnTitles.flag },
  { title: messages.columnTitles.waiting, align: 'right' },
  { title: messages.columnTitles.prioritized, align: 'right' },
  { title: messages.columnTitles.active, align: 'right' },
  { title: messages.columnTitles.delayed, align: 'right' },
  { title: messages.columnTitles.failed, align: 'right' },
  { title: messages.columnTitles.latency, align: 'right' },
];

function linkRow(observation: LinkObservation): string[] {
  const { queue, connection } = observation.link;
  if (observation.kind !== 'read') {
    return [queue, connection, unreadText(observation), ...Array<string>(6).fill('?')];
  }
  const { paused, waiting, prioritized, active, delayed, failed } = observation;
  const counts = [waiting, prioritized, active, delayed, failed].map(messages.format.number);
  return [
    queue,
    connection,
    paused ? messages.links.paused : messages.links.running,
    ...counts,
    messages.format.duration(linkLatencyMs(observation)),
  ];
}

function unreadText(observation: Exclude<LinkObservation, { readonly kind: 'read' }>): string {
  return isNotConfigured(observation) ? messages.links.notConfigured : messages.links[observation.kind];
}

const operationColumns: readonly Column[] = [
  { title: messages.columnTitles.lastOperations },
  { title: messages.columnTitles.outcome },
  { title: messages.columnTitles.ago, align: 'right' },
  { title: messages.columnTitles.by, maxWidth: 24 },
  { title: messages.columnTitles.reason, maxWidth: 50 },
];

function operationTable(operations: readonly Operation[], now: number): string {
  const rows = operations.map(({ action, state, requestedAt, by, reason }) => [
    messages.actions[action].label,
    messages.operationStates[state],
    messages.format.duration(now - requestedAt),
    by,
    reason ?? '',
  ]);
  return formatTable(operationColumns, rows);
}

function endpointText(endpoint: Endpoint | null): string | null {
  return endpoint === null ? null : `${endpoint.type} ${endpoint.name}`;
}
