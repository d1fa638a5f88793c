import { webApi } from '@slack/bolt';
import type { Logger } from '../../application/context.ts';
import { RetryLaterError } from '../../application/errors.ts';
import type { MessageRef } from '../../domain/operation.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { isTransient } from '../api-calls.ts';
import { slackErrorCode } from '../slack-errors.ts';
import type { Message } from '../views/blocks.ts';
import { textOnly, withinLimits } from '../views/limits.ts';

export type ChatClient = { readonly chat: Pick<webApi.WebClient['chat'], 'postMessage' | 'update'> };

/** `closed`: the bot cannot post there, whatever it says (no member, archived, unknown, not allowed). */
export type PostResult =
  | { readonly kind: 'put'; readonly messageRef: MessageRef }
  | { readonly kind: 'closed'; readonly code: string };

export interface Target {
  /** Where the message stands already; null: nowhere yet. */
  readonly messageRef: MessageRef | null;
  /** Where to post it when it stands nowhere, or when a person deleted it. */
  readonly channel: string;
}

const cannotUpdate: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);
const invalidContent: ReadonlySet<string> = new Set([
  'invalid_blocks',
  'invalid_blocks_format',
  'msg_blocks_too_long',
  'msg_too_long',
  'no_text',
  'markdown_text_conflict',
]);
const transientRetryDelayMs = 5_000;
const recoverableRetryDelayMs = 30_000;
/** What passes when somebody has mended it: nothing is lost until then. */
const recoverable: ReadonlySet<string> = new Set([
  'message_limit_exceeded',
  'team_added_to_org',
  'org_login_required',
  'accesslimited',
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
]);

/**
 * Edits the message where it stands, or posts it. A deleted message is posted anew; a body that Slack refuses is sent as
 * text. Throws RetryLaterError when Slack asks for that, does not answer, or does not know the token for now.
 */
export async function postOrUpdate(
  client: ChatClient,
  message: Message,
  { messageRef, channel }: Target,
  log: Logger,
): Promise<PostResult> {
  const { message: validMessage, violations } = withinLimits(message);
  if (violations.length > 0)
    log.error({ violations: violations.slice(0, 5) }, 'message over the limits of Slack, sent as text');
  const updated =
    messageRef === null ? 'gone' : await attempt(log, () => update(client, validMessage, message, messageRef));
  if (updated !== 'gone') return updated;
  const posted = await attempt(log, () => post(client, validMessage, message, channel));
  return posted === 'gone' ? { kind: 'closed', code: 'message_not_found' } : posted;
}

async function update(
  client: ChatClient,
  validMessage: Message,
  original: Message,
  messageRef: MessageRef,
): Promise<PostResult> {
  await withTextFallback(validMessage, original, ({ text, blocks }) =>
    client.chat.update({ ...messageRef, text, blocks: [...blocks] }),
  );
  return { kind: 'put', messageRef };
}

async function post(
  client: ChatClient,
  validMessage: Message,
  original: Message,
  channel: string,
): Promise<PostResult> {
  const response = await withTextFallback(validMessage, original, ({ text, blocks }) =>
    client.chat.postMessage({ channel, text, blocks: [...blocks], unfurl_links: false, unfurl_media: false }),
  );
  if (response.ts === undefined) throw new RetryLaterError(5_000);
  return { kind: 'put', messageRef: { channel: response.channel ?? channel, ts: response.ts } };
}

async function withTextFallback<T>(
  validMessage: Message,
  original: Message,
  send: (message: Message) => Promise<T>,
): Promise<T> {
  try {
    return await send(validMessage);
  } catch (error) {
    if (validMessage.blocks.length === 0 || !invalidContent.has(slackErrorCode(error) ?? '')) throw error;
    return send(textOnly(original));
  }
}

/** Slack's answer as a value: put, gone or closed; what may pass is logged and thrown as RetryLaterError. */
async function attempt(log: Logger, call: () => Promise<PostResult>): Promise<PostResult | 'gone'> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof RetryLaterError) throw error;
    const code = slackErrorCode(error);
    const retryDelayMs = retryDelayFor(error, code);
    if (retryDelayMs !== null) {
      const details = code === null ? { error: serializeError(error) } : { code };
      log.warn({ ...details, afterMs: retryDelayMs }, 'Slack did not take a message, it is told again later');
      throw new RetryLaterError(retryDelayMs, { cause: error });
    }
    return code === null || cannotUpdate.has(code) ? 'gone' : { kind: 'closed', code };
  }
}

/** How long to wait before the same call may succeed, ms; null: it will not. */
function retryDelayFor(error: unknown, code: string | null): number | null {
  if (error instanceof webApi.WebAPIRateLimitedError) return error.retryAfter * 1_000;
  if (code === null || isTransient(code)) return transientRetryDelayMs;
  return recoverable.has(code) ? recoverableRetryDelayMs : null;
}
