import { randomBytes } from 'node:crypto';
import type { UseCaseContext } from '../../application/deps.ts';
import { StoreUnavailableError } from '../../application/faults.ts';
import { serializeError } from '../../domain/logged-fault.ts';
import type { Refusal, RefusalCode } from '../../domain/refusal.ts';
import type { Formatter } from '../../domain/words.ts';
import type { Message } from '../blocks.ts';
import type { Fetch } from '../calls.ts';
import { readOperationRef, type SlackRequest } from '../contract.ts';
import type { Authorizer } from '../directory.ts';
import type { OnRequestRejected } from '../rejection.ts';
import { postToResponseUrl, type ResponseMode } from '../response-url.ts';
import { buildInternalError, buildRefusal, buildStoreUnavailable } from '../views/refusal.ts';

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
    const isFirst = await deps.store.claimOnce(`trigger:${triggerId}`, 10 * 60_000);
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
    return respond(context, request, buildStoreUnavailable());
  }
  const logId = randomBytes(4).toString('hex');
  context.deps.log.error(
    { ...operationFields(request), logId, error: serializeError(error) },
    'a Slack request failed',
  );
  await respond(context, request, buildInternalError(logId));
}

/** The operation that a press is about, for a log line. */
function operationFields(request: SlackRequest & { readonly value?: unknown }) {
  const ref = readOperationRef(request.value);
  return ref === null ? {} : { project: ref.project, operationId: ref.operation };
}

/** Sentences that tell a duration need the clock of Redis; the others do without it. */
async function refusalTime({ deps }: ListenerContext, refusal: Refusal): Promise<number> {
  return 'since' in refusal ? deps.store.now() : deps.clock.now();
}
