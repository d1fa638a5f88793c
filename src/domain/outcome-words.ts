import { explain } from './explain.ts';
import { logDeadline } from './log-retention.ts';
import type { Operation } from './operation.ts';
import { isAction, type Link, type Project, stateTitles } from './project.ts';
import { actionWords, count, dotted, namedList, reasonPhrase, stateClause, unchanged, type Voice } from './words.ts';

export interface OutcomeFacts {
  readonly operation: Operation;
  /** As it stands now; null when it has been removed. */
  readonly project: Project | null;
  readonly voice: Voice;
  /** Epoch ms of the bot's Redis server: the clock of every `since`. */
  readonly now: number;
}

/** A first line that says it all, and lines that add to it. */
export interface OutcomeWords {
  readonly headline: string;
  readonly more: readonly string[];
}

/** How an operation stands: always from the operation and the project as they are now. */
export function outcomeWords(facts: OutcomeFacts): OutcomeWords {
  const { operation, voice, now } = facts;
  const { action, project, refusal } = operation;
  switch (operation.state) {
    case 'requested':
      return { headline: `${actionWords[action].doing} ${project} waits to be confirmed`, more: [] };
    case 'confirmed':
    case 'running':
      return { headline: dotted(underWay(operation), credit(facts)), more: [] };
    case 'done':
      return done(facts);
    case 'refused':
      return notDone(facts, refusal === null ? unchanged : explain(refusal, voice, now));
    case 'failed':
      return failed(facts);
    case 'cancelled':
      return dropped(operation, 'Cancelled.', unchanged);
    case 'expired': {
      const again = `Ask again with ${voice.command(`${isAction(action) ? action : 'show'} ${project}`)}.`;
      return dropped(operation, 'Expired before it was confirmed.', `${unchanged} ${again}`);
    }
    case 'superseded':
      return dropped(operation, 'Replaced by a newer request.', 'Nothing was changed by this one.');
    default:
      return operation.state satisfies never;
  }
}

function underWay({ action, project, progress }: Operation): string {
  const doing = `${actionWords[action].doing} ${project}…`;
  return progress === null || progress.total === 0
    ? doing
    : `${doing} ${progress.done} of ${count(progress.total, 'link')}`;
}

function done(facts: OutcomeFacts): OutcomeWords {
  const { operation, project } = facts;
  const { action, outcome, toState, project: id } = operation;
  const links = outcome === null ? null : count(outcome.linksDone, 'link');
  const isCorrection = !isAction(action);
  const stands = project !== null && (toState === null || project.state === toState);
  const state = stands ? stateClause(id, project.state) : `${id} was ${actionWords[action].done}`;
  return {
    headline: dotted(state, isCorrection ? corrected[action] : links, credit(facts)),
    more: [...effects(facts, stands), ...movedOn(facts, stands)],
  };
}

const corrected = { reapply: 'its links agree with that again', adopt: 'as its links are' } as const;

/** What there is to say beside the state: tasks put back, tasks still in flight, links without a queue. */
function effects({ operation: { action, outcome }, project, voice }: OutcomeFacts, stands: boolean): string[] {
  if (outcome === null) return [];
  const logUntil = stands && project !== null ? logDeadline(project) : null;
  const { putBack, inFlight, missing } = outcome;
  const finishing =
    inFlight === null ? 'how many tasks are still finishing is unknown' : `${count(inFlight, 'task')} still finishing`;
  return [
    ...(putBack > 0 ? [`${count(putBack, 'failed task')} put back, to run before newer ones`] : []),
    ...(action === 'pause' && stands && inFlight !== 0 ? [finishing] : []),
    ...(logUntil === null ? [] : [`The source keeps its log until ${voice.moment(logUntil)}: restore it before then`]),
    ...(missing.length > 0 ? [`No such queue: ${linkList(missing, voice)}`] : []),
  ];
}

function movedOn({ project, operation, voice }: OutcomeFacts, stands: boolean): string[] {
  if (project === null) return [`${operation.project} has been removed since then`];
  if (stands) return [];
  return [`It is ${stateTitles[project.state]} now, by ${voice.person(project.by)}`];
}

function notDone(facts: OutcomeFacts, why: string): OutcomeWords {
  const { project, action } = facts.operation;
  return { headline: dotted(`${project} was not ${actionWords[action].done}`, credit(facts)), more: [why] };
}

/** Some links were not reached: how far it got, and whether converge is still at it. */
function failed(facts: OutcomeFacts): OutcomeWords {
  const { operation, project, voice, now } = facts;
  const { outcome, action, refusal } = operation;
  const why = refusal === null ? null : explain(refusal, voice, now);
  if (outcome === null) return notDone(facts, why ?? 'Not every link was reached.');
  const verb = actionWords[action].done;
  const { linksDone, linksTotal, unreachable } = outcome;
  const stands = project !== null && project.state === (operation.toState ?? 'failed');
  const trying = project !== null && project.unfinished === operation.id;
  const reached = [
    `${linksDone} of ${count(linksTotal, 'link')} ${verb}`,
    ...(unreachable.length > 0 ? [`${linkList(unreachable, voice)} not reached`] : []),
    ...(stands ? [trying ? 'still trying' : 'all links agree with that by now'] : []),
  ];
  const state = stands ? stateClause(operation.project, project.state) : `${operation.project} was not wholly ${verb}`;
  return {
    headline: dotted(state, reached.join(', '), credit(facts)),
    more: [...(why === null ? [] : [why]), ...effects(facts, stands), ...movedOn(facts, stands)],
  };
}

function dropped({ action, project }: Operation, what: string, consequence: string): OutcomeWords {
  return { headline: `${project} was not ${actionWords[action].done}. ${what}`, more: [consequence] };
}

function linkList(links: readonly Link[], voice: Voice): string {
  return namedList(links.map(voice.link), 'link');
}

/** `by @alice · we deploy`. */
function credit({ operation: { by, reason }, voice }: OutcomeFacts): string {
  return dotted(`by ${voice.person(by)}`, reasonPhrase(reason, voice));
}
