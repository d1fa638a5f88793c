import { checkCorrection, type LinksByStatus } from '../domain/correction.ts';
import { desiredLinkState, stateFromLinks } from '../domain/lifecycle.ts';
import { linkTimeoutMs, type Operation } from '../domain/operation.ts';
import type { Link, Project } from '../domain/project.ts';
import type { UseCaseContext } from './deps.ts';
import { readFinalStats, rolledBack, succeeded } from './ending.ts';
import type { Completion } from './operation-store.ts';
import type { LinkStatus } from './ports.ts';

/**
 * Takes the state of a project from its links, all of which are the opposite of what its state wants. No link is touched.
 * Tasks that failed meanwhile still count: after an adopted Running the observer finds them.
 */
export async function adoptLinks(deps: UseCaseContext, project: Project, operation: Operation): Promise<Completion> {
  const { links } = project.definition;
  const statuses = await deps.links.readStatuses(links, linkTimeoutMs);
  const refusal = checkCorrection(project, 'adopt', groupByStatus(links, statuses));
  if (refusal !== null) return rolledBack(project, operation, refusal);
  const result = { kind: 'agreed', project, unreachable: [], missing: [], retriedTasks: 0 } as const;
  const finalStats = await readFinalStats(deps, project, operation);
  return succeeded(operation, { result, finalStats, state: stateFromLinks(desiredLinkState(project.state)) });
}

function groupByStatus(links: readonly Link[], statuses: readonly LinkStatus[]): LinksByStatus {
  const withStatus = (status: LinkStatus) => links.filter((_link, index) => statuses[index] === status);
  return {
    running: withStatus('resumed'),
    paused: withStatus('paused'),
    missing: withStatus('missing'),
    unreachable: withStatus('unreachable'),
  };
}
