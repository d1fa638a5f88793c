/** The newest cycle in which the observer observed the links of all projects. Times are epoch ms of the bot's Redis server. */
export interface ObserveCycle {
  readonly completedAt: number;
  /** How long after its completion the next cycle may complete, ms. */
  readonly staleAfterMs: number;
  /** How many projects had a link that did not answer. */
  readonly unobservedProjects: number;
  /** The last time in which cycles were missing: from the cycle before to the one after. Null if none is known. */
  readonly gap: ObservationGap | null;
}

export interface ObservationGap {
  readonly from: number;
  readonly to: number;
}

/**
 * Whether syncbot observes the links now. `partly_observed`: a link of so many projects did not answer in the last cycle.
 * `since`: the last completed cycle. Null when no cycle has ever completed.
 */
export type ObservationStatus =
  | { readonly kind: 'observed' }
  | { readonly kind: 'partly_observed'; readonly unobservedProjects: number }
  | { readonly kind: 'not_observed'; readonly since: number | null };

/** `now`: epoch ms of the bot's Redis server. */
export function observationStatus(lastCycle: ObserveCycle | null, now: number): ObservationStatus {
  if (lastCycle === null) return { kind: 'not_observed', since: null };
  const { completedAt, staleAfterMs, unobservedProjects } = lastCycle;
  if (now - completedAt > staleAfterMs) return { kind: 'not_observed', since: completedAt };
  return unobservedProjects > 0 ? { kind: 'partly_observed', unobservedProjects } : { kind: 'observed' };
}

const maxMissedCycles = 3;
/** Another worker takes the cycle of a worker that died after 60 s at the latest (infra/bullmq/workers.ts). */
const minStaleAfterMs = 90_000;

/** A long cycle is followed by a pause of the same length (application/throttled-cycle.ts). Durations are ms. */
export function staleAfterMs(cycle: { readonly intervalMs: number; readonly durationMs: number }): number {
  return Math.max(minStaleAfterMs, maxMissedCycles * Math.max(cycle.intervalMs, 2 * cycle.durationMs));
}
