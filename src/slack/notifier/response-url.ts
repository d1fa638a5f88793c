import { type Fetch, isTransient, readErrorCode } from '../api-calls.ts';
import type { Message } from '../views/blocks.ts';
import { textOnly, withinLimits } from '../views/limits.ts';

/** `replace` changes the message whose button was pressed; `new` puts an answer below, for this person only. */
export type ResponseMode = 'new' | 'replace';

/** `spent`: the address cannot be used any more. `later`: worth another try, after `afterMs`; nothing counts as used. */
export type RespondResult =
  | { readonly kind: 'done'; readonly uses: number }
  | { readonly kind: 'spent'; readonly uses: number }
  | { readonly kind: 'later'; readonly uses: number; readonly retryAfterMs: number };

/** Where to post, and how a call is made. */
export interface ResponseUrlTarget {
  readonly url: string;
  readonly send?: Fetch | undefined;
}

/** How often and how long a response_url can be used, as Slack says: it is fresh until the first answer through it. */
export const responseUrlMaxUses = 5;
export const responseUrlLifetimeMs = 30 * 60_000;
const requestTimeoutMs = 8_000;

/**
 * Posts to a response_url, which takes a few posts only. A body that Slack refuses is sent once more as text, so
 * that what it says is not lost. Never throws.
 */
export async function postToResponseUrl(
  { url, send }: ResponseUrlTarget,
  message: Message,
  mode: ResponseMode,
): Promise<RespondResult> {
  const post = (content: Message) => postOnce({ url, send }, content, mode);
  const first = await post(withinLimits(message).message);
  if (first !== 'refused') return { ...first, uses: first.kind === 'later' ? 0 : 1 };
  const second = await post(textOnly(message));
  return second === 'refused' ? { kind: 'spent', uses: 2 } : { ...second, uses: 2 };
}

type PostAttempt = { kind: 'done' } | { kind: 'spent' } | { kind: 'later'; retryAfterMs: number } | 'refused';

async function postOnce(
  { url, send = fetch }: ResponseUrlTarget,
  { text, blocks }: Message,
  mode: ResponseMode,
): Promise<PostAttempt> {
  const replace_original = mode === 'replace';
  try {
    const response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({
        response_type: 'ephemeral',
        replace_original,
        text,
        ...(blocks.length > 0 ? { blocks } : {}),
      }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const responseBody = await response.text();
    return toPostAttempt(response.status, response.headers.get('retry-after'), responseBody);
  } catch {
    return { kind: 'later', retryAfterMs: 2_000 };
  }
}

function toPostAttempt(status: number, retryAfter: string | null, responseBody: string): PostAttempt {
  if (status === 429) return { kind: 'later', retryAfterMs: parseRetryAfterMs(retryAfter) };
  if (status >= 500) return { kind: 'later', retryAfterMs: 5_000 };
  if (status === 400 || /invalid_blocks|msg_blocks_too_long|msg_too_long|no_text/.test(responseBody)) return 'refused';
  if (status < 200 || status >= 300) return { kind: 'spent' };
  const code = readErrorCode(responseBody);
  if (code === null) return { kind: 'done' };
  return isTransient(code) ? { kind: 'later', retryAfterMs: 5_000 } : { kind: 'spent' };
}

/** Slack's `Retry-After` in ms; one second when it does not say. */
function parseRetryAfterMs(header: string | null): number {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3_600) * 1_000 : 1_000;
}
