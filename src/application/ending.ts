import { oldestChangeAt } from '../domain/log-retention.ts';
import { type Operation, type Outcome, refOf } from '../domain/operation.ts';
import { isAction, type Link, linkId, type Project, type ProjectState } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Converged } from './converge.ts';
import type { Deps } from './deps.ts';
import { observeProject } from './look.ts';
import type { Ending } from './operation-store.ts';

/** What was seen of a project at the end of an operation. */
export interface LookAtEnd {
  readonly inFlight: number | null;
  readonly logFrom: number;
  readonly now: number;
}

export async function lookAtEnd(deps: Deps, project: Project, { action }: Operation): Promise<LookAtEnd> {
  const now = await deps.store.now();
  if (action === 'start' || action === 'restore') return { inFlight: null, logFrom: now, now };
  const { inFlight, latencyMs } = await observeProject(deps, project);
  return { inFlight, logFrom: oldestChangeAt({ now, latencyMs }), now };
}

export interface Reached {
  readonly converged: Converged;
  readonly look: LookAtEnd;
  /** `stay`: as it is. */
  readonly state: ProjectState | 'stay';
}

/** Every link that exists is what the state wants. */
export function reached(operation: Operation, { converged, look, state }: Reached): Ending {
  const isPaused = state === 'paused';
  const outcome = outcomeOf(converged, isPaused ? look.inFlight : null);
  return {
    ref: refOf(operation),
    operationState: 'done',
    projectState: state,
    converged: true,
    awaited: converged.missing.map(linkId),
    logFrom: isPaused ? look.logFrom : null,
    refusal: null,
    failure: null,
    expectedVersion: converged.project.version,
    outcome: { ...outcome, putBack: Math.max(outcome.putBack, operation.progress?.toPutBack ?? 0) },
  };
}

/**
 * What could not be reached makes the project Failed; its links are wanted paused then, and converge goes on trying. A
 * correction that did not reach every link leaves the state as it is, and converge goes on as well.
 */
export function notReached(operation: Operation, converged: Converged, look: LookAtEnd): Ending {
  const [link] = converged.unreachable as readonly [Link, ...Link[]];
  const stays = !isAction(operation.action);
  return {
    ref: refOf(operation),
    operationState: 'failed',
    projectState: stays ? 'stay' : 'failed',
    converged: false,
    awaited: [],
    logFrom: look.logFrom,
    refusal: null,
    expectedVersion: converged.project.version,
    outcome: outcomeOf(converged, operation.action === 'pause' ? look.inFlight : null),
    failure: stays ? null : { link, taskId: null, reason: 'the link could not be reached', at: look.now },
  };
}

/** Nothing was touched: the project is again what it was before the claim. */
export function takenBack(project: Project, operation: Operation, refusal: Refusal): Ending {
  return {
    ref: refOf(operation),
    expectedVersion: project.version,
    operationState: refusal.code === 'links_unreachable' ? 'failed' : 'refused',
    projectState: 'back',
    converged: false,
    awaited: [],
    logFrom: null,
    outcome: null,
    refusal,
    failure: null,
  };
}

function outcomeOf({ project, unreachable, missing, putBack }: Converged, inFlight: number | null): Outcome {
  const linksTotal = project.definition.links.length;
  return {
    linksTotal,
    inFlight,
    putBack,
    linksDone: linksTotal - unreachable.length - missing.length,
    unreachable: [...unreachable],
    missing: [...missing],
  };
}
