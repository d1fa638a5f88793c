import { type AlertKind, type ConditionOf, sampledLinks } from '../../domain/conditions.ts';
import type { HistoryEntry, HistoryEvent } from '../../domain/history.ts';
import { isAction } from '../../domain/lifecycle.ts';
import type { Link } from '../../domain/link.ts';
import { exampleTimes } from '../../lib/since-time.ts';
import type { HistoryContext } from '../facts.ts';
import { type Formatter, joinDots } from '../format.ts';
import { alerts } from './alerts.ts';
import { catchUp } from './catch-up.ts';
import { failures, shortTime } from './failures.ts';
import {
  formatFailureReason,
  formatNumber,
  formatReason,
  nameAndMore,
  pluralize,
  unreachableClause,
} from './format.ts';
import { pastReason, refusalReasons } from './past-refusals.ts';
import { nameTasks, skippedTasks } from './skipped.ts';
import { actions, states } from './terms.ts';

type Sentence = (entry: HistoryEntry, context: HistoryContext) => string;

/** The text of each event. It follows the actor's name: "@alice · asked to pause it · because we deploy". */
const events: Readonly<Record<HistoryEvent, Sentence>> = {
  created: () => 'added the project',
  changed: () => 'changed its definition',
  removed: () => 'removed the project',
  requested: ({ action, reason, channel, until, catchUpMs }, { format }) => {
    const why = formatReason(reason, format, 120);
    return joinDots(
      catchUpMs === null ? asked({ action }) : `${asked({ action })} ${catchUp.when}`,
      until === null ? null : `until ${format.time(until)}`,
      why === null ? null : `because ${why}`,
      channel === null ? null : `in ${format.channel(channel)}`,
    );
  },
  superseded: (entry) => `replaced the older ${request(entry)}`,
  confirmed: (entry) => `confirmed the ${request(entry)}`,
  cancelled: (entry) => `cancelled the ${request(entry)}`,
  expired: (entry) => `the ${request(entry)} expired before it was confirmed`,
  started: ({ state, action }) => {
    if (action !== null && !isAction(action)) return `${actions[action].doing} began`;
    return state === null ? 'a syncbot worker began' : `${states[state]} began`;
  },
  refused: (entry, { format }) => joinDots(asked(entry), `not done: ${refusalReason(entry, format)}`),
  done: ({ action, outcome, until }, { format }) => {
    const done = action === null ? 'done' : actions[action].done;
    if (outcome === null) return done;
    const {
      linksDone,
      linksTotal,
      retriedTasks,
      retriedTasksUncertain,
      removedTasks = 0,
      inFlight,
      tasks = [],
    } = outcome;
    const upTo = retriedTasksUncertain === true ? 'up to ' : '';
    if (action === 'retry') return joinDots(`${done} ${upTo}${skippedTasks(retriedTasks)}`, nameTasks(tasks, format));
    return joinDots(
      `${done}${action === null ? ' on' : ''} ${linksDone} of ${pluralize(linksTotal, 'link')}`,
      until === null ? null : `until ${format.time(until)}`,
      retriedTasks > 0 ? `${upTo}${pluralize(retriedTasks, 'failed task')} retried` : null,
      tasks.length > 0 ? `${pluralize(tasks.length, 'failed task')} skipped: ${nameTasks(tasks, format)}` : null,
      removedTasks > 0 ? `at least ${pluralize(removedTasks, 'failed task')} removed before` : null,
      action === 'pause' && (inFlight ?? 0) > 0 ? `${pluralize(inFlight ?? 0, 'task')} still in flight then` : null,
    );
  },
  failed: (entry, context) =>
    entry.operation === null ? projectFailed(entry, context) : operationFailed(entry, context.format),
  drained: () => 'the last task in flight ended',
  caught_up: () => 'caught up',
  wait_ended: ({ by }) => (by === null ? 'caught up, so its pause began' : 'pressed Pause Now'),
  kept_paused: ({ until }, { format }) =>
    until === null ? 'kept it Paused' : `kept it Paused until ${format.time(until)}`,
  pause_extended: ({ until }, { format }) =>
    until === null ? 'extended the pause' : `extended the pause until ${format.time(until)}`,
  timer_stopped: ({ until }, { format }) =>
    `did not restore it${until === null ? '' : ` ${format.at(until)}`}, because it was changed after the pause`,
  alert_owned: ({ alertKind }) => `took the alert${titleOf(alertKind)}`,
  alert_taken_over: ({ alertKind, alert }, { format }) => {
    const from = alert?.acknowledgement?.from;
    return `took over the alert${from === undefined ? '' : ` from ${format.person(from)}`}${titleOf(alertKind)}`;
  },
  alert_given_back: ({ alertKind }) => `gave the alert back${titleOf(alertKind)}`,
  alert_snoozed: ({ alertKind, alert }, { format }) => {
    const until = alert?.acknowledgement?.until;
    return `snoozed the alert${until === undefined ? '' : ` until ${format.time(until)}`}${titleOf(alertKind)}`;
  },
  skip_ended: ({ tasks }, { format }) =>
    tasks === null || tasks.length === 0
      ? 'skipped tasks were no longer failed'
      : `${skippedTasks(tasks.length)} ${tasks.length === 1 ? 'was' : 'were'} no longer failed: ${nameTasks(tasks, format)}`,
  correction_scheduled: ({ links, cause }, { format }) => {
    const names = links === null ? 'links' : nameAndMore(links.map(format.link));
    return cause === 'queue_created'
      ? `syncbot scheduled a correction of ${names}, because the queue is new`
      : `syncbot scheduled a correction of ${names}, because an older command of syncbot may have arrived late`;
  },
  alert_firing: ({ alert }, { format }) => {
    if (alert?.state !== 'firing') return 'an alert fired';
    const links = sampledLinks(alert.condition);
    const names = links.length === 0 ? '' : `: ${nameAndMore(links.map(format.link))}`;
    return `alert: ${alerts.titles[alert.condition.kind]}${names}`;
  },
  alert_resolved: ({ alertKind }) =>
    alertKind === null ? 'the alert is resolved' : `alert resolved: ${alerts.pastTitles[alertKind]}`,
  alert_notified: ({ delivered, alertKind }, { format }) => {
    const what = alertKind === null ? '' : `: ${alerts.titles[alertKind]}`;
    const channel = delivered?.message?.channel;
    return channel === undefined
      ? `syncbot posted the alert${what}`
      : `syncbot notified ${format.channel(channel)}${what}`;
  },
};

