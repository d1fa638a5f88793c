import { groupObservations } from '../../domain/corrections.ts';
import { deletedLinks } from '../../domain/drift.ts';
import { includesFailure } from '../../domain/failed-tasks.ts';
import { repeatedFailure } from '../../domain/failure-streak.ts';
import { desiredLinkState, type OperationKind, stateAfterAdopt } from '../../domain/lifecycle.ts';
import type { Link, TaskFailure } from '../../domain/link.ts';
import { type Operation, operationReconcileTimeoutMs } from '../../domain/operation.ts';
import { logEndInPause } from '../../domain/source-log-retention.ts';
import type { ConfirmationFacts } from '../facts.ts';
import { type Formatter, joinDots } from '../format.ts';
import { catchUp } from './catch-up.ts';
import { failures } from './failures.ts';
import {
  andMore,
  capitalize,
  formatDuration,
  formatReason,
  nameAndMore,
  pluralize,
  removedTasksSentence,
} from './format.ts';
import { pauseLimits } from './pause-limits.ts';
import { failedTask, skippedTasks } from './skipped.ts';
import { actions, stateClause, states } from './terms.ts';

const ifOk = 'If you press OK,';

/** What OK would do: nothing is done yet. */
const effects: Readonly<Record<OperationKind, (facts: ConfirmationFacts) => string>> = {
  start: (facts) => `${ifOk} ${links(facts)} ${verb(facts, 'starts', 'start')} to take tasks.`,
  pause: (facts) => {
    const { operation, project } = facts;
    const begin =
      operation.catchUpMs === null ? ifOk : `${ifOk} ${catchUp.willWait(project.id, operation.catchUpMs)} Then`;
    return `${begin} ${links(facts)} ${verb(facts, 'stops', 'stop')} taking tasks. Tasks in flight finish. ${grows(facts)}${logRetention(facts)}`;
  },
  restore: (facts) =>
    `${ifOk} ${links(facts)} ${verb(facts, 'takes', 'take')} tasks again. ${retriedTasks(facts.failedTasks)}${skips(facts)}${removedTasksSentence(facts.removedTasks)}${failsAgain(facts)}`,
  reapply: reapplyEffect,
  retry: retryEffect,
  adopt: (facts) => {
    const { project } = facts;
    const state = stateAfterAdopt(desiredLinkState(project.state));
    return `${ifOk} syncbot will record the project as ${states[state]}. All of its links are ${state} already, and none is changed.${state === 'paused' ? logRetention(facts) : ''}`;
  },
};

function retryEffect({ operation: { tasks }, project: { id, state } }: ConfirmationFacts): string {
  const [fails, later] = [
    tasks.length === 1 ? 'it fails' : 'they fail',
    state === 'running' ? '' : `, when ${id} is restored`,
  ];
  return `${skippedTasks(tasks.length)} will run before newer tasks${later}. If the cause is not fixed, ${fails} again.`;
}

/** What a restore leaves out. */
function skips({ operation: { tasks }, failedAgain }: ConfirmationFacts): string {
  if (tasks.length === 0) return '';
  const [stay, asFailures] = tasks.length === 1 ? ['stays', 'it as a failure'] : ['stay', 'them as failures'];
  const others = failedAgain === 0 ? '' : ` ${pluralize(failedAgain, 'other task')} that failed again will be retried.`;
  return ` ${pluralize(tasks.length, 'task')} ${stay} failed in BullMQ, and syncbot does not count ${asFailures} any more.${others}`;
}

