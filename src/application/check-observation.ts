import type { UseCaseContext } from './context.ts';
import { readObservationStatus } from './queries.ts';

/**
 * The log and the channels report it after this time, ms, counted from the first check. After a stop of all processes the
 * last cycle is old, and on a new Redis there is none. A worker that has just started completes the first cycle within this
 * time, also when the cycle belongs to a worker that died (infra/bullmq/workers.ts).
 */
const reportAfterMs = 60_000;

/**
 * Reports in the log and in the channels when no worker observes the links, and when one does again. Needs no worker: every
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
  if ((await observations.markNotObserved()) < reportAfterMs) return;
  if (await observations.markReported()) log.warn({ since: status.since }, 'no worker observes the links');
  await notifications.observationChanged();
}
