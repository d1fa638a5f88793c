import { type Link, linkId, noWatermark, type Watermark } from '../domain/link.ts';
import { hasQueue, type LinkObservation, type QueueUsage } from '../domain/observation.ts';
import type { UsedLink } from '../domain/refusal.ts';
import type { UseCaseContext } from './context.ts';

/** What a plan reads of a link. */
interface LinkSnapshot {
  readonly observation: LinkObservation;
  readonly usage: QueueUsage;
}

/** By link id. */
export type LinkSnapshots = ReadonlyMap<string, LinkSnapshot>;

/** Reads each link, and whether its queue was used. Every failed task counts. Never throws. */
export async function readSnapshots(
  context: Pick<UseCaseContext, 'links'>,
  links: readonly Link[],
): Promise<LinkSnapshots> {
  const observations = await context.links.observe(links.map((link) => ({ link, watermark: noWatermark })));
  const reachable = observations.filter(({ kind }) => kind !== 'unreachable').map(({ link }) => link);
  const usages = await context.links.findUsage(reachable);
  const usageById = new Map(reachable.map((link, index) => [linkId(link), usages[index]]));
  return new Map(
    observations.map((observation) => {
      const id = linkId(observation.link);
      return [id, { observation, usage: usageById.get(id) ?? { kind: 'unreachable' } }];
    }),
  );
}

export function observationsOf(links: readonly Link[], snapshots: LinkSnapshots): LinkObservation[] {
  return links.flatMap((link) => snapshots.get(linkId(link))?.observation ?? []);
}

/** A link's first watermark is its newest failed task: tasks that failed before do not count. */
export function initialWatermarks(links: readonly Link[], snapshots: LinkSnapshots): Record<string, Watermark> {
  const read = observationsOf(links, snapshots).filter(hasQueue);
  return Object.fromEntries(read.map(({ link, newestFailed }) => [linkId(link), newestFailed]));
}

/** The observation as it will be after the first watermark is set. */
export function withoutFailures(observation: LinkObservation): LinkObservation {
  return hasQueue(observation) ? { ...observation, failuresAfterWatermark: 0, oldestFailures: [] } : observation;
}

export function runningLinks(links: readonly Link[], snapshots: LinkSnapshots): Link[] {
  return linksWith(links, snapshots, ({ observation }) => hasQueue(observation) && !observation.paused);
}

export function pausedLinks(links: readonly Link[], snapshots: LinkSnapshots): Link[] {
  return linksWith(links, snapshots, ({ observation }) => hasQueue(observation) && observation.paused);
}

export function missingLinks(links: readonly Link[], snapshots: LinkSnapshots): Link[] {
  return linksWith(links, snapshots, ({ observation }) => observation.kind === 'missing');
}

export function unreachableLinks(links: readonly Link[], snapshots: LinkSnapshots): Link[] {
  return linksWith(
    links,
    snapshots,
    ({ observation, usage }) => observation.kind === 'unreachable' || usage.kind === 'unreachable',
  );
}

function linksWith(links: readonly Link[], snapshots: LinkSnapshots, matches: (snapshot: LinkSnapshot) => boolean) {
  return links.filter((link) => {
    const snapshot = snapshots.get(linkId(link));
    return snapshot !== undefined && matches(snapshot);
  });
}

export function usedLinks(links: readonly Link[], snapshots: LinkSnapshots): UsedLink[] {
  return links.flatMap((link) => {
    const usage = snapshots.get(linkId(link))?.usage;
    return usage?.kind === 'used' ? [{ link, evidence: usage.evidence }] : [];
  });
}