/** `asked to pause it`. */
function asked({ action }: Pick<HistoryEntry, 'action'>): string {
  return action === null ? 'asked for an action' : `asked to ${actions[action].verb} it`;
}

/** `: tasks failed`. */
function titleOf(kind: AlertKind | null): string {
  return kind === null ? '' : `: ${alerts.pastTitles[kind]}`;
}

/** `request to pause it`. Without the verb when the entry does not have the action. */
function request({ action, catchUpMs }: HistoryEntry): string {
  const when = catchUpMs === null ? '' : ` ${catchUp.when}`;
  return action === null ? 'request' : `request to ${actions[action].verb} it${when}`;
}

/** Several tasks failed. Null if it was one, or if that is not known. */
function tasksFailed({ failure, causes }: ConditionOf<'project_failed'>, context: HistoryContext): string | null {
  if (failure === null || causes === undefined || causes.tasks < 2) return null;
  return joinDots(
    `${states.failed}: ${failures.causes(causes, context)}`,
    `the oldest on ${context.format.link(failure.link)}`,
  );
}

function projectFailed({ failure }: HistoryEntry, { format, revealReasons }: HistoryContext): string {
  if (failure === null) return `${states.failed}: a task failed`;
  const link = format.link(failure.link);
  if (failure.kind === 'link_unreachable') return `${states.failed}: ${link} ${unreachableClause(failure)}`;
  return `${states.failed}: a task failed on ${link}${revealReasons ? `: ${formatFailureReason(failure.reason, format, 200)}` : ''}`;
}

/** An operation that did not reach every link, or that changed nothing because a link did not answer. */
function operationFailed(entry: HistoryEntry, format: Formatter): string {
  const { action, outcome } = entry;
  const done = action === null ? 'done' : actions[action].done;
  if (outcome === null) return `not ${done}: ${refusalReason(entry, format)}`;
  const { linksDone, linksTotal, unreconciled } = outcome;
  if (action === 'retry') return `only partly ${done}: ${nameAndMore(unreconciled.map(format.link))} not reached`;
  const missed = unreconciled.length === 0 ? '' : `, ${nameAndMore(unreconciled.map(format.link))} not reached`;
  return `only partly ${done}: ${linksDone} of ${pluralize(linksTotal, 'link')}${missed}`;
}

