import {
  availableAction,
  findOpenOperation,
  findProject,
  getProjectDetails,
  type ProjectDetails,
  precheckProject,
  readObservationStatus,
} from '../application/queries.ts';
import { firingAlerts, severalCauses } from '../domain/alert.ts';
import type { FailureCauses } from '../domain/failure-causes.ts';
import type { Failure } from '../domain/link.ts';
import {
  hasQueue,
  isNotConfigured,
  type LinkObservation,
  linkLatencyMs,
  type ObservedProject,
  oldestFailure,
} from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';
import { activeDeadline } from '../domain/pause-timer.ts';
import { type PrecheckItem, precheckPassed } from '../domain/precheck.ts';
import type { Endpoint, Project } from '../domain/project.ts';
import type { ProjectState } from '../domain/project-state.ts';
import { logRetentionDeadline } from '../domain/source-log-retention.ts';
import { worstLinksFirst } from '../domain/worst-links.ts';
import { messages } from '../messages/catalog.ts';
import type { CheckText } from '../messages/facts.ts';
import { type Formatter, joinDots } from '../messages/format.ts';
import { listRow } from '../messages/list-text.ts';
import { alertText, precheckText } from '../messages/render.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, noteIfNotObserved, printRefusal } from './command-context.ts';
import { checkStyles, type Paint, projectStyle } from './paint.ts';
import { type Column, formatTable, type PaintedCell } from './table.ts';
import { cliFormatter, sanitizeText } from './terminal-text.ts';

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
  const { samples: trend, precheck: items } = details;
  const data = { ...projectJson(details, operation), precheck: items.map(toCheckText), trend };
  context.output.result(detailsText(details, now, context), data);
  noteIfNotObserved(context.output, observation);
  return exitCodes.success;
}

/** `syncbot precheck <project>`: the items of its precheck. The exit code is 1 if one fails. */
export async function precheck(context: CommandContext, id: string): Promise<ExitCode> {
  const { useCaseContext } = context.app;
  const result = await findProject(useCaseContext, id);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const { items } = await precheckProject(useCaseContext, result.project);
  const table = precheckTable(items, result.project.state, context.output.paint);
  context.output.result(table, items.map(toCheckText));
  return precheckPassed(items) ? exitCodes.success : exitCodes.failure;
}

function precheckTable(items: readonly PrecheckItem[], state: ProjectState, paint: Paint): string {
  const [result, , message] = checkColumns;
  const rows = items.map((item) => [resultCell(item.result, paint), messages.precheck.line(item, state, cliFormatter)]);
  return formatTable([result, message], rows, (title) => paint('bold', title));
}

/** The items of `doctor`. */
export function checkTable(items: readonly CheckText[], paint: Paint): string {
  const rows = items.map(({ item, result, message }) => [resultCell(result, paint), item, message]);
  return formatTable(checkColumns, rows, (title) => paint('bold', title));
}

function resultCell(result: CheckText['result'], paint: Paint): PaintedCell {
  return { text: messages.precheck.results[result], paint: (text) => paint(checkStyles[result], text) };
}

function toCheckText(item: PrecheckItem): CheckText {
  return precheckText(item, cliFormatter);
}

