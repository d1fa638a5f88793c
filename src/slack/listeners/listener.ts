import { randomBytes } from 'node:crypto';
import type { types } from '@slack/bolt';
import type { UseCaseContext } from '../../application/context.ts';
import { StoreUnavailableError } from '../../application/errors.ts';
import { noOperators } from '../../domain/authorization.ts';
import type { OperationRef } from '../../domain/operation.ts';
import type { Refusal, RefusalCode } from '../../domain/refusal.ts';
import { childLogger } from '../../logging/child-logger.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';
import type { Fetch } from '../api-calls.ts';
import type { Authorizer } from '../authorizer.ts';
import { readOperationRef } from '../button-values.ts';
import { suggestedHelp, suggestedList } from '../commands/suggestions.ts';
import { openModal } from '../notifier/modal.ts';
import type { ResponseMode } from '../notifier/response-url.ts';
import type { OnRequestRejected } from '../receivers/receiver.ts';
import type { BlockAction, ReplyTarget, SlackRequest } from '../requests.ts';
import type { TimeZoneReader } from '../time-zones.ts';
import { type Message, messageWithSuggestions, textMessage } from '../views/blocks.ts';
import { buildLoadingModal } from '../views/modal.ts';
import { buildRefusal, type RefusedCommand } from '../views/refusal.ts';
import { type ReplyClient, sendReply } from './reply.ts';

/** The use cases, and the services that a listener needs to authorize and to answer. */
export interface ListenerContext extends UseCaseContext {
  readonly authorizer: Authorizer;
  readonly readTimeZone: TimeZoneReader;
  readonly format: Formatter;
  /** `settings.showErrors`: whether everybody may read the masked reasons of failed tasks. */
  readonly showErrors: boolean;
  readonly client: ReplyClient;
  readonly responseUrlFetch?: Fetch;
  /** Called for each request that is rejected because of who sent it. */
  readonly onRequestRejected?: OnRequestRejected | undefined;
  /** Called for each refusal. */
  readonly onRefusal?: ((code: RefusalCode) => void) | undefined;
  readonly traceRequest?: TraceRequest | undefined;
  /** Called when the person has the answer, if something follows it. */
  readonly onAnswered?: () => void;
}

/** Runs a request in a trace. `handle` calls `end` if it goes on after the answer. */
export type TraceRequest = (request: TracedRequest, handle: (end?: () => void) => Promise<void>) => Promise<void>;

export interface TracedRequest {
  readonly kind: 'command' | 'button' | 'event';
  /** Of a button. */
  readonly actionId: string | null;
  /** The operation of the button, or null. */
  readonly operation: OperationRef | null;
}

/** What a listener returns. Only `createListener` sends it. */
export type ListenerResult =
  | {
      readonly kind: 'message';
      readonly message: Message;
      /** What a modal shows instead of the message: a page with inputs or a submit button. */
      readonly page?: types.ModalView;
      /** `replace` edits the message whose button was pressed. */
      readonly mode?: ResponseMode;
      /** Runs after the message is sent and returns a second result. */
      readonly followUp?: () => Promise<ListenerResult>;
    }
  | {
      readonly kind: 'refusal';
      readonly refusal: Refusal;
      /** What was requested. The view suggests it again with the corrected name. */
      readonly command: RefusedCommand | null;
      /** Returns what a modal shows instead of the message of the refusal. */
      readonly page?: (answer: Message) => types.ModalView;
      readonly mode?: ResponseMode;
      /** Writes the refusal to the audit log, after the answer is sent. */
      readonly record?: () => Promise<void>;
    }
  /** The notifier sends the answer. `followUp` runs afterwards. */
  | { readonly kind: 'notified'; readonly followUp?: () => Promise<void> };

/** Decides one decoded request. */
export type Listener<Request extends SlackRequest> = (
  context: ListenerContext,
  request: Request,
) => Promise<ListenerResult>;

/** The part of Bolt's listener arguments that is used. */
export interface ListenerArgs {
  readonly ack: () => Promise<void>;
  readonly body: unknown;
}

export interface ListenerOptions<Request extends SlackRequest> {
  /** Returns null when the body is not a request of this type. */
  readonly decode: (body: unknown) => Request | null;
  readonly run: Listener<Request>;
  /**
   * Slack may deliver a request twice. `before_run` drops the second delivery. `before_refusal` runs it, because the
   * operation store recognizes a repeated press. It drops only a repeated refusal.
   */
  readonly deduplicate?: 'before_run' | 'before_refusal';
}

/**
 * A Bolt listener: acknowledge, decode, open the modal, check the team, drop duplicates, run, respond. Changing requests are
 * authorized in `run`. The listener acknowledges before any I/O, because Slack waits 3 s. A failed acknowledgement changes
 * nothing: the request has arrived, only its socket was replaced. Never throws.
 */
export function createListener<Request extends SlackRequest>(
  appContext: ListenerContext,
  { decode, run, deduplicate = 'before_run' }: ListenerOptions<Request>,
): (args: ListenerArgs) => Promise<void> {
  return async ({ ack, body }) => {
    const { log } = appContext;
    await ack().catch((error: unknown) => log.warn({ error: serializeError(error) }, 'acknowledgement not sent'));
    const decoded = decode(body);
    if (decoded === null) return log.warn({}, 'Slack request not decoded');
    const context = { ...appContext, log: childLogger(log, requestFields(decoded)) };
    const { traceRequest = withoutTrace } = context;
    await traceRequest(tracedRequest(decoded), async (onAnswered = () => {}) => {
      await handle({ ...context, onAnswered }, decoded, { run, deduplicate });
    });
  };
}

