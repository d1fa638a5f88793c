import { countProjects, type ProjectCounts } from '../domain/attention.ts';
import { type Digest, type DigestSections, digestKey, digestSections } from '../domain/digest.ts';
import { dueTime } from '../domain/digest-schedule.ts';
import { emptyFilter } from '../domain/list-filter.ts';
import { type ObservationGap, type ObservationStatus, observationStatus } from '../domain/observation-status.ts';
import type { UseCaseContext } from './context.ts';
import { getHistoryOfAll, type HistorySince } from './history.ts';
import { listProjects } from './list-projects.ts';

/**
 * Asks the notifier to post the digests that are due. A digest without a record is new: it reports what happens from now on.
 * Throws `StoreUnavailableError`.
 */
export async function checkDigests(context: UseCaseContext): Promise<void> {
  const { digests, notifications, serverClock, settings } = context;
  if (settings.digests.length === 0) return;
  const [records, now] = await Promise.all([digests.readAll(), serverClock.now()]);
  const isNew = (digest: Digest) => !records.has(digestKey(digest));
  await digests.save(settings.digests.filter(isNew).map(digestKey), now);
  const due = settings.digests.filter((digest) => isDue(context, digest, { records, now }));
  for (const channel of new Set(due.map((digest) => digest.channel))) await notifications.digestDue(channel);
}

/** The digests of a channel that are due now. They are one message. */
export interface DueDigests {
  readonly keys: readonly string[];
  /** When the last digest of the channel was posted, epoch ms. What happened since then is new. */
  readonly since: number;
  /** Epoch ms of the bot's Redis server. */
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
  const since = Math.max(...own.map((digest) => records.get(digestKey(digest)) ?? 0));
  return { keys: due.map(digestKey), since, now };
}

interface DigestTimes {
  readonly records: ReadonlyMap<string, number>;
  readonly now: number;
}

/** The settings of another process can name a time zone that this Node.js does not know. */
function isDue({ log }: Pick<UseCaseContext, 'log'>, digest: Digest, { records, now }: DigestTimes): boolean {
  const until = records.get(digestKey(digest));
  if (until === undefined) return false;
  try {
    return dueTime(digest, { now, until }) !== null;
  } catch (error) {
    log.error(
      { channel: digest.channel, timezone: digest.timezone, error },
      'digest not posted, its time zone is unknown',
    );
    return false;
  }
}

/** What a digest reports. Times are epoch ms of the bot's Redis server. */
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
    getHistoryOfAll(context, { since, maxLines: maxProjectLines }),
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
