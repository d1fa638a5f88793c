import type { FollowEnd, FollowGoal, FollowObservation, FollowRates } from '../../domain/follow-up.ts';
import { remainingOf } from '../../domain/observe-follow-up.ts';
import type { Operation } from '../../domain/operation.ts';
import type { OutcomeFacts } from '../facts.ts';
import { type Formatter, joinDots } from '../format.ts';
import { capitalize, formatDuration, formatRate, nameAndMore, pluralize } from './format.ts';
import { states } from './terms.ts';

/** What happened after an operation was done. Empty if there was nothing to follow. Settled when it has ended. */
export function followUpText(facts: OutcomeFacts): string[] {
  const { followUp, followEnd } = facts.operation;
  if (followUp === null) return [];
  return followEnd === null ? live[followUp.goal](facts) : [settled(facts, followUp.goal, followEnd)];
}

const live: { readonly [Goal in FollowGoal]: (facts: OutcomeFacts) => string[] } = {
  quiet: ({ operation }) => {
    const remaining = remainingOf(operation);
    return [
      remaining === null
        ? 'It is not known yet how many tasks are still finishing'
        : `${pluralize(remaining, 'task')} still finishing`,
    ];
  },
  caught_up: ({ operation, format }) => {
    const remaining = remainingOf(operation);
    const latest = operation.followUp?.latest ?? null;
    const left = remaining === null ? 'backlog unknown' : `${pluralize(remaining, 'task')} left`;
    if (latest === null) return [`Catching up: ${left}`];
    return [joinDots(`${pace(latest, format)}: ${left} as of ${format.time(latest.at)}`, ...speed(latest))];
  },
};

function pace({ noWorker, rates }: FollowObservation, format: Formatter): string {
  if (noWorker.total > 0) return `No worker on ${nameAndMore(noWorker.first.map(format.link), noWorker.total)}`;
  return isFalling(rates) ? 'Catching up' : 'Not catching up';
}

/** True also as long as nothing was measured. */
function isFalling(rates: FollowRates | null): boolean {
  return rates === null || rates.fewerPerS > 0;
}

/** `310/s`, `about 40 s`, or `in 40/s, out 12/s`. Only what was measured. */
function speed({ remaining, rates }: FollowObservation): string[] {
  if (rates === null || remaining === null) return [];
  const { fewerPerS } = rates;
  if (fewerPerS > 0) return [formatRate(fewerPerS), `about ${formatDuration((remaining / fewerPerS) * 1_000)}`];
  return [inAndOut(rates) ?? `${formatRate(-fewerPerS)} more`];
}

function inAndOut({ addedPerS, endedPerS }: FollowRates): string | null {
  if (addedPerS === null || endedPerS === null) return null;
  return `in ${formatRate(addedPerS)}, out ${formatRate(endedPerS)}`;
}

function settled(facts: OutcomeFacts, goal: FollowGoal, end: FollowEnd): string {
  const { operation, format } = facts;
  switch (end.kind) {
    case 'reached':
      return reached[goal](facts, end.at);
    case 'timed_out':
      return joinDots(
        remained(facts, goal, { withDuration: true }),
        lastRates(operation),
        'syncbot did not follow it any longer',
      );
    case 'state_changed':
      // The first line says when it became Failed.
      if (end.state === 'failed' && operation.laterFailure !== null) return remained(facts, goal);
      return `${remained(facts, goal)}. It became ${states[end.state]} ${format.at(end.at)}, by ${format.person(end.by)}.`;
    case 'removed':
      return `${remained(facts, goal)}. ${format.person(end.by)} removed ${operation.project} ${format.at(end.at)}.`;
    default:
      return end satisfies never;
  }
}

const reached: { readonly [Goal in FollowGoal]: (facts: OutcomeFacts, at: number) => string } = {
  quiet: ({ operation: { outcome }, format }, at) => {
    const task = outcome?.inFlight === 1 ? 'task' : 'last task';
    return `Its ${task} in flight ended ${format.at(at)}`;
  },
  caught_up: ({ operation, format }, at) =>
    `Caught up ${format.at(at)}, after ${formatDuration(at - (operation.finishedAt ?? at))}`,
};

/** The rates of a project that had not caught up. */
function lastRates({ followUp }: Operation): string | null {
  const rates = followUp?.latest?.rates ?? null;
  return rates === null ? null : inAndOut(rates);
}

/** `3 tasks were still in flight at 04:09, after 1 h`: what was observed last. */
function remained(
  { operation, format }: OutcomeFacts,
  goal: FollowGoal,
  { withDuration = false }: { readonly withDuration?: boolean } = {},
): string {
  const finishedAt = operation.finishedAt ?? operation.requestedAt;
  const at = operation.followUp?.latest?.at ?? finishedAt;
  const after = withDuration && at > finishedAt ? `, after ${formatDuration(at - finishedAt)}` : '';
  return `${capitalize(remaining[goal](remainingOf(operation)))} ${format.at(at)}${after}`;
}

const remaining: { readonly [Goal in FollowGoal]: (count: number | null) => string } = {
  quiet: (count) => {
    if (count === null) return 'it was not known how many tasks were still in flight';
    return `${pluralize(count, 'task')} ${count === 1 ? 'was' : 'were'} still in flight`;
  },
  caught_up: (count) => {
    if (count === null) return 'it was not known how many tasks still waited';
    return `${pluralize(count, 'task')} still waited`;
  },
};
