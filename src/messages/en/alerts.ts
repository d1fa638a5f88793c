import type { AlertKind, ConditionOf } from '../../domain/conditions.ts';
import { isAdoptable } from '../../domain/corrections.ts';
import { desiredLinkState, stateAfterAdopt } from '../../domain/lifecycle.ts';
import type { Failure, LinkSample } from '../../domain/link.ts';
import type { AlertContext, AlertText, ResolvedAlertFacts } from '../facts.ts';
import { formatDuration, formatFailureReason, pluralize, removedTasksSentence, unreachableClause } from './format.ts';
import { stateClause, states } from './terms.ts';

type FiringTexts = { readonly [Kind in AlertKind]: (condition: ConditionOf<Kind>, context: AlertContext) => AlertText };

const firing: FiringTexts = {
  project_failed: ({ failure, since, isRepeated }, context) => {
    const { project, format } = context;
    const links = pluralize(project.definition.links.length, 'link');
    const again = isRepeated ? ` again, since ${format.time(since)}` : '';
    return {
      headline: `${stateClause(project.id, 'failed')}${again}: ${failure === null ? 'a task failed' : failureClause(failure, context)}`,
      advice: `syncbot pauses its ${links}, so that later tasks wait. Fix the cause, then restore it.${failure?.kind === 'task_failed' ? removedTasksSentence(failure.removedTasks) : ''}`,
    };
  },
  unexpectedly_running: ({ links, cause }, context) => ({
    headline: `${sample(links, context)} ${links.total === 1 ? 'runs' : 'run'} although ${projectState(context)}`,
    advice:
      cause === 'resumed'
        ? `${was(links)} resumed ${byOthers}. Workers may process ${their(links)} tasks. Re-apply pauses ${them(links)} again${adoptHint(links, context)}.`
        : `syncbot could not pause ${them(links)} yet and tries again. Workers may process ${their(links)} tasks. Check whether the Redis of ${links.total === 1 ? 'this link' : 'these links'} accepts writes.`,
  }),
  pause_ignored: ({ links }, context) => ({
    headline: `${sample(links, context)} of ${context.project.id} ${links.total === 1 ? 'is' : 'are'} paused, but a worker took tasks within the last 5 min`,
    advice:
      'The worker ignores the pause, as workers of BullMQ 4 do. Stop that worker, and upgrade it to BullMQ 5 or newer.',
  }),
  unexpectedly_paused: ({ links }, context) => ({
    headline: `${sample(links, context)} ${links.total === 1 ? 'is' : 'are'} paused although ${projectState(context)}`,
    advice: `${was(links)} paused ${byOthers}. Tasks wait. Re-apply resumes ${them(links)}${adoptHint(links, context)}.`,
  }),
  queue_missing: ({ links }, context) => ({
    headline: `${sample(links, context)} of ${context.project.id} ${links.total === 1 ? 'has' : 'have'} no queue any more`,
    advice: `${links.total === 1 ? 'The queue does not exist any more, and its tasks are gone.' : 'The queues do not exist any more, and their tasks are gone.'} Ask the owner to create ${them(links)} again, or press Re-apply to go on without ${them(links)}.`,
  }),
  queue_created: ({ links }, context) => ({
    headline: `${sample(links, context)} of ${context.project.id} ${links.total === 1 ? 'has a queue' : 'have queues'} now`,
    advice:
      desiredLinkState(context.project.state) === 'paused'
        ? `syncbot pauses ${them(links)}, because ${projectState(context)}. You do not have to do anything.`
        : `syncbot lets ${them(links)} run, because ${projectState(context)}. You do not have to do anything.`,
  }),
  link_unreadable: ({ links }, context) => ({
    headline: `the numbers of ${sample(links, context)} of ${context.project.id} cannot be read`,
    advice: `A task there has a timestamp or an id that BullMQ does not expect. Backlog and latency are unknown until it is gone. Failed tasks still count, and Pause and Restore work. Ask the owner of ${links.total === 1 ? 'the queue' : 'the queues'} to remove that task.`,
  }),
  no_worker: ({ noWorker, overdue }, context) => {
    const { id } = context.project;
    return {
      headline: [
        ...(noWorker.total > 0 ? [`no worker is connected to ${sample(noWorker, context)} of ${id}`] : []),
        ...(overdue.total > 0
          ? [`delayed tasks of ${sample(overdue, context)} of ${id} are due, but no worker takes them`]
          : []),
      ].join('; '),
      advice: 'Start the workers. If they run, check why they take no tasks.',
    };
  },
  latency: ({ latencyMs, limitMs }, { project }) => ({
    headline: `${project.id} is over its latency limit of ${formatDuration(limitMs)}: its latency is ${formatDuration(latencyMs)}`,
    advice: 'Its oldest task has waited that long. Check its workers and its target.',
  }),
  tasks_failed: ({ count, failure, removedTasks }, { project, format, revealReasons }) => {
    const reason = revealReasons ? `: ${formatFailureReason(failure.reason, format, 400)}` : '';
    return {
      headline: `${pluralize(count, 'task')} of ${project.id} failed, the oldest on ${format.link(failure.link)}${reason}`,
      advice: `The project stays Running, because it has onFailure: continue. Fix the cause. To retry the failed tasks, pause and restore it.${removedTasksSentence(removedTasks)}`,
    };
  },
  log_retention_50: ({ until }, context) => logRetentionText(until, context, 'Half'),
  log_retention_80: ({ until }, context) => logRetentionText(until, context, 'Most'),
  log_retention_100: ({ until }, context) => ({
    headline: `${projectState(context)}, and its source kept its log until ${context.format.time(until)}`,
    advice: `A restore may not find every change. Check the source before you restore ${context.project.id}.`,
  }),
};

