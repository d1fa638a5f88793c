import { sampledLinks } from '../domain/conditions.ts';
import { type HistoryEntry, type HistoryEvent, historyEvents } from '../domain/history.ts';
import { claimTimeoutMs } from '../domain/operation.ts';
import { isAction, stateTitles } from '../domain/project.ts';
import type { Refusal, RefusalCode } from '../domain/refusal.ts';
import { alertTitle, pastAlertTitle } from './alerts.ts';
import {
  actionLabels,
  type Formatter,
  formatDuration,
  formatReason,
  joinDots,
  pluralize,
  summarizeNames,
} from './format.ts';

export interface HistoryTextOptions {
  readonly format: Formatter;
  /** Whether a failed task's masked reason may be shown here. */
  readonly revealReasons: boolean;
}

/** What an entry tells, as it follows the name of who did it: `asked to pause it · because we deploy`. */
export function historyText(entry: HistoryEntry, options: HistoryTextOptions): string {
  const event = historyEvents.find((known) => known === entry.event);
  if (event !== undefined) return sentences[event](entry, options);
  return options.format.text(entry.event, 60) || 'an event without a name';
}

type Sentence = (entry: HistoryEntry, options: HistoryTextOptions) => string;

const sentences: Readonly<Record<HistoryEvent, Sentence>> = {
  created: () => 'added the project',
  changed: () => 'changed its definition',
  removed: () => 'removed the project',
  requested: ({ action, reason, channel }, { format }) => {
    const why = formatReason(reason, format, 120);
    return joinDots(
      action === null ? 'asked for an action' : `asked to ${actionLabels[action].verb} it`,
      why === null ? null : `because ${why}`,
      channel === null ? null : `in ${format.channel(channel)}`,
    );
  },
  superseded: (entry) => `asked anew: the older ${requestPhrase(entry)} was replaced`,
  confirmed: (entry) => `confirmed the ${requestPhrase(entry)}`,
  cancelled: (entry) => `cancelled the ${requestPhrase(entry)}`,
  expired: (entry) => `the ${requestPhrase(entry)} expired before it was confirmed`,
  started: ({ state, action }) =>
    action !== null && !isAction(action)
      ? `${actionLabels[action].doing} began`
      : state === null
        ? 'a worker began'
        : `${stateTitles[state]} began`,
  refused: (entry, { format }) => `refused${toAction(entry)}: ${refusalReason(entry, format)}`,
  done: ({ action, outcome }) => {
    if (outcome === null) return action === null ? 'done' : actionLabels[action].done;
    const { linksDone, linksTotal, retriedTasks, inFlight } = outcome;
    return joinDots(
      `${action === null ? 'done on' : actionLabels[action].done} ${linksDone} of ${pluralize(linksTotal, 'link')}`,
      retriedTasks > 0 ? `${pluralize(retriedTasks, 'failed task')} put back` : null,
      action === 'pause' && (inFlight ?? 0) > 0 ? `${pluralize(inFlight ?? 0, 'task')} still finishing` : null,
    );
  },
  failed: (entry, options) =>
    entry.operation === null ? taskFailed(entry, options) : operationFailed(entry, options.format),
  drained: () => 'the last task in flight has ended',
  corrected: ({ links, cause }, { format }) => {
    const names = links === null ? 'links' : summarizeNames(links.map(format.link), 'link');
    return cause === 'queue_created'
      ? `brings ${names}, whose queue has appeared, in line`
      : `drives ${names} back after a late write of its own`;
  },
  alert_firing: ({ alert }, options) => {
    if (alert === null || alert.condition === null) return 'an alert';
    const links = sampledLinks(alert.condition);
    const names = links.length === 0 ? '' : `: ${summarizeNames(links.map(options.format.link), 'link')}`;
    return `alert: ${alertTitle(alert.condition.kind)}${names}`;
  },
  alert_resolved: ({ kind }) => (kind === null ? 'the alert is over' : `the alert is over: ${pastAlertTitle(kind)}`),
  alert_notified: ({ delivered, kind }, { format }) => {
    const what = kind === null ? '' : `: ${alertTitle(kind)}`;
    return delivered === null || delivered.message === null
      ? `told${what}`
      : `${format.channel(delivered.message.channel)} was told${what}`;
  },
};

