import { type Link, linkId, type Watermark } from '../domain/link.ts';
import type { LinkObservation, QueueUsage } from '../domain/observation.ts';
import type { UsedLink } from '../domain/refusal.ts';

/** What was seen of each link that matters, by its id. */
export type LinkSnapshots = ReadonlyMap<string, { readonly observation: LinkObservation; readonly usage: QueueUsage }>;

/** The first watermark is the newest failed task of now: what failed before does not count. */
export function watermarks(links: readonly Link[], snapshots: LinkSnapshots): Record<string, Watermark> {
  const read = links
    .flatMap((link) => observationOf(link, snapshots))
    .filter((observation) => observation.kind === 'read');
  return Object.fromEntries(read.map(({ link, newestFailed }) => [linkId(link), newestFailed]));
}

/** A reading as it will be after the first watermark is set. */
export function withoutFailures(observation: LinkObservation): LinkObservation {
  return observation.kind === 'read' ? { ...observation, failuresAfterWatermark: 0, oldestFailures: [] } : observation;
}

/** The reading of a link, if it was looked at. */
export function observationOf(link: Link, snapshots: LinkSnapshots): LinkObservation[] {
  const observation = snapshots.get(linkId(link))?.observation;
  return observation === undefined ? [] : [observation];
}

/** Those that exist and are not paused. */
export function runningLinks(links: readonly Link[], snapshots: LinkSnapshots): Link[] {
  return links.filter((link) =>
    observationOf(link, snapshots).some((observation) => observation.kind === 'read' && !observation.paused),
  );
}

/** Whether a link exists and is paused. */
export function isPaused(link: Link, snapshots: LinkSnapshots): boolean {
  return observationOf(link, snapshots).some((observation) => observation.kind === 'read' && observation.paused);
}

/** Those whose queue does not exist. */
export function missingLinks(links: readonly Link[], snapshots: LinkSnapshots): Link[] {
  return links.filter((link) => observationOf(link, snapshots).some((observation) => observation.kind === 'missing'));
}

/** Those that did not answer. */
export function unreachableLinks(links: readonly Link[], snapshots: LinkSnapshots): Link[] {
  return links.filter((link) => {
    const found = snapshots.get(linkId(link));
    return found === undefined || found.observation.kind === 'unreachable' || found.usage.kind === 'unreachable';
  });
}

/** Those that have been worked on, and what shows it. */
export function usedLinks(links: readonly Link[], snapshots: LinkSnapshots): UsedLink[] {
  return links.flatMap((link) => {
    const usage = snapshots.get(linkId(link))?.usage;
    return usage?.kind === 'used' ? [{ link, evidence: usage.evidence }] : [];
  });
}
