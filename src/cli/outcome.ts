import type { OperationRef } from '../application/ports.ts';
import { explain, linkNames } from '../domain/explain.ts';
import { executeWithinMs, type Operation, type Outcome } from '../domain/operation.ts';
import { type Action, type ProjectState, stateTitles } from '../domain/project.ts';
import { actionWords, count, duration } from '../domain/words.ts';
import { cliVoice } from './voice.ts';

/** How an operation that is over ended, in one sentence for the person who waited for it. */
export function outcomeSentence(operation: Operation, now: number): string {
  const { project, action, outcome, toState, refusal } = operation;
  switch (operation.state) {
    case 'done':
      return `${project} is ${title(toState, action)}${outcome === null ? '' : `: ${doneClauses(action, outcome)}`}.`;
    case 'refused':
      return refusal === null ? notDone(operation) : explain(refusal, cliVoice, now);
    case 'failed':
      return failedSentence(operation, now);
    case 'cancelled':
      return `${notDone(operation)} It was cancelled.`;
    case 'expired':
      return `${notDone(operation)} The confirmation came too late: ask again with ${cliVoice.command(`${action} ${project}`)}.`;
    case 'superseded':
      return `${notDone(operation)} A newer request took its place.`;
    case 'requested':
    case 'confirmed':
    case 'running':
      return stillOpen(operation);
    default:
      return operation.state satisfies never;
  }
}

/** A finished operation as `--json` prints it. */
export function outcomeJson(operation: Operation, message: string) {
  const { id, project, action, state, by, reason, requestedAt, finishedAt, toState } = operation;
  return { id, project, action, state, by, reason, requestedAt, finishedAt, projectState: toState, message };
}

/** Nothing could be read of an operation that was confirmed, or may have been. */
export function unreadable({ project, operation }: OperationRef): string {
  return `It is not known how operation ${operation} on ${project} ended. Look with ${cliVoice.command(`show ${project}`)}.`;
}

/** What is still under way when nobody waits any longer; names the operation, so that it can be found. */
export function stillOpen({ project, action, id, state, progress }: Operation): string {
  const doing = `${actionWords[action].doing} ${project}`;
  const look = `Operation ${id}; look with ${cliVoice.command(`show ${project}`)}.`;
  if (state === 'requested') return `${doing} is not confirmed, so nothing is changed. ${look}`;
  if (state === 'confirmed') {
    const within = duration(executeWithinMs);
    return `${doing} waits for a worker: check that one runs. Not taken up within ${within}, it is dropped. ${look}`;
  }
  const far = progress === null ? '' : `: ${progress.done} of ${count(progress.total, 'link')}`;
  return `${doing} is still under way${far}, and goes on by itself. ${look}`;
}

const drivenTo: Readonly<Record<Action, string>> = { start: 'resumed', pause: 'paused', restore: 'resumed' };

function doneClauses(action: Action, { linksDone, missing, inFlight, putBack }: Outcome): string {
  const finishing = inFlight === null ? 'tasks in flight unknown' : `${count(inFlight, 'task')} still finishing`;
  return [
    `${count(linksDone, 'link')} ${drivenTo[action]}`,
    ...(putBack > 0 ? [`${count(putBack, 'failed task')} put back`] : []),
    ...(action === 'pause' && inFlight !== 0 ? [finishing] : []),
    ...(missing.length > 0 ? [`no such queue: ${linkNames(missing, cliVoice)}`] : []),
  ].join(', ');
}

function failedSentence(operation: Operation, now: number): string {
  const { project, action, outcome, refusal, toState } = operation;
  if (refusal !== null) return explain(refusal, cliVoice, now);
  const state = toState === null ? '' : ` ${project} is ${stateTitles[toState]}.`;
  if (outcome === null) return `${actionWords[action].doing} ${project} failed.${state}`;
  const reached = `${outcome.linksDone} of ${count(outcome.linksTotal, 'link')} ${drivenTo[action]}`;
  const rest = outcome.unreachable.length === 0 ? '' : `, ${linkNames(outcome.unreachable, cliVoice)} not reached`;
  const trying = action === 'pause' && rest !== '' ? '; syncbot goes on trying' : '';
  return `${actionWords[action].doing} ${project} was not finished: ${reached}${rest}${trying}.${state}`;
}

function title(state: ProjectState | null, action: Action): string {
  return state === null ? actionWords[action].done : stateTitles[state];
}

function notDone({ project, action }: Operation): string {
  return `${project} was not ${actionWords[action].done}. Nothing was changed.`;
}
