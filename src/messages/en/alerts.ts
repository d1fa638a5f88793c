import type { AlertKind, ConditionOf } from '../../domain/conditions.ts';
import { isAdoptable } from '../../domain/corrections.ts';
import { desiredLinkState, stateAfterAdopt } from '../../domain/lifecycle.ts';
import type { LinkSample } from '../../domain/link.ts';
import type { AlertContext, AlertText } from '../facts.ts';
import type { Formatter } from '../format.ts';
import { failedDetails, someLinks, tasksFailedDetails } from './alert-details.ts';
import { failures } from './failures.ts';
import {
  capitalize,
  formatDuration,
  formatNumber,
  formatReason,
  nameUpTo,
  pluralize,
  removedTasksSentence,
} from './format.ts';
import { refusalReasons } from './past-refusals.ts';
import { pauseLimits } from './pause-limits.ts';
import { pastTitles, resolved } from './resolved-alerts.ts';
import { stateClause, states } from './terms.ts';

type FiringTexts = { readonly [Kind in AlertKind]: (condition: ConditionOf<Kind>, context: AlertContext) => AlertText };

const firing: FiringTexts = {
  project_failed: (condition, context) => ({
    ...failedEvent(condition, context),
    advice: `${pausedLinks(condition, context)}${keptTasks(condition)} Fix the cause, then restore ${context.project.id}.${failedAgainHint(condition)}`,
  }),
  unexpectedly_running: ({ links, cause }, context) => ({
    event: `${stateOf(context)}, but ${links.total === 1 ? 'a link runs' : `${pluralize(links.total, 'link')} run`}`,
    details: [someLinks(links, context)],
    advice:
      cause === 'resumed'
        ? `${was(links)} resumed ${byOthers}. Workers may process ${their(links)} tasks. Re-apply pauses ${them(links)} again${adoptHint(links, context)}.`
        : `syncbot could not pause ${them(links)} yet and tries again. Workers may process ${their(links)} tasks. Check whether the Redis of ${links.total === 1 ? 'this link' : 'these links'} accepts writes.`,
  }),
  pause_ignored: ({ links }, context) => ({
    event: `${stateOf(context)}, but a worker takes tasks`,
    details: [someLinks(links, context)],
    advice:
      'The worker ignores the pause, as workers of BullMQ 4 do: it took tasks within the last 5 min. Stop that worker, and upgrade it to BullMQ 5 or newer.',
  }),
  unexpectedly_paused: ({ links }, context) => ({
    event: `${stateOf(context)}, but ${links.total === 1 ? 'a link is paused' : `${pluralize(links.total, 'link')} are paused`}`,
    details: [someLinks(links, context)],
    advice: `${was(links)} paused ${byOthers}. Tasks wait. Re-apply resumes ${them(links)}${adoptHint(links, context)}.`,
  }),
  queue_missing: ({ links }, context) => ({
    event: links.total === 1 ? 'Queue missing' : `${pluralize(links.total, 'queue')} missing`,
    details: [someLinks(links, context)],
    advice: `${links.total === 1 ? 'The queue does not exist any more, and its tasks are gone.' : 'The queues do not exist any more, and their tasks are gone.'} Ask the owner to create ${them(links)} again, or press Re-apply: then syncbot goes on without ${them(links)}.`,
  }),
  queue_created: ({ links }, context) => ({
    event: links.total === 1 ? 'New queue' : `${formatNumber(links.total)} new queues`,
    details: [someLinks(links, context)],
    advice:
      desiredLinkState(context.project.state) === 'paused'
        ? `syncbot pauses ${them(links)}, because ${projectState(context)}. You do not have to do anything.`
        : `syncbot lets ${them(links)} run, because ${projectState(context)}. You do not have to do anything.`,
  }),
  link_unreadable: ({ links }, context) => ({
    event: 'Cannot be read',
    details: [someLinks(links, context)],
    advice: `A task there has a timestamp or an id that BullMQ does not expect. Backlog and latency are unknown until it is gone. Failed tasks still count, and Pause and Restore work. Ask the owner of ${links.total === 1 ? 'the queue' : 'the queues'} to remove that task.`,
  }),
  no_worker: ({ noWorker, overdue }, context) => ({
    event: noWorker.total > 0 ? 'No worker connected' : 'No worker takes tasks',
    details: [
      ...(noWorker.total > 0 ? [linksWithoutWorker(noWorker, context)] : []),
      ...(overdue.total > 0 ? [`delayed tasks of ${someLinks(overdue, context)} are due`] : []),
    ],
    advice: 'Start the workers. If they are running already, check why they take no tasks.',
  }),
  latency: ({ latencyMs, limitMs }) => ({
    event: `${formatDuration(latencyMs)} behind`,
    details: [`limit ${formatDuration(limitMs)}`],
    advice: 'Its oldest task has waited that long. Check its workers and its target.',
  }),
  tasks_failed: (condition, context) => ({
    event: `${pluralize(condition.count, 'task')} failed`,
    details: tasksFailedDetails(condition, context),
    advice: `${context.project.id} stays Running, because it has onFailure: continue. Fix the cause. To retry the failed tasks, pause and restore ${context.project.id}.${removedTasksSentence(condition.removedTasks)}`,
  }),
  log_retention_50: logRetentionText,
  log_retention_80: logRetentionText,
  paused_reminder: ({ since, by, reason }, { project, format }) => ({
    event: `${states.paused} since ${format.time(since)}`,
    details: [`by ${format.person(by)}`, formatReason(reason, format) ?? ''],
    advice: `Restore ${project.id}, or press Keep Paused: then syncbot reminds you again later.`,
  }),
  pause_ending: ({ until, by, setAt }, { project, format }) => ({
    event: `${states.paused} until ${format.time(until)}`,
    details: [`set by ${format.person(by)} ${format.at(setAt)}`],
    advice: `Then syncbot restores ${project.id} by itself. Extend 1 h moves this end by 1 hour. Keep Paused ${project.definition.pauseMax === null ? 'removes it' : 'moves it as far as pauseMax allows'}.`,
  }),
  pause_overdue: ({ until, by, setAt, cause }, { project, format }) => ({
    event: `Still ${states.paused}`,
    details: [
      `its pause was to end ${format.at(until)}`,
      cause.kind === 'changed' ? changedClause(cause.change, format) : notRestoredClause(cause.code),
    ],
    advice:
      cause.kind === 'changed'
        ? `${capitalize(pauseLimits.timer({ by, setAt }, format))} does nothing any more. Check ${project.id}, then restore it.`
        : `syncbot tries again ${format.at(cause.nextAttemptAt)}. You can restore ${project.id} earlier, if you have fixed the cause.`,
  }),
  log_retention_100: ({ until }, context) => ({
    event: stateOf(context),
    details: [`its source kept its log until ${context.format.time(until)}`],
    advice: `Changes may be lost. Check the source before you restore ${context.project.id}.`,
  }),
};

