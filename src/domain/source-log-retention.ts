import type { Project, ProjectDefinition } from './project.ts';

/**
 * The time of the oldest change that a project has not processed when it stops at `now`. Epoch ms. `now` if the latency is
 * unknown.
 */
export function oldestUnprocessedAt({
  now,
  latencyMs,
}: {
  readonly now: number;
  readonly latencyMs: number | null;
}): number {
  return now - (latencyMs ?? 0);
}

/** Until when (epoch ms) the source keeps a change in its log. Null when `logRetention` is not configured. */
export function logRetainedUntil(
  { logRetention }: Pick<ProjectDefinition, 'logRetention'>,
  changedAt: number,
): number | null {
  return logRetention === null ? null : changedAt + logRetention;
}

/** Until when (epoch ms) a restore finds every change in the source's log. Null unless the project is Paused or Failed. */
export function logRetentionDeadline({ state, since, oldestUnprocessedAt, definition }: Project): number | null {
  return state === 'paused' || state === 'failed' ? logRetainedUntil(definition, oldestUnprocessedAt ?? since) : null;
}
