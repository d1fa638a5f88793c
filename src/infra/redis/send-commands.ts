import { DatabaseRefusedError, StoreRefusedError, StoreUnavailableError } from '../../application/errors.ts';
import { connectionFaultOf, databaseRefusal, type RedisClient, whenReady } from './client.ts';
import { toConnectionFault } from './connection-fault.ts';

const readyTimeoutMs = 1_500;

/**
 * Sends commands to the bot's Redis. Throws `StoreUnavailableError`: with `sent: 'no'` if the connection was down before
 * anything was sent, with `sent: 'unknown'` if a reply was lost. Throws `StoreRefusedError` if the server refuses the command
 * because of its configuration. Other errors of the server are bugs and pass through.
 */
export async function sendCommands<T>(client: RedisClient, send: (client: RedisClient) => Promise<T>): Promise<T> {
  if (!(await whenReady(client, readyTimeoutMs))) {
    const refusal = databaseRefusal(client);
    if (refusal !== null) throw new DatabaseRefusedError({ cause: refusal });
    throw new StoreUnavailableError('no', { cause: new Error('not connected'), fault: connectionFaultOf(client) });
  }
  try {
    return await send(client);
  } catch (error) {
    if (!isPermanentReplyError(error)) throw new StoreUnavailableError('unknown', { cause: error });
    const fault = toConnectionFault(error);
    throw fault.kind === 'other' ? error : new StoreRefusedError(fault, { cause: error });
  }
}

/** Returns true if the server refused the command. Returns false if it did not reply, or cannot serve for now. */
export function isPermanentReplyError(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && !isTransient(error.message);
}

/** Returns whether an error reply means that the server cannot serve for now. */
function isTransient(message: string): boolean {
  return /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|UNBLOCKED|MISCONF|NOREPLICAS)\b/.test(message);
}
