import { serializeError } from '../../domain/logged-fault.ts';
import type { SlackRequest } from '../contract.ts';
import { isFirstDelivery, type ListenerContext, respondWithError, respondWithRefusal } from './desk.ts';

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
