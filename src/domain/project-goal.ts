import type { FollowGoal } from './follow-up.ts';
import { desiredLinkState } from './lifecycle.ts';
import type { Link } from './link.ts';
import { hasQueue, type LinkObservation, type ProjectStats } from './observation.ts';
import type { Project, ProjectId } from './project.ts';
import type { ProjectState } from './project-state.ts';

/** A link on which a task may be in flight now, or begin in the next moment. */
export interface BusyLink {
  readonly link: Link;
  /** Tasks in flight. Null if the link could not be read. */
  readonly active: number | null;
  /** The pause flag. A link that is not paused can take a task at any time. Null if it could not be read. */
  readonly paused: boolean | null;
}

/** A project that has not reached the goal. */
export interface RemainingProject extends Pick<ProjectStats, 'backlog' | 'latencyMs'> {
  readonly project: ProjectId;
  readonly state: ProjectState;
  /** Of the goal `quiet`. */
  readonly links: readonly BusyLink[];
}

/** A project that cannot reach the goal any more. `change` is null if the project was removed. */
export interface ChangedProject {
  readonly project: ProjectId;
  readonly change: Pick<Project, 'state' | 'since' | 'by'> | null;
}

/**
 * The links that are not quiet. A link is quiet if it is paused and no task of it is in flight, or if its queue does not
 * exist. Flag and count are of the same moment, so no task can begin between them.
 */
export function findBusyLinks(links: readonly LinkObservation[]): BusyLink[] {
  return links.flatMap((observation): BusyLink[] => {
    const { kind, link } = observation;
    if (kind === 'missing') return [];
    const active = kind === 'read' ? observation.active : null;
    const paused = hasQueue(observation) ? observation.paused : null;
    return active === 0 && paused === true ? [] : [{ link, active, paused }];
  });
}

/** Which of the projects cannot reach the goal, because of their state. `found`: those that still exist. */
export function findChangedProjects(
  goal: FollowGoal,
  ids: readonly ProjectId[],
  found: readonly Pick<Project, 'id' | 'state' | 'since' | 'by'>[],
): ChangedProject[] {
  const byId = new Map(found.map((project) => [project.id, project]));
  const links = goal === 'quiet' ? 'paused' : 'resumed';
  return ids.flatMap((id): ChangedProject[] => {
    const project = byId.get(id);
    if (project === undefined) return [{ project: id, change: null }];
    const { state, since, by } = project;
    return desiredLinkState(state) === links ? [] : [{ project: id, change: { state, since, by } }];
  });
}
