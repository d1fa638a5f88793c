import { desiredLinkState, isAction, transitions } from '../../domain/lifecycle.ts';
import type { Link } from '../../domain/link.ts';
import { isWaitingToCatchUp, type Operation, type OperationState } from '../../domain/operation.ts';
import type { PauseLimit } from '../../domain/paused-until.ts';
import type { Refusal, RefusalCode } from '../../domain/refusal.ts';
import type { OutcomeFacts, OutcomeText } from '../facts.ts';
import { type Formatter, joinDots } from '../format.ts';
import { catchUp } from './catch-up.ts';
import { followUpText } from './follow-up.ts';
import { capitalize, formatDuration, formatReason, nameAndMore, pluralize, unreachableClause } from './format.ts';
import { adoptMixedHint, pastReason } from './past-refusals.ts';
import { pauseLimits } from './pause-limits.ts';
import { nameTasks, skippedTasks } from './skipped.ts';
import { actions, nothingChanged, states } from './terms.ts';

/**
 * An operation in each of its states. The text of a finished one that is followed no longer is settled: its message is not
 * edited again, so it stays true whatever happens to the project. It is in the past tense, and what happened later has a clock
 * time.
 */
export const outcomes: { readonly [State in OperationState]: (facts: OutcomeFacts) => OutcomeText } = {
  requested: (facts) => {
    const { action, project, by } = facts.operation;
    const headline = joinDots(project, `Waits for OK from ${facts.format.person(by)} to ${actions[action].verb} it`);
    return { headline, attribution: attribution(facts), more: [] };
  },
  confirmed: waitsForWorker,
  running: inProgress,
  done,
  refused: notDone,
  failed,
  cancelled: (facts) => notConfirmed(facts, 'Cancelled', nothingChanged),
  expired: (facts) => {
    const { action, project } = facts.operation;
    const again = isAction(action) ? ` Ask again with ${facts.format.command(`${action} ${project}`)}.` : ' Ask again.';
    return notConfirmed(facts, 'Expired', `${nothingChanged}${again}`);
  },
  superseded: (facts) => notConfirmed(facts, 'Replaced by a newer request', 'This request changed nothing.'),
};

/** What follows the headline in place of the dialog, if the channel has the whole outcome. */
export const seeOutcome = (channel: string): string => `see the message in ${channel}`;

function inProgress(facts: OutcomeFacts): OutcomeText {
  const { action, project, progress } = facts.operation;
  const count =
    progress === null || progress.total === 0 ? '' : ` ${progress.done} of ${pluralize(progress.total, 'link')}`;
  return {
    headline: joinDots(project, `${actions[action].doing}…${count}`),
    attribution: attribution(facts),
    more: [],
  };
}

/** The message of an operation that no worker has claimed. It is rendered again when that changes. */
function waitsForWorker(facts: OutcomeFacts): OutcomeText {
  if (isWaitingToCatchUp(facts.operation)) return waitsToCatchUp(facts);
  const text = inProgress(facts);
  const { claimDelayedAt, executeBy } = facts.operation;
  if (claimDelayedAt === null || executeBy === null) return text;
  const deadline = facts.format.time(executeBy);
  return {
    ...text,
    more: [
      `No syncbot worker has taken the request yet. If none takes it before ${deadline}, it is refused, and nothing is changed. Check that syncbot runs with the role worker or all.`,
    ],
  };
}

/** A pause that waits until its project has caught up: `orders is to be paused when it has caught up · latency 42 s at 14:03`. */
function waitsToCatchUp(facts: OutcomeFacts): OutcomeText {
  const { operation, format } = facts;
  const { project, waitsUntil, pauseUntil } = operation;
  const latest = waitsUntil === null ? null : catchUp.latest(waitsUntil, format);
  return {
    headline: joinDots(catchUp.isToBePaused(project), catchUp.latency(operation, format), latest),
    attribution: attribution(facts),
    more: pauseUntil === null ? [] : [plannedLimit(pauseUntil, format)],
  };
}

function done(facts: OutcomeFacts): OutcomeText {
  if (facts.operation.action === 'retry') return retryDone(facts);
  const { project, action, outcome, laterFailure: later, reason } = facts.operation;
  const wasDone = `${project} was ${actions[action].done}`;
  return {
    headline: joinDots(
      later === null
        ? wasDone
        : `${wasDone} ${whoAndWhen(facts)}, and became ${states.failed} ${facts.format.at(later.at)}`,
      isAction(action) ? outcome && pluralize(outcome.linksDone, 'link') : correctionResult(facts.operation),
    ),
    // After the later failure the person would read as its cause.
    attribution: later === null ? attribution(facts) : joinDots(formatReason(reason, facts.format)),
    more: [
      ...laterFailure(facts),
      ...catchUp.ended(facts.operation, facts.format),
      ...followUpText(facts),
      ...plannedEnd(facts),
      ...effects(facts),
    ],
  };
}

