interface Transition {
  readonly from: readonly string[];
  /** Null if the operation keeps the state. */
  readonly through: string | null;
  /** The state when it is done. Adopt leads to the other one of `running` and `paused`. */
  readonly to: string | 'same' | 'other';
}

/** The state rules, written without src. The history is compared with them. */
export const transitions: Readonly<Record<string, Transition>> = {
  start: { from: ['not_started'], through: 'starting', to: 'running' },
  pause: { from: ['running'], through: 'pausing', to: 'paused' },
  restore: { from: ['paused', 'failed'], through: 'restoring', to: 'running' },
  reapply: { from: ['not_started', 'running', 'paused', 'failed'], through: null, to: 'same' },
  adopt: { from: ['running', 'paused'], through: null, to: 'other' },
  retry: { from: ['running', 'paused', 'failed'], through: null, to: 'same' },
};

/** The state of a project after an operation that is done. `state`: while the operation was running. */
export function stateWhenDone({ to }: Transition, state: string): string {
  if (to === 'same') return state;
  if (to === 'other') return state === 'running' ? 'paused' : 'running';
  return to;
}

/** Whether this state desires paused links. */
export function shouldPauseLinks(state: string): boolean {
  return ['not_started', 'pausing', 'paused', 'failed'].includes(state);
}

/** The states that may follow each state of an operation. An operation starts as `requested`. */
export const operationTransitions: Readonly<Record<string, readonly string[]>> = {
  requested: ['confirmed', 'cancelled', 'expired', 'superseded'],
  // Cancelled only while it waits until its project has caught up.
  confirmed: ['running', 'refused', 'cancelled'],
  running: ['done', 'failed', 'refused'],
  done: [],
  failed: [],
  refused: [],
  cancelled: [],
  expired: [],
  superseded: [],
};

/** A project at one version, in the model. */
export interface ProjectVersion {
  readonly version: number;
  readonly state: string;
  readonly since: number;
  readonly by: string;
  /** When this version was written, epoch ms. */
  readonly at: number;
  readonly activeOperation: string | null;
  /** The operation that was completed by this version, and its event. */
  readonly completed: { readonly operation: string; readonly action: string; readonly outcome: string } | null;
}
