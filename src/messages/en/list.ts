import { type ProjectState, projectStates, type StateCounts, totalCount, urgency } from '../../domain/project-state.ts';
import { type Formatter, joinDots } from '../format.ts';
import { formatDuration, formatNumber, pluralize } from './format.ts';
import { states } from './terms.ts';

/** Texts of the list of projects. */
export const list = {
  /** `3 projects: 1 Failed, 2 Running · for “prod”`. `filter` is formatted, or null. */
  heading: (counts: StateCounts, filter: string | null) =>
    joinDots(
      `${pluralize(totalCount(counts), 'project')}: ${stateCounts(counts)}`,
      filter === null ? null : `for “${filter}”`,
    ),
  /** `for 2 h by @bob`. */
  since: (sinceMs: number, person: string) => `for ${formatDuration(sinceMs)} by ${person}`,
  page: (page: number, pageCount: number) => `page ${page} of ${pageCount}`,
  showHint: (project: string, format: Formatter) => `${format.command(`show ${project}`)} shows more`,
  /** `applyCommand` is that of the command line. */
  noProjects: (applyCommand: string, format: Formatter) =>
    `There is no project yet. The administrator of syncbot adds one to syncbot.yml and runs ${applyCommand}. Then ${format.command('list')} shows it.`,
  noMatch: (filter: string, format: Formatter) =>
    `No project matches “${filter}”. A filter is a state, a label or a part of a name. ${format.command('list')} shows all projects.`,
};

function stateCounts(counts: StateCounts): string {
  const present: ProjectState[] = projectStates.filter((state) => counts[state] > 0);
  return present
    .sort((a, b) => urgency[a] - urgency[b])
    .map((state) => `${formatNumber(counts[state])} ${states[state]}`)
    .join(', ');
}
