import { backoffMs } from '../lib/retry.ts';
import type { UseCaseContext } from './context.ts';
import { RetryLaterError, StoreUnavailableError } from './errors.ts';
import { entryTime, type ProjectEntry, readAudit } from './read-audit.ts';

/** Sends entries to the receiver, oldest first. Throws `AuditNotDeliveredError` if it has not accepted all of them. */
export type SendAudit = (entries: readonly ProjectEntry[]) => Promise<void>;

/** The receiver did not answer, or refused. `status` is that of its HTTP response, or null without one. */
export class AuditNotDeliveredError extends Error {
  override readonly name = 'AuditNotDeliveredError';
  readonly status: number | null;

  constructor(status: number | null, options?: ErrorOptions) {
    super(status === null ? 'no response' : `HTTP status ${status}`, options);
    this.status = status;
  }
}

/** Receives what this process delivers. */
export interface AuditDeliveryListener {
  /** The receiver has accepted so many entries. */
  onAccepted(entries: number): void;
  /** The receiver did not answer, or refused. */
  onFailure(): void;
  /** The receiver has all entries before this time, epoch ms. */
  onDeliveredUntil(at: number): void;
}

type Context = Pick<UseCaseContext, 'auditLog' | 'auditDelivery' | 'serverClock' | 'stopSignal' | 'log'>;

/** A request has about so many entries. Entries of one millisecond are not separated. */
const entriesPerRequest = 200;
/** Newer entries are left to the next time: the nodes of a Redis Cluster have their own clocks. */
const settleMs = 5_000;
const retry = { initialMs: 5_000, maxMs: 10 * 60_000 };

/**
 * Sends the audit log of all projects to the receiver, in the order of time, each entry at least once. What it has accepted is
 * recorded, so any bot may go on. The first call only records the time: entries from then on are sent.
 */
export class AuditDelivery {
  readonly #context: Context;
  readonly #send: SendAudit;
  readonly #listener: AuditDeliveryListener | null;
  #failures = 0;

  constructor(context: Context, send: SendAudit, listener: AuditDeliveryListener | null = null) {
    this.#context = context;
    this.#send = send;
    this.#listener = listener;
  }

  /** Throws `RetryLaterError` if the receiver does not accept the entries, and `StoreUnavailableError`. */
  async run(): Promise<void> {
    const { auditDelivery, serverClock } = this.#context;
    const [since, now] = await Promise.all([auditDelivery.read(), serverClock.now()]);
    if (since === null) {
      await auditDelivery.save(Math.floor(now));
      this.#listener?.onDeliveredUntil(now);
      return;
    }
    let entries: ProjectEntry[] = [];
    for await (const next of readAudit(this.#context, { since, order: 'oldest_first', limit: null })) {
      if (entryTime(next.entry) >= now - settleMs) break;
      if (entries.length >= entriesPerRequest && endOf(entries) <= entryTime(next.entry)) {
        await this.#deliver(entries);
        entries = [];
      }
      entries.push(next);
    }
    if (entries.length > 0) await this.#deliver(entries);
    this.#listener?.onDeliveredUntil(now - settleMs);
  }

  async #deliver(entries: readonly ProjectEntry[]): Promise<void> {
    const { auditDelivery, stopSignal, log } = this.#context;
    stopSignal.throwIfAborted();
    try {
      await this.#send(entries);
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      this.#failures += 1;
      this.#listener?.onFailure();
      this.#listener?.onDeliveredUntil(startOf(entries));
      const status = error instanceof AuditNotDeliveredError ? error.status : null;
      if (this.#failures === 1) log.warn({ status, error }, 'audit webhook failed, entries are kept and sent later');
      throw new RetryLaterError(backoffMs({ ...retry, attempts: this.#failures }), { cause: error });
    }
    if (this.#failures > 0) log.info({ failures: this.#failures }, 'audit webhook recovered');
    this.#failures = 0;
    this.#listener?.onAccepted(entries.length);
    await auditDelivery.save(endOf(entries));
  }
}

function startOf([first]: readonly ProjectEntry[]): number {
  return first === undefined ? 0 : entryTime(first.entry);
}

/** The first millisecond after the last entry. */
function endOf(entries: readonly ProjectEntry[]): number {
  const last = entries.at(-1);
  return last === undefined ? 0 : entryTime(last.entry) + 1;
}
