import type { ConnectionFault } from '../domain/connection-fault.ts';
import type { Project } from '../domain/project.ts';
import type { UseCaseContext } from './context.ts';

/**
 * The bot's Redis did not answer. `sent: 'no'`: the command was not sent, so nothing was changed. `sent: 'unknown'`: the
 * reply was lost; read the record to find out.
 */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  readonly sent: 'no' | 'unknown';
  /** Why there is no connection. Null if it was lost after the command was sent. */
  readonly fault: ConnectionFault | null;

  constructor(sent: 'no' | 'unknown', { fault = null, ...options }: ErrorOptions & { fault?: ConnectionFault | null }) {
    super("the bot's Redis did not answer", options);
    this.sent = sent;
    this.fault = fault;
  }
}

/** The bot's Redis refuses a command: no permission, or another kind of server. Nothing was changed by this command. */
export class StoreRefusedError extends Error {
  override readonly name = 'StoreRefusedError';
  readonly fault: ConnectionFault;

  constructor(fault: ConnectionFault, options: ErrorOptions) {
    super("the bot's Redis refused a command", options);
    this.fault = fault;
  }
}

/** The bot's Redis refuses the database of REDIS_URL: the user may not select it, or it does not exist. Nothing was sent. */
export class DatabaseRefusedError extends StoreUnavailableError {
  constructor(options: ErrorOptions) {
    super('no', { ...options, fault: { kind: 'wrong_database' } });
  }
}

/** The stored configuration cannot be read, and this process does not know an earlier one. */
export class ConfigurationUnreadableError extends Error {
  override readonly name = 'ConfigurationUnreadableError';
}

/** Slack did not answer, or asked for a delay (429). Try the job again after `delayMs`. */
export class RetryLaterError extends Error {
  override readonly name = 'RetryLaterError';
  readonly delayMs: number;

  constructor(delayMs: number, options?: ErrorOptions) {
    super('try again later', options);
    this.delayMs = delayMs;
  }
}

/**
 * Links did not answer this process, and another one may reach them. The job goes back to its queue, for any worker.
 * `isConnectionDown`: this process has no such connection, or the last call of the connection got no answer.
 */
export class LinksUnreachableError extends Error {
  override readonly name = 'LinksUnreachableError';
  readonly isConnectionDown: boolean;

  constructor({ isConnectionDown }: { readonly isConnectionDown: boolean }) {
    super('links did not answer');
    this.isConnectionDown = isConnectionDown;
  }
}

/**
 * Logs the error of one project; the cycle continues with the others. Rethrows `StoreUnavailableError`: without the bot's
 * Redis no project can be handled.
 */
export function logSkippedProject({ log }: Pick<UseCaseContext, 'log'>, { id }: Project, error: unknown): void {
  if (error instanceof StoreUnavailableError) throw error;
  log.error({ project: id, error }, 'project skipped in this cycle');
}
