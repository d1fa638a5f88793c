import type { webApi } from '@slack/bolt';
import type { Log } from '../application/deps.ts';
import { boltLogger } from './bolt-logger.ts';
import { type OnCall, toldFetch } from './calls.ts';

export interface ClientOptions {
  /** Another Slack than slack.com. */
  readonly apiUrl?: string | undefined;
  readonly log: Log;
  /** Is told of each call. */
  readonly onCall?: OnCall | undefined;
}

/** Calls are short, and reject when Slack asks for patience: who called knows better what to do. */
export function clientOptions({ apiUrl, log, onCall }: ClientOptions, retries: number): webApi.WebClientOptions {
  return {
    logger: boltLogger(log),
    timeout: 8_000,
    retryConfig: { retries },
    rejectRateLimitedCalls: true,
    ...(onCall === undefined ? {} : { fetch: toldFetch(onCall) }),
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
  };
}

/** The same calls, which end as well when `ending` is aborted. */
export function endedBy(calls: webApi.WebClientOptions, ending: AbortSignal): webApi.WebClientOptions {
  const call = calls.fetch ?? fetch;
  return {
    ...calls,
    fetch: (url, init = {}) =>
      call(url, { ...init, signal: init.signal ? AbortSignal.any([init.signal, ending]) : ending }),
  };
}
