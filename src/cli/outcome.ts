import { executeWithinMs, type Operation, type OperationRef } from '../domain/operation.ts';
import { outcomeWords } from '../domain/outcome-words.ts';
import { duration, unchanged } from '../domain/words.ts';
import { cliVoice } from './voice.ts';
import type { Standing } from './wait.ts';

/** How an operation stands, for the person who waited for it: a line that says it all, and lines that add to it. */
export function outcomeText(standing: Standing): string {
  const { headline, more } = outcomeWords({ ...standing, voice: cliVoice });
  return [headline, ...more, ...whatNext(standing.operation)].join('\n');
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

/** What becomes of an operation when nobody waits any longer; names it, so that it can be found. */
function whatNext({ project, id, state }: Operation): string[] {
  const look = `Operation ${id}; look with ${cliVoice.command(`show ${project}`)}.`;
  switch (state) {
    case 'requested':
      return [`${unchanged} ${look}`];
    case 'confirmed':
      return [
        `It waits for a worker: check that one runs. Not taken up within ${duration(executeWithinMs)}, it is dropped. ${look}`,
      ];
    case 'running':
      return [`It is still under way, and goes on by itself. ${look}`];
    default:
      return [];
  }
}
