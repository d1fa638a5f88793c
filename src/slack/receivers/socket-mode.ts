import { setTimeout as sleep } from 'node:timers/promises';
import { type App, type Receiver, webApi } from '@slack/bolt';
import type { Logger } from '../../application/context.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { type SlackConnectionError, toAuthError, toSlackConnectionError } from '../slack-errors.ts';
import type { SlackReceiver } from './receiver.ts';
import { SocketModeConnection } from './socket-mode-connection.ts';
import { backoffMs, defaultSocketTiming, type SocketTiming } from './socket-timing.ts';

export interface SocketModeReceiverOptions {
  readonly appToken: string;
  /** How `apps.connections.open` is called. */
  readonly webClientOptions: webApi.WebClientOptions;
  readonly log: Logger;
  /** Slack takes the token no more: nothing is tried again. */
  readonly onAuthError: (error: SlackConnectionError) => void;
  readonly timing?: SocketTiming;
}

/** Socket Mode. */
export function createSocketModeReceiver(options: SocketModeReceiverOptions): SlackReceiver {
  return new ReconnectingReceiver(options);
}

/**
 * Keeps one socket open that Slack has not said it would close. When Slack says so, another is opened first: the old one goes on
 * meanwhile, and stays as long as Slack lets it when no other can be had.
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

  get isConnected(): boolean {
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

  /** Brings the sockets to what they should be; called at every change. */
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
    if (this.isConnected) this.#disconnectedAt = null;
    if (this.isConnected || this.#disconnectedAt !== null) return;
    this.#disconnectedAt = performance.now();
    this.#options.log.warn({}, 'Slack connection lost');
  }

  #hasStableConnection(): boolean {
    return [...this.#connections].some(({ isOpen, disconnectReason }) => isOpen && disconnectReason === null);
  }

  /** Tries until there is a socket that lasts, Slack refuses the token, or the bot stops. Never throws. */
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
        log.info(
          { disconnectedMs: disconnectedAt === null ? 0 : Math.round(performance.now() - disconnectedAt) },
          'new socket to Slack',
        );
      } catch (error) {
        if (signal.aborted) return;
        const authError = toAuthError(error, 'app');
        if (authError !== null) {
          this.#stopping.abort();
          return onAuthError(authError);
        }
        retryAfterMs = rateLimitDelayMs(error);
        const message = this.isConnected ? 'no other socket to Slack yet' : 'Slack connection not back yet';
        log.warn({ attempts: this.#attempts, error: serializeError(error) }, message);
      }
    }
  }

  async #waitForBackoff(retryAfterMs: number): Promise<void> {
    const waitMs = backoffMs({ attempts: this.#attempts, retryAfterMs, random: Math.random() }, this.#timing);
    this.#attempts += 1;
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }

  async #connect(): Promise<void> {
    this.#stopping.signal.throwIfAborted();
    if (this.#app === null) throw new Error('Bolt has not been given this receiver');
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

/** How long Slack asks to wait, in ms; 0: it does not. */
function rateLimitDelayMs(error: unknown): number {
  return error instanceof webApi.WebAPIRateLimitedError ? error.retryAfter * 1_000 : 0;
}
