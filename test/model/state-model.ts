/** The state rules, written without src. The history is compared with them. */
export const transitions: Readonly<
  Record<string, { readonly from: readonly string[]; readonly through: string; readonly to: string }>
> = {
  start: { from: ['not_started'], through: 'starting', to: 'running' },
  pause: { from: ['running'], through: 'pausing', to: 'paused' },
  restore: { from: ['paused', 'failed'], through: 'restoring', to: 'running' },
};

/** Whether this state desires paused links. */
export function shouldPauseLinks(state: string): boolean {
  return ['not_started', 'pausing', 'paused', 'failed'].includes(state);
}

/** The states that may follow each state of an operation. An operation starts as `requested`. */
export const operationTransitions: Readonly<Record<string, readonly string[]>> = {
  requested: ['confirmed', 'cancelled', 'expired', 'superseded'],
  confirmed: ['running', 'refused'],
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
  readonly completed: { readonly operation: string; readonly outcome: string } | null;
}
