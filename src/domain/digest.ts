import { z } from 'zod';
import { attentionCause } from './attention.ts';
import type { Project } from './project.ts';

/** An entry of `digest` in syncbot.yml: a message with the state of all projects, once a day. */
export const digestSchema = z.object({
  /** The time of day, `09:00`. */
  at: z.string(),
  /** The name of a time zone, such as `Europe/Berlin`. */
  timezone: z.string(),
  channel: z.string(),
});
export type Digest = Readonly<z.infer<typeof digestSchema>>;

/** Identifies a digest. With another time, time zone or channel it is another one. */
export function digestKey({ at, timezone, channel }: Digest): string {
  return `${channel} ${at} ${timezone}`;
}

/** What is stored of a digest. Times are epoch ms of the bot's Redis server. */
export interface DigestRecord {
  /** Until when the digests of its channel have reported what happened. The next one begins there. */
  readonly reportedUntil: number;
  /** It is due no more at a time until then: it was posted, or was added later. */
  readonly doneUntil: number;
}

/** The stored records. By `digestKey`. */
export type DigestRecords = ReadonlyMap<string, DigestRecord>;

/**
 * The records of the digests that have none. Such a digest begins where the digests of its channel end, so that it leaves no
 * gap. In a channel without one it reports what happens from now on.
 */
export function newDigestRecords(
  digests: readonly Digest[],
  { records, now }: { readonly records: DigestRecords; readonly now: number },
): DigestRecords {
  const added = digests.filter((digest) => !records.has(digestKey(digest)));
  return new Map(
    added.map((digest) => [
      digestKey(digest),
      { reportedUntil: channelReportedUntil(records, digest.channel) ?? now, doneUntil: now },
    ]),
  );
}

/** Until when the digests of a channel have reported what happened. Null for a channel without a record. */
export function channelReportedUntil(records: DigestRecords, channel: string): number | null {
  const own = [...records].filter(([key]) => key.startsWith(`${channel} `));
  return own.length === 0 ? null : Math.max(...own.map(([, record]) => record.reportedUntil));
}

/** The projects that a digest names, each once, in the order of the given ones. */
export interface DigestSections {
  readonly failed: readonly Project[];
  /** Projects that are neither Failed nor Paused, and need attention. */
  readonly alerting: readonly Project[];
  readonly paused: readonly Project[];
}

export function digestSections(projects: readonly Project[]): DigestSections {
  const inState = (state: Project['state']) => projects.filter((project) => project.state === state);
  return {
    failed: inState('failed'),
    alerting: projects.filter(
      (project) => project.state !== 'failed' && project.state !== 'paused' && attentionCause(project) !== null,
    ),
    paused: inState('paused'),
  };
}