const withoutTrace: TraceRequest = (_request, handle) => handle();

async function handle<Request extends SlackRequest>(
  context: ListenerContext,
  decoded: Request,
  { run, deduplicate }: Pick<ListenerOptions<Request>, 'run' | 'deduplicate'>,
): Promise<void> {
  const request = { ...decoded, replyTo: await openReplyTarget(context, decoded) };
  try {
    const refusal = context.authorizer.checkTeam(request);
    if (refusal !== null) {
      context.onRequestRejected?.('other_team');
      return await respond(context, request, { kind: 'refusal', refusal, command: null });
    }
    if (deduplicate === 'before_run') {
      if (!(await isFirstDelivery(context, request)) || !(await isFirstPress(context, request))) return;
    }
    const result = await run(context, request);
    if (result.kind === 'refusal' && deduplicate === 'before_refusal') {
      if (!(await isFirstDelivery(context, request))) return;
    }
    await respond(context, request, result);
  } catch (error) {
    await respond(context, request, { kind: 'message', message: messageForError(context, error) });
  }
}

/** Opens the modal for the answer at once, since its trigger expires after 3 s. */
async function openReplyTarget({ client, log }: ListenerContext, request: SlackRequest): Promise<ReplyTarget> {
  const { modalTrigger, replyTo } = request;
  if (modalTrigger === null) return replyTo;
  const opened = await openModal(client, modalTrigger, buildLoadingModal(request));
  if (opened.kind === 'opened') return { kind: 'view', viewId: opened.viewId, hash: opened.hash };
  log.warn({ error: serializeError(opened.error) }, 'modal not opened, answering with a message');
  return replyTo;
}

/** A button of an older version of the bot, or a button whose value cannot be decoded. */
export async function onOutdatedButton({ format }: ListenerContext): Promise<ListenerResult> {
  const text = messages.requestFailures.outdatedButton(format);
  return { kind: 'message', message: messageWithSuggestions(text, [suggestedHelp]) };
}

/** A press of OK in a modal has a value, as a button has. */
function tracedRequest(request: SlackRequest & Partial<BlockAction> & { readonly text?: string }): TracedRequest {
  const { actionId = null, value, text } = request;
  const kind = text === undefined ? (value === undefined ? 'event' : 'button') : 'command';
  return { kind, actionId, operation: readOperationRef(value) };
}

/** Who sent the request, where, and the operation of a pressed button, for log lines. */
function requestFields({ user, channel, ...request }: SlackRequest & { readonly value?: unknown }): object {
  const ref = readOperationRef(request.value);
  return { user, channel, ...(ref === null ? {} : { project: ref.project, operationId: ref.operation }) };
}

/**
 * Returns false for a request that was delivered before, to any process. A signed HTTP request can be replayed for ten minutes,
 * when its timestamp is five minutes ahead of the bot's clock.
 */
async function isFirstDelivery(context: ListenerContext, { deliveryId }: SlackRequest): Promise<boolean> {
  if (deliveryId === null) return true;
  const isFirst = await context.deduplication.claimOnce(`trigger:${deliveryId}`, 11 * 60_000);
  if (!isFirst) context.log.info({}, 'second delivery dropped');
  return isFirst;
}

type Press = Partial<Pick<BlockAction, 'actionId' | 'value'>>;

/** For this time, ms, the bot drops a second press of a button on the same page of a modal. The page shows one answer only. */
const doublePressMs = 5_000;

/** Returns false for a second press of the same button on the same page of a modal, such as a double tap. */
async function isFirstPress(context: ListenerContext, { replyTo, ...press }: SlackRequest & Press): Promise<boolean> {
  if (replyTo.kind !== 'view' || replyTo.hash === null) return true;
  const key = ['page', replyTo.viewId, replyTo.hash, press.actionId, press.value].join(':');
  const isFirst = await context.deduplication.claimOnce(key, doublePressMs);
  if (!isFirst) context.log.info({}, 'second press dropped');
  return isFirst;
}

/** No raw error reaches Slack. The message and the log line share an id. */
function messageForError(context: ListenerContext, error: unknown): Message {
  if (error instanceof StoreUnavailableError) {
    context.log.warn({ error: serializeError(error) }, 'not done: Redis did not answer');
    return textMessage(messages.requestFailures.storeUnavailable);
  }
  const logId = randomBytes(4).toString('hex');
  context.log.error({ logId, error: serializeError(error) }, 'Slack request failed');
  const text = messages.requestFailures.internalError(logId, context.format);
  return messageWithSuggestions(text, [suggestedList]);
}

/** Sends a result only to the person who sent the request. */
async function respond(context: ListenerContext, request: SlackRequest, result: ListenerResult): Promise<void> {
  switch (result.kind) {
    case 'message': {
      const { message, mode, page, followUp } = result;
      const replyTo = await sendReply(context, request, { message, mode, page });
      if (followUp === undefined) return;
      context.onAnswered?.();
      return respond(context, { ...request, replyTo }, await followUp());
    }
    case 'refusal': {
      const { refusal, command, mode, page, record } = result;
      context.onRefusal?.(refusal.code);
      context.log.info({ code: refusal.code }, 'refused in Slack');
      const { authorizer, format } = context;
      const operators = refusal.code === 'not_operator' ? await authorizer.listOperators() : noOperators;
      const message = buildRefusal({ refusal, command, operators, format });
      await sendReply(context, request, { message, mode, page: page?.(message) });
      await record?.();
      return;
    }
    case 'notified':
      if (result.followUp !== undefined) context.onAnswered?.();
      return result.followUp?.();
    default:
      return result satisfies never;
  }
}
