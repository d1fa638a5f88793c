import type { Condition } from './conditions.ts';
import { deletedLinks } from './drift.ts';
import { desiredLinkState, isAllowed, type ProjectOperationKind } from './lifecycle.ts';
import type { Link, LinkSample } from './link.ts';
import { hasQueue, type LinkObservation, observedLinks } from './observation.ts';
import type { Project } from './project.ts';
import type { Refusal } from './refusal.ts';

/** The links of a project by the pause flags of their queues. */
export interface LinksByStatus {
  readonly resumed: readonly Link[];
  readonly paused: readonly Link[];
  readonly missing: readonly Link[];
  readonly unreachable: readonly Link[];
}

export function groupObservations(observations: readonly LinkObservation[]): LinksByStatus {
  const select = (matches: (observation: LinkObservation) => boolean) => observedLinks(observations.filter(matches));
  return {
    resumed: select((observation) => hasQueue(observation) && !observation.paused),
    paused: select((observation) => hasQueue(observation) && observation.paused),
    missing: select(({ kind }) => kind === 'missing'),
    unreachable: select(({ kind }) => kind === 'unreachable'),
  };
}

/**
 * Returns the refusal of a correction, or null when the links allow it. Re-apply needs a link with the other pause flag, a
 * deleted queue or a link that does not answer. Adopt needs the other pause flag on every link.
 */
export function checkCorrection(
  project: Pick<Project, 'id' | 'state' | 'pendingLinks'>,
  correction: 'reapply' | 'adopt',
  { resumed, paused, missing, unreachable }: LinksByStatus,
): Refusal | null {
  const { id, state } = project;
  const [differing, agreeing] = desiredLinkState(state) === 'paused' ? [resumed, paused] : [paused, resumed];
  if (correction === 'reapply') {
    const found = differing.length + deletedLinks(project, missing).length + unreachable.length;
    return found === 0 ? { code: 'no_drift', project: id, state } : null;
  }
  if (unreachable.length > 0) return { code: 'links_unreachable', project: id, links: [...unreachable] };
  if (differing.length === 0) return { code: 'no_drift', project: id, state };
  if (agreeing.length + missing.length === 0) return null;
  return { code: 'adopt_mixed', project: id, running: [...resumed], paused: [...paused], missing: [...missing] };
}

/** Whether Adopt is possible. `total` counts the links with the other pause flag: it must be all links of the project. */
export function isAdoptable(
  { state, definition }: Pick<Project, 'state' | 'definition'>,
  { total }: LinkSample,
): boolean {
  return total === definition.links.length && isAllowed(state, 'adopt');
}

/** The operations that can help against a condition, the most likely first. */
export function helpfulOperations(condition: Condition, project: Project): ProjectOperationKind[] {
  switch (condition.kind) {
    case 'project_failed':
    case 'log_retention_50':
    case 'log_retention_80':
    case 'log_retention_100':
    case 'paused_reminder':
    case 'pause_overdue':
      return ['restore'];
    case 'unexpectedly_running':
    case 'unexpectedly_paused':
      return isAdoptable(project, condition.links) ? ['reapply', 'adopt'] : ['reapply'];
    case 'queue_missing':
      return ['reapply'];
    case 'tasks_failed':
      return ['pause'];
    // Its Restore Now is one of three buttons that belong together.
    case 'pause_ending':
    case 'pause_ignored':
    case 'queue_created':
    case 'link_unreadable':
    case 'no_worker':
    case 'latency':
      return [];
  }
}
