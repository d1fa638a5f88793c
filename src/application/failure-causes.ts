import { type FailureCauses, toFailureCauses } from '../domain/failure-causes.ts';
import { countFailures, type LinkObservation, type ObservedProject, oldestFailure } from '../domain/observation.ts';
import { watermarkOf } from '../domain/project.ts';
import type { UseCaseContext } from './context.ts';
import { findFailedAgain } from './skipped-tasks.ts';

/** The links of a project whose failed tasks are grouped. */
const maxGroupedLinks = 5;

/**
 * Groups the failed tasks of an observed project by masked reason. Reads a bounded sample: the oldest tasks of each link, on at
 * most `maxGroupedLinks` links. Counts the tasks that have failed again. Returns null if no task failed, or no such link answers. Never throws.
 */
export async function readFailureCauses(
  context: Pick<UseCaseContext, 'links'>,
  { project, stats }: ObservedProject,
): Promise<FailureCauses | null> {
  const oldest = oldestFailure(stats.links);
  if (oldest === null) return null;
  const failing = byOldestFailure(stats.links.filter((each) => countFailures([each]) > 0)).slice(0, maxGroupedLinks);
  const groups = await context.links.groupFailures(
    failing.map(({ link }) => ({ link, watermark: watermarkOf(project, link) })),
  );
  const causes = toFailureCauses(groups.flat(), { tasks: countFailures(stats.links), since: oldest.at });
  const failedAgain = causes === null ? 0 : (await findFailedAgain(context, project)).length;
  return causes === null || failedAgain === 0 ? causes : { ...causes, failedAgain };
}

/** The link of the oldest failed task first. */
function byOldestFailure(links: readonly LinkObservation[]): LinkObservation[] {
  const failedAt = (link: LinkObservation) => oldestFailure([link])?.at ?? Number.POSITIVE_INFINITY;
  return [...links].sort((a, b) => failedAt(a) - failedAt(b));
}
