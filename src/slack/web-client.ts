import type { webApi } from '@slack/bolt';
import type { Logger } from '../application/context.ts';
import { instrumentedFetch, type OnCall } from './api-calls.ts';
import { boltLogger } from './bolt-logger.ts';

export interface WebClientSettings {
  /** Another Slack than slack.com. */
  readonly apiUrl?: string | undefined;
  readonly log: Logger;
  /** Is told of each call. */
  readonly onCall?: OnCall | undefined;
}

/** Calls are short, and reject when Slack asks for patience: who called knows better what to do. */
export function createWebClientOptions(
  { apiUrl, log, onCall }: WebClientSettings,
  retries: number,
): webApi.WebClientOptions {
  return {
    logger: boltLogger(log),
    timeout: 8_000,
    retryConfig: { retries },
    rejectRateLimitedCalls: true,
    ...(onCall === undefined ? {} : { fetch: instrumentedFetch(onCall) }),
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
  };
}

/** The same calls, which end as well when `ending` is aborted. */
export function withAbortSignal(options: webApi.WebClientOptions, signal: AbortSignal): webApi.WebClientOptions {
  const fetchWithOptions = options.fetch ?? fetch;
  return {
    ...options,
    fetch: (url, init = {}) =>
      fetchWithOptions(url, { ...init, signal: init.signal ? AbortSignal.any([init.signal, signal]) : signal }),
  };
}
