import type { App, SocketModeReceiver } from '@slack/bolt';
import { withTimeout } from '../../lib/async.ts';
import { withAbortSignal } from '../web-client.ts';
import {
  createBoltSocketReceiver,
  type Frame,
  interceptFrames,
  type SocketModeClientOptions,
} from './socket-client.ts';

export interface SocketModeConnectionOptions extends SocketModeClientOptions {
  /** Who handles what Slack delivers. */
  readonly app: App;
  /** Its end was announced, or it is closed. */
  readonly onChange: () => void;
}

/** A socket that did not come to its hello; `code` is Slack's reason, or says what did not come. */
class HandshakeError extends Error {
  override readonly name = 'NoHello';
  readonly code: string;

  constructor(code: string) {
    super('no hello from Slack');
    this.code = code;
  }
}

const disconnectMessages: Readonly<Record<string, readonly ['info' | 'warn', string]>> = {
  link_disabled: ['warn', 'Socket Mode is switched off in the settings of the Slack app'],
  too_many_websockets: ['warn', 'Slack has all the sockets that it allows the app'],
};

/** One socket, from its opening to its close; it is not used again. Knows which envelopes still want their ack. */
export class SocketModeConnection {
  readonly #options: SocketModeConnectionOptions;
  readonly #client: SocketModeReceiver['client'];
  readonly #unacked = new Set<string>();
  readonly #handshakeAbort = new AbortController();
  #state: 'opening' | 'open' | 'closed' = 'opening';
  #disconnectReason: string | null = null;
  #onAllAcked = () => {};
  #closeTimer: NodeJS.Timeout | undefined;
  #livenessTimer: NodeJS.Timeout | undefined;
  #closePromise: Promise<void> | null = null;
  #disconnectPromise: Promise<void> | null = null;

  constructor(options: SocketModeConnectionOptions) {
    this.#options = options;
    const receiver = createBoltSocketReceiver({
      ...options,
      webClientOptions: withAbortSignal(options.webClientOptions, this.#handshakeAbort.signal),
    });
    receiver.init(options.app);
    this.#client = receiver.client;
    this.#subscribe();
  }

  /** Whether Slack has said hello and the socket is open now. */
  get isOpen(): boolean {
    return this.#state === 'open' && this.#client.websocket?.isActive() === true;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Why Slack will close it, such as `warning` or `refresh_requested`; null: it has not said so. */
  get disconnectReason(): string | null {
    return this.#disconnectReason;
  }

  /** Resolves at the hello; throws what went wrong, and nothing is left then. Called once. */
  async open(): Promise<void> {
    const { helloTimeoutMs } = this.#options.timing;
    const handshakeTimer = setTimeout(
      () => this.#handshakeAbort.abort(new HandshakeError('hello_timeout')),
      helloTimeoutMs,
    );
    try {
      await this.#client.start();
    } catch (error) {
      await this.#terminate();
      throw this.#handshakeAbort.signal.aborted
        ? this.#handshakeAbort.signal.reason
        : (error ?? new HandshakeError('closed_before_hello'));
    } finally {
      clearTimeout(handshakeTimer);
    }
    if (this.#handshakeAbort.signal.aborted) {
      await this.#terminate();
      throw this.#handshakeAbort.signal.reason;
    }
  }

  /**
   * Another socket is open. A socket with a warning still gets envelopes, and one that is under way when the bot closes it would
   * be lost: it is left to Slack to close it, for some time.
   */
  closeWhenReplaced(): void {
    if (this.#disconnectReason !== 'warning') return void this.close();
    this.#closeTimer ??= setTimeout(() => void this.close(), this.#options.timing.replacedCloseDelayMs);
  }

  /** Sends the acks under way, then closes, within some seconds whatever Slack does. Never throws. */
  close(): Promise<void> {
    this.#closePromise ??= this.#close();
    return this.#closePromise;
  }

  async #close(): Promise<void> {
    if (this.#state === 'opening') this.#handshakeAbort.abort(new HandshakeError('closed'));
    else await this.#waitForAcks();
    await this.#terminate();
  }

  #subscribe(): void {
    const client = this.#client;
    const { log, timing } = this.#options;
    interceptFrames(client, log, (frame) => this.#handleFrame(frame));
    client.on('outgoing_message', ({ envelope_id: envelopeId }: { readonly envelope_id: string }) =>
      this.#recordAck(envelopeId),
    );
    client.on('connected', () => {
      if (this.#state !== 'opening' || this.#handshakeAbort.signal.aborted) return;
      this.#state = 'open';
      // After Slack's close frame TCP may stay open, and the library waits for its end.
      this.#livenessTimer = setInterval(
        () => client.websocket?.isActive() || void this.#terminate(),
        timing.livenessCheckIntervalMs,
      );
    });
    client.on('disconnected', () => this.#state === 'open' && void this.#terminate());
    this.#handshakeAbort.signal.addEventListener('abort', () => void this.#terminate());
    // A start that was given up between the answer of Slack and the socket still makes one.
    client.on('connecting', () => this.#handshakeAbort.signal.aborted && queueMicrotask(() => this.#forceDisconnect()));
  }

  /** Whether the library may handle it. */
  #handleFrame({ type, reason = 'unknown', envelope_id: envelopeId }: Frame): boolean {
    if (type !== 'disconnect') {
      if (envelopeId !== undefined) this.#unacked.add(envelopeId);
      return true;
    }
    const [level, message] = disconnectMessages[reason] ?? ['info', 'Slack will close a socket'];
    this.#options.log[level]({ reason }, message);
    this.#disconnectReason = reason;
    if (this.#state === 'opening') this.#handshakeAbort.abort(new HandshakeError(reason));
    this.#options.onChange();
    return false;
  }

  #recordAck(envelopeId: string): void {
    this.#unacked.delete(envelopeId);
    if (this.#unacked.size === 0) this.#onAllAcked();
  }

  /** Waits for the acks under way, as long as Slack does. */
  async #waitForAcks(): Promise<void> {
    if (this.#unacked.size === 0 || !this.isOpen) return;
    const allAcked = new Promise<void>((resolve) => {
      this.#onAllAcked = resolve;
    });
    await withTimeout(allAcked, this.#options.timing.ackTimeoutMs);
  }

  #terminate(): Promise<void> {
    // Not at once: the library says `disconnected` from within, and may be saying it now.
    this.#disconnectPromise ??= Promise.resolve().then(() => this.#disconnect());
    return this.#disconnectPromise;
  }

  async #disconnect(): Promise<void> {
    clearInterval(this.#livenessTimer);
    clearTimeout(this.#closeTimer);
    await withTimeout(this.#client.disconnect(), this.#options.timing.closeTimeoutMs);
    this.#forceDisconnect();
    this.#state = 'closed';
    this.#onAllAcked();
    this.#options.onChange();
  }

  /** The first call may find the socket open or opening; the one after it breaks TCP and clears every timer of the library. */
  #forceDisconnect(): void {
    void this.#client.disconnect();
    void this.#client.disconnect();
  }
}
