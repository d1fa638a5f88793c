import type { AlertKind } from '../../domain/conditions.ts';
import type { AlertGroupFacts, AlertReplyFacts } from '../facts.ts';
import { joinDots } from '../format.ts';
import { acknowledgements } from './acknowledgements.ts';
import { alerts, maxMentions } from './alerts.ts';
import { andMore, formatDuration, formatNumber, nameAndMore, nameUpTo, pluralize } from './format.ts';
import { states } from './terms.ts';

/** What alerts of several projects have in common. */
const events: Readonly<Record<AlertKind, string>> = {
  project_failed: states.failed,
  unexpectedly_running: 'Links run although they should be paused',
  pause_ignored: 'Workers ignore the pause',
  unexpectedly_paused: 'Links are paused although they should run',
  queue_missing: 'Queues are missing',
  queue_created: 'New queues',
  link_unreadable: 'Links cannot be read',
  no_worker: 'No worker takes their tasks',
  latency: 'Too far behind',
  tasks_failed: 'Tasks failed, and the projects stay Running',
  log_retention_50: 'Half of their log retention has passed',
  log_retention_80: 'Most of their log retention has passed',
  log_retention_100: 'Their log retention has ended',
  pause_ending: 'Their pauses end soon',
  pause_overdue: `Still ${states.paused} after the end of their pauses`,
  paused_reminder: `${states.paused} for a long time`,
};

/** What to do first. Each project has its own buttons. */
const advice: Readonly<Record<AlertKind, string>> = {
  project_failed:
    'syncbot keeps their links paused until a restore, so that later tasks wait. The cause may be the same. Fix it, then restore the projects.',
  unexpectedly_running: 'Workers may process their tasks. Re-apply pauses the links of a project again.',
  pause_ignored: 'Stop these workers, and upgrade them to BullMQ 5 or newer.',
  unexpectedly_paused: 'Their tasks wait. Re-apply resumes the links of a project.',
  queue_missing: 'The queues do not exist any more, and their tasks are gone. Ask their owners to create them again.',
  queue_created: 'You do not have to do anything.',
  link_unreadable: 'A task there has a timestamp or an id that BullMQ does not expect. Ask the owners to remove it.',
  no_worker:
    'Start their workers. If the workers are running already, check why they take no tasks. The cause may be the same.',
  latency: 'Check their workers and their targets. The cause may be the same.',
  tasks_failed: 'Fix the cause, which may be the same. To retry the failed tasks, pause and restore each project.',
  log_retention_50: 'Restore them before their log retention ends. After that, changes may be lost.',
  log_retention_80: 'Restore them before their log retention ends. After that, changes may be lost.',
  log_retention_100: 'Changes may be lost. Check the sources before you restore the projects.',
  pause_ending: 'Then syncbot restores them by itself. Show has the buttons to extend a pause or to keep it.',
  pause_overdue: 'Show says why each of them is still Paused.',
  paused_reminder: 'Restore them, or keep them Paused until the next reminder.',
};

/** After all alerts of a group are resolved. */
const pastEvents: Readonly<Record<AlertKind, string>> = {
  project_failed: 'they were Failed',
  unexpectedly_running: alerts.pastTitles.unexpectedly_running,
  pause_ignored: 'workers ignored the pause',
  unexpectedly_paused: alerts.pastTitles.unexpectedly_paused,
  queue_missing: 'queues were missing',
  queue_created: 'queues were created',
  link_unreadable: 'links could not be read',
  no_worker: 'no worker took their tasks',
  latency: 'they were too far behind',
  tasks_failed: alerts.pastTitles.tasks_failed,
  log_retention_50: 'half of their log retention had passed',
  log_retention_80: 'most of their log retention had passed',
  log_retention_100: 'their log retention had ended, so changes could be lost',
  pause_ending: 'their pauses were to end',
  pause_overdue: 'they had not been restored at the end of their pauses',
  paused_reminder: 'they had been paused for a long time',
};

/** `12 of 100 projects`. */
function projects(firing: number, total: number): string {
  return firing === total ? pluralize(total, 'project') : `${formatNumber(firing)} of ${pluralize(total, 'project')}`;
}

/** The first line of a group in which an alert fires. */
function heading({ kind, firing, total, since, resolvedAt, format }: AlertGroupFacts): string {
  const resolved = total - firing;
  const last =
    resolvedAt === null ? '' : resolved === 1 ? ` ${format.at(resolvedAt)}` : `, the last ${format.at(resolvedAt)}`;
  return joinDots(
    projects(firing, total),
    events[kind],
    `since ${format.time(since)}`,
    resolved === 0 ? null : `${formatNumber(resolved)} resolved${last}`,
  );
}

/** A settled message. */
function resolved({ kind, total, since, resolvedAt, names, format }: AlertGroupFacts): string {
  const end = resolvedAt === null ? '' : ` ${format.at(resolvedAt)}, after ${formatDuration(resolvedAt - since)}`;
  const event = kind === 'project_failed' ? `Were ${states.failed} until a restore` : 'Resolved';
  const past = kind === 'project_failed' ? null : pastEvents[kind];
  return joinDots(pluralize(total, 'project'), `${event}${end}`, past, nameAndMore(names, total));
}

/** How bad an alert is, in the unit of its weight. */
function amount(kind: AlertKind, weight: number): string {
  if (kind === 'latency') return `${formatDuration(weight)} behind`;
  return kind === 'tasks_failed' ? `${pluralize(weight, 'task')} failed` : pluralize(weight, 'link');
}

/** A reply stays as it is, so it gives the clock time of what it says. */
function reply(facts: AlertReplyFacts): string {
  const { event, kind, firing, total, weight, before, at, ended, names, format } = facts;
  const [first = ''] = names;
  const isSingle = total === 1;
  const subject = isSingle ? first : projects(firing, total);
  const past = isSingle ? alerts.pastTitles[kind] : pastEvents[kind];
  const time = format.time(at);
  switch (event) {
    case 'worse': {
      const [now, earlier] = isSingle
        ? [amount(kind, weight), amount(kind, before.weight)]
        : [pluralize(firing, 'project'), formatNumber(before.firing)];
      return joinDots(subject, `Worse since ${time}: ${now}, before ${earlier}`, past);
    }
    case 'again':
      return joinDots(subject, `Again since ${time}`, past);
    case 'more':
      return joinDots(
        subject,
        isSingle
          ? `Other people on call since ${time}`
          : `More since ${time}: ${pluralize(firing, 'project')}, before ${formatNumber(before.firing)}`,
        past,
      );
    case 'needs_person':
      return joinDots(subject, `A person was needed from ${time} on, because syncbot could not correct it`, past);
    case 'unconfirmed': {
      const [what = `Not confirmed ${format.at(at)}`, whose = null] =
        ended === null ? [] : acknowledgements.ended(ended, format);
      return joinDots(subject, what, past, whose);
    }
    default:
      return event satisfies never;
  }
}

/** Texts about alerts of several projects in one message, and replies in the thread of an alert. */
export const alertGroups = {
  heading,
  advice,
  resolved,
  reply,
  /** Below a reply. */
  attention: (mentions: readonly string[]) => `Attention, ${nameUpTo(mentions, maxMentions)}.`,
  /** Below the worst ones. */
  more: andMore,
  /** The settled message of an alert whose project was removed. */
  removed: (project: string, kind: AlertKind) => joinDots(project, 'Removed from syncbot', alerts.pastTitles[kind]),
};
