import { type DesiredLinkState, desiredLinkState, isAction } from '../../domain/lifecycle.ts';
import type { Link } from '../../domain/link.ts';
import type { Operation, OperationState } from '../../domain/operation.ts';
import { logRetentionDeadline } from '../../domain/source-log-retention.ts';
import type { OutcomeFacts, OutcomeText } from '../facts.ts';
import { type Formatter, joinDots } from '../format.ts';
import { formatReason, pluralize, summarizeNames } from './format.ts';
import { actions, nothingChanged, stateClause, states } from './terms.ts';

/**
 * An operation in each of its states, with the sentence of its refusal. The texts of its end stay true after the project has
 * changed.
 */
export const outcomes: {
  readonly [State in OperationState]: (facts: OutcomeFacts, refusal: string | null) => OutcomeText;
} = {
  requested: ({ operation: { action, project } }) => ({
    headline: `The request to ${actions[action].verb} ${project} waits for confirmation`,
    more: [],
  }),
  confirmed: waitsForWorker,
  running: inProgress,
  done,
  refused: (facts, refusal) => notDone(facts, refusal ?? nothingChanged),
  failed,
  cancelled: ({ operation }) => notConfirmed(operation, 'Cancelled.', nothingChanged),
  expired: ({ operation, format }) => {
    const command = format.command(`${isAction(operation.action) ? operation.action : 'show'} ${operation.project}`);
    return notConfirmed(operation, 'Expired before it was confirmed.', `${nothingChanged} Ask again with ${command}.`);
  },
  superseded: ({ operation }) =>
    notConfirmed(operation, 'Replaced by a newer request.', 'This request changed nothing.'),
};

function inProgress(facts: OutcomeFacts): OutcomeText {
  const { action, project, progress } = facts.operation;
  const count =
    progress === null || progress.total === 0 ? '' : ` ${progress.done} of ${pluralize(progress.total, 'link')}`;
  return { headline: joinDots(`${actions[action].doing} ${project}…${count}`, attribution(facts)), more: [] };
}

/** The message of an operation that no worker has claimed. It is rendered again when that changes. */
function waitsForWorker(facts: OutcomeFacts): OutcomeText {
  const { headline } = inProgress(facts);
  const { claimDelayedAt, executeBy } = facts.operation;
  if (claimDelayedAt === null || executeBy === null) return { headline, more: [] };
  const deadline = facts.format.time(executeBy);
  return {
    headline,
    more: [
      `No syncbot worker has taken the request yet. If none takes it before ${deadline}, it is refused, and nothing is changed. Check that syncbot runs with the role worker or all.`,
    ],
  };
}

const correctionResults = {
  reapply: 'its links were set to its state',
  adopt: 'its state was taken from its links',
} as const;

function done(facts: OutcomeFacts): OutcomeText {
  const { operation, project } = facts;
  const { action, outcome, toState } = operation;
  const isCurrent = project !== null && (toState === null || project.state === toState);
  const links = outcome === null ? null : pluralize(outcome.linksDone, 'link');
  return {
    headline: joinDots(
      isCurrent ? stateClause(operation.project, project.state) : `${operation.project} was ${actions[action].done}`,
      isAction(action) ? links : correctionResults[action],
      attribution(facts),
    ),
    more: [...effects(facts, isCurrent), ...laterChange(facts, isCurrent)],
  };
}

/** The operation did not reach every link, or nothing was changed because a link did not answer. */
function failed(facts: OutcomeFacts, refusal: string | null): OutcomeText {
  const { operation, project, format } = facts;
  const { outcome, action } = operation;
  if (outcome === null) return notDone(facts, refusal ?? 'Not every link was reached.');
  const { linksDone, linksTotal, unreconciled } = outcome;
  const verb = actions[action].done;
  const isCurrent = project !== null && project.state === (operation.toState ?? 'failed');
  const isRetrying = project !== null && project.incompleteOperation === operation.id;
  const reached = [
    `${linksDone} of ${pluralize(linksTotal, 'link')} ${verb}`,
    ...(unreconciled.length > 0 ? [`${linkNames(unreconciled, format)} not reached`] : []),
    ...(isCurrent ? [(isRetrying ? stillSetting : allSet)[desiredLinkState(project.state)]] : []),
  ];
  const state = isCurrent
    ? stateClause(operation.project, project.state)
    : `${operation.project} was only partly ${verb}`;
  return {
    headline: joinDots(state, reached.join(', '), attribution(facts)),
    more: [...(refusal === null ? [] : [refusal]), ...effects(facts, isCurrent), ...laterChange(facts, isCurrent)],
  };
}

/** While syncbot reconciles without the operation. A failed action makes the project Failed, so its links must be paused. */
const stillSetting: Readonly<Record<DesiredLinkState, string>> = {
  paused: 'syncbot still tries to pause its links',
  resumed: 'syncbot still tries to resume its links',
};

/** Links without a queue have no pause flag. */
const allSet: Readonly<Record<DesiredLinkState, string>> = {
  paused: 'all its links that have a queue are paused now',
  resumed: 'all its links that have a queue run now',
};

function notDone(facts: OutcomeFacts, why: string): OutcomeText {
  const { project, action } = facts.operation;
  return { headline: joinDots(`${project} was not ${actions[action].done}`, attribution(facts)), more: [why] };
}

function notConfirmed({ action, project }: Operation, what: string, consequence: string): OutcomeText {
  return { headline: `${project} was not ${actions[action].done}. ${what}`, more: [consequence] };
}

/** Retried tasks, tasks in flight, the deadline of a restore, links without a queue. */
function effects({ operation: { action, outcome }, project, format }: OutcomeFacts, isCurrent: boolean): string[] {
  if (outcome === null) return [];
  const logUntil = isCurrent && project !== null ? logRetentionDeadline(project) : null;
  const { retriedTasks, removedTasks = 0, inFlight, missing } = outcome;
  const finishing =
    inFlight === null
      ? 'It is not known how many tasks are still in flight'
      : `${pluralize(inFlight, 'task')} still in flight`;
  return [
    ...(retriedTasks > 0 ? [`${pluralize(retriedTasks, 'failed task')} retried, before newer ones`] : []),
    ...(removedTasks > 0
      ? [`At least ${pluralize(removedTasks, 'failed task')} could not be retried: removed before (removeOnFail)`]
      : []),
    ...(action === 'pause' && isCurrent && inFlight !== 0 ? [finishing] : []),
    ...(logUntil === null ? [] : [`The source keeps its log until ${format.time(logUntil)}: restore it before then`]),
    ...(missing.length > 0 ? [`No such queue: ${linkNames(missing, format)}`] : []),
  ];
}

function laterChange({ project, operation, format }: OutcomeFacts, isCurrent: boolean): string[] {
  if (project === null) return [`${operation.project} has been removed since then`];
  return isCurrent ? [] : [`It is ${states[project.state]} now, by ${format.person(project.by)}`];
}

function linkNames(links: readonly Link[], format: Formatter): string {
  return summarizeNames(links.map(format.link), 'link');
}

/** `by @alice · we deploy`. */
function attribution({ operation: { by, reason }, format }: OutcomeFacts): string {
  return joinDots(`by ${format.person(by)}`, formatReason(reason, format));
}
