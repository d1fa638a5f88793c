import { claimTimeoutMs, type Operation, type OperationRef } from '../domain/operation.ts';
import { messages } from '../messages/catalog.ts';
import { outcomeText } from '../messages/render.ts';
import { cliFormatter } from './formatter.ts';
import type { OperationSnapshot } from './wait-for-outcome.ts';

/** How an operation stands, for the person who waited for it: a line that says it all, and lines that add to it. */
export function outcomeMessage(snapshot: OperationSnapshot): string {
  const { headline, more } = outcomeText({ ...snapshot, format: cliFormatter });
  return [headline, ...more, ...nextSteps(snapshot.operation)].join('\n');
}

/** A finished operation as `--json` prints it. */
export function outcomeJson(operation: Operation, message: string) {
  const { id, project, action, state, by, reason, requestedAt, finishedAt, toState } = operation;
  return { id, project, action, state, by, reason, requestedAt, finishedAt, projectState: toState, message };
}

/** Nothing could be read of an operation that was confirmed, or may have been. */
export function unknownOutcomeText({ project, operation }: OperationRef): string {
  return `It is not known how operation ${operation} on ${project} ended. Look with ${cliFormatter.command(`show ${project}`)}.`;
}

/** What becomes of an operation when nobody waits any longer; names it, so that it can be found. */
function nextSteps({ project, id, state }: Operation): string[] {
  const showHint = `Operation ${id}; look with ${cliFormatter.command(`show ${project}`)}.`;
  switch (state) {
    case 'requested':
      return [`${messages.nothingChanged} ${showHint}`];
    case 'confirmed':
      return [
        `It waits for a worker: check that one runs. Not taken up within ${messages.format.duration(claimTimeoutMs)}, it is dropped. ${showHint}`,
      ];
    case 'running':
      return [`It is still under way, and goes on by itself. ${showHint}`];
    default:
      return [];
  }
}
