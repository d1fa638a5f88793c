/** The rules once more, written from design.md alone: what the history is compared with. */
export const transitions: Readonly<
  Record<string, { readonly from: readonly string[]; readonly through: string; readonly to: string }>
> = {
  start: { from: ['not_started'], through: 'starting', to: 'running' },
  pause: { from: ['running'], through: 'pausing', to: 'paused' },
  restore: { from: ['paused', 'failed'], through: 'restoring', to: 'running' },
};

/** Whether the links of a project in a state are to be paused. */
export function shouldPauseLinks(state: string): boolean {
  return ['not_started', 'pausing', 'paused', 'failed'].includes(state);
}

/** Which states of an operation may follow which. An operation begins as `requested`. */
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

/** A project as the model has it at one version. */
export interface ProjectVersion {
  readonly version: number;
  readonly state: string;
  readonly since: number;
  readonly by: string;
  /** When this version came to be. */
  readonly at: number;
  /** The operation that holds the project. */
  readonly activeOperation: string | null;
  /** The operation that ended with it, and how. */
  readonly completed: { readonly operation: string; readonly outcome: string } | null;
}
