import { allowedAction, desiredLinkState } from '../domain/lifecycle.ts';
import type { LinkObservation, LinkStats, ObservedProject } from '../domain/observation.ts';
import {
  type CheckResult,
  checkBullmqVersion,
  checkFailedKept,
  checkQueueExists,
  type WorkerCounts,
} from '../domain/precheck.ts';
import { type Project, stateTitles } from '../domain/project.ts';
import type { PrecheckItem } from '../domain/refusal.ts';
import { pluralize } from '../messages/format.ts';

/** One item for each link: that its queue exists, is paused or not as the state wants, who works on it and wrote it. */
export function checkLinks({ project, stats }: ObservedProject, workerCounts: WorkerCounts): PrecheckItem[] {
  return stats.links.map((observation, index) => ({
    item: `link ${project.id}/${observation.link.queue}`,
    ...checkLink(project, observation, workerCounts[index] ?? null),
  }));
}

function checkLink(project: Project, observation: LinkObservation, workerCount: number | null): CheckResult {
  if (observation.kind !== 'read') return checkQueueExists(observation);
  const checks = [
    checkPauseFlag(project, observation),
    checkWorkers(project, workerCount),
    checkBullmqVersion(observation),
    checkFailedKept(observation),
  ];
  const worstResult = (['fail', 'unknown'] as const).find((result) => checks.some((check) => check.result === result));
  return { result: worstResult ?? 'pass', message: checks.flatMap(({ message }) => message || []).join('; ') };
}

/** While converge has work left a difference is its to mend; any other is somebody else's doing. */
function checkPauseFlag(project: Project, { paused }: LinkStats): CheckResult {
  const actual = paused ? 'paused' : 'running';
  if (paused === (desiredLinkState(project.state) === 'paused')) return { result: 'pass', message: actual };
  if (project.syncedVersion < project.version || allowedAction(project.state) === null) {
    return { result: 'unknown', message: `still ${actual}, being driven` };
  }
  return { result: 'fail', message: `${actual} although ${project.id} is ${stateTitles[project.state]}` };
}

function checkWorkers({ state }: Project, workerCount: number | null): CheckResult {
  if (workerCount === null) return { result: 'unknown', message: 'the server does not tell its workers' };
  const message = `${pluralize(workerCount, 'worker')} connected`;
  if (workerCount > 0 || desiredLinkState(state) === 'paused') return { result: 'pass', message };
  return { result: 'fail', message: `${message}: start its workers` };
}
