import type { LinkReading } from '../domain/observation.ts';
import { type Link, linkId, type Watermark } from '../domain/project.ts';
import type { WorkedOnLink } from './apply-refusal.ts';

/** What was seen of each link that matters, by its id. */
export type Seen = ReadonlyMap<string, { readonly reading: LinkReading; readonly workedOn: string | null }>;

/** The first watermark is the newest failed task of now: what failed before does not count. */
export function watermarks(links: readonly Link[], seen: Seen): Record<string, Watermark> {
  const read = links.flatMap((link) => readingOf(link, seen)).filter((reading) => reading.kind === 'read');
  return Object.fromEntries(read.map(({ link, newestFailed }) => [linkId(link), newestFailed]));
}

/** A reading as it will be after the first watermark is set. */
export function withoutOldFailures(reading: LinkReading): LinkReading {
  return reading.kind === 'read' ? { ...reading, failuresAfterWatermark: 0, firstFailures: [] } : reading;
}

/** The reading of a link, if it was looked at. */
export function readingOf(link: Link, seen: Seen): LinkReading[] {
  const reading = seen.get(linkId(link))?.reading;
  return reading === undefined ? [] : [reading];
}

/** Those that exist and are not paused. */
export function running(links: readonly Link[], seen: Seen): Link[] {
  return links.filter((link) => readingOf(link, seen).some((reading) => reading.kind === 'read' && !reading.paused));
}

/** Whether a link exists and is paused. */
export function isPaused(link: Link, seen: Seen): boolean {
  return readingOf(link, seen).some((reading) => reading.kind === 'read' && reading.paused);
}

/** Those whose queue does not exist. */
export function missing(links: readonly Link[], seen: Seen): Link[] {
  return links.filter((link) => readingOf(link, seen).some((reading) => reading.kind === 'missing'));
}

/** Those that did not answer. */
export function unreachable(links: readonly Link[], seen: Seen): Link[] {
  return links.filter((link) => {
    const found = seen.get(linkId(link));
    return found === undefined || found.reading.kind === 'unreachable' || found.workedOn === 'unreachable';
  });
}

/** Those that have been worked on, and what shows it. */
export function usedLinks(links: readonly Link[], seen: Seen): WorkedOnLink[] {
  return links.flatMap((link) => {
    const sign = seen.get(linkId(link))?.workedOn ?? null;
    return sign === null ? [] : [{ link, sign }];
  });
}
