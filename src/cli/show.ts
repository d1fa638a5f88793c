import {
  findProject,
  openOperation,
  type ProjectDetails,
  possibleAction,
  precheckProject,
  showProject,
} from '../application/look.ts';
import { openFindings } from '../domain/alert.ts';
import { alertWords } from '../domain/alert-words.ts';
import { logDeadline } from '../domain/log-retention.ts';
import { type LinkReading, linkLatencyMs } from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';
import { precheckPassed } from '../domain/precheck.ts';
import { type Endpoint, stateTitles } from '../domain/project.ts';
import type { PrecheckItem } from '../domain/refusal.ts';
import { duration, number, utc } from '../domain/words.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { projectJson } from './project-json.ts';
import { refused } from './refused.ts';
import type { Session } from './session.ts';
import { type Column, plain, table } from './text.ts';
import { cliVoice } from './voice.ts';

/** `syncbot show <project>`: everything there is to know of a project, read live. */
export async function show(session: Session, id: string): Promise<ExitCode> {
  const { deps } = session.app;
  const shown = await showProject(deps, id);
  if (shown.kind === 'refused') return refused(session, shown.refusal);
  const { details } = shown;
  const [operation, now] = await Promise.all([openOperation(deps, details.project), deps.store.now()]);
  const data = { ...projectJson(details, operation), precheck: details.precheck };
  session.say.result(detailsText(details, now), data);
  return exitCodes.done;
}

/** `syncbot precheck <project>`: its items; exit 1 when one fails. */
export async function precheck(session: Session, id: string): Promise<ExitCode> {
  const { deps } = session.app;
  const found = await findProject(deps, id);
  if (found.kind === 'refused') return refused(session, found.refusal);
  const { items } = await precheckProject(deps, found.project);
  session.say.result(itemTable(items), items);
  return precheckPassed(items) ? exitCodes.done : exitCodes.notDone;
}

/** Items of a precheck or of doctor, one a line. */
export function itemTable(items: readonly PrecheckItem[]): string {
  const rows = items.map(({ item, result, message }) => [result, item, message]);
  return table([{ title: 'RESULT' }, { title: 'ITEM' }, { title: 'MESSAGE', most: 300 }], rows);
}

/** The details page as text. */
function detailsText(details: ProjectDetails, now: number): string {
  const { project, figures, precheck: items, operations } = details;
  const { id, definition, state, since, by, reason } = project;
  const action = possibleAction(details);
  const logUntil = logDeadline(project);
  const facts = [
    ['state', `${stateTitles[state]} for ${duration(now - since)}, by ${by}${reason === null ? '' : `: ${reason}`}`],
    ['description', definition.description],
    ['source', endpoint(definition.source)],
    ['target', endpoint(definition.target)],
    ['labels', definition.labels.length === 0 ? null : definition.labels.join(', ')],
    ['channel', definition.channel],
    ['backlog', figures.backlog === null ? 'unknown' : number(figures.backlog)],
    ['latency', figures.latencyMs === null ? 'unknown' : duration(figures.latencyMs)],
    ['failure', project.failure === null ? null : `${project.failure.link.queue}: ${project.failure.reason}`],
    ['source log', logUntil === null ? null : `kept until ${utc(logUntil)}`],
    ...openFindings(project.alerts)
      .filter(({ kind }) => kind !== 'failed')
      .map((finding) => ['alert', alertWords(finding, { project, voice: cliVoice, revealReasons: true }).headline]),
    ['now possible', action === null ? null : cliVoice.command(`${action} ${id}`)],
    ['to be started', state === 'not_started' && action === null ? 'as soon as its precheck passes' : null],
  ].flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [`  ${name?.padEnd(13)} ${plain(value)}`],
  );
  const sections = [
    [plain(id), ...facts].join('\n'),
    table(linkColumns, figures.links.map(linkRow)),
    itemTable(items),
    ...(operations.length === 0 ? [] : [operationTable(operations, now)]),
  ];
  return sections.join('\n\n');
}

const linkColumns: readonly Column[] = [
  { title: 'LINK', most: 50 },
  { title: 'CONNECTION', most: 30 },
  { title: 'FLAG' },
  { title: 'WAITING', align: 'right' },
  { title: 'PRIORITIZED', align: 'right' },
  { title: 'ACTIVE', align: 'right' },
  { title: 'DELAYED', align: 'right' },
  { title: 'FAILED', align: 'right' },
  { title: 'LATENCY', align: 'right' },
];

function linkRow(reading: LinkReading): string[] {
  const { queue, connection } = reading.link;
  if (reading.kind !== 'read') return [queue, connection, reading.kind, ...Array.from({ length: 6 }, () => '?')];
  const { paused, waiting, prioritized, active, delayed, failed } = reading;
  const counts = [waiting, prioritized, active, delayed, failed].map(number);
  return [queue, connection, paused ? 'paused' : 'running', ...counts, duration(linkLatencyMs(reading))];
}

function operationTable(operations: readonly Operation[], now: number): string {
  const columns: Column[] = [
    { title: 'LAST OPERATIONS' },
    { title: 'OUTCOME' },
    { title: 'AGO', align: 'right' },
    { title: 'BY', most: 24 },
    { title: 'REASON', most: 50 },
  ];
  const rows = operations.map(({ action, state, requestedAt, by, reason }) => [
    action,
    state,
    duration(now - requestedAt),
    by,
    reason ?? '',
  ]);
  return table(columns, rows);
}

function endpoint(value: Endpoint | null): string | null {
  return value === null ? null : `${value.type} ${value.name}`;
}