/** Why the timer does nothing. */
function changedClause(change: { readonly by: string | null; readonly at: number } | null, format: Formatter): string {
  if (change === null) return 'it was changed after the pause';
  return `${change.by === null ? 'it was changed' : `${format.person(change.by)} changed it`} ${format.at(change.at)}`;
}

/** Why a restore by the timer did not succeed. */
function notRestoredClause(code: string | null): string {
  const [, reason = null] = Object.entries(refusalReasons).find(([known]) => known === code) ?? [];
  return reason === null ? 'the restore did not succeed' : `the restore did not succeed: ${reason}`;
}

/** From the second failure in a row on: when it failed, and how often. Then the failure. */
function failedEvent(
  { failure, streak, isRepeated, causes }: ConditionOf<'project_failed'>,
  context: AlertContext,
): Pick<AlertText, 'event' | 'details'> {
  const cause = failedDetails({ failure, causes }, context);
  if (streak === undefined || streak.count === 1)
    return { event: isRepeated ? `${states.failed} again` : states.failed, details: cause };
  return {
    event: `${states.failed} again ${failures.afterRun(streak, context.format)}`,
    details: [failures.repetition(streak), ...cause],
  };
}

/** syncbot recognizes a late command of its own only for some minutes. */
const byOthers = 'outside syncbot, or by a command of syncbot that arrived late';

