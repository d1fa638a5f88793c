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

/** In what links differ from what the state wants, but for those that are being driven. */
export function driftOf(project: Project, links: readonly LinkReading[]): Drift {
  const wanted = linksWanted(project.state);
  const left = links.filter(({ link }) => !isBeingDriven(project, link));
  const awaited = project.awaited === null ? null : new Set(project.awaited);
  const isAwaited = ({ link }: LinkReading) => awaited?.has(linkId(link)) ?? false;
  const read = left.filter((reading) => reading.kind === 'read');
  const differing = linksOf(read.filter((one) => one.paused !== (wanted === 'paused') && !isAwaited(one)));
  return {
    loose: wanted === 'paused' ? differing : [],
    pausedOutside: wanted === 'resumed' ? differing : [],
    appeared: linksOf(read.filter(isAwaited)),
    vanished: awaited === null ? [] : linksOf(left.filter((one) => one.kind === 'missing' && !isAwaited(one))),
  };
}

/** An operation drives all links of the project that it holds; converge those that it has yet to see agree. */
export function isBeingDriven(project: Project, link: Link): boolean {
  const { holder, version, convergedVersion, driving } = project;
  if (holder !== null) return true;
  return convergedVersion < version && (driving === null || driving.includes(linkId(link)));
}
