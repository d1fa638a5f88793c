import { randomBytes } from 'node:crypto';
import type { UseCaseContext } from '../../application/context.ts';
import { StoreUnavailableError } from '../../application/errors.ts';
import type { Refusal, RefusalCode } from '../../domain/refusal.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';
import type { Fetch } from '../api-calls.ts';
import type { Authorizer } from '../authorizer.ts';
import { readOperationRef, type SlackRequest } from '../contract.ts';
import { postToResponseUrl, type ResponseMode } from '../notifier/response-url.ts';
import type { OnRequestRejected } from '../receivers/rejection.ts';
import { type Message, textMessage } from '../views/blocks.ts';
import { buildRefusal } from '../views/refusal.ts';

/** What every handler is given. */
export interface ListenerContext {
  readonly deps: UseCaseContext;
  readonly authorizer: Authorizer;
  readonly format: Formatter;
  /** `settings.showErrors`: failed tasks' masked reasons may be shown to everybody. */
  readonly showErrors: boolean;
  /** Is told of each request that gets nothing done for whom it comes from. */
  readonly onRequestRejected?: OnRequestRejected | undefined;
  /** Aborted when the bot stops: nothing waits any longer then. */
  readonly stopSignal: AbortSignal;
  /** How a response_url is posted to. */
  readonly responseUrlFetch?: Fetch;
  /** Is told of each refusal. */
  readonly onRefusal?: ((code: RefusalCode) => void) | undefined;
}

const maxAttempts = 5;
const maxRetryDelayMs = 30_000;

/** Answers the person who spoke, and nobody else. Tries again when Slack did not take it, for a minute or so; never throws. */
export async function respond(
  context: ListenerContext,
  request: SlackRequest,
  message: Message,
  mode: ResponseMode = 'new',
): Promise<void> {
  const target = { url: request.responseUrl, send: context.responseUrlFetch };
  let result = await postToResponseUrl(target, message, mode);
  for (
    let attempt = 1;
    result.kind === 'later' && attempt < maxAttempts && result.retryAfterMs <= maxRetryDelayMs;
    attempt++
  ) {
    if (context.stopSignal.aborted) break;
    await context.deps.clock.sleep(result.retryAfterMs, context.stopSignal);
    result = await postToResponseUrl(target, message, mode);
  }
  if (result.kind !== 'done')
    context.deps.log.warn(
      { ...operationFields(request), channel: request.channel, kind: result.kind },
      'answer could not be shown',
    );
}

/** Says a refusal; `verb` is what was asked for, to suggest it with the name repaired. */
export async function respondWithRefusal(
  context: ListenerContext,
  request: SlackRequest,
  refusal: Refusal,
  verb: string | null = null,
): Promise<void> {
  const { user, channel } = request;
  context.onRefusal?.(refusal.code);
  context.deps.log.info({ ...operationFields(request), user, channel, code: refusal.code }, 'refused in Slack');
  await respond(
    context,
    request,
    buildRefusal({ refusal, verb, format: context.format, now: await refusalTime(context, refusal) }),
  );
}

/** Slack may deliver twice, over two sockets: only the first delivery within ten minutes counts. */
export async function isFirstDelivery({ deps }: ListenerContext, { triggerId, user }: SlackRequest): Promise<boolean> {
  if (triggerId === null) return true;
  try {
    const isFirst = await deps.deduplication.claimOnce(`trigger:${triggerId}`, 10 * 60_000);
    if (!isFirst) deps.log.info({ user }, 'second delivery dropped');
    return isFirst;
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw new StoreUnavailableError('no', { cause: error });
    throw error;
  }
}

/** A fault becomes a sentence; the log line with the same id says what it was. Nothing raw reaches Slack. */
export async function respondWithError(context: ListenerContext, request: SlackRequest, error: unknown): Promise<void> {
  if (error instanceof StoreUnavailableError) {
    context.deps.log.warn(
      { ...operationFields(request), error: serializeError(error) },
      'not done: Redis did not answer',
    );
    return respond(context, request, textMessage(messages.notices.storeUnavailable));
  }
  const logId = randomBytes(4).toString('hex');
  context.deps.log.error(
    { ...operationFields(request), logId, error: serializeError(error) },
    'a Slack request failed',
  );
  await respond(context, request, textMessage(messages.notices.internalError(logId)));
}

/** The operation that a press is about, for a log line. */
function operationFields(request: SlackRequest & { readonly value?: unknown }) {
  const ref = readOperationRef(request.value);
  return ref === null ? {} : { project: ref.project, operationId: ref.operation };
}

/** Sentences that tell a duration need the clock of Redis; the others do without it. */
async function refusalTime({ deps }: ListenerContext, refusal: Refusal): Promise<number> {
  return 'since' in refusal ? deps.serverClock.now() : deps.clock.now();
}

/** The part of Bolt's listener arguments that is used. */
export interface ListenerArgs {
  readonly ack: () => Promise<void>;
  readonly body: unknown;
}

/**
 * A Bolt listener in four steps: ack, decode, decide, say. The ack comes before any I/O (Slack waits 3 s), and a failed one
 * neither stops nor repeats the work: it fails while a socket is being replaced, when the request has arrived all the same.
 * A second delivery is dropped, unless the work knows its own repeats: then it does not wait to be told. Never throws.
 */
export function createListener<T extends SlackRequest>(
  context: ListenerContext,
  decode: (body: unknown) => T | null,
  listener: (context: ListenerContext, request: T) => Promise<void>,
  duplicates: 'dropped' | 'harmless' = 'dropped',
): (args: ListenerArgs) => Promise<void> {
  const { log } = context.deps;
  return async ({ ack, body }) => {
    await ack().catch((error: unknown) => log.warn({ error: serializeError(error) }, 'ack did not reach Slack'));
    const request = decode(body);
    if (request === null) return log.warn({}, 'request of Slack not understood');
    try {
      const refusal = context.authorizer.checkTeam(request);
      if (refusal !== null) {
        context.onRequestRejected?.('other_team');
        return await respondWithRefusal(context, request, refusal);
      }
      if (duplicates === 'dropped' && !(await isFirstDelivery(context, request))) return;
      await listener(context, request);
    } catch (error) {
      await respondWithError(context, request, error);
    }
  };
}

/** A button of an older version of the bot, or one whose value cannot be read. */
export async function respondOutdatedButton(context: ListenerContext, request: SlackRequest): Promise<void> {
  await respond(context, request, textMessage(messages.notices.outdatedButton(context.format)));
}