function reapplyEffect({ project, stats, format }: ConfirmationFacts): string {
  const { resumed, paused, missing, unreachable } = groupObservations(stats.links);
  const shouldBePaused = desiredLinkState(project.state) === 'paused';
  const hasDrift = (shouldBePaused ? resumed : paused).length > 0;
  const state = stateClause(project.id, project.state);
  const parts = [
    shouldBePaused
      ? clause(resumed, format, ['stops taking tasks', 'stop taking tasks'])
      : clause(paused, format, ['takes tasks again', 'take tasks again']),
    goesOnWithout(deletedLinks(project, missing), format),
    clause(unreachable, format, [
      `cannot be reached now, and syncbot tries again for up to ${formatDuration(operationReconcileTimeoutMs)}`,
      `cannot be reached now, and syncbot tries again for up to ${formatDuration(operationReconcileTimeoutMs)}`,
    ]),
  ].filter((part) => part !== '');
  const effect = parts.join('; ');
  return hasDrift
    ? `${ifOk} syncbot will ${shouldBePaused ? 'pause' : 'resume'} the links again, because ${state}. ${capitalize(effect)}.`
    : `${ifOk} ${effect}. ${state}.`;
}

/** The alert about a missing queue says the same. */
function goesOnWithout(deleted: readonly Link[], format: Formatter): string {
  if (deleted.length === 0) return '';
  return `syncbot goes on without the ${deleted.length === 1 ? 'queue' : 'queues'} of ${nameAndMore(deleted.map(format.link))}`;
}

function clause(some: readonly Link[], format: Formatter, [singular, plural]: readonly [string, string]): string {
  const names = nameAndMore(some.map(format.link));
  return some.length === 0 ? '' : `${names} ${some.length === 1 ? singular : plural}`;
}

/** How long the latency grows. */
function grows({ project: { id, definition }, operation: { pauseUntil }, format, now }: ConfirmationFacts): string {
  if (pauseUntil === null) return `Latency will grow until you restore ${id}.`;
  const end = pauseLimits.willEnd(pauseUntil, { project: id, pauseMaxMs: definition.pauseMax, now, format });
  return `${end} Latency will grow until then.`;
}

export interface LogRetentionFacts extends Pick<ConfirmationFacts, 'format' | 'now'> {
  readonly project: Pick<ConfirmationFacts['project'], 'id' | 'definition'>;
  readonly operation: Pick<Operation, 'pauseUntil'>;
  readonly stats: Pick<ConfirmationFacts['stats'], 'latencyMs'>;
}

/** Until when the source keeps its log, after another sentence. Empty if that is not known, or the pause ends before. */
export function logRetention({ project, operation, stats, format, now }: LogRetentionFacts): string {
  const pauseUntil = operation.pauseUntil?.at ?? null;
  const until = logEndInPause(project.definition, { now, latencyMs: stats.latencyMs, pauseUntil });
  if (until === null) return '';
  return pauseUntil === null
    ? ` The source keeps its log until ${format.time(until)}: restore ${project.id} before then.`
    : ` This is too late: the source keeps its log only until ${format.time(until)}, and after that changes may be lost.`;
}

function retriedTasks(failedTasks: number | null): string {
  if (failedTasks === null)
    return 'Failed tasks are retried before newer ones. It is not known how many, because a link cannot be reached.';
  if (failedTasks === 0) return 'There is no failed task to retry.';
  return `${pluralize(failedTasks, 'failed task')} will be retried before newer ones.`;
}

/** A restore does not fix the cause of a failed task. */
function failsAgain({ project, operation: { tasks }, failedTasks, format }: ConfirmationFacts): string {
  const { id, definition, failure } = project;
  if (failedTasks === 0 || failure?.kind !== 'task_failed' || definition.onFailure !== 'pause') return '';
  if (includesFailure(tasks, failure)) return '';
  const who = failedTasks === 1 ? `the task on ${format.link(failure.link)} fails` : 'they fail';
  return ` If the cause is not fixed, ${who} again, and ${id} becomes ${states.failed} again.`;
}