/** `request to pause it`. */
function requestPhrase(entry: HistoryEntry): string {
  return `request${toAction(entry)}`;
}

/** ` to pause it`; nothing in entries that do not say which action it was. */
function toAction({ action }: HistoryEntry): string {
  return action === null ? '' : ` to ${actionLabels[action].verb} it`;
}

function taskFailed({ failure }: HistoryEntry, { format, revealReasons }: HistoryTextOptions): string {
  if (failure === null) return `${stateTitles.failed}: a task failed`;
  const why = revealReasons ? `: ${format.text(failure.reason, 200)}` : '';
  return `${stateTitles.failed}: a task failed on ${format.link(failure.link)}${why}`;
}

/** An operation that began, and did not reach every link: then nothing was changed, or it got only part of the way. */
function operationFailed(entry: HistoryEntry, format: Formatter): string {
  const { action, outcome } = entry;
  const done = action === null ? 'done' : actionLabels[action].done;
  if (outcome === null) return `not ${done}: ${refusalReason(entry, format)}`;
  const { linksDone, linksTotal, unreachable } = outcome;
  const missed =
    unreachable.length === 0 ? '' : `, ${summarizeNames(unreachable.map(format.link), 'link')} not reached`;
  return `not wholly ${done}: ${linksDone} of ${pluralize(linksTotal, 'link')}${missed}`;
}

function refusalReason({ refusal, code }: HistoryEntry, format: Formatter): string {
  const facts = refusal === null ? null : reasonFromFacts(refusal, format);
  if (facts !== null) return facts;
  if (code === null) return 'the reason was not kept';
  return Object.hasOwn(reasonsByCode, code) ? reasonsByCode[code as RefusalCode] : format.text(code, 60);
}

/** The facts that were kept with a refusal, in the past tense: a history does not tell what is so now. */
function reasonFromFacts(refusal: Refusal, format: Formatter): string | null {
  switch (refusal.code) {
    case 'not_allowed':
      return `it was ${stateTitles[refusal.state]}, by ${format.person(refusal.by)}`;
    case 'changed':
      return `${reasonsByCode.changed}, by ${format.person(refusal.by)}`;
    case 'operation_active':
      return `${format.person(refusal.by)} had asked to ${actionLabels[refusal.action].verb} it, and that was under way`;
    case 'links_unreachable':
      return `${summarizeNames(refusal.links.map(format.link), 'link')} did not answer in time`;
    default:
      return null;
  }
}

/** Why, as far as the code alone tells. */
const reasonsByCode: Readonly<Record<RefusalCode, string>> = {
  not_allowed: 'its state did not allow that',
  unknown_project: 'there was no such project',
  operation_active: 'another operation was under way',
  changed: 'it changed after that was asked',
  claim_timeout: `no worker took it up within ${formatDuration(claimTimeoutMs)}`,
  precheck_failed: 'it did not pass its precheck',
  links_unreachable: 'not every link answered',
  no_drift: 'its links agreed with its state',
  adopt_mixed: 'only some of its links differed',
  removed: 'it was removed in the meantime',
  no_operators: 'nobody was named as operator',
  not_operator: 'only operators may',
  other_team: 'asked from another workspace',
  group_unknown: 'Slack did not tell who is in a user group',
  channel_not_allowed: 'asked in a channel where that is not accepted',
  channel_shared: 'asked in a shared channel',
  channel_unknown: 'asked in a channel that cannot be seen',
  not_requester: 'somebody else had asked',
  unknown_operation: 'the request was no longer known',
};
