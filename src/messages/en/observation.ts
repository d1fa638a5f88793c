import type { Formatter } from '../format.ts';

const consequence =
  'No syncbot worker observes the links, so failed tasks and drift are not noticed. Check that syncbot runs with the role worker or all.';

/** Texts about the observer. `since` is epoch ms, or null when no cycle has ever completed. */
export const observation = {
  /** `not observed since 2026-11-24 18:52 UTC`. */
  notObserved: (since: number | null, format: Pick<Formatter, 'time'>) =>
    since === null ? 'not observed yet' : `not observed since ${format.time(since)}`,
  /** Above or below what is shown of projects. */
  warning: (since: number | null, format: Pick<Formatter, 'time'>) =>
    `${since === null ? 'Not observed yet' : `Not observed since ${format.time(since)}`}. ${consequence}`,
};
