import type { Formatter } from '../format.ts';
import { summarizeNames } from './format.ts';

type TimeFormat = Pick<Formatter, 'time'>;

const consequence =
  'No syncbot worker observes the links, so failed tasks and drift are not noticed. Check that syncbot runs with the role worker or all.';

/** `not observed since 2026-11-24 18:52 UTC`. */
function notObserved(since: number | null, format: TimeFormat): string {
  return since === null ? 'not observed yet' : `not observed since ${format.time(since)}`;
}

/** Texts about the observer. `since` is the last completed cycle, epoch ms, or null when no cycle has ever completed. */
export const observation = {
  notObserved,
  /** Above or below what is shown of projects. */
  warning: (since: number | null, format: TimeFormat) =>
    `${since === null ? 'Not observed yet' : `Not observed since ${format.time(since)}`}. ${consequence}`,
  /** The alert of a channel. `projects` are ids. */
  alert: (projects: readonly string[], since: number | null, format: TimeFormat) =>
    `${summarizeNames(projects, 'project')} ${projects.length === 1 ? 'is' : 'are'} ${notObserved(since, format)}. ${consequence}`,
  /** The same message after a cycle has completed. */
  observedAgain: ({ since, until }: ObservationGap, format: TimeFormat) => {
    const from = since === null ? '' : ` from ${format.time(since)}`;
    const to = until === null ? '' : ` ${since === null ? 'before' : 'to'} ${format.time(until)}`;
    return `No syncbot worker observed the links${from}${to}. Failed tasks and drift of that time were noticed only afterwards.`;
  },
};

interface ObservationGap {
  readonly since: number | null;
  /** A cycle that completed afterwards, epoch ms. Null when it is not known. */
  readonly until: number | null;
}
