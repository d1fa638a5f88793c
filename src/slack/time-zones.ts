import type { webApi } from '@slack/bolt';
import type { Logger } from '../application/context.ts';
import { withTimeout } from '../lib/async.ts';
import { isTimeZone } from '../lib/time-zone.ts';
import { serializeError } from '../logging/serialize-error.ts';

/** Reads the time zone in which a person types times. UTC if Slack does not say in time. Never throws. */
export type TimeZoneReader = (user: string) => Promise<string>;

export interface TimeZoneReaderOptions {
  readonly client: Pick<webApi.WebClient, 'users'>;
  /** Ms of a clock that never goes back. */
  readonly monotonicNow: () => number;
  readonly log: Logger;
}

const cacheTtlMs = 3_600_000;
/** After an answer without a time zone. The scope may be missing, or Slack may be down. */
const retryAfterMs = 60_000;
/** A person waits. */
const lookupTimeoutMs = 2_000;
const maxCached = 1_000;

/** Needs the scope `users:read`. */
export function createTimeZoneReader({ client, monotonicNow, log }: TimeZoneReaderOptions): TimeZoneReader {
  const cache = new Map<string, { readonly until: number; readonly timeZone: string }>();
  return async (user) => {
    const cached = cache.get(user);
    if (cached !== undefined && monotonicNow() < cached.until) return cached.timeZone;
    const result = await withTimeout(client.users.info({ user }), lookupTimeoutMs);
    const read = result.kind === 'resolved' ? result.value.user?.tz : undefined;
    const isKnown = read !== undefined && isTimeZone(read);
    if (!isKnown) {
      const error = result.kind === 'rejected' ? serializeError(result.error) : undefined;
      log.warn({ user, kind: result.kind, error }, 'time zone of a person unknown, UTC is used');
    }
    if (cache.size >= maxCached) cache.clear();
    const timeZone = isKnown ? read : 'UTC';
    cache.set(user, { timeZone, until: monotonicNow() + (isKnown ? cacheTtlMs : retryAfterMs) });
    return timeZone;
  };
}
