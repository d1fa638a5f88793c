import type { UseCaseContext } from './context.ts';
import { readObservationStatus } from './queries.ts';

/**
 * The channels are alerted after this time, ms, counted from the first check. After a stop of all processes the last cycle is
 * old, but a worker that has just started completes the next one within this time.
 */
const alertAfterMs = 30_000;

/**
 * Alerts the channels when no worker observes the links, and resolves these alerts when one does again. Needs no worker: every
 * role runs it. Throws `StoreUnavailableError`.
 */
export async function checkObservation(context: UseCaseContext): Promise<void> {
  const { observations, notifications, log } = context;
  const status = await readObservationStatus(context);
  if (status.kind !== 'not_observed') {
    if (await observations.markObserved()) log.info({}, 'a worker observes the links again');
    if ((await observations.readMessages()).length > 0) await notifications.observationChanged();
    return;
  }
  const durationMs = await observations.markNotObserved();
  if (durationMs === 0) log.warn({ since: status.since }, 'no worker observes the links');
  if (durationMs >= alertAfterMs) await notifications.observationChanged();
}
