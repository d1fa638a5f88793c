/** How many people get updates of Home: those who opened it last. The others get theirs when they open it. */
export const maxHomeViewers = 50;
/** How long after a person has opened Home it is updated, ms. */
export const homeUpdatesForMs = 24 * 3_600_000;
/** Changes within this time are one update, ms. */
export const homeCollectMs = 2_000;

/**
 * How many Homes are updated each minute, over all people. Slack accepts about 100 (`views.publish` is of tier 4), and some of
 * them are for people who open Home.
 */
const updatesPerMinute = 50;

/** How long after an update the same Home gets the next one, ms. */
export function homeIntervalMs(viewers: number): number {
  return Math.max(homeCollectMs, (viewers * 60_000) / updatesPerMinute);
}