/** syncbot recognizes a late command of its own only for some minutes. */
const byOthers = 'outside syncbot, or by a command of syncbot that arrived late';

function failureClause(failure: Failure, { format, revealReasons }: AlertContext): string {
  if (failure.kind === 'link_unreachable') return `${format.link(failure.link)} ${unreachableClause(failure)}`;
  const reason = revealReasons ? `: ${formatFailureReason(failure.reason, format, 400)}` : '';
  return `a task failed on ${format.link(failure.link)}${reason}`;
}

function logRetentionText(until: number, context: AlertContext, part: 'Half' | 'Most'): AlertText {
  return {
    headline: `${projectState(context)}, and its source keeps its log until ${context.format.time(until)}`,
    advice: `${part} of the time to restore ${context.project.id} has passed. A later restore may not find every change.`,
  };
}

/** In a list of alerts: `Alert: links run although they should be paused`. */
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
  log_retention_50: 'half of the time to restore it has passed',
  log_retention_80: 'most of the time to restore it has passed',
  log_retention_100: 'its log retention has ended',
};

/** After an alert is resolved: `alert resolved: links ran although they should have been paused`. */
const pastTitles: Readonly<Record<AlertKind, string>> = {
  project_failed: 'it was Failed',
  unexpectedly_running: 'links ran although they should have been paused',
  pause_ignored: 'a worker ignored the pause',
  unexpectedly_paused: 'links were paused although they should have run',
  queue_missing: 'a queue was missing',
  queue_created: 'a queue was created',
  link_unreadable: 'a link could not be read',
  no_worker: 'no worker took its tasks',
  latency: 'it was too far behind',
  tasks_failed: 'tasks failed',
  log_retention_50: 'half of the time to restore it had passed',
  log_retention_80: 'most of the time to restore it had passed',
  log_retention_100: 'its log retention had ended',
};

/** The message is settled: its text stays true after the project has changed. */
function resolved({ kind, project, occurrence, format }: ResolvedAlertFacts): string {
  const duration = occurrence === null ? null : formatDuration(occurrence.resolvedAt - occurrence.since);
  // A restore of a Failed project may fail too, so the alert does not say that the project runs.
  if (kind === 'project_failed') {
    return `${project.id} was Failed. ${duration === null ? 'A restore followed' : `A restore followed after ${duration}`}.`;
  }
  const after = duration === null ? '' : ` after ${duration}`;
  return `${project.id}: ${pastTitles[kind]}. Resolved${after}${resolvedHint({ kind, project, occurrence, format })}.`;
}

/** Alerts that only a Running project has. */
const runningOnlyKinds: ReadonlySet<AlertKind> = new Set(['no_worker', 'latency', 'tasks_failed']);

/** Follows `Resolved` or `Resolved after 5 min`. The state of the project counts only if it had it when the alert was resolved. */
function resolvedHint({ kind, project: { state, since }, occurrence }: ResolvedAlertFacts): string {
  if (occurrence === null || since > occurrence.resolvedAt) return '';
  if (runningOnlyKinds.has(kind) && state !== 'running') return `, when it was ${states[state]}`;
  if (kind.startsWith('log_') && (state === 'paused' || state === 'failed'))
    return '. A newer reminder replaced it, or logRetention was changed';
  return '';
}

export const alerts = {
  firing,
  resolved,
  titles,
  pastTitles,
  inList: (kind: AlertKind) => `Alert: ${titles[kind]}`,
  /** Before a critical alert. `person` is the one who last changed the project, if Slack knows them. */
  mention: (person: string | null) => (person === null ? 'Attention: ' : `Attention, ${person}: `),
};

/** `2 links (a, b)`, or the name of the only link. */
function sample({ total, first }: LinkSample, { format }: AlertContext): string {
  const names = first.map(format.link).join(', ');
  return total === 1 ? names : `${pluralize(total, 'link')} (${names}${total > first.length ? ', …' : ''})`;
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
  return `; Adopt makes the project ${states[stateAfterAdopt(desiredLinkState(project.state))]}`;
}
