import type { ObservationStatus } from '../../domain/observation-status.ts';
import { type StateCounts, totalCount } from '../../domain/project-state.ts';
import { type Formatter, joinDots } from '../format.ts';
import { allOf, capitalize, pluralize } from './format.ts';
import { list } from './list.ts';
import { observation } from './observation.ts';
import { states } from './terms.ts';

/** Texts of the digest. It stays as it is, so its title has the time. */
export const digest = {
  /** `Digest · 2 need attention: 1 Failed, 1 without a worker · 09:00`. */
  title: (status: ObservationStatus, summary: string, at: number, format: Formatter) =>
    joinDots('Digest', unobserved(status, format), summary, format.time(at)),
  /** Only if each project was observed lately, and none needs attention. */
  allWell: (counts: StateCounts) => {
    const total = totalCount(counts);
    if (counts.running < total) return list.allWell(counts, false);
    return total === 1 ? `The project is ${states.running}` : `${allOf(total)} projects are ${states.running}`;
  },
  noProjects: 'There is no project yet',
  /** The whole digest if there is nothing to report. */
  quiet: (summary: string, since: number, format: Formatter) =>
    `${summary}. Nothing happened since ${format.time(since)}.`,
  sections: { failed: states.failed, alerting: 'Alerts', paused: states.paused },
  happened: (since: number, format: Formatter) => `Since ${format.time(since)}`,
  nothingHappened: (since: number, format: Formatter) => `Nothing happened since ${format.time(since)}`,
  /** The lines of the history that are not shown. */
  moreLines: (count: number, isExact: boolean) =>
    count === 0 ? 'and older lines' : `and ${isExact ? '' : 'at least '}${pluralize(count, 'older line')}`,
};

/** What the reader cannot rely on. Null if all links are observed. */
function unobserved(status: ObservationStatus, format: Formatter): string | null {
  switch (status.kind) {
    case 'observed':
      return null;
    case 'partly_observed':
      return `${pluralize(status.unobservedProjects, 'project')} not observed`;
    case 'not_observed':
      return capitalize(observation.notObserved(status.since, format));
    default:
      return status satisfies never;
  }
}
