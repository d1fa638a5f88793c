import type { webApi } from '@slack/bolt';
import type { Logger } from '../application/context.ts';
import { boltLogger } from './bolt-logger.ts';
import { isAuthError } from './slack-errors.ts';

export interface WebClientSettings {
  /** Replaces `https://slack.com/api/`. */
  readonly apiUrl?: string | undefined;
  readonly log: Logger;
  readonly onCall?: OnCall | undefined;
}

/** Options for short calls that reject when Slack limits the rate: the caller decides when to retry. */
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

/** Returns the same options for calls that are also aborted by `signal`. */
export function withAbortSignal(options: webApi.WebClientOptions, signal: AbortSignal): webApi.WebClientOptions {
  const fetchWithOptions = options.fetch ?? fetch;
  return {
    ...options,
    fetch: (url, init = {}) =>
      fetchWithOptions(url, { ...init, signal: init.signal ? AbortSignal.any([init.signal, signal]) : signal }),
  };
}

/** The result of a call to Slack. Label of a metric. */
export type CallResult =
  | 'ok'
  | 'rate_limited'
  | 'timeout'
  /** No response. */
  | 'unreachable'
  /** 5xx, or an error code of Slack that means the same. */
  | 'server_error'
  /** Slack does not accept the token, or the token lacks a scope. */
  | 'auth_error'
  /** Slack read the call and returned another error. */
  | 'platform_error'
  /** The bot aborted the call because it stops. */
  | 'aborted';

/** One call. Each retry is a call of its own. */
export interface SlackCall {
  /** The method of the Web API, or `response_url`. */
  readonly method: string;
  readonly result: CallResult;
  readonly durationMs: number;
}

export type OnCall = (call: SlackCall) => void;
export type Fetch = typeof fetch;

/** Returns a `fetch` that reports each call to `onCall`. The method is read from the URL unless it is given. */
export function instrumentedFetch(onCall: OnCall | undefined, method?: string): Fetch {
  if (onCall === undefined) return fetch;
  return async (url, init) => {
    const startedAt = performance.now();
    const report = (result: CallResult) =>
      onCall({ method: method ?? methodFromUrl(String(url)), result, durationMs: performance.now() - startedAt });
    try {
      const response = await fetch(url, init);
      report(await classifyResponse(response.clone()));
      return response;
    } catch (error) {
      report(classifyError(error));
      throw error;
    }
  };
}

/** Returns whether the same call may succeed in a moment. */
export function isTransient(code: string): boolean {
  return rateLimitErrors.has(code) || transientErrors.has(code);
}

/** Returns the error code of a response with `ok: false`, else null. */
export function readErrorCode(body: string): string | null {
  if (!/"ok"\s*:\s*false/.test(body)) return null;
  return /"error"\s*:\s*"([^"]*)"/.exec(body)?.[1] ?? '';
}

const rateLimitErrors: ReadonlySet<string | null> = new Set(['ratelimited', 'rate_limited']);
const transientErrors: ReadonlySet<string | null> = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);

/** Returns `other` for a URL without a method, so that no secret part of a URL becomes a metric label. */
function methodFromUrl(url: string): string {
  const name = url.split(/[?#]/, 1)[0]?.split('/').at(-1) ?? '';
  return /^[a-z]+(\.[a-z]+)+$/i.test(name) ? name : 'other';
}

async function classifyResponse(response: Response): Promise<CallResult> {
  const { status } = response;
  const code = readErrorCode(await response.text().catch(() => ''));
  if (status === 429 || rateLimitErrors.has(code)) return 'rate_limited';
  if (status >= 500 || transientErrors.has(code)) return 'server_error';
  if (code !== null) return isAuthError(code) ? 'auth_error' : 'platform_error';
  return status >= 200 && status < 300 ? 'ok' : 'platform_error';
}

function classifyError(error: unknown): CallResult {
  const name = error instanceof Error ? error.name : '';
  if (name === 'TimeoutError') return 'timeout';
  return name === 'AbortError' ? 'aborted' : 'unreachable';
}
