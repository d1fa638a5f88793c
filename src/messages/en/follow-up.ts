import type { FollowEnd, FollowGoal } from '../../domain/follow-up.ts';
import { remainingOf } from '../../domain/observe-follow-up.ts';
import type { OutcomeFacts } from '../facts.ts';
import { formatDuration, pluralize } from './format.ts';
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
};

function settled(facts: OutcomeFacts, goal: FollowGoal, end: FollowEnd): string {
  const { operation, format } = facts;
  switch (end.kind) {
    case 'reached':
      return reached[goal](facts, end.at);
    case 'timed_out':
      return `${remained(facts, goal, { withDuration: true })}.`;
    case 'state_changed':
      return `${remained(facts, goal)}. It became ${states[end.state]} at ${format.time(end.at)}, by ${format.person(end.by)}.`;
    case 'removed':
      return `${remained(facts, goal)}. ${format.person(end.by)} removed ${operation.project} at ${format.time(end.at)}.`;
    default:
      return end satisfies never;
  }
}

const reached: { readonly [Goal in FollowGoal]: (facts: OutcomeFacts, at: number) => string } = {
  quiet: ({ operation: { outcome }, format }, at) => {
    const count = outcome?.inFlight ?? null;
    const tasks = count === null ? 'its tasks' : count === 1 ? 'its task' : `its ${pluralize(count, 'task')}`;
    return `Quiet from ${format.time(at)}, when ${tasks} in flight had ended`;
  },
};

/** `At 04:09, after 1 h, 3 tasks were still in flight`: what was observed last. */
function remained(
  { operation, format }: OutcomeFacts,
  goal: FollowGoal,
  { withDuration = false }: { readonly withDuration?: boolean } = {},
): string {
  const finishedAt = operation.finishedAt ?? operation.requestedAt;
  const at = operation.followUp?.latest?.at ?? finishedAt;
  const after = withDuration && at > finishedAt ? ` after ${formatDuration(at - finishedAt)},` : '';
  return `At ${format.time(at)},${after} ${remaining[goal](remainingOf(operation))}`;
}

const remaining: { readonly [Goal in FollowGoal]: (count: number | null) => string } = {
  quiet: (count) => {
    if (count === null) return 'it was not known how many tasks were still in flight';
    return `${pluralize(count, 'task')} ${count === 1 ? 'was' : 'were'} still in flight`;
  },
};
