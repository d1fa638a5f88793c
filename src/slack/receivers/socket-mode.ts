import { setTimeout as sleep } from 'node:timers/promises';
import { type App, type Receiver, webApi } from '@slack/bolt';
import type { Logger } from '../../application/context.ts';
import { backoffMs } from '../../lib/retry.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import type { SlackConnectionError } from '../slack-connection-error.ts';
import { toAuthError, toSlackConnectionError } from '../slack-errors.ts';
import type { SlackReceiver } from './receiver.ts';
import { defaultSocketTiming, SocketModeConnection, type SocketTiming } from './socket-mode-connection.ts';

export interface SocketModeReceiverOptions {
  readonly appToken: string;
  /** Options for the call of `apps.connections.open`. */
  readonly webClientOptions: webApi.WebClientOptions;
  readonly log: Logger;
  /** Called when Slack no longer accepts the app token. The receiver does not reconnect then. */
  readonly onAuthError: (error: SlackConnectionError) => void;
  readonly timing?: SocketTiming;
}

/** Socket Mode: the bot opens WebSockets to Slack and gets requests through them. */
export function createSocketModeReceiver(options: SocketModeReceiverOptions): SlackReceiver {
  return new ReconnectingReceiver(options);
}

/**
 * Keeps one stable connection: an open one, for which Slack has announced no close. When Slack announces it, the receiver opens
 * another connection first and closes the old one then. When it cannot open another one, the old one stays in use.
 */
class ReconnectingReceiver implements SlackReceiver {
  readonly boltReceiver: Receiver;
  readonly #options: SocketModeReceiverOptions;
  readonly #timing: SocketTiming;
  readonly #connections = new Set<SocketModeConnection>();
  readonly #stopping = new AbortController();
  #app: App | null = null;
  #isStarted = false;
  #isReconnecting = false;
  /** Attempts since the last connection that was open for `stableAfterMs`. */
  #attempts = 0;
  #connectedAt = 0;
  #disconnectedAt: number | null = null;

  constructor(options: SocketModeReceiverOptions) {
    this.#options = options;
    this.#timing = options.timing ?? defaultSocketTiming;
    this.boltReceiver = {
      init: (app) => {
        this.#app = app;
      },
      start: () => this.start(),
      stop: () => this.stop(),
    };
  }

  get isReady(): boolean {
    return [...this.#connections].some(
      ({ isOpen, disconnectReason }) => isOpen && disconnectReason !== 'link_disabled',
    );
  }

  async start(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      throw toSlackConnectionError(error, 'app');
    }
    this.#isStarted = true;
    this.#reconcileConnections();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  /** Called at every change of a connection. Opens a stable connection if there is none, else closes the replaced ones. */
  #reconcileConnections(): void {
    for (const connection of this.#connections) if (connection.isClosed) this.#connections.delete(connection);
    if (!this.#isStarted || this.#stopping.signal.aborted) return;
    this.#recordDisconnect();
    if (this.#isReconnecting) return;
    if (this.#hasStableConnection()) {
      for (const connection of this.#connections)
        if (connection.disconnectReason !== null) connection.closeWhenReplaced();
      return;
    }
    this.#isReconnecting = true;
    void this.#reconnect().finally(() => {
      this.#isReconnecting = false;
      this.#reconcileConnections();
    });
  }

  #recordDisconnect(): void {
    if (this.isReady) this.#disconnectedAt = null;
    if (this.isReady || this.#disconnectedAt !== null) return;
    this.#disconnectedAt = performance.now();
    this.#options.log.warn({}, 'Slack connection lost');
  }

  #hasStableConnection(): boolean {
    return [...this.#connections].some(({ isOpen, disconnectReason }) => isOpen && disconnectReason === null);
  }

  /** Retries until there is a stable connection, Slack rejects the token, or the receiver stops. Never throws. */
  async #reconnect(): Promise<void> {
    const { log, onAuthError } = this.#options;
    const { signal } = this.#stopping;
    if (performance.now() - this.#connectedAt >= this.#timing.stableAfterMs) this.#attempts = 0;
    let retryAfterMs = 0;
    while (!signal.aborted && !this.#hasStableConnection()) {
      await this.#waitForBackoff(retryAfterMs);
      if (signal.aborted) return;
      const disconnectedAt = this.#disconnectedAt;
      try {
        await this.#connect();
        retryAfterMs = 0;
        const disconnectedMs = disconnectedAt === null ? 0 : Math.round(performance.now() - disconnectedAt);
        log.info({ disconnectedMs }, 'opened a new socket to Slack');
      } catch (error) {
        if (signal.aborted) return;
        const authError = toAuthError(error, 'app');
        if (authError !== null) {
          this.#stopping.abort();
          return onAuthError(authError);
        }
        retryAfterMs = error instanceof webApi.WebAPIRateLimitedError ? error.retryAfter * 1_000 : 0;
        const message = this.isReady
          ? 'no new socket to Slack yet, the old one is still open'
          : 'Slack connection not back yet';
        log.warn({ attempts: this.#attempts, error: serializeError(error) }, message);
      }
    }
  }

  async #waitForBackoff(retryAfterMs: number): Promise<void> {
    const { initialBackoffMs: initialMs, maxBackoffMs: maxMs } = this.#timing;
    const delayMs = backoffMs({ attempts: this.#attempts, initialMs, maxMs, jitter: Math.random(), retryAfterMs });
    this.#attempts += 1;
    if (delayMs > 0) await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }

  async #connect(): Promise<void> {
    this.#stopping.signal.throwIfAborted();
    if (this.#app === null) throw new Error('Bolt has not initialized this receiver');
    const { appToken, webClientOptions, log } = this.#options;
    const connection = new SocketModeConnection({
      appToken,
      webClientOptions,
      log,
      timing: this.#timing,
      app: this.#app,
      onChange: () => this.#reconcileConnections(),
    });
    this.#connections.add(connection);
    await connection.open();
    this.#connectedAt = performance.now();
  }
}