/** A project in the `--json` output. Times are epoch ms. A number that could not be read is null. */
export function projectJson({ project, stats }: ObservedProject, operation: Operation | null) {
  const { id, state, since, by, reason } = project;
  const deadline = activeDeadline(project);
  const pausedUntil = deadline === null ? null : { at: deadline.at, by: deadline.by };
  const { latencyMs, backlog, observedAt, links } = stats;
  const { cause } = listRow(project, { format: cliFormatter, revealReasons: true });
  const alerts = firingAlerts(project.alerts).map(({ condition, since: alertSince, acknowledgement }) => ({
    kind: condition.kind,
    since: alertSince,
    ...(acknowledgement === undefined ? {} : { acknowledgement }),
  }));
  const numbers = { latencyMs, backlog, observedAt, links: links.map(linkJson) };
  const summary = {
    id,
    state,
    since,
    by,
    reason,
    pausedUntil,
    waitingPause: project.waitingPause,
    cause,
    alerts,
    ...numbers,
  };
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

/** In the order of `show` in Slack: state, cause, action, numbers, links (the worst first), precheck, last operations. */
function detailsText(details: ProjectDetails, now: number, { output, format }: CommandContext): string {
  const { paint } = output;
  const { project, stats, precheck: items, operations } = details;
  const { show: shared, links, precheck: checks } = messages;
  const state = messages.states[project.state];
  const facts = [
    ...stateFacts(details),
    ...alertFacts(details, now),
    ...actionFacts(details, format),
    ...statFacts(details, now),
    ...skippedFacts(project, format),
    ...definitionFacts(project),
  ].map(([label, value]) => {
    const text = sanitizeText(value);
    const painted =
      label === messages.factLabels.state ? text.replace(state, paint(projectStyle(project), state)) : text;
    return `  ${label.padEnd(13)} ${painted}`;
  });
  const failed = items
    .filter(({ result }) => result === 'fail')
    .map((item) => checks.line(item, project.state, cliFormatter));
  const recent = operations.map((operation) => shared.operation(operation, cliFormatter));
  return [
    [paint('bold', sanitizeText(project.id)), ...facts].join('\n'),
    [links.title(stats.links.length, stats.links.length, false), linkTable(stats.links)].join('\n'),
    indented(checks.summary(items, cliFormatter), failed),
    recent.length === 0 ? shared.noOperations : indented(shared.operationsTitle, recent),
  ].join('\n\n');
}

function indented(title: string, lines: readonly string[]): string {
  return [title, ...lines.map((line) => `  ${sanitizeText(line)}`)].join('\n');
}

type Fact = readonly [label: string, value: string];

function stateFacts({ project, stats }: ProjectDetails): Fact[] {
  const { factLabels, show: shared, states } = messages;
  const failure = project.failure ?? oldestFailure(stats.links);
  return [
    [factLabels.state, joinDots(states[project.state], shared.since(project, cliFormatter))],
    ...(project.state === 'paused' && project.pausedUntil !== null
      ? ([[factLabels.pauseEnd, messages.pauseLimits.ends(project.pausedUntil, cliFormatter)]] as const)
      : []),
    ...(project.state === 'running' && project.waitingPause !== null
      ? ([[factLabels.waitingPause, messages.catchUp.waits(project.waitingPause, cliFormatter)]] as const)
      : []),
    ...(failure === null ? [] : ([[factLabels.cause, failureText(failure, severalCauses(project.alerts))]] as const)),
  ];
}

function failureText(failure: Failure, causes: FailureCauses | null): string {
  const { show: shared } = messages;
  if (failure.kind === 'link_unreachable') return shared.linkUnreachable(failure, cliFormatter);
  if (causes !== null) {
    return joinDots(...messages.failures.details(causes, failure, { format: cliFormatter, revealReasons: true }));
  }
  const reason = messages.format.failureReason(failure.reason, cliFormatter, 400);
  return shared.taskFailed(failure, reason, cliFormatter);
}

/** Who is on the alerts too. Of `project_failed` only that, because the failure is a fact of its own. */
function alertFacts({ project }: ProjectDetails, now: number): Fact[] {
  return firingAlerts(project.alerts).flatMap(({ condition, acknowledgement }): Fact[] => {
    const { event, details } = alertText(condition, { project, format: cliFormatter, revealReasons: true });
    const person = acknowledgement && messages.acknowledgements.line(acknowledgement, { format: cliFormatter, now });
    return [
      ...(condition.kind === 'project_failed'
        ? []
        : [[messages.factLabels.alert, joinDots(event, ...details)] as const]),
      ...(person === undefined ? [] : [[messages.factLabels.onIt, person] as const]),
    ];
  });
}

function actionFacts(details: ProjectDetails, format: Formatter): Fact[] {
  const { id, state } = details.project;
  const action = availableAction(details);
  if (action !== null) return [[messages.factLabels.possibleNow, format.command(`${action} ${id}`)]];
  return state === 'not_started' ? [[messages.factLabels.canStart, texts.afterPrecheck]] : [];
}

function statFacts(details: ProjectDetails, now: number): Fact[] {
  const { samples } = details;
  const { factLabels, show: shared } = messages;
  return [
    [factLabels.numbers, shared.numbers(details, samples, now)],
    ...shared.trends(details, { format: cliFormatter, now }).map((line) => [factLabels.lastHour, line] as const),
  ];
}

function skippedFacts({ id, skippedTasks }: Project, format: Formatter): Fact[] {
  if (skippedTasks.length === 0) return [];
  const command = format.command(`skipped ${id}`);
  return [[messages.factLabels.skipped, joinDots(messages.show.skipped(skippedTasks.length), command)]];
}

function definitionFacts(project: Project): Fact[] {
  const { factLabels } = messages;
  const { description, source, target, labels, channel, runbook } = project.definition;
  const logKeptUntil = logRetentionDeadline(project);
  const facts: [label: string, value: string | null][] = [
    [factLabels.description, description],
    [factLabels.source, endpointText(source)],
    [factLabels.target, endpointText(target)],
    [factLabels.labels, labels.length === 0 ? null : labels.join(', ')],
    [factLabels.channel, channel],
    [factLabels.runbook, runbook],
    [factLabels.sourceLog, logKeptUntil === null ? null : texts.logKeptUntil(logKeptUntil, cliFormatter)],
  ];
  return facts.flatMap(([label, value]) => (value === null ? [] : [[label, value] as const]));
}

const checkColumns: readonly [Column, Column, Column] = [
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

function linkTable(links: readonly LinkObservation[]): string {
  return formatTable(linkColumns, worstLinksFirst(links).map(linkRow));
}

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

function endpointText(endpoint: Endpoint | null): string | null {
  return endpoint === null ? null : `${endpoint.type} ${endpoint.name}`;
}