/** The data of a task may be the cause. */
function failedAgainHint({ causes }: Pick<ConditionOf<'project_failed'>, 'causes'>): string {
  const { failedAgain = 0 } = causes ?? {};
  const [its, it] = failedAgain === 1 ? ['its', 'it'] : ['their', 'them'];
  return failedAgain === 0
    ? ''
    : ` ${pluralize(failedAgain, 'task')} failed again: if ${its} own data is the cause, restore without ${it}.`;
}

function logRetentionText(
  { kind, until }: ConditionOf<'log_retention_50' | 'log_retention_80'>,
  context: AlertContext,
): AlertText {
  const deadline = context.format.time(until);
  return {
    event: stateOf(context),
    details: [titles[kind], `its source keeps its log until ${deadline}`],
    advice: `Restore ${context.project.id} before ${deadline}. After that, changes may be lost.`,
  };
}

/** The message is not edited when the links are paused. So this is true before and after. */
function pausedLinks(
  { failure }: ConditionOf<'project_failed'>,
  { project: { id, definition } }: AlertContext,
): string {
  return failure?.kind === 'link_unreachable'
    ? 'syncbot pauses it as soon as it can be reached. Until then, workers may process its tasks.'
    : `syncbot keeps the ${pluralize(definition.links.length, 'link')} of ${id} paused until a restore, so that later tasks wait.`;
}

/** What happened to the failed tasks. Empty if that is not known. */
function keptTasks({ failure, causes }: ConditionOf<'project_failed'>): string {
  if (failure?.kind !== 'task_failed') return '';
  const removed = removedTasksSentence(failure.removedTasks);
  if (removed !== '') return removed;
  const count = causes?.tasks ?? 1;
  return count === 1 ? ' The failed task is kept.' : ` The ${formatNumber(count)} failed tasks are kept.`;
}

/** `a and b`, or `a and 9 more links`. */
function linksWithoutWorker(sample: LinkSample, context: AlertContext): string {
  const { total, first } = sample;
  const namesAll = first.length === 0 || total === 1 || (total === 2 && first.length === 2);
  return `${someLinks(sample, context)}${namesAll ? '' : total === 2 ? ' link' : ' links'}`;
}

/** In a list of alerts and in the history: `alert: links run although they should be paused`. */
const titles: Readonly<Record<AlertKind, string>> = {
  project_failed: 'the project is Failed',
  unexpectedly_running: 'links run although they should be paused',
  pause_ignored: 'a worker ignores the pause',
  unexpectedly_paused: 'links are paused although they should run',
  queue_missing: 'a queue is missing',
  queue_created: 'a queue was created',
  link_unreadable: 'a link cannot be read',
  no_worker: 'no worker takes its tasks',
  latency: 'it is too far behind',
  tasks_failed: 'tasks failed, and the project stays Running',
  log_retention_50: 'half of its log retention has passed',
  log_retention_80: 'most of its log retention has passed',
  log_retention_100: 'its log retention has ended, so changes may be lost',
  pause_ending: 'its pause ends soon',
  pause_overdue: 'it is still Paused after the end of its pause',
  paused_reminder: 'it has been Paused for a long time',
};

/** Slack takes 4,000 characters of text in an edit. */
export const maxMentions = 20;

export const alerts = {
  firing,
  resolved,
  titles,
  pastTitles,
  /** Before the advice. `mentions`: whom the message mentions. */
  call: (mentions: readonly string[]) =>
    mentions.length === 0 ? '' : `Attention, ${nameUpTo(mentions, maxMentions)}: `,
};

function stateOf({ project }: AlertContext): string {
  return states[project.state];
}

function projectState({ project }: AlertContext): string {
  return stateClause(project.id, project.state);
}

function was({ total }: LinkSample): string {
  return total === 1 ? 'It was' : 'They were';
}

function them({ total }: LinkSample): string {
  return total === 1 ? 'it' : 'them';
}

function their({ total }: LinkSample): string {
  return total === 1 ? 'its' : 'their';
}

function adoptHint(links: LinkSample, { project }: AlertContext): string {
  if (!isAdoptable(project, links)) return '';
  return `; Adopt records the project as ${states[stateAfterAdopt(desiredLinkState(project.state))]}`;
}
