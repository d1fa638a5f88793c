import type { Link } from '../../domain/link.ts';
import { claimTimeoutMs } from '../../domain/operation.ts';
import type { PrecheckItem } from '../../domain/precheck.ts';
import type { Refusal, RefusalCode, RefusalOf } from '../../domain/refusal.ts';
import type { Formatter } from '../format.ts';
import { formatDuration, nameAndMore } from './format.ts';
import { failedItems } from './precheck.ts';
import { actions, states } from './terms.ts';

/** Why a request was refused, by its code. A clause in the past tense, because messages and history keep it for ever. */
export const refusalReasons: Readonly<Record<RefusalCode, string>> = {
  not_allowed: 'its state did not allow that',
  unknown_project: 'there was no such project',
  operation_active: 'another operation was in progress',
  changed: 'the project or its definition changed after the request',
  claim_timeout: `no syncbot worker took the request within ${formatDuration(claimTimeoutMs)}`,
  precheck_failed: 'it did not pass its precheck',
  links_unreachable: 'not every link could be reached',
  no_drift: 'its links matched its state',
  adopt_mixed: 'its links were not all in the same state',
  not_paused: 'it was not Paused any more',
  no_reminder: 'no reminder was open',
  invalid_limit: 'the end of the pause was not valid',
  limit_not_possible: 'only a pause can have an end',
  limit_above_max: 'the pause would have been longer than pauseMax',
  limit_passed: 'the pause had not begun by its planned end',
  catch_up_not_possible: 'only a pause can wait until the project has caught up',
  pause_waits: 'another pause waited already until the project had caught up',
  not_caught_up: 'it had not caught up in time',
  not_waiting: 'the pause did not wait any more',
  deadline_moved: 'the end of the pause had been changed',
  no_limit: 'the pause had no end that could be moved',
  alert_held: 'another person had the alert',
  alert_over: 'the alert did not fire any more',
  no_task_to_skip: 'no task had failed again',
  too_many_skipped: 'too many tasks would have been skipped',
  task_not_found: 'a task was not named exactly',
  not_skipped: 'the task was not skipped any more',
  removed: 'it was removed after the request',
  policy_unreadable: 'the stored policy could not be read',
  no_operators: 'there were no operators',
  not_operator: 'only operators may do that',
  other_team: 'the request came from another workspace',
  group_unknown: 'Slack did not return the members of a user group',
  channel_not_allowed: 'the request came from a channel that is not allowed',
  channel_shared: 'the request came from a shared channel',
  channel_unknown: 'the request came from a channel that syncbot could not read',
  not_requester: 'another person had made the request',
  unknown_operation: 'the request did not exist any more',
};

/** What to do when the links differ. Adopt was asked for, so it comes first. */
export const adoptMixedHint =
  'To adopt, first pause or resume all of its queues. To set the links to its state instead, press Re-apply.';

/** The same with the facts of the refusal. */
export function pastReason(refusal: Refusal, format: Formatter): string {
  switch (refusal.code) {
    case 'not_allowed':
      return `it was ${states[refusal.state]}, since ${format.time(refusal.since)}, by ${format.person(refusal.by)}`;
    case 'operation_active':
      return `${refusalReasons.operation_active}: ${format.person(refusal.by)} had asked to ${actions[refusal.action].verb} it ${format.at(refusal.since)}`;
    case 'invalid_limit':
      return `${refusalReasons.invalid_limit}: “${format.text(`${refusal.word} ${refusal.text}`.trim(), 60)}”`;
    case 'limit_passed':
      return `the pause was to end ${format.at(refusal.until)}, and it had not begun by then`;
    case 'pause_waits':
      return `${refusalReasons.pause_waits}, until ${format.time(refusal.until)} at the latest: ${format.person(refusal.by)} had asked for it`;
    case 'not_caught_up':
      return `it had not caught up before ${format.time(refusal.until)}${lastLatency(refusal, format)}`;
    case 'deadline_moved': {
      const end = refusal.until === null ? 'removed it' : `moved it to ${format.time(refusal.until)}`;
      return `${refusalReasons.deadline_moved}: ${format.person(refusal.by)} had ${end}`;
    }
    case 'changed':
      return `${refusalReasons.changed}: it was ${states[refusal.state]}, since ${format.time(refusal.since)}, by ${format.person(refusal.by)}`;
    case 'links_unreachable':
      return `the ${refusal.links.length === 1 ? 'link' : 'links'} ${linkNames(refusal.links, format)} could not be reached`;
    case 'precheck_failed':
      return precheckReason(refusal.items, format);
    case 'adopt_mixed': {
      const { running, paused, missing } = refusal;
      const groups = [
        linksClause(running, format, 'ran', 'ran'),
        linksClause(paused, format, 'was paused', 'were paused'),
        linksClause(missing, format, 'had no queue', 'had no queue'),
      ];
      return `${refusalReasons.adopt_mixed}: ${groups.filter((clause) => clause !== '').join(', ')}`;
    }
    default:
      return refusalReasons[refusal.code];
  }
}

/** `: its latency was 42 s at 14:32`. */
export function lastLatency({ latencyMs, observedAt }: RefusalOf<'not_caught_up'>, format: Formatter): string {
  if (observedAt === null) return ': no syncbot worker has read its latency';
  const at = format.at(observedAt);
  return latencyMs === null
    ? `: its latency was not known ${at}, because a link could not be read`
    : `: its latency was ${formatDuration(latencyMs)} ${at}`;
}

/** Quotes the failed items: they are in the present tense. */
function precheckReason(items: readonly PrecheckItem[], format: Formatter): string {
  const failed = failedItems(items, format);
  return `${refusalReasons.precheck_failed}${failed === '' ? '' : `: “${failed}”`}`;
}

function linksClause(links: readonly Link[], format: Formatter, singular: string, plural: string): string {
  return links.length === 0 ? '' : `${linkNames(links, format)} ${links.length === 1 ? singular : plural}`;
}

function linkNames(links: readonly Link[], format: Formatter): string {
  return nameAndMore(links.map(format.link));
}
