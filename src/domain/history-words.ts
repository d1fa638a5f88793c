import { alertPastTitle, alertTitle } from './alert-words.ts';
import { linksNamed } from './finding.ts';
import { type HistoryEntry, type HistoryEvent, historyEvents } from './history.ts';
import { executeWithinMs } from './operation.ts';
import { isAction, stateTitles } from './project.ts';
import type { Refusal, RefusalCode } from './refusal.ts';
import { actionWords, count, dotted, duration, namedList, reasonPhrase, type Voice } from './words.ts';

export interface HistorySaid {
  readonly voice: Voice;
  /** Whether a failed task's masked reason may be shown here. */
  readonly revealReasons: boolean;
}

/** What an entry tells, as it follows the name of who did it: `asked to pause it · because we deploy`. */
export function historyWords(entry: HistoryEntry, said: HistorySaid): string {
  const event = historyEvents.find((known) => known === entry.event);
  if (event !== undefined) return sentences[event](entry, said);
  return said.voice.text(entry.event, 60) || 'an event without a name';
}

type Sentence = (entry: HistoryEntry, said: HistorySaid) => string;

const sentences: Readonly<Record<HistoryEvent, Sentence>> = {
  created: () => 'added the project',
  changed: () => 'changed its definition',
  removed: () => 'removed the project',
  requested: ({ action, reason, channel }, { voice }) => {
    const why = reasonPhrase(reason, voice, 120);
    return dotted(
      action === null ? 'asked for an action' : `asked to ${actionWords[action].verb} it`,
      why === null ? null : `because ${why}`,
      channel === null ? null : `in ${voice.channel(channel)}`,
    );
  },
  superseded: (entry) => `asked anew: the older ${requestOf(entry)} was replaced`,
  confirmed: (entry) => `confirmed the ${requestOf(entry)}`,
  cancelled: (entry) => `cancelled the ${requestOf(entry)}`,
  expired: (entry) => `the ${requestOf(entry)} expired before it was confirmed`,
  started: ({ state, action }) =>
    action !== null && !isAction(action)
      ? `${actionWords[action].doing} began`
      : state === null
        ? 'a worker began'
        : `${stateTitles[state]} began`,
  refused: (entry, { voice }) => `refused${to(entry)}: ${whyRefused(entry, voice)}`,
  done: ({ action, outcome }) => {
    if (outcome === null) return action === null ? 'done' : actionWords[action].done;
    const { linksDone, linksTotal, putBack, inFlight } = outcome;
    return dotted(
      `${action === null ? 'done on' : actionWords[action].done} ${linksDone} of ${count(linksTotal, 'link')}`,
      putBack > 0 ? `${count(putBack, 'failed task')} put back` : null,
      action === 'pause' && (inFlight ?? 0) > 0 ? `${count(inFlight ?? 0, 'task')} still finishing` : null,
    );
  },
  failed: (entry, said) => (entry.operation === null ? taskFailed(entry, said) : operationFailed(entry, said.voice)),
  quiet: () => 'the last task in flight has ended',
  corrected: ({ links, cause }, { voice }) => {
    const names = links === null ? 'links' : namedList(links.map(voice.link), 'link');
    return cause === 'appeared'
      ? `brings ${names}, whose queue has appeared, in line`
      : `drives ${names} back after a late write of its own`;
  },
  alert: ({ alert }, said) => {
    if (alert === null || alert.finding === null) return 'an alert';
    const links = linksNamed(alert.finding);
    const names = links.length === 0 ? '' : `: ${namedList(links.map(said.voice.link), 'link')}`;
    return `alert: ${alertTitle(alert.finding.kind)}${names}`;
  },
  alert_over: ({ kind }) => (kind === null ? 'the alert is over' : `the alert is over: ${alertPastTitle(kind)}`),
  told: ({ told, kind }, { voice }) => {
    const what = kind === null ? '' : `: ${alertTitle(kind)}`;
    return told === null || told.message === null
      ? `told${what}`
      : `${voice.channel(told.message.channel)} was told${what}`;
  },
};

/** `request to pause it`. */
function requestOf(entry: HistoryEntry): string {
  return `request${to(entry)}`;
}

/** ` to pause it`; nothing in entries that do not say which action it was. */
function to({ action }: HistoryEntry): string {
  return action === null ? '' : ` to ${actionWords[action].verb} it`;
}

function taskFailed({ failure }: HistoryEntry, { voice, revealReasons }: HistorySaid): string {
  if (failure === null) return `${stateTitles.failed}: a task failed`;
  const why = revealReasons ? `: ${voice.text(failure.reason, 200)}` : '';
  return `${stateTitles.failed}: a task failed on ${voice.link(failure.link)}${why}`;
}

/** An operation that began, and did not reach every link: then nothing was changed, or it got only part of the way. */
function operationFailed(entry: HistoryEntry, voice: Voice): string {
  const { action, outcome } = entry;
  const done = action === null ? 'done' : actionWords[action].done;
  if (outcome === null) return `not ${done}: ${whyRefused(entry, voice)}`;
  const { linksDone, linksTotal, unreachable } = outcome;
  const missed = unreachable.length === 0 ? '' : `, ${namedList(unreachable.map(voice.link), 'link')} not reached`;
  return `not wholly ${done}: ${linksDone} of ${count(linksTotal, 'link')}${missed}`;
}

function whyRefused({ refusal, code }: HistoryEntry, voice: Voice): string {
  const facts = refusal === null ? null : factsOf(refusal, voice);
  if (facts !== null) return facts;
  if (code === null) return 'the reason was not kept';
  return Object.hasOwn(reasons, code) ? reasons[code as RefusalCode] : voice.text(code, 60);
}

/** The facts that were kept with a refusal, in the past tense: a history does not tell what is so now. */
function factsOf(refusal: Refusal, voice: Voice): string | null {
  switch (refusal.code) {
    case 'not_allowed':
      return `it was ${stateTitles[refusal.state]}, by ${voice.person(refusal.by)}`;
    case 'changed':
      return `${reasons.changed}, by ${voice.person(refusal.by)}`;
    case 'held':
      return `${voice.person(refusal.by)} had asked to ${actionWords[refusal.action].verb} it, and that was under way`;
    case 'links_unreachable':
      return `${namedList(refusal.links.map(voice.link), 'link')} did not answer in time`;
    default:
      return null;
  }
}

/** Why, as far as the code alone tells. */
const reasons: Readonly<Record<RefusalCode, string>> = {
  not_allowed: 'its state did not allow that',
  unknown_project: 'there was no such project',
  held: 'another operation was under way',
  changed: 'it changed after that was asked',
  too_late: `no worker took it up within ${duration(executeWithinMs)}`,
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
