import { desiredLinkState } from './lifecycle.ts';
import { type LinkObservation, observedLinks } from './observation.ts';
import { type Link, linkId, type Project } from './project.ts';
import type { Refusal } from './refusal.ts';

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

/** The links of a project by what their flags say. */
export interface LinksByStatus {
  readonly running: readonly Link[];
  readonly paused: readonly Link[];
  readonly missing: readonly Link[];
  readonly unreachable: readonly Link[];
}

export function groupObservations(observations: readonly LinkObservation[]): LinksByStatus {
  const links = (fits: (observation: LinkObservation) => boolean) => observations.filter(fits).map(({ link }) => link);
  return {
    running: links((observation) => observation.kind === 'read' && !observation.paused),
    paused: links((observation) => observation.kind === 'read' && observation.paused),
    missing: links(({ kind }) => kind === 'missing'),
    unreachable: links(({ kind }) => kind === 'unreachable'),
  };
}

/** The missing links whose queues are gone; those of the others are awaited. */
export function deletedLinks({ pendingLinks }: Pick<Project, 'pendingLinks'>, missing: readonly Link[]): Link[] {
  return missing.filter((link) => !pendingLinks?.includes(linkId(link)));
}

/**
 * Why drift is not corrected, or null. Re-apply wants a difference: a link that is not what the state wants, one whose queue
 * is gone, or one that does not tell. Adopt wants every link to be the opposite of what the state wants.
 */
export function checkCorrection(
  project: Pick<Project, 'id' | 'state' | 'pendingLinks'>,
  correction: 'reapply' | 'adopt',
  { running, paused, missing, unreachable }: LinksByStatus,
): Refusal | null {
  const { id, state } = project;
  const [differing, agreeing] = desiredLinkState(state) === 'paused' ? [running, paused] : [paused, running];
  if (correction === 'reapply') {
    const found = differing.length + deletedLinks(project, missing).length + unreachable.length;
    return found === 0 ? { code: 'no_drift', project: id, state } : null;
  }
  if (unreachable.length > 0) return { code: 'links_unreachable', project: id, links: [...unreachable] };
  if (differing.length === 0) return { code: 'no_drift', project: id, state };
  if (agreeing.length + missing.length === 0) return null;
  return { code: 'adopt_mixed', project: id, running: [...running], paused: [...paused], missing: [...missing] };
}
