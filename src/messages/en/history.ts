import { sampledLinks } from '../../domain/conditions.ts';
import type { HistoryEntry, HistoryEvent } from '../../domain/history.ts';
import { isAction } from '../../domain/lifecycle.ts';
import type { HistoryContext } from '../facts.ts';
import { type Formatter, joinDots } from '../format.ts';
import { alerts } from './alerts.ts';
import { formatFailureReason, formatReason, nameAndMore, pluralize, unreachableClause } from './format.ts';
import { pastReason, refusalReasons } from './past-refusals.ts';
import { actions, states } from './terms.ts';

type Sentence = (entry: HistoryEntry, context: HistoryContext) => string;

/** The text of each event. It follows the actor's name: "@alice · asked to pause it · because we deploy". */
const events: Readonly<Record<HistoryEvent, Sentence>> = {
  created: () => 'added the project',
  changed: () => 'changed its definition',
  removed: () => 'removed the project',
  requested: ({ action, reason, channel }, { format }) => {
    const why = formatReason(reason, format, 120);
    return joinDots(
      action === null ? 'asked for an action' : `asked to ${actions[action].verb} it`,
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
  refused: (entry, { format }) => `the ${request(entry)} was refused: ${refusalReason(entry, format)}`,
  done: ({ action, outcome }) => {
    const done = action === null ? 'done' : actions[action].done;
    if (outcome === null) return done;
    const { linksDone, linksTotal, retriedTasks, retriedTasksUncertain, removedTasks = 0, inFlight } = outcome;
    return joinDots(
      `${done}${action === null ? ' on' : ''} ${linksDone} of ${pluralize(linksTotal, 'link')}`,
      retriedTasks > 0
        ? `${retriedTasksUncertain === true ? 'up to ' : ''}${pluralize(retriedTasks, 'failed task')} retried`
        : null,
      removedTasks > 0 ? `at least ${pluralize(removedTasks, 'failed task')} removed before` : null,
      action === 'pause' && (inFlight ?? 0) > 0 ? `${pluralize(inFlight ?? 0, 'task')} still in flight then` : null,
    );
  },
  failed: (entry, context) =>
    entry.operation === null ? projectFailed(entry, context) : operationFailed(entry, context.format),
  drained: () => 'the last task in flight ended',
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

/** `request to pause it`. Without the verb when the entry does not have the action. */
function request({ action }: HistoryEntry): string {
  return action === null ? 'request' : `request to ${actions[action].verb} it`;
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
  const missed = unreconciled.length === 0 ? '' : `, ${nameAndMore(unreconciled.map(format.link))} not reached`;
  return `only partly ${done}: ${linksDone} of ${pluralize(linksTotal, 'link')}${missed}`;
}

function refusalReason({ refusal, code }: HistoryEntry, format: Formatter): string {
  if (refusal !== null) return pastReason(refusal, format);
  if (code === null) return 'the reason was not recorded';
  const reasons: Readonly<Record<string, string>> = refusalReasons;
  return Object.hasOwn(reasons, code) ? (reasons[code] ?? '') : format.text(code, 60);
}

export const history = {
  events,
  /** The event of a newer version. */
  unknownEvent: (name: string) => (name === '' ? 'an event without a name' : name),
  refusalReasons,
  title: (project: string) => `History of ${project}`,
  empty: 'Nothing yet',
  olderEntries: (command: string) => `older ones: ${command}`,
};