/** `Last restore at 18:52 by @alice: failed again after 1 s · 2 failures in a row, same cause`. */
function earlierFailure({ operation, project, format }: ConfirmationFacts): string[] {
  const streak = repeatedFailure(project);
  if (operation.action !== 'restore' || project.state !== 'failed' || streak === null) return [];
  const { run } = streak;
  const last = `Last ${actions[run.action ?? 'restore'].verb} ${format.at(run.since)} by ${format.person(run.by)}`;
  return [joinDots(`${last}: failed again after ${failures.runTime(streak)}`, failures.repetition(streak))];
}

/** `Paused at 02:50 by @alice · we deploy · planned end: 05:00`. A restore ends that. */
function pausedBy({ operation, project, format }: ConfirmationFacts): string[] {
  const { state, since, by, reason, pausedUntil } = project;
  if (operation.action !== 'restore' || state !== 'paused') return [];
  const end = pausedUntil === null || pausedUntil.stopped !== null ? null : format.time(pausedUntil.at);
  return [
    joinDots(
      `${states.paused} ${format.at(since)} by ${format.person(by)}`,
      formatReason(reason, format, 200),
      end === null ? null : `planned end: ${end}`,
    ),
  ];
}

const maxOtherRequests = 3;

/** `@alice asks for the same`, or `@alice asks to restore it`. */
function otherRequests({ operation, otherRequests: others, format }: ConfirmationFacts): string[] {
  const asks = others.slice(0, maxOtherRequests).map(({ by, action }) => {
    const does = action === operation.action ? 'asks for the same' : `asks to ${actions[action].verb} it`;
    return `${format.person(by)} ${does}`;
  });
  const more = others.length - asks.length;
  return asks.length === 0 ? [] : [joinDots(...asks, more > 0 ? andMore(more) : null)];
}

function links({ project }: ConfirmationFacts): string {
  return pluralize(project.definition.links.length, 'link');
}

function verb({ project }: ConfirmationFacts, singular: string, plural: string): string {
  return project.definition.links.length === 1 ? singular : plural;
}

type QuestionFacts = Pick<Operation, 'action' | 'project' | 'tasks' | 'catchUpMs'>;

export const confirmation = {
  effects,
  pausedBy,
  earlierFailure,
  /** Another person works on an alert of the project. `since` is a formatted time. */
  onAlert: (person: string, since: string) => `${person} is on the alert since ${since}`,
  otherRequests,
  /** `Pause orders`, `Pause orders when it has caught up`, `Restore orders without 1 task`, `Retry 1 skipped task of orders`. */
  question: ({ action, project, tasks, catchUpMs }: QuestionFacts) => {
    const { label } = actions[action];
    if (action === 'retry') return `${label} ${skippedTasks(tasks.length)} of ${project}`;
    const when = catchUpMs === null ? '' : ` ${catchUp.when}`;
    return `${label} ${project}${tasks.length === 0 ? '' : ` without ${pluralize(tasks.length, 'task')}`}${when}`;
  },
  stateNow: (state: string) => `${state} now`,
  /** Without the blocks, where nothing is bold: `orders · Running · Pause orders?` */
  headline: (state: string, operation: QuestionFacts) =>
    joinDots(operation.project, state, `${confirmation.question(operation)}?`),
  /** At the end of the notification. */
  answerBefore: (time: string) => `Answer OK or Cancel before ${time}.`,
  reason: (reason: string) => `Reason: ${reason}`,
  /** The tasks that a restore leaves out, or that a retry moves back. */
  namedTasksTitle: (count: number, kind: OperationKind) =>
    kind === 'retry' ? capitalize(skippedTasks(count)) : `${pluralize(count, 'task')} left out`,
  namedTask: failedTask,
  failedTasksTitle: (count: number) => (count === 1 ? 'Failed task' : 'Failed tasks'),
  failedTask: ({ link, at }: TaskFailure, reason: string, format: Formatter) =>
    `${format.link(link)} ${format.at(at)}: ${reason}`,
  requestedBy: (person: string) => `requested by ${person}`,
  /** `expires at 03:04`. */
  expires: (at: string) => `expires ${at}`,
};
