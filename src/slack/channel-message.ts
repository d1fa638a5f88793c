import { webApi } from '@slack/bolt';
import type { Log } from '../application/deps.ts';
import { RetryLater } from '../application/faults.ts';
import { loggedFault } from '../domain/logged-fault.ts';
import type { MessageRef } from '../domain/operation.ts';
import type { Message } from './blocks.ts';
import { isPassing } from './calls.ts';
import { sendable, textOnly } from './limits.ts';
import { slackErrorCode } from './refused.ts';

export type Chat = { readonly chat: Pick<webApi.WebClient['chat'], 'postMessage' | 'update'> };

/** `closed`: the bot cannot post there, whatever it says (no member, archived, unknown, not allowed). */
export type Put =
  | { readonly kind: 'put'; readonly ref: MessageRef }
  | { readonly kind: 'closed'; readonly code: string };

export interface Placed {
  /** Where the message stands already; null: nowhere yet. */
  readonly ref: MessageRef | null;
  /** Where to post it when it stands nowhere, or when a person deleted it. */
  readonly channel: string;
}

const gone: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);
const unfit: ReadonlySet<string> = new Set([
  'invalid_blocks',
  'invalid_blocks_format',
  'msg_blocks_too_long',
  'msg_too_long',
  'no_text',
  'markdown_text_conflict',
]);
const soonMs = 5_000;
const lateMs = 30_000;
/** What passes when somebody has mended it: nothing is lost until then. */
const mendable: ReadonlySet<string> = new Set([
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
 * text. Throws RetryLater when Slack asks for that, does not answer, or does not know the token for now.
 */
export async function put(slack: Chat, message: Message, { ref, channel }: Placed, log: Log): Promise<Put> {
  const { message: fitting, faults } = sendable(message);
  if (faults.length > 0) log.error({ faults: faults.slice(0, 5) }, 'message over the limits of Slack, sent as text');
  const edited = ref === null ? 'gone' : await attempt(log, () => edit(slack, fitting, message, ref));
  if (edited !== 'gone') return edited;
  const posted = await attempt(log, () => post(slack, fitting, message, channel));
  return posted === 'gone' ? { kind: 'closed', code: 'message_not_found' } : posted;
}

async function edit(slack: Chat, fitting: Message, whole: Message, ref: MessageRef): Promise<Put> {
  await orAsText(fitting, whole, ({ text, blocks }) => slack.chat.update({ ...ref, text, blocks: [...blocks] }));
  return { kind: 'put', ref };
}

async function post(slack: Chat, fitting: Message, whole: Message, channel: string): Promise<Put> {
  const answer = await orAsText(fitting, whole, ({ text, blocks }) =>
    slack.chat.postMessage({ channel, text, blocks: [...blocks], unfurl_links: false, unfurl_media: false }),
  );
  if (answer.ts === undefined) throw new RetryLater(5_000);
  return { kind: 'put', ref: { channel: answer.channel ?? channel, ts: answer.ts } };
}

async function orAsText<T>(fitting: Message, whole: Message, send: (message: Message) => Promise<T>): Promise<T> {
  try {
    return await send(fitting);
  } catch (error) {
    if (fitting.blocks.length === 0 || !unfit.has(slackErrorCode(error) ?? '')) throw error;
    return send(textOnly(whole));
  }
}

/** Slack's answer as a value: put, gone or closed; what may pass is logged and thrown as RetryLater. */
async function attempt(log: Log, call: () => Promise<Put>): Promise<Put | 'gone'> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof RetryLater) throw error;
    const code = slackErrorCode(error);
    const afterMs = patience(error, code);
    if (afterMs !== null) {
      const what = code === null ? { error: loggedFault(error) } : { code };
      log.warn({ ...what, afterMs }, 'Slack did not take a message, it is told again later');
      throw new RetryLater(afterMs, { cause: error });
    }
    return code === null || gone.has(code) ? 'gone' : { kind: 'closed', code };
  }
}

/** How long to wait before the same call may succeed, ms; null: it will not. */
function patience(error: unknown, code: string | null): number | null {
  if (error instanceof webApi.WebAPIRateLimitedError) return error.retryAfter * 1_000;
  if (code === null || isPassing(code)) return soonMs;
  return mendable.has(code) ? lateMs : null;
}
