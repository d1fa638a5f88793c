import { desiredLinkState } from './lifecycle.ts';
import { type LinkObservation, observedLinks } from './observation.ts';
import { type Link, linkId, type Project } from './project.ts';

export interface Drift {
  /** They run although the state wants them paused. */
  readonly unexpectedlyRunning: readonly Link[];
  /** They are paused although the state wants them to run. */
  readonly unexpectedlyPaused: readonly Link[];
  /** Awaited queues that exist by now. */
  readonly created: readonly Link[];
  /** Their queues existed when the links were last seen to agree. */
  readonly deleted: readonly Link[];
}

/** In what links differ from what the state wants, but for those that are being driven. */
export function detectDrift(project: Project, observations: readonly LinkObservation[]): Drift {
  const desired = desiredLinkState(project.state);
  const settled = observations.filter(({ link }) => !isReconciling(project, link));
  const pending = project.pendingLinks === null ? null : new Set(project.pendingLinks);
  const isPending = ({ link }: LinkObservation) => pending?.has(linkId(link)) ?? false;
  const read = settled.filter((reading) => reading.kind === 'read');
  const differing = observedLinks(read.filter((one) => one.paused !== (desired === 'paused') && !isPending(one)));
  return {
    unexpectedlyRunning: desired === 'paused' ? differing : [],
    unexpectedlyPaused: desired === 'resumed' ? differing : [],
    created: observedLinks(read.filter(isPending)),
    deleted: pending === null ? [] : observedLinks(settled.filter((one) => one.kind === 'missing' && !isPending(one))),
  };
}

/** An operation drives all links of the project that it holds; converge those that it has yet to see agree. */
export function isReconciling(project: Project, link: Link): boolean {
  const { activeOperation, version, syncedVersion, linksToReconcile } = project;
  if (activeOperation !== null) return true;
  return syncedVersion < version && (linksToReconcile === null || linksToReconcile.includes(linkId(link)));
}
