import { z } from 'zod';

/** The states of a project, as in the OMS console (`lifecycle.ts`). */
export const projectStates = [
  'not_started',
  'starting',
  'running',
  'pausing',
  'paused',
  'restoring',
  'failed',
] as const;
export const projectStateSchema = z.enum(projectStates);
export type ProjectState = z.infer<typeof projectStateSchema>;

/** The order of states in a list: the smallest number comes first. */
export const urgency: Readonly<Record<ProjectState, number>> = {
  failed: 0,
  pausing: 1,
  restoring: 2,
  starting: 3,
  paused: 4,
  running: 5,
  not_started: 6,
};

/** How many projects are in each state. */
export type StateCounts = Readonly<Record<ProjectState, number>>;

export function countStates(projects: readonly { readonly state: ProjectState }[]): StateCounts {
  return countsByState((state) => projects.filter((project) => project.state === state).length);
}

export function countsByState(countOf: (state: ProjectState) => number): StateCounts {
  return {
    not_started: countOf('not_started'),
    starting: countOf('starting'),
    running: countOf('running'),
    pausing: countOf('pausing'),
    paused: countOf('paused'),
    restoring: countOf('restoring'),
    failed: countOf('failed'),
  };
}

/** How many projects there are in all states together. */
export function totalCount(counts: StateCounts): number {
  return projectStates.reduce((total, state) => total + counts[state], 0);
}
