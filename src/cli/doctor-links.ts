import { allowedAction, desiredLinkState } from '../domain/lifecycle.ts';
import type { LinkObservation, LinkStats, ObservedProject } from '../domain/observation.ts';
import {
  type Check,
  checkBullmqVersion,
  checkFailedTasksKept,
  checkQueueExists,
  checkWorkers,
  type WorkerCounts,
  worstResult,
} from '../domain/precheck.ts';
import type { Project } from '../domain/project.ts';
import { messages } from '../messages/catalog.ts';
import type { CheckText } from '../messages/render.ts';
import { cliFormatter } from './formatter.ts';

type LinkText = Omit<CheckText, 'item'>;

/** One item for each link: that its queue exists, is paused or not as the state wants, who works on it and wrote it. */
export function checkLinks({ project, stats }: ObservedProject, workerCounts: WorkerCounts): CheckText[] {
  return stats.links.map((observation, index) => ({
    item: `link ${project.id}/${observation.link.queue}`,
    ...checkLink(project, observation, workerCounts[index] ?? null),
  }));
}

function checkLink(project: Project, observation: LinkObservation, workerCount: number | null): LinkText {
  if (observation.kind !== 'read') return toText(checkQueueExists(observation));
  const kept = checkFailedTasksKept(observation);
  const texts = [
    checkPauseFlag(project, observation),
    checkProjectWorkers(project, workerCount),
    toText(checkBullmqVersion(observation)),
    ...(kept.result === 'pass' ? [] : [toText(kept)]),
  ];
  return { result: worstResult(texts), message: texts.map(({ message }) => message).join('; ') };
}

function toText({ result, reason }: Check): LinkText {
  return { result, message: messages.precheck.reason(reason, cliFormatter) };
}

/** While converge has work left a difference is its to mend; any other is somebody else's doing. */
function checkPauseFlag(project: Project, { paused }: LinkStats): LinkText {
  const actual = paused ? 'paused' : 'running';
  if (paused === (desiredLinkState(project.state) === 'paused')) return { result: 'pass', message: actual };
  if (project.syncedVersion < project.version || allowedAction(project.state) === null) {
    return { result: 'unknown', message: `still ${actual}, being driven` };
  }
  return { result: 'fail', message: `${actual} although ${project.id} is ${messages.states[project.state]}` };
}

/** Links that should be paused need no worker. */
function checkProjectWorkers({ state }: Project, workerCount: number | null): LinkText {
  const check = checkWorkers(workerCount);
  if (check.reason.code === 'no_worker' && desiredLinkState(state) === 'paused')
    return toText({ result: 'pass', reason: { code: 'workers_connected', count: 0 } });
  return toText(check);
}
