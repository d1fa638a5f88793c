import {
  availableAction,
  findOpenOperation,
  findProject,
  getProjectDetails,
  type ProjectDetails,
  precheckProject,
} from '../application/queries.ts';
import { firingConditions } from '../domain/alert.ts';
import type { Failure } from '../domain/link.ts';
import { logRetentionDeadline } from '../domain/log-retention.ts';
import { type LinkObservation, linkLatencyMs } from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';
import { type PrecheckItem, precheckPassed } from '../domain/precheck.ts';
import type { Endpoint } from '../domain/project.ts';
import { messages } from '../messages/catalog.ts';
import { formatUtc } from '../messages/format.ts';
import { alertText, type CheckText, precheckText } from '../messages/render.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { cliFormatter } from './formatter.ts';
import { printRefusal } from './output-refusal.ts';
import { projectJson } from './project-json.ts';
import { type Column, formatTable, sanitizeText } from './table.ts';

/** `syncbot show <project>`: everything there is to know of a project, read live. */
export async function show(context: CommandContext, id: string): Promise<ExitCode> {
  const { useCaseContext } = context.app;
  const result = await getProjectDetails(useCaseContext, id);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const { details } = result;
  const [operation, now] = await Promise.all([
    findOpenOperation(useCaseContext, details.project),
    useCaseContext.serverClock.now(),
  ]);
  const data = { ...projectJson(details, operation), precheck: details.precheck.map(toCheckText) };
  context.output.result(detailsText(details, now), data);
  return exitCodes.success;
}

/** `syncbot precheck <project>`: its items; exit 1 when one fails. */
export async function precheck(context: CommandContext, id: string): Promise<ExitCode> {
  const { useCaseContext } = context.app;
  const result = await findProject(useCaseContext, id);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const { items } = await precheckProject(useCaseContext, result.project);
  const texts = items.map(toCheckText);
  context.output.result(checkTable(texts), texts);
  return precheckPassed(items) ? exitCodes.success : exitCodes.failure;
}

/** Items of a precheck or of doctor, one a line. */
export function checkTable(items: readonly CheckText[]): string {
  const rows = items.map(({ item, result, message }) => [result, item, message]);
  return formatTable([{ title: 'RESULT' }, { title: 'ITEM' }, { title: 'MESSAGE', maxWidth: 300 }], rows);
}

function toCheckText(item: PrecheckItem): CheckText {
  return precheckText(item, cliFormatter);
}

function failureText(failure: Failure): string {
  const { link } = failure;
  return failure.kind === 'task_failed' ? `${link.queue}: ${failure.reason}` : `${link.queue}: could not be reached`;
}

/** The details page as text. */
function detailsText(details: ProjectDetails, now: number): string {
  const { project, stats, precheck: items, operations } = details;
  const { id, definition, state, since, by, reason } = project;
  const action = availableAction(details);
  const sourceLogExpiresAt = logRetentionDeadline(project);
  const facts = [
    [
      'state',
      `${messages.states[state]} for ${messages.format.duration(now - since)}, by ${by}${reason === null ? '' : `: ${reason}`}`,
    ],
    ['description', definition.description],
    ['source', endpointText(definition.source)],
    ['target', endpointText(definition.target)],
    ['labels', definition.labels.length === 0 ? null : definition.labels.join(', ')],
    ['channel', definition.channel],
    ['backlog', stats.backlog === null ? 'unknown' : messages.format.number(stats.backlog)],
    ['latency', stats.latencyMs === null ? 'unknown' : messages.format.duration(stats.latencyMs)],
    ['failure', project.failure === null ? null : failureText(project.failure)],
    ['source log', sourceLogExpiresAt === null ? null : `kept until ${formatUtc(sourceLogExpiresAt)}`],
    ...firingConditions(project.alerts)
      .filter(({ kind }) => kind !== 'project_failed')
      .map((condition) => [
        'alert',
        alertText(condition, { project, format: cliFormatter, revealReasons: true }).headline,
      ]),
    ['now possible', action === null ? null : cliFormatter.command(`${action} ${id}`)],
    ['to be started', state === 'not_started' && action === null ? 'as soon as its precheck passes' : null],
  ].flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [`  ${name?.padEnd(13)} ${sanitizeText(value)}`],
  );
  const sections = [
    [sanitizeText(id), ...facts].join('\n'),
    formatTable(linkColumns, stats.links.map(linkRow)),
    checkTable(items.map(toCheckText)),
    ...(operations.length === 0 ? [] : [operationTable(operations, now)]),
  ];
  return sections.join('\n\n');
}

const linkColumns: readonly Column[] = [
  { title: 'LINK', maxWidth: 50 },
  { title: 'CONNECTION', maxWidth: 30 },
  { title: 'FLAG' },
  { title: 'WAITING', align: 'right' },
  { title: 'PRIORITIZED', align: 'right' },
  { title: 'ACTIVE', align: 'right' },
  { title: 'DELAYED', align: 'right' },
  { title: 'FAILED', align: 'right' },
  { title: 'LATENCY', align: 'right' },
];

function linkRow(observation: LinkObservation): string[] {
  const { queue, connection } = observation.link;
  if (observation.kind !== 'read')
    return [queue, connection, observation.kind, ...Array.from({ length: 6 }, () => '?')];
  const { paused, waiting, prioritized, active, delayed, failed } = observation;
  const counts = [waiting, prioritized, active, delayed, failed].map(messages.format.number);
  return [
    queue,
    connection,
    paused ? 'paused' : 'running',
    ...counts,
    messages.format.duration(linkLatencyMs(observation)),
  ];
}

function operationTable(operations: readonly Operation[], now: number): string {
  const columns: Column[] = [
    { title: 'LAST OPERATIONS' },
    { title: 'OUTCOME' },
    { title: 'AGO', align: 'right' },
    { title: 'BY', maxWidth: 24 },
    { title: 'REASON', maxWidth: 50 },
  ];
  const rows = operations.map(({ action, state, requestedAt, by, reason }) => [
    action,
    state,
    messages.format.duration(now - requestedAt),
    by,
    reason ?? '',
  ]);
  return formatTable(columns, rows);
}

function endpointText(endpoint: Endpoint | null): string | null {
  return endpoint === null ? null : `${endpoint.type} ${endpoint.name}`;
}
