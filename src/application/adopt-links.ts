import { checkCorrection } from '../domain/corrections.ts';
import { desiredLinkState, stateAfterAdopt } from '../domain/lifecycle.ts';
import { type Operation, preflightAttemptTimeoutMs } from '../domain/operation.ts';
import type { Project } from '../domain/project.ts';
import { readFinalStats, rolledBack, succeeded } from './completion.ts';
import type { UseCaseContext } from './context.ts';
import type { Completion } from './operation-store.ts';
import { groupByStatus, refuseAsUnreachable } from './preflight.ts';

/**
 * Takes the state of a project from its links, if all of them have the opposite of the desired pause flag. Changes no link.
 * Sets no watermark: if the project becomes Running, the observer finds tasks that failed before.
 */
export async function adoptLinks(context: UseCaseContext, project: Project, operation: Operation): Promise<Completion> {
  const { links } = project.definition;
  const statuses = groupByStatus(links, await context.links.readStatuses(links, preflightAttemptTimeoutMs));
  if (statuses.unreachable.length > 0) {
    const { refusal } = await refuseAsUnreachable(context, operation, statuses.unreachable);
    return rolledBack(project, operation, refusal);
  }
  const refusal = checkCorrection(project, 'adopt', statuses);
  if (refusal !== null) return rolledBack(project, operation, refusal);
  const finalStats = await readFinalStats(context, project, operation);
  return succeeded(operation, {
    result: { project, unreconciled: [], missing: [], retried: { tasks: 0, isUncertain: false } },
    finalStats,
    projectChange: { kind: 'set', state: stateAfterAdopt(desiredLinkState(project.state)) },
  });
}
