import type { Project, ProjectDefinition } from './project.ts';

/** How old the oldest unfinished change is of a project that stops now (epoch ms): as old as its latency, as far as that is known. */
export function oldestUnprocessedAt({
  now,
  latencyMs,
}: {
  readonly now: number;
  readonly latencyMs: number | null;
}): number {
  return now - (latencyMs ?? 0);
}

/** Until when (epoch ms) a source keeps what was changed at that moment. Null: nobody has said how long it keeps its log. */
export function logRetainedUntil(
  { logRetention }: Pick<ProjectDefinition, 'logRetention'>,
  changedAt: number,
): number | null {
  return logRetention === null ? null : changedAt + logRetention;
}

/** Until when a restore of this project will still find the source's log; null while it does not stand still. */
export function logRetentionDeadline({ state, since, oldestUnprocessedAt, definition }: Project): number | null {
  return state === 'paused' || state === 'failed' ? logRetainedUntil(definition, oldestUnprocessedAt ?? since) : null;
}
