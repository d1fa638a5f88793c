import { allowedAction, linksWanted } from '../domain/lifecycle.ts';
import type { LinkFacts, LinkReading, ObservedProject } from '../domain/observation.ts';
import { keepsFailed, queueVerdict, type Verdict, versionVerdict, type WorkerCounts } from '../domain/precheck.ts';
import { type Project, stateTitles } from '../domain/project.ts';
import type { PrecheckItem } from '../domain/refusal.ts';
import { count } from '../domain/words.ts';

/** One item for each link: that its queue exists, is paused or not as the state wants, who works on it and wrote it. */
export function linkItems({ project, figures }: ObservedProject, workers: WorkerCounts): PrecheckItem[] {
  return figures.links.map((reading, index) => ({
    item: `link ${project.id}/${reading.link.queue}`,
    ...verdict(project, reading, workers[index] ?? null),
  }));
}

function verdict(project: Project, reading: LinkReading, workers: number | null): Verdict {
  if (reading.kind !== 'read') return queueVerdict(reading);
  const verdicts = [
    flagVerdict(project, reading),
    workerVerdict(project, workers),
    versionVerdict(reading),
    keepsFailed(reading),
  ];
  const worst = (['fail', 'unknown'] as const).find((result) => verdicts.some((one) => one.result === result));
  return { result: worst ?? 'pass', message: verdicts.flatMap(({ message }) => message || []).join('; ') };
}

/** While converge has work left a difference is its to mend; any other is somebody else's doing. */
function flagVerdict(project: Project, { paused }: LinkFacts): Verdict {
  const is = paused ? 'paused' : 'running';
  if (paused === (linksWanted(project.state) === 'paused')) return { result: 'pass', message: is };
  if (project.convergedVersion < project.version || allowedAction(project.state) === null) {
    return { result: 'unknown', message: `still ${is}, being driven` };
  }
  return { result: 'fail', message: `${is} although ${project.id} is ${stateTitles[project.state]}` };
}

function workerVerdict({ state }: Project, workers: number | null): Verdict {
  if (workers === null) return { result: 'unknown', message: 'the server does not tell its workers' };
  const message = `${count(workers, 'worker')} connected`;
  if (workers > 0 || linksWanted(state) === 'paused') return { result: 'pass', message };
  return { result: 'fail', message: `${message}: start its workers` };
}
