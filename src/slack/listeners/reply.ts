import type { types } from '@slack/bolt';
import type { UseCaseContext } from '../../application/context.ts';
import { RetryLaterError } from '../../application/errors.ts';
import type { Fetch } from '../api-calls.ts';
import { type ChatClient, type EphemeralClient, postEphemeral, postOrUpdate } from '../notifier/channel-message.ts';
import { type HomeClient, publishView } from '../notifier/home-view.ts';
import { type ModalContent, updateModal, type ViewClient } from '../notifier/modal.ts';
import { postToResponseUrl, type ResponseMode } from '../notifier/response-url.ts';
import type { ReplyTarget, SlackRequest, ViewTarget } from '../requests.ts';
import type { Message } from '../views/blocks.ts';

export type ReplyClient = ChatClient & EphemeralClient & ViewClient & HomeClient;

export interface ReplyContext extends Pick<UseCaseContext, 'clock' | 'log' | 'stopSignal'> {
  readonly client: ReplyClient;
  readonly responseUrlFetch?: Fetch;
}

export interface Reply {
  readonly message: Message;
  readonly mode?: ResponseMode | undefined;
  /** What a modal shows instead of the message. */
  readonly page?: types.ModalView | undefined;
}

const maxAttempts = 5;
const maxRetryDelayMs = 30_000;

/**
 * Sends a message only to the person who sent the request, with up to five attempts. Returns the target of the next answer
 * to this request. Never throws.
 */
export async function sendReply(context: ReplyContext, request: SlackRequest, reply: Reply): Promise<ReplyTarget> {
  const { clock, log, stopSignal } = context;
  for (let attempt = 1; ; attempt++) {
    const result = await sendOnce(context, request, reply);
    if (result.kind === 'done') return result.next ?? request.replyTo;
    const canRetry = result.kind === 'retry' && attempt < maxAttempts && result.retryAfterMs <= maxRetryDelayMs;
    if (!canRetry || stopSignal.aborted) {
      log.warn({ kind: result.kind }, 'answer not sent');
      return request.replyTo;
    }
    await clock.sleep(result.retryAfterMs, stopSignal);
  }
}

async function sendOnce(
  context: ReplyContext,
  request: SlackRequest,
  { message, mode = 'new', page }: Reply,
): Promise<SendResult> {
  const { replyTo, threadTs } = request;
  switch (replyTo.kind) {
    case 'response_url':
      return postToResponseUrl({ url: replyTo.url, threadTs, send: context.responseUrlFetch }, message, mode);
    case 'ephemeral':
      return sendEphemeral(context, request, message);
    case 'home':
      return orRetry(async () => {
        const published = await publishView(context, { user: request.user, message, hash: null });
        return { kind: published.kind === 'published' ? 'done' : 'expired' };
      });
    case 'view':
      return replaceView(context, replyTo, { message, page, origin: request });
    case 'closed':
      return { kind: 'done' };
    default:
      return replyTo satisfies never;
  }
}

/** `outdated`: the modal shows the answer to a newer press. `next`: the target of the next answer, if it is another one. */
type SendResult =
  | { readonly kind: 'done'; readonly next?: ReplyTarget }
  | { readonly kind: 'expired' | 'outdated' }
  | { readonly kind: 'retry'; readonly retryAfterMs: number };

/** A modal shows one answer: also a new message replaces its content. */
async function replaceView({ client }: ReplyContext, replyTo: ViewTarget, content: ModalContent): Promise<SendResult> {
  const result = await updateModal(client, replyTo, content);
  return result.kind === 'done' ? { kind: 'done', next: { ...replyTo, hash: result.hash } } : result;
}

/** Sends a direct message where Slack refuses an ephemeral one, for example after the person has left the channel. */
async function sendEphemeral(
  context: ReplyContext,
  { channel, user, threadTs }: SlackRequest,
  message: Message,
): Promise<SendResult> {
  return orRetry(async () => {
    if (channel !== null) {
      const posted = await postEphemeral(context, message, { channel, user, threadTs });
      if (posted.kind === 'posted') return { kind: 'done' };
    }
    const direct = await postOrUpdate(context, message, { messageRef: null, channel: user });
    return { kind: direct.kind === 'posted' ? 'done' : 'expired' };
  });
}

async function orRetry(send: () => Promise<SendResult>): Promise<SendResult> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof RetryLaterError) return { kind: 'retry', retryAfterMs: error.delayMs };
    throw error;
  }
}
