import type { Message } from './blocks.ts';
import { codeIn, type Fetch, isPassing } from './calls.ts';
import { sendable, textOnly } from './limits.ts';

/** `replace` changes the message whose button was pressed; `new` puts an answer below, for this person only. */
export type How = 'new' | 'replace';

/** `spent`: the address cannot be used any more. `later`: worth another try, after `afterMs`; nothing counts as used. */
export type Responded =
  | { readonly kind: 'done'; readonly uses: number }
  | { readonly kind: 'spent'; readonly uses: number }
  | { readonly kind: 'later'; readonly uses: number; readonly afterMs: number };

/** Where to post, and how a call is made. */
export interface Address {
  readonly url: string;
  readonly send?: Fetch | undefined;
}

/** How often and how long a response_url can be used, as Slack says: it is fresh until the first answer through it. */
export const dialogUses = 5;
export const dialogLifetimeMs = 30 * 60_000;
const timeoutMs = 8_000;

/**
 * Posts to a response_url, which takes a few posts only. A body that Slack refuses is sent once more as text, so
 * that what it says is not lost. Never throws.
 */
export async function respond({ url, send }: Address, message: Message, how: How): Promise<Responded> {
  const post = (fitting: Message) => postOnce({ url, send }, fitting, how);
  const first = await post(sendable(message).message);
  if (first !== 'refused') return { ...first, uses: first.kind === 'later' ? 0 : 1 };
  const second = await post(textOnly(message));
  return second === 'refused' ? { kind: 'spent', uses: 2 } : { ...second, uses: 2 };
}

type Posted = { kind: 'done' } | { kind: 'spent' } | { kind: 'later'; afterMs: number } | 'refused';

async function postOnce({ url, send = fetch }: Address, { text, blocks }: Message, how: How): Promise<Posted> {
  const replace_original = how === 'replace';
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
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = await response.text();
    return verdict(response.status, response.headers.get('retry-after'), answer);
  } catch {
    return { kind: 'later', afterMs: 2_000 };
  }
}

function verdict(status: number, retryAfter: string | null, answer: string): Posted {
  if (status === 429) return { kind: 'later', afterMs: retryAfterMs(retryAfter) };
  if (status >= 500) return { kind: 'later', afterMs: 5_000 };
  if (status === 400 || /invalid_blocks|msg_blocks_too_long|msg_too_long|no_text/.test(answer)) return 'refused';
  if (status < 200 || status >= 300) return { kind: 'spent' };
  const code = codeIn(answer);
  if (code === null) return { kind: 'done' };
  return isPassing(code) ? { kind: 'later', afterMs: 5_000 } : { kind: 'spent' };
}

/** Slack's `Retry-After` in ms; one second when it does not say. */
function retryAfterMs(header: string | null): number {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3_600) * 1_000 : 1_000;
}
