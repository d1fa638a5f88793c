import { linksWanted } from './lifecycle.ts';
import { type LinkReading, linksOf } from './observation.ts';
import { type Link, linkId, type Project } from './project.ts';

export interface Drift {
  /** They run although the state wants them paused. */
  readonly loose: readonly Link[];
  /** They are paused although the state wants them to run. */
  readonly pausedOutside: readonly Link[];
  /** Awaited queues that exist by now. */
  readonly appeared: readonly Link[];
  /** Their queues existed when the links were last seen to agree. */
  readonly vanished: readonly Link[];
}

const noDrift: Drift = { loose: [], pausedOutside: [], appeared: [], vanished: [] };

/** In what links differ from what the state wants, while nobody is driving them. */
export function driftOf(project: Project, links: readonly LinkReading[]): Drift {
  if (!isAtRest(project)) return noDrift;
  const wanted = linksWanted(project.state);
  const awaited = project.awaited === null ? null : new Set(project.awaited);
  const isAwaited = ({ link }: LinkReading) => awaited?.has(linkId(link)) ?? false;
  const read = links.filter((reading) => reading.kind === 'read');
  const differing = linksOf(read.filter((one) => one.paused !== (wanted === 'paused') && !isAwaited(one)));
  return {
    loose: wanted === 'paused' ? differing : [],
    pausedOutside: wanted === 'resumed' ? differing : [],
    appeared: linksOf(read.filter(isAwaited)),
    vanished: awaited === null ? [] : linksOf(links.filter((one) => one.kind === 'missing' && !isAwaited(one))),
  };
}

/** Nobody holds it, and its links were seen to agree with its state. */
export function isAtRest({ holder, version, convergedVersion }: Project): boolean {
  return holder === null && convergedVersion === version;
}
