import type { ProjectDefinition } from './project.ts';

/**
 * Until when (epoch ms) the source keeps the log that a restore reads from, for a project that stops now: its oldest
 * unfinished change is as old as its latency. Null: nobody has said how long the log is kept.
 */
export function logKeptUntil(
  { logRetention }: Pick<ProjectDefinition, 'logRetention'>,
  { now, latencyMs }: { readonly now: number; readonly latencyMs: number | null },
): number | null {
  return logRetention === null ? null : now + Math.max(0, logRetention - (latencyMs ?? 0));
}
