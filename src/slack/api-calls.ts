import { isAuthError } from './slack-errors.ts';

/**
 * What became of a call to Slack. `refused`: Slack understood and said no; `stopped`: the bot was ending; `unreachable`: there
 * was no answer at all.
 */
export type CallResult =
  | 'ok'
  | 'rate_limited'
  | 'timeout'
  | 'unreachable'
  | 'server_error'
  | 'token_refused'
  | 'refused'
  | 'stopped';

/** One call, each try for itself; `method` as Slack names it, or `response_url`. */
export interface SlackCall {
  readonly method: string;
  readonly result: CallResult;
  readonly durationMs: number;
}

export type OnCall = (call: SlackCall) => void;
export type Fetch = typeof fetch;

/** `fetch` that tells of each call; without a listener `fetch` itself. */
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

/** The last part of an address of the Web API. */
function methodFromUrl(url: string): string {
  const name = url.split(/[?#]/, 1)[0]?.split('/').at(-1) ?? '';
  return /^[a-z]+(\.[a-z]+)+$/i.test(name) ? name : 'other';
}

async function classifyResponse(response: Response): Promise<CallResult> {
  const { status } = response;
  const code = readErrorCode(await response.text().catch(() => ''));
  if (status === 429 || rateLimitErrors.has(code)) return 'rate_limited';
  if (status >= 500 || transientErrors.has(code)) return 'server_error';
  if (code !== null) return isAuthError(code) ? 'token_refused' : 'refused';
  return status >= 200 && status < 300 ? 'ok' : 'refused';
}

const rateLimitErrors: ReadonlySet<string | null> = new Set(['ratelimited', 'rate_limited']);
const transientErrors: ReadonlySet<string | null> = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);

/** Whether the same call may succeed in a moment. */
export function isTransient(code: string): boolean {
  return rateLimitErrors.has(code) || transientErrors.has(code);
}

/** The code of an answer that says `ok: false`; null when it does not. */
export function readErrorCode(body: string): string | null {
  if (!/"ok"\s*:\s*false/.test(body)) return null;
  return /"error"\s*:\s*"([^"]*)"/.exec(body)?.[1] ?? '';
}

function classifyError(error: unknown): CallResult {
  const name = error instanceof Error ? error.name : '';
  if (name === 'TimeoutError') return 'timeout';
  return name === 'AbortError' ? 'stopped' : 'unreachable';
}
