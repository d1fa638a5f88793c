import { type CatchUpObservation, catchUpWithinMs } from './catch-up.ts';
import type { ProjectStats } from './observation.ts';
import { hasCaughtUp, observeBacklog } from './observe-follow-up.ts';

/** How often the message of the operation shows a newer latency, ms. */
const showEveryMs = 10_000;

export interface CatchUpCheck {
  readonly observation: CatchUpObservation;
  /** Whether nothing waits any more, or hardly. A link that could not be read is no good sign. */
  readonly isCaughtUp: boolean;
  /** Whether the message of the operation must show the observation. */
  readonly isShown: boolean;
}

/** What one more observation of the project changes. `now`: the time of the bot's Redis server. */
export function checkCatchUp(
  previous: CatchUpObservation | null,
  { stats, now }: { readonly stats: ProjectStats; readonly now: number },
): CatchUpCheck {
  const { latencyMs } = stats;
  const latest = observeBacklog(previous?.latest ?? null, { stats, workers: [], now });
  const isShown = previous === null || isOutdated(previous.shown, { at: now, latencyMs });
  const shown = isShown ? { at: now, latencyMs } : previous.shown;
  return {
    observation: { latest, latencyMs, shown },
    isCaughtUp: hasCaughtUp(latest, { latencyMs }, catchUpWithinMs),
    isShown,
  };
}

/** A link that cannot be read, or can be read again, is shown at once. */
function isOutdated(shown: CatchUpObservation['shown'], current: CatchUpObservation['shown']): boolean {
  const isOtherKind = (shown.latencyMs === null) !== (current.latencyMs === null);
  return isOtherKind || current.at - shown.at >= showEveryMs;
}
