import { logRetentionDeadline } from '../domain/log-retention.ts';
import type { Operation } from '../domain/operation.ts';
import { isAction, type Link, type Project, stateTitles } from '../domain/project.ts';
import {
  actionLabels,
  type Formatter,
  formatReason,
  joinDots,
  nothingChanged,
  pluralize,
  stateClause,
  summarizeNames,
} from './format.ts';
import { refusalText } from './refusals.ts';

export interface OutcomeFacts {
  readonly operation: Operation;
  /** As it stands now; null when it has been removed. */
  readonly project: Project | null;
  readonly format: Formatter;
  /** Epoch ms of the bot's Redis server: the clock of every `since`. */
  readonly now: number;
}

/** A first line that says it all, and lines that add to it. */
export interface OutcomeText {
  readonly headline: string;
  readonly more: readonly string[];
}

/** How an operation stands: always from the operation and the project as they are now. */
export function outcomeText(facts: OutcomeFacts): OutcomeText {
  const { operation, format, now } = facts;
  const { action, project, refusal } = operation;
  switch (operation.state) {
    case 'requested':
      return { headline: `${actionLabels[action].doing} ${project} waits to be confirmed`, more: [] };
    case 'confirmed':
    case 'running':
      return { headline: joinDots(inProgress(operation), attribution(facts)), more: [] };
    case 'done':
      return done(facts);
    case 'refused':
      return notPerformed(facts, refusal === null ? nothingChanged : refusalText(refusal, format, now));
    case 'failed':
      return failed(facts);
    case 'cancelled':
      return notConfirmed(operation, 'Cancelled.', nothingChanged);
    case 'expired': {
      const again = `Ask again with ${format.command(`${isAction(action) ? action : 'show'} ${project}`)}.`;
      return notConfirmed(operation, 'Expired before it was confirmed.', `${nothingChanged} ${again}`);
    }
    case 'superseded':
      return notConfirmed(operation, 'Replaced by a newer request.', 'Nothing was changed by this one.');
    default:
      return operation.state satisfies never;
  }
}

function inProgress({ action, project, progress }: Operation): string {
  const doing = `${actionLabels[action].doing} ${project}…`;
  return progress === null || progress.total === 0
    ? doing
    : `${doing} ${progress.done} of ${pluralize(progress.total, 'link')}`;
}

function done(facts: OutcomeFacts): OutcomeText {
  const { operation, project } = facts;
  const { action, outcome, toState, project: id } = operation;
  const links = outcome === null ? null : pluralize(outcome.linksDone, 'link');
  const isCorrection = !isAction(action);
  const isCurrent = project !== null && (toState === null || project.state === toState);
  const state = isCurrent ? stateClause(id, project.state) : `${id} was ${actionLabels[action].done}`;
  return {
    headline: joinDots(state, isCorrection ? correctionResults[action] : links, attribution(facts)),
    more: [...effects(facts, isCurrent), ...laterChange(facts, isCurrent)],
  };
}

const correctionResults = { reapply: 'its links agree with that again', adopt: 'as its links are' } as const;

/** What there is to say beside the state: tasks put back, tasks still in flight, links without a queue. */
function effects({ operation: { action, outcome }, project, format }: OutcomeFacts, isCurrent: boolean): string[] {
  if (outcome === null) return [];
  const logUntil = isCurrent && project !== null ? logRetentionDeadline(project) : null;
  const { retriedTasks, inFlight, missing } = outcome;
  const finishing =
    inFlight === null
      ? 'how many tasks are still finishing is unknown'
      : `${pluralize(inFlight, 'task')} still finishing`;
  return [
    ...(retriedTasks > 0 ? [`${pluralize(retriedTasks, 'failed task')} put back, to run before newer ones`] : []),
    ...(action === 'pause' && isCurrent && inFlight !== 0 ? [finishing] : []),
    ...(logUntil === null ? [] : [`The source keeps its log until ${format.time(logUntil)}: restore it before then`]),
    ...(missing.length > 0 ? [`No such queue: ${summarizeLinks(missing, format)}`] : []),
  ];
}

function laterChange({ project, operation, format }: OutcomeFacts, isCurrent: boolean): string[] {
  if (project === null) return [`${operation.project} has been removed since then`];
  if (isCurrent) return [];
  return [`It is ${stateTitles[project.state]} now, by ${format.person(project.by)}`];
}

function notPerformed(facts: OutcomeFacts, why: string): OutcomeText {
  const { project, action } = facts.operation;
  return { headline: joinDots(`${project} was not ${actionLabels[action].done}`, attribution(facts)), more: [why] };
}

/** Some links were not reached: how far it got, and whether converge is still at it. */
function failed(facts: OutcomeFacts): OutcomeText {
  const { operation, project, format, now } = facts;
  const { outcome, action, refusal } = operation;
  const why = refusal === null ? null : refusalText(refusal, format, now);
  if (outcome === null) return notPerformed(facts, why ?? 'Not every link was reached.');
  const verb = actionLabels[action].done;
  const { linksDone, linksTotal, unreachable } = outcome;
  const isCurrent = project !== null && project.state === (operation.toState ?? 'failed');
  const isRetrying = project !== null && project.incompleteOperation === operation.id;
  const reached = [
    `${linksDone} of ${pluralize(linksTotal, 'link')} ${verb}`,
    ...(unreachable.length > 0 ? [`${summarizeLinks(unreachable, format)} not reached`] : []),
    ...(isCurrent ? [isRetrying ? 'still trying' : 'all links agree with that by now'] : []),
  ];
  const state = isCurrent
    ? stateClause(operation.project, project.state)
    : `${operation.project} was not wholly ${verb}`;
  return {
    headline: joinDots(state, reached.join(', '), attribution(facts)),
    more: [...(why === null ? [] : [why]), ...effects(facts, isCurrent), ...laterChange(facts, isCurrent)],
  };
}

function notConfirmed({ action, project }: Operation, what: string, consequence: string): OutcomeText {
  return { headline: `${project} was not ${actionLabels[action].done}. ${what}`, more: [consequence] };
}

function summarizeLinks(links: readonly Link[], format: Formatter): string {
  return summarizeNames(links.map(format.link), 'link');
}

/** `by @alice · we deploy`. */
function attribution({ operation: { by, reason }, format }: OutcomeFacts): string {
  return joinDots(`by ${format.person(by)}`, formatReason(reason, format));
}
