import { countProjects, type ProjectCounts } from '../domain/attention.ts';
import {
  channelReportedUntil,
  type Digest,
  type DigestRecords,
  type DigestSections,
  digestKey,
  digestSections,
  newDigestRecords,
} from '../domain/digest.ts';
import { dueTime } from '../domain/digest-schedule.ts';
import { emptyFilter } from '../domain/list-filter.ts';
import { type ObservationGap, type ObservationStatus, observationStatus } from '../domain/observation-status.ts';
import type { UseCaseContext } from './context.ts';
import { getHistoryOfAll, type HistorySince } from './history.ts';
import { listProjects } from './list-projects.ts';

/** Asks the notifier to post the digests that are due. A digest without a record is new. Throws `StoreUnavailableError`. */
export async function checkDigests(context: UseCaseContext): Promise<void> {
  const { digests, notifications, serverClock, settings } = context;
  if (settings.digests.length === 0) return;
  const [records, now] = await Promise.all([digests.readAll(), serverClock.now()]);
  await digests.save(newDigestRecords(settings.digests, { records, now }));
  const due = settings.digests.filter((digest) => isDue(context, digest, { records, now }));
  for (const channel of new Set(due.map((digest) => digest.channel))) await notifications.digestDue(channel);
}

/** The digests of a channel that are due now. They are one message. */
export interface DueDigests {
  readonly keys: readonly string[];
  /** Until when the digests of the channel have reported what happened, epoch ms. What happened since then is new. */
  readonly since: number;
  /** Epoch ms of the bot's Redis server. The next digest reports what happens from then on. */
  readonly now: number;
}

/** Returns null if no digest of the channel is due. Throws `StoreUnavailableError`. */
export async function findDueDigests(
  context: Pick<UseCaseContext, 'digests' | 'serverClock' | 'settings' | 'log'>,
  channel: string,
): Promise<DueDigests | null> {
  const [records, now] = await Promise.all([context.digests.readAll(), context.serverClock.now()]);
  const own = context.settings.digests.filter((digest) => digest.channel === channel);
  const due = own.filter((digest) => isDue(context, digest, { records, now }));
  if (due.length === 0) return null;
  return { keys: due.map(digestKey), since: channelReportedUntil(records, channel) ?? now, now };
}

/** Records that these digests were posted. */
export async function saveReported(
  { digests }: Pick<UseCaseContext, 'digests'>,
  { keys, now }: Pick<DueDigests, 'keys' | 'now'>,
): Promise<void> {
  await digests.save(new Map(keys.map((key) => [key, { reportedUntil: now, doneUntil: now }])));
}

interface DigestTimes {
  readonly records: DigestRecords;
  readonly now: number;
}

/** The settings of another process can name a time zone that this Node.js does not know. */
function isDue({ log }: Pick<UseCaseContext, 'log'>, digest: Digest, { records, now }: DigestTimes): boolean {
  const record = records.get(digestKey(digest));
  if (record === undefined) return false;
  try {
    return dueTime(digest, { now, until: record.doneUntil }) !== null;
  } catch (error) {
    log.error(
      { channel: digest.channel, timezone: digest.timezone, error },
      'digest not posted, its time zone is unknown',
    );
    return false;
  }
}

/** What a digest reports: what is now, and what happened from `since` until just before `now`. Times as in `DueDigests`. */
export interface DigestReport {
  readonly since: number;
  readonly now: number;
  readonly counts: ProjectCounts;
  readonly sections: DigestSections;
  readonly observation: ObservationStatus;
  /** When the links were not observed, if that was after `since`. */
  readonly gap: ObservationGap | null;
  readonly history: HistorySince;
}

/** The most lines of the history that are read. Those that say the same are one line. */
const maxProjectLines = 1_000;

/** Reads what a digest reports. Throws `StoreUnavailableError`. */
export async function readDigestReport(
  context: Pick<UseCaseContext, 'projects' | 'auditLog' | 'observations'>,
  { since, now }: Pick<DueDigests, 'since' | 'now'>,
): Promise<DigestReport> {
  const [projects, lastCycle, history] = await Promise.all([
    listProjects(context, emptyFilter),
    context.observations.readLastCycle(),
    getHistoryOfAll(context, { since, until: now, maxLines: maxProjectLines }),
  ]);
  const gap = lastCycle?.gap ?? null;
  return {
    since,
    now,
    counts: countProjects(projects),
    sections: digestSections(projects),
    observation: observationStatus(lastCycle, now),
    gap: gap !== null && gap.to > since ? gap : null,
    history,
  };
}