/** `orders · Retried 1 skipped task`. */
function retryDone(facts: OutcomeFacts): OutcomeText {
  const { project, outcome } = facts.operation;
  const { retriedTasks = 0, retriedTasksUncertain, tasks = [] } = outcome ?? {};
  const count = retriedTasks === 0 ? 'no skipped task' : skippedTasks(retriedTasks);
  const headline = joinDots(project, `Retried ${retriedTasksUncertain === true ? 'up to ' : ''}${count}`);
  const names = tasks.length === 0 ? [] : [`${nameTasks(tasks, facts.format)}, before newer tasks`];
  return { headline, attribution: attribution(facts), more: names };
}

/** `orders · Retry failed · orders-incr not reached`. */
function retryFailed(facts: OutcomeFacts, unreached: readonly Link[]): OutcomeText {
  const { project, action } = facts.operation;
  const links = `${linkNames(unreached, facts.format)} not reached`;
  const headline = joinDots(project, `${actions[action].label} failed`, unreached.length === 0 ? null : links);
  return { headline, attribution: attribution(facts), more: ['The tasks of these links stayed skipped'] };
}

/** The end of a pause that has not begun. */
function plannedLimit({ at, durationMs }: PauseLimit, format: Formatter): string {
  const end = durationMs === undefined ? format.time(at) : `${formatDuration(durationMs)} after the pause has begun`;
  return `Planned end: ${end}`;
}

/** `Planned end: 18:30`, and how it was moved. In the past tense when the project is not Paused by the operation any more. */
function plannedEnd({ operation: { pauseUntil, limitChange, stateEndedAt }, format }: OutcomeFacts): string[] {
  if (pauseUntil === null) return [];
  const end = stateEndedAt === null ? 'planned end:' : 'its planned end was';
  const source = pauseUntil.source === 'pauseMax' ? ' (pauseMax)' : '';
  if (limitChange === null) return [capitalize(`${end} ${format.time(pauseUntil.at)}${source}`)];
  const { kind, by, at, until } = limitChange;
  const who = `by ${format.person(by)} ${format.at(at)}`;
  if (kind === 'extended' && until !== null) return [capitalize(`${end} ${format.time(until)}, extended ${who}`)];
  return [`Kept ${states.paused} ${who}, ${until === null ? 'without an end' : `${end} ${format.time(until)}`}`];
}

function correctionResult({ action, toState }: Operation): string {
  if (action === 'reapply') return 'its links were set to its state';
  return `its state was taken from its links${toState === null ? '' : `: ${states[toState]}`}`;
}

/** The operation did not reach every link, or nothing was changed because a link could not be reached. */
function failed(facts: OutcomeFacts): OutcomeText {
  const { project, outcome, action, toState, reconciledAt } = facts.operation;
  if (outcome === null) return notDone(facts);
  const { linksDone, linksTotal, unreconciled } = outcome;
  if (action === 'retry') return retryFailed(facts, unreconciled);
  const verb = actions[action].done;
  const reached = [
    `only ${linksDone} of ${pluralize(linksTotal, 'link')} ${verb}`,
    ...(unreconciled.length > 0 ? [`${linkNames(unreconciled, facts.format)} not reached`] : []),
  ];
  // A failed action makes the project Failed, so its links must be paused. A correction keeps the state.
  const desired = desiredLinkState(toState ?? 'failed');
  const later =
    reconciledAt === null
      ? `syncbot was to try again later to ${desired === 'paused' ? 'pause' : 'resume'} its links`
      : `All its links that had a queue were ${desired} ${facts.format.at(reconciledAt)}`;
  return {
    headline: joinDots(
      project,
      isAction(action) ? `Became ${states.failed}` : `${actions[action].label} failed`,
      reached.join(', '),
    ),
    attribution: attribution(facts),
    more: [later, ...effects(facts)],
  };
}

/** Of a project that failed while the operation was the last one that had changed its state. */
function laterFailure({ operation: { laterFailure: later }, format }: OutcomeFacts): string[] {
  if (later === null) return [];
  const { failure } = later;
  const link = format.link(failure.link);
  return [failure.kind === 'task_failed' ? `A task failed on ${link}` : `${link} ${unreachableClause(failure)}`];
}

function notDone(facts: OutcomeFacts): OutcomeText {
  const { operation, format } = facts;
  const { project, action, refusal } = operation;
  const why = refusal === null ? nothingChanged : sentencesAbout(operation, refusal, format);
  return { headline: joinDots(project, `Not ${actions[action].done}`), attribution: attribution(facts), more: [why] };
}

