import { isTokenRefusal } from './refused.ts';

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
  readonly ms: number;
}

export type OnCall = (call: SlackCall) => void;
export type Fetch = typeof fetch;

/** `fetch` that tells of each call; without a listener `fetch` itself. */
export function toldFetch(onCall: OnCall | undefined, method?: string): Fetch {
  if (onCall === undefined) return fetch;
  return async (address, init) => {
    const began = performance.now();
    const tell = (result: CallResult) =>
      onCall({ method: method ?? methodOf(String(address)), result, ms: performance.now() - began });
    try {
      const response = await fetch(address, init);
      tell(await resultOf(response.clone()));
      return response;
    } catch (error) {
      tell(resultOfFault(error));
      throw error;
    }
  };
}

/** The last part of an address of the Web API. */
function methodOf(address: string): string {
  const name = address.split(/[?#]/, 1)[0]?.split('/').at(-1) ?? '';
  return /^[a-z]+(\.[a-z]+)+$/i.test(name) ? name : 'other';
}

async function resultOf(response: Response): Promise<CallResult> {
  const { status } = response;
  const code = codeIn(await response.text().catch(() => ''));
  if (status === 429 || rateLimits.has(code)) return 'rate_limited';
  if (status >= 500 || hiccups.has(code)) return 'server_error';
  if (code !== null) return isTokenRefusal(code) ? 'token_refused' : 'refused';
  return status >= 200 && status < 300 ? 'ok' : 'refused';
}

const rateLimits: ReadonlySet<string | null> = new Set(['ratelimited', 'rate_limited']);
const hiccups: ReadonlySet<string | null> = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);

/** Whether the same call may succeed in a moment. */
export function isPassing(code: string): boolean {
  return rateLimits.has(code) || hiccups.has(code);
}

/** The code of an answer that says `ok: false`; null when it does not. */
export function codeIn(answer: string): string | null {
  if (!/"ok"\s*:\s*false/.test(answer)) return null;
  return /"error"\s*:\s*"([^"]*)"/.exec(answer)?.[1] ?? '';
}

function resultOfFault(error: unknown): CallResult {
  const name = error instanceof Error ? error.name : '';
  if (name === 'TimeoutError') return 'timeout';
  return name === 'AbortError' ? 'stopped' : 'unreachable';
}
