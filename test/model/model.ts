/** The rules once more, written from design.md alone: what the history is compared with. */
export const roads: Readonly<
  Record<string, { readonly from: readonly string[]; readonly via: string; readonly to: string }>
> = {
  start: { from: ['not_started'], via: 'starting', to: 'running' },
  pause: { from: ['running'], via: 'pausing', to: 'paused' },
  restore: { from: ['paused', 'failed'], via: 'restoring', to: 'running' },
};

/** Whether the links of a project in a state are to be paused. */
export function isHeldStill(state: string): boolean {
  return ['not_started', 'pausing', 'paused', 'failed'].includes(state);
}

/** Which states of an operation may follow which. An operation begins as `requested`. */
export const lives: Readonly<Record<string, readonly string[]>> = {
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
export interface Standing {
  readonly version: number;
  readonly state: string;
  readonly since: number;
  readonly by: string;
  /** When this version came to be. */
  readonly at: number;
  /** The operation that holds the project. */
  readonly holder: string | null;
  /** The operation that ended with it, and how. */
  readonly ended: { readonly operation: string; readonly as: string } | null;
}
