import { loggedFault } from '../../domain/logged-fault.ts';
import type { Heard } from '../contract.ts';
import { type Desk, isFirstDelivery, refuse, sayFault } from './desk.ts';

/** The part of Bolt's listener arguments that is used. */
export interface Delivered {
  readonly ack: () => Promise<void>;
  readonly body: unknown;
}

/**
 * A Bolt listener in four steps: ack, decode, decide, say. The ack comes before any I/O (Slack waits 3 s), and a failed one
 * neither stops nor repeats the work: it fails while a socket is being replaced, when the request has arrived all the same.
 * A second delivery is dropped, unless the work knows its own repeats: then it does not wait to be told. Never throws.
 */
export function listen<T extends Heard>(
  desk: Desk,
  decode: (body: unknown) => T | null,
  work: (desk: Desk, heard: T) => Promise<void>,
  repeats: 'dropped' | 'harmless' = 'dropped',
): (delivered: Delivered) => Promise<void> {
  const { log } = desk.deps;
  return async ({ ack, body }) => {
    await ack().catch((error: unknown) => log.warn({ error: loggedFault(error) }, 'ack did not reach Slack'));
    const heard = decode(body);
    if (heard === null) return log.warn({}, 'request of Slack not understood');
    try {
      const stranger = desk.directory.refuseStranger(heard);
      if (stranger !== null) {
        desk.onRejected?.('other_team');
        return await refuse(desk, heard, stranger);
      }
      if (repeats === 'dropped' && !(await isFirstDelivery(desk, heard))) return;
      await work(desk, heard);
    } catch (error) {
      await sayFault(desk, heard, error);
    }
  };
}
