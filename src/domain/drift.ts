import { desiredLinkState } from './lifecycle.ts';
import { type Link, linkId } from './link.ts';
import { hasQueue, type LinkObservation, observedLinks } from './observation.ts';
import type { Project } from './project.ts';

/** How links differ from the desired state. */
export interface Drift {
  /** They run; desired is paused. */
  readonly unexpectedlyRunning: readonly Link[];
  /** They are paused; desired is running. */
  readonly unexpectedlyPaused: readonly Link[];
  /** Their queues did not exist at the last sync and exist now. */
  readonly created: readonly Link[];
  /** Their queues existed at the last sync and do not exist now. */
  readonly deleted: readonly Link[];
}

/** Compares links with the project's state. Ignores links that are being reconciled. */
export function detectDrift(project: Project, observations: readonly LinkObservation[]): Drift {
  const desired = desiredLinkState(project.state);
  const settled = observations.filter(({ link }) => !isReconciling(project, link));
  const pending = new Set(project.pendingLinks);
  const isPending = ({ link }: LinkObservation) => pending.has(linkId(link));
  const existing = settled.filter(hasQueue);
  const differing = observedLinks(existing.filter((one) => one.paused !== (desired === 'paused') && !isPending(one)));
  const missing = observedLinks(settled.filter(({ kind }) => kind === 'missing'));
  return {
    unexpectedlyRunning: desired === 'paused' ? differing : [],
    unexpectedlyPaused: desired === 'resumed' ? differing : [],
    created: observedLinks(existing.filter(isPending)),
    deleted: project.pendingLinks === null ? [] : deletedLinks(project, missing),
  };
}

/** Whether an operation or the reconcile job is about to set this link. */
export function isReconciling(project: Project, link: Link): boolean {
  const { activeOperation, version, reconciledVersion, linksToReconcile } = project;
  if (activeOperation !== null) return true;
  return reconciledVersion < version && (linksToReconcile === null || linksToReconcile.includes(linkId(link)));
}

/** The missing links whose queues existed at the last sync. All missing links if that is not known. */
export function deletedLinks({ pendingLinks }: Pick<Project, 'pendingLinks'>, missing: readonly Link[]): Link[] {
  const pending = new Set(pendingLinks);
  return missing.filter((link) => !pending.has(linkId(link)));
}