function refusalReason({ refusal, code }: HistoryEntry, format: Formatter): string {
  if (refusal !== null) return pastReason(refusal, format);
  if (code === null) return 'the reason was not recorded';
  const reasons: Readonly<Record<string, string>> = refusalReasons;
  return Object.hasOwn(reasons, code) ? (reasons[code] ?? '') : format.text(code, 60);
}

interface OperationFacts {
  /** The text of its outcome or last step. */
  readonly step: string;
  readonly reason: string | null;
  readonly channel: string | null;
  /** How long the project ran before it failed again. Null if it did not. */
  readonly failedAfterMs: number | null;
  /** What happened after it was done, and when, epoch ms. */
  readonly followed: { readonly step: string; readonly at: number } | null;
}

/** `paused 2 of 2 links · because we deploy · in #sync`. */
function operation({ step, reason, channel, failedAfterMs, followed }: OperationFacts, format: Formatter): string {
  const why = formatReason(reason, format, 120);
  return joinDots(
    step,
    failedAfterMs === null ? null : `failed again after ${shortTime(failedAfterMs)}`,
    why === null ? null : `because ${why}`,
    channel === null ? null : `in ${format.channel(channel)}`,
    followed === null ? null : `${followed.step} ${format.at(followed.at)}`,
  );
}

interface AlertFacts {
  readonly kind: AlertKind;
  readonly isResolved: boolean;
  /** The links that it is about, if they are known. */
  readonly links: readonly Link[];
  /** How often it fired. */
  readonly firings: number;
}

/** `alert: links ran although they should have been paused: orders-full`. */
function alert({ kind, isResolved, links, firings }: AlertFacts, format: Formatter): string {
  const title = isResolved ? alerts.pastTitles[kind] : alerts.titles[kind];
  const names = links.length === 0 ? '' : `: ${nameAndMore(links.map(format.link))}`;
  return joinDots(`alert: ${title}${names}`, firings > 1 ? `fired ${formatNumber(firings)} times` : null);
}

/** Epoch ms. */
interface Period {
  readonly from: number;
  readonly to: number | null;
}

function minuteOf(at: number): number {
  return Math.floor(at / 60_000);
}

/** How many lines are not shown. `isExact` is false if there can be more. */
export function linesNotShown(count: number, isExact: boolean): string {
  if (count === 0) return 'older lines may be missing';
  return `${isExact ? '' : 'at least '}${pluralize(count, 'older line')} not shown`;
}

/** Which times can follow `since`. */
export function sinceHint(command: (time: string) => string): string {
  const { duration, timeOfDay, day } = exampleTimes;
  return `Use a duration such as ${command(duration)}, a time such as ${command(timeOfDay)}, or ${command(day)}. It can be at most 7 days ago.`;
}

export const history = {
  operation,
  tasksFailed,
  alert,
  events,
  /** The event of a newer version. */
  unknownEvent: (name: string) => (name === '' ? 'an event without a name' : name),
  refusalReasons,
  title: (project: string) => `History of ${project}`,
  /** `History of 7 projects since 22:00`. `since` is a formatted time. */
  sinceTitle: (subject: string | number, since: string) =>
    `History of ${typeof subject === 'number' ? pluralize(subject, 'project') : subject} since ${since}`,
  nothingSince: (project: string | null, since: string) =>
    `${project === null ? 'Nothing happened' : `Nothing happened to ${project}`} since ${since}`,
  /** `command` shows all lines of one project. */
  notShown: (count: number, isExact: boolean, command: string) =>
    `${linesNotShown(count, isExact)}: ${command} shows all of one project`,
  /** Follows a time that a person typed. */
  timeZone: (zone: string) => `the time was read in ${zone}`,
  empty: 'Nothing yet',
  noOlder: 'Nothing older',
  /** `orders`, `orders and users`, or `orders and 59 more`. */
  projects: (names: readonly string[]) => nameAndMore(names),
  /** `02:58 – 03:04`, or one time if both are in the same minute. `to` is null while it goes on. */
  times: ({ from, to }: Period, format: Formatter) =>
    to === null || minuteOf(from) === minuteOf(to) ? format.time(from) : `${format.time(from)} – ${format.time(to)}`,
  olderEntries: (command: string) => `older ones: ${command}`,
};
