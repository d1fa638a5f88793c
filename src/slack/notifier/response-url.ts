import { type Fetch, isTransient, readErrorCode } from '../api-calls.ts';
import type { Message } from '../views/blocks.ts';
import { textOnly, withinLimits } from '../views/limits.ts';

/** `replace` edits the message whose button was pressed. `new` posts a message that only this person sees. */
export type ResponseMode = 'new' | 'replace';

/** `expired`: Slack accepts nothing more at this URL. `retry`: the same call may succeed after `retryAfterMs`. */
export type RespondResult =
  | { readonly kind: 'done'; readonly uses: number }
  | { readonly kind: 'expired'; readonly uses: number }
  | { readonly kind: 'retry'; readonly uses: number; readonly retryAfterMs: number };

export interface ResponseUrlTarget {
  readonly url: string;
  /** The thread that a new message goes to. */
  readonly threadTs?: string | null;
  readonly send?: Fetch | undefined;
}

/** Slack's limits of a response_url, from docs.slack.dev/interactivity/handling-user-interaction. */
export const responseUrlMaxUses = 5;
export const responseUrlLifetimeMs = 30 * 60_000;
const requestTimeoutMs = 8_000;

/** Posts to a response_url. Content that Slack rejects is sent once more as text only. Never throws. */
export async function postToResponseUrl(
  target: ResponseUrlTarget,
  message: Message,
  mode: ResponseMode,
): Promise<RespondResult> {
  const post = (content: Message) => postOnce(target, content, mode);
  const first = await post(withinLimits(message).message);
  if (first.kind !== 'rejected') return { ...first, uses: first.kind === 'retry' ? 0 : 1 };
  const second = await post(textOnly(message));
  return second.kind === 'rejected' ? { kind: 'expired', uses: 2 } : { ...second, uses: 2 };
}

/** `rejected`: Slack does not accept this content. */
type PostAttempt =
  | { readonly kind: 'done' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'rejected' }
  | { readonly kind: 'retry'; readonly retryAfterMs: number };

async function postOnce(
  { url, threadTs = null, send = fetch }: ResponseUrlTarget,
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
        ...(threadTs === null || mode === 'replace' ? {} : { thread_ts: threadTs }),
      }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const responseBody = await response.text();
    return toPostAttempt(response.status, response.headers.get('retry-after'), responseBody);
  } catch {
    return { kind: 'retry', retryAfterMs: 2_000 };
  }
}

function toPostAttempt(status: number, retryAfter: string | null, responseBody: string): PostAttempt {
  if (status === 429) return { kind: 'retry', retryAfterMs: parseRetryAfterMs(retryAfter) };
  if (status >= 500) return { kind: 'retry', retryAfterMs: 5_000 };
  if (status === 400 || /invalid_blocks|msg_blocks_too_long|msg_too_long|no_text/.test(responseBody))
    return { kind: 'rejected' };
  if (status >= 300) return { kind: 'expired' };
  const code = readErrorCode(responseBody);
  if (code === null) return { kind: 'done' };
  return isTransient(code) ? { kind: 'retry', retryAfterMs: 5_000 } : { kind: 'expired' };
}

/** Slack's `Retry-After` in ms, or one second without that header. */
function parseRetryAfterMs(header: string | null): number {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3_600) * 1_000 : 1_000;
}