/** Why it was refused, what was changed, and what to do: nothing if another request has set the state that this one asked for. */
function sentencesAbout(operation: Operation, refusal: Refusal, format: Formatter): string {
  const { action } = operation;
  if (refusal.code === 'not_allowed' && transitions[action].to === refusal.state) {
    const { state, since, by } = refusal;
    return `It was ${states[state]} already, since ${format.time(since)}, by ${format.person(by)}. ${nothingChanged}`;
  }
  const reason = `${capitalize(pastReason(refusal, format))}.`;
  return [reason, whatChanged(operation, refusal, format), advice(operation, format)]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

/** A Restore pauses links that run unexpectedly before it retries their failed tasks. */
function whatChanged({ action }: Operation, refusal: Refusal, format: Formatter): string {
  if (refusal.code !== 'links_unreachable' || action !== 'restore') return nothingChanged;
  const { paused = [] } = refusal;
  const pausedText = paused.length === 0 ? '' : ` syncbot paused ${linkNames(paused, format)}, which ran unexpectedly.`;
  return `No link was resumed, and no failed task was retried.${pausedText}`;
}

function advice({ project, action, refusal, stateEndedAt }: Operation, format: Formatter): string {
  const show = format.command(`show ${project}`);
  const again = isAction(action) ? `: ${format.command(`${action} ${project}`)}` : '';
  const texts: Readonly<Partial<Record<RefusalCode, string>>> = {
    not_allowed: `Check it with ${show} before you ask again.`,
    operation_active: `Check it with ${show} before you ask again.`,
    changed: `Check it with ${show} before you ask again.`,
    not_caught_up: `Check it with ${show} before you ask again.`,
    pause_waits: `Check it with ${show} before you ask again.`,
    // After another change of the state it may not be allowed any more.
    claim_timeout: `Check that syncbot runs with the role worker or all${stateEndedAt === null ? `, then ask again${again}` : ''}.`,
    precheck_failed: `Fix that, check it with ${format.command(`precheck ${project}`)}, then start it.`,
    links_unreachable: 'Find the reason with syncbot doctor, then ask again.',
    adopt_mixed: adoptMixedHint,
    not_skipped: `${format.command(`skipped ${project}`)} shows the skipped tasks.`,
    removed: `${format.command('list')} shows all projects.`,
  };
  return refusal === null ? '' : (texts[refusal.code] ?? '');
}

function notConfirmed({ operation, format }: OutcomeFacts, event: string, consequence: string): OutcomeText {
  const { action, project, resolvedAt, waitsUntil, waitEndedBy, finishedAt } = operation;
  const cancelledAt = waitsUntil === null ? resolvedAt : finishedAt;
  const who = waitEndedBy === null ? '' : ` by ${format.person(waitEndedBy)}`;
  const at = cancelledAt === null ? '' : `${who} ${format.at(cancelledAt)}`;
  const not = action === 'retry' ? 'no skipped task was retried' : `it was not ${actions[action].done}`;
  const headline = joinDots(project, `${event}${at}`, not);
  return { headline, attribution: '', more: [consequence] };
}

/** Retried tasks, tasks in flight that are not followed, the deadline of a restore, links without a queue. */
function effects({ operation: { action, outcome, followUp }, format }: OutcomeFacts): string[] {
  if (outcome === null) return [];
  const {
    inFlight,
    backlog,
    missing,
    logRetainedUntil,
    retriedTasks,
    retriedTasksUncertain,
    removedTasks = 0,
    tasks = [],
  } = outcome;
  const failedTasks = pluralize(retriedTasks, 'failed task');
  const retried =
    retriedTasksUncertain === true
      ? `It was not known how many of ${failedTasks} were retried`
      : `${failedTasks} retried, before newer ones`;
  return [
    ...(backlog === 0 ? ['No task was waiting'] : []),
    ...(retriedTasks > 0 ? [retried] : []),
    ...(tasks.length > 0 ? [`${pluralize(tasks.length, 'failed task')} skipped: ${nameTasks(tasks, format)}`] : []),
    ...(removedTasks > 0
      ? [`At least ${pluralize(removedTasks, 'failed task')} could not be retried: removed before (removeOnFail)`]
      : []),
    ...(action === 'pause' && followUp === null && inFlight === null
      ? ['It was not known how many tasks were still in flight']
      : []),
    ...(action === 'pause' && followUp === null && inFlight !== null && inFlight > 0 ? [inFlightText(inFlight)] : []),
    ...(logRetainedUntil === undefined
      ? []
      : [`A restore was due before ${format.time(logRetainedUntil)}, the end of the source's log`]),
    ...(missing.length > 0 ? [`Links without a queue: ${linkNames(missing, format)}`] : []),
  ];
}

function inFlightText(count: number): string {
  return `${pluralize(count, 'task')} ${count === 1 ? 'was' : 'were'} still in flight then`;
}

function linkNames(links: readonly Link[], format: Formatter): string {
  return nameAndMore(links.map(format.link));
}

/** `by @alice · we deploy`, and when the operation has ended `by @alice at 18:53 · we deploy`. */
function attribution(facts: OutcomeFacts): string {
  return joinDots(whoAndWhen(facts), formatReason(facts.operation.reason, facts.format));
}

function whoAndWhen({ operation: { by, finishedAt, timer }, format }: OutcomeFacts): string {
  const end = finishedAt === null ? '' : format.at(finishedAt);
  if (timer !== null) return `${end} by ${pauseLimits.timer(timer, format)}`.trim();
  return `by ${format.person(by)} ${end}`.trim();
}
