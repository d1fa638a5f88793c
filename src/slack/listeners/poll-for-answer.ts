import { StoreUnavailableError } from '../../application/errors.ts';
import { messages } from '../../messages/catalog.ts';
import { type Message, textMessage } from '../views/blocks.ts';
import type { ListenerContext, ListenerResult } from './listener.ts';

const pollIntervalMs = 2_000;
const pollTimeoutMs = 2 * 60_000;

/** The record whose dialog was answered: an operation or a batch. */
export interface PolledAnswer<Answered extends { readonly state: string }> {
  /** Throws `StoreUnavailableError`. */
  readonly read: () => Promise<Answered | null>;
  /** The record does not exist any more. */
  readonly onUnknown: () => ListenerResult;
  /** Asks the notifier to replace the dialog. */
  readonly notify: () => Promise<void>;
  /** Redis has not answered for too long. */
  readonly outcomeUnknown: () => Message;
}

/** After the reply of Redis to a press was lost: reads the record until it shows whether the press was applied. */
export async function pollForAnswer<Answered extends { readonly state: string }>(
  { clock, stopSignal }: Pick<ListenerContext, 'clock' | 'stopSignal'>,
  { read, onUnknown, notify, outcomeUnknown }: PolledAnswer<Answered>,
): Promise<ListenerResult> {
  const deadline = clock.monotonicNow() + pollTimeoutMs;
  while (clock.monotonicNow() < deadline && !stopSignal.aborted) {
    await clock.sleep(pollIntervalMs, stopSignal);
    const attempt = await tryToRead(read);
    if (attempt.kind === 'unavailable') continue;
    if (attempt.answered === null) return onUnknown();
    if (attempt.answered.state === 'requested')
      return { kind: 'message', message: textMessage(messages.requestFailures.storeUnavailable) };
    await notify();
    return { kind: 'notified' };
  }
  return { kind: 'message', message: outcomeUnknown() };
}

type ReadAttempt<Answered> =
  | { readonly kind: 'read'; readonly answered: Answered | null }
  | { readonly kind: 'unavailable' };

async function tryToRead<Answered>(read: () => Promise<Answered | null>): Promise<ReadAttempt<Answered>> {
  try {
    return { kind: 'read', answered: await read() };
  } catch (error) {
    if (error instanceof StoreUnavailableError) return { kind: 'unavailable' };
    throw error;
  }
}
