import { type Formatter, joinDots } from '../format.ts';
import { capitalize, pluralize } from './format.ts';

type TimeFormat = Pick<Formatter, 'time'>;

const consequence =
  'No syncbot worker observes the links. Syncing itself may go on, but failed tasks and drift are not noticed. Check that syncbot runs with the role worker or all.';

/** `not observed since 2026-11-24 18:52 UTC`. */
function notObserved(since: number | null, format: TimeFormat): string {
  return since === null ? 'not observed yet' : `not observed since ${format.time(since)}`;
}

/** `Not observed from 22:00 to 06:10. …` */
function gap({ since, until }: ObservationGap, format: TimeFormat): string {
  const from = since === null ? '' : ` from ${format.time(since)}`;
  const to = until === null ? '' : ` ${since === null ? 'before' : 'to'} ${format.time(until)}`;
  return `Not observed${from}${to}. Failed tasks and drift of that time were noticed only afterwards.`;
}

/** Texts about the observer. `since` is the last completed cycle, epoch ms, or null when no cycle has ever completed. */
export const observation = {
  notObserved,
  /** Above or below what is shown of projects. */
  warning: (since: number | null, format: TimeFormat) => `${capitalize(notObserved(since, format))}. ${consequence}`,
  /** The alert of a channel. `projects` are ids. */
  alert: (projects: readonly string[], since: number | null, format: TimeFormat) =>
    `${joinDots(projects.length === 1 ? (projects[0] ?? '') : pluralize(projects.length, 'project'), capitalize(notObserved(since, format)))}. ${consequence}`,
  /** The same message after a cycle has completed. */
  observedAgain: (facts: ObservationGap, format: TimeFormat) => joinDots('All projects', gap(facts, format)),
  gap,
  consequence,
};

interface ObservationGap {
  readonly since: number | null;
  /** A cycle that completed afterwards, epoch ms. Null when it is not known. */
  readonly until: number | null;
}
