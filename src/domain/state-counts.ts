import { type Project, type ProjectState, projectStates } from './project.ts';

/** How many projects are in each state. */
export type StateCounts = Readonly<Record<ProjectState, number>>;

export function countStates(projects: readonly Pick<Project, 'state'>[]): StateCounts {
  return countsByState((state) => projects.filter((project) => project.state === state).length);
}

/** Asks for each state. */
export function countsByState(countOf: (state: ProjectState) => number): StateCounts {
  const counts = projectStates.map((state): [ProjectState, number] => [state, countOf(state)]);
  return Object.fromEntries(counts) as Record<ProjectState, number>;
}

/** How many projects these are in all. */
export function totalCount(counts: StateCounts): number {
  return projectStates.reduce((total, state) => total + counts[state], 0);
}
