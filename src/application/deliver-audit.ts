import { backoffMs } from '../lib/retry.ts';
import type { UseCaseContext } from './context.ts';
import { RetryLaterError } from './errors.ts';
import { entryTime, type ProjectEntry, readAudit } from './read-audit.ts';
import type { AuditDeliveryState } from './stores.ts';

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
 * recorded, and so are failures, so any bot may go on. The first call only records the time: entries from then on are sent.
 */
export class AuditDelivery {
  readonly #context: Context;
  readonly #send: SendAudit;
  readonly #listener: AuditDeliveryListener | null;

  constructor(context: Context, send: SendAudit, listener: AuditDeliveryListener | null = null) {
    this.#context = context;
    this.#send = send;
    this.#listener = listener;
  }

  /** Throws `RetryLaterError` if the receiver does not accept the entries, and `StoreUnavailableError`. */
  async run(): Promise<void> {
    const { auditDelivery, serverClock } = this.#context;
    const [stored, now] = await Promise.all([auditDelivery.read(), serverClock.now()]);
    if (stored === null) {
      await auditDelivery.save({ deliveredUntil: Math.floor(now), failures: 0 });
      this.#listener?.onDeliveredUntil(now);
      return;
    }
    let state = stored;
    let entries: ProjectEntry[] = [];
    const since = stored.deliveredUntil;
    for await (const next of readAudit(this.#context, { since, order: 'oldest_first', limit: null })) {
      if (entryTime(next.entry) >= now - settleMs) break;
      if (entries.length >= entriesPerRequest && endOf(entries) <= entryTime(next.entry)) {
        state = await this.#deliver(entries, state);
        entries = [];
      }
      entries.push(next);
    }
    if (entries.length > 0) await this.#deliver(entries, state);
    this.#listener?.onDeliveredUntil(now - settleMs);
  }

  /** Returns what it has recorded. */
  async #deliver(entries: readonly ProjectEntry[], state: AuditDeliveryState): Promise<AuditDeliveryState> {
    const { auditDelivery, stopSignal, log } = this.#context;
    stopSignal.throwIfAborted();
    try {
      await this.#send(entries);
    } catch (error) {
      const failures = state.failures + 1;
      this.#listener?.onFailure();
      this.#listener?.onDeliveredUntil(startOf(entries));
      const status = error instanceof AuditNotDeliveredError ? error.status : null;
      if (failures === 1) log.warn({ status, error }, 'audit webhook failed, entries are kept and sent later');
      await auditDelivery.save({ ...state, failures });
      throw new RetryLaterError(backoffMs({ ...retry, attempts: failures }), { cause: error });
    }
    if (state.failures > 0) log.info({ failures: state.failures }, 'audit webhook recovered');
    this.#listener?.onAccepted(entries.length);
    const accepted = { deliveredUntil: endOf(entries), failures: 0 };
    await auditDelivery.save(accepted);
    return accepted;
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
