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

export type EphemeralClient = { readonly chat: Pick<webApi.WebClient['chat'], 'postEphemeral'> };

/** `cannot_post`: the bot cannot post to this channel (not a member, archived, unknown, not allowed). */
export type PostResult =
  | { readonly kind: 'posted'; readonly messageRef: MessageRef }
  | { readonly kind: 'cannot_post'; readonly code: string };

export interface Target {
  /** The message to update. Null to post a new one. */
  readonly messageRef: MessageRef | null;
  /** The channel of a new message, also when a person deleted the old one. Null to post no new one. */
  readonly channel: string | null;
  /** The thread of a new message. Null or absent to post it outside a thread. */
  readonly thread?: Thread | null;
}

export interface Thread {
  readonly ts: string;
  /** Whether the channel shows the reply too. */
  readonly isBroadcast: boolean;
}

export interface ChatOptions {
  readonly client: ChatClient;
  readonly log: Logger;
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
/** Errors that an administrator can fix. The message is retried until then. */
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
 * Updates a message, or posts it when it does not exist (any more). Content that Slack rejects is sent as text only. Throws
 * `RetryLaterError` when Slack asks for it, does not answer, or does not accept the token for now.
 */
export async function postOrUpdate(options: ChatOptions, message: Message, target: Target): Promise<PostResult> {
  const { client, log } = options;
  const { message: validMessage, violations } = withinLimits(message);
  if (violations.length > 0) {
    log.error({ violations: violations.slice(0, 5) }, 'message over the limits of Slack, sent as text');
  }
  const content = { validMessage, original: message };
  const { messageRef, channel, thread = null } = target;
  if (messageRef !== null) {
    const updated = await attempt(log, () => update(client, content, messageRef));
    if (updated.kind !== 'not_found') return updated;
  }
  if (channel === null) return { kind: 'cannot_post', code: 'message_not_found' };
  const posted = await attempt(log, () => post(client, content, { channel, thread }));
  return posted.kind === 'not_found' ? { kind: 'cannot_post', code: 'message_not_found' } : posted;
}

export interface ReplyTarget {
  /** The message whose thread gets the reply. */
  readonly messageRef: MessageRef;
  /** Whether the channel shows the reply too. */
  readonly isBroadcast: boolean;
}

/** Posts a reply in the thread of a message. It notifies people, which an edit does not. Throws `RetryLaterError`. */
export async function postReply(
  { client, log }: ChatOptions,
  message: Message,
  { messageRef: { channel, ts }, isBroadcast }: ReplyTarget,
): Promise<PostResult> {
  const content = { validMessage: withinLimits(message).message, original: message };
  const posted = await attempt(log, () => post(client, content, { channel, thread: { ts, isBroadcast } }));
  return posted.kind === 'not_found' ? { kind: 'cannot_post', code: 'message_not_found' } : posted;
}

export interface EphemeralTarget {
  readonly channel: string;
  readonly user: string;
  readonly threadTs: string | null;
}

/** Posts a message that only one person of a channel sees. Slack cannot update it by its `ts`. Throws `RetryLaterError`. */
export async function postEphemeral(
  { client, log }: { readonly client: EphemeralClient; readonly log: Logger },
  message: Message,
  { threadTs, ...target }: EphemeralTarget,
): Promise<{ readonly kind: 'posted' | 'cannot_post' }> {
  const content = { validMessage: withinLimits(message).message, original: message };
  const thread = threadTs === null ? {} : { thread_ts: threadTs };
  const { kind } = await attempt(log, async () => {
    const { message_ts: ts = '' } = await withTextFallback(content, ({ text, blocks }) =>
      client.chat.postEphemeral({ ...target, ...thread, text, blocks: [...blocks] }),
    );
    return { kind: 'posted', messageRef: { channel: target.channel, ts } };
  });
  return { kind: kind === 'posted' ? 'posted' : 'cannot_post' };
}

interface Content {
  readonly validMessage: Message;
  readonly original: Message;
}

async function update(client: ChatClient, content: Content, messageRef: MessageRef): Promise<PostResult> {
  await withTextFallback(content, ({ text, blocks }) =>
    client.chat.update({ ...messageRef, text, blocks: [...blocks] }),
  );
  return { kind: 'posted', messageRef };
}

interface Destination {
  readonly channel: string;
  readonly thread: Thread | null;
}

async function post(client: ChatClient, content: Content, { channel, thread }: Destination): Promise<PostResult> {
  const response = await withTextFallback(content, ({ text, blocks }) => {
    const message = { channel, text, blocks: [...blocks], unfurl_links: false, unfurl_media: false };
    if (thread === null) return client.chat.postMessage(message);
    return client.chat.postMessage({ ...message, thread_ts: thread.ts, reply_broadcast: thread.isBroadcast });
  });
  if (response.ts === undefined) throw new RetryLaterError(transientRetryDelayMs);
  return { kind: 'posted', messageRef: { channel: response.channel ?? channel, ts: response.ts } };
}

async function withTextFallback<T>(
  { validMessage, original }: Content,
  send: (message: Message) => Promise<T>,
): Promise<T> {
  try {
    return await send(validMessage);
  } catch (error) {
    if (validMessage.blocks.length === 0 || !invalidContent.has(slackErrorCode(error) ?? '')) throw error;
    return send(textOnly(original));
  }
}

/** Turns an error of Slack into a result. A transient error is logged and thrown as `RetryLaterError`. */
async function attempt(
  log: Logger,
  call: () => Promise<PostResult>,
): Promise<PostResult | { readonly kind: 'not_found' }> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof RetryLaterError) throw error;
    const code = slackErrorCode(error);
    const delayMs = retryDelay(error, code);
    if (delayMs === null) {
      return code === null || cannotUpdate.has(code) ? { kind: 'not_found' } : { kind: 'cannot_post', code };
    }
    const details = code === null ? { error: serializeError(error) } : { code };
    log.warn({ ...details, delayMs }, 'Slack did not accept a message, retrying later');
    throw new RetryLaterError(delayMs, { cause: error });
  }
}

/** How long to wait before the same call can succeed, ms. Returns null for a permanent error. */
export function retryDelay(error: unknown, code: string | null): number | null {
  if (error instanceof webApi.WebAPIRateLimitedError) return error.retryAfter * 1_000;
  if (code === null || isTransient(code)) return transientRetryDelayMs;
  return recoverable.has(code) ? recoverableRetryDelayMs : null;
}
