import type { Project, ProjectDefinition, ProjectId } from './project.ts';

/** A source that may delete its log before the pause of its project ends. */
export interface SourceLogEnd {
  readonly project: ProjectId;
  /** Until when the source keeps the oldest change that the project has not processed, epoch ms. */
  readonly until: number;
  /** Whether the pause has an end, which is then too late. */
  readonly isPauseTimed: boolean;
}

interface LatencyAt {
  readonly now: number;
  /** Null if unknown. */
  readonly latencyMs: number | null;
}

/**
 * The time of the oldest change that a project has not processed when it stops at `now`. Epoch ms. `now` if the latency is
 * unknown.
 */
export function oldestUnprocessedAt({ now, latencyMs }: LatencyAt): number {
  return now - (latencyMs ?? 0);
}

/** Until when (epoch ms) the source keeps a change in its log. Null when `logRetention` is not configured. */
export function logRetainedUntil(
  { logRetention }: Pick<ProjectDefinition, 'logRetention'>,
  changedAt: number,
): number | null {
  return logRetention === null ? null : changedAt + logRetention;
}

/**
 * Until when (epoch ms) the source keeps its log, if a pause that begins at `now` does not end before. Null if it does, or if
 * `logRetention` is not configured. `pauseUntil`: the end of the pause, epoch ms, or null without one.
 */
export function logEndInPause(
  definition: Pick<ProjectDefinition, 'logRetention'>,
  { pauseUntil, ...at }: LatencyAt & { readonly pauseUntil: number | null },
): number | null {
  const until = logRetainedUntil(definition, oldestUnprocessedAt(at));
  return until !== null && pauseUntil !== null && pauseUntil < until ? null : until;
}

/** Until when (epoch ms) a restore finds every change in the source's log. Null unless the project is Paused or Failed. */
export function logRetentionDeadline({ state, since, oldestUnprocessedAt, definition }: Project): number | null {
  return state === 'paused' || state === 'failed' ? logRetainedUntil(definition, oldestUnprocessedAt ?? since) : null;
}
