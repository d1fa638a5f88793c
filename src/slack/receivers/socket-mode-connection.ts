import { type App, LogLevel, SocketModeReceiver, type webApi } from '@slack/bolt';
import { z } from 'zod';
import type { Logger } from '../../application/context.ts';
import { withTimeout } from '../../lib/async.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { withAbortSignal } from '../api-calls.ts';
import { boltLogger } from '../bolt-logger.ts';

/*
 * One socket of Socket Mode, by the client of @slack/socket-mode 3.1.0 that Bolt's SocketModeReceiver holds.
 *
 * States: opening → open → closed, or opening → closed.
 * - opening: from the call of `apps.connections.open` to Slack's hello. Ends in closed when the handshake is aborted.
 * - open: Slack delivers envelopes. Slack may announce that it will close the socket (`disconnectReason`); with the reason
 *   `warning` it still delivers until it closes. The connection stays open until it is closed from either side.
 * - closed: TCP is gone and the client has no timers. A connection is not used again.
 *
 * The client needs these workarounds. Each comment below refers to its number.
 * 1. It closes the socket at Slack's `disconnect` frame and opens another one 5 s later; acks in between fail
 *    (slackapi/node-slack-sdk#2254, slackapi/bolt-js#2496). So this class keeps that frame from the client, and
 *    `socket-mode.ts` opens the replacement first. Remove when the client opens the replacement first; version 3.2.0 is
 *    announced to do so.
 * 2. A reconnect of its own that fails or is stopped leaves a rejection unhandled, and Node exits (node-slack-sdk#2656; fix
 *    proposed in #2657). So the client never reconnects. Remove together with 1, when #2656 is fixed.
 * 3. A frame that it cannot read leaves a rejection unhandled (node-slack-sdk#2167). Remove when #2167 is fixed.
 * 4. `disconnect()` waits up to 30 s for Slack's close frame (node-slack-sdk#2709, #2710). A second call while the first is
 *    pending breaks TCP at once. Remove when the client takes a time limit for it.
 * 5. `disconnect()` during `start()`, after Slack's answer and before the socket, does not stop it from opening the socket. No
 *    upstream issue found. Remove when `start()` can be aborted.
 * 6. After Slack's close frame the client waits for the end of TCP before it emits `disconnected`. No upstream issue found.
 *    Remove when it emits `disconnected` at the close frame.
 * `test/slack/receivers/socket-mode*.test.ts` fail without them.
 */

/** Time limits and intervals, in ms. Tests use shorter ones. */
export interface SocketTiming {
  /** From the call of `apps.connections.open` to Slack's hello. */
  readonly helloTimeoutMs: number;
  /** How long Slack waits for an ack. */
  readonly ackTimeoutMs: number;
  /** How long a replaced socket stays open. Slack closes it about 10 s after a warning. */
  readonly replacedCloseDelayMs: number;
  /** How long Slack may take to answer a close frame. */
  readonly closeTimeoutMs: number;
  /** How often the connection checks whether its socket is still open. */
  readonly livenessCheckIntervalMs: number;
  /** How long Slack may take to answer a ping. */
  readonly pongTimeoutMs: number;
  /** How long Slack may take until its next ping. */
  readonly pingTimeoutMs: number;
  /** A socket that was open for less counts as a failed attempt, so that a close after each hello causes no busy loop. */
  readonly stableAfterMs: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
}

export const defaultSocketTiming: SocketTiming = {
  helloTimeoutMs: 15_000,
  ackTimeoutMs: 3_000,
  replacedCloseDelayMs: 15_000,
  closeTimeoutMs: 1_000,
  livenessCheckIntervalMs: 250,
  pongTimeoutMs: 5_000,
  pingTimeoutMs: 30_000,
  stableAfterMs: 10_000,
  initialBackoffMs: 250,
  maxBackoffMs: 15_000,
};

export interface SocketModeConnectionOptions {
  readonly appToken: string;
  /** Options for the call of `apps.connections.open`. */
  readonly webClientOptions: webApi.WebClientOptions;
  readonly log: Logger;
  readonly timing: SocketTiming;
  /** Handles what Slack delivers. */
  readonly app: App;
  /** Called when Slack announces that it will close the socket, and when the connection is closed. */
  readonly onChange: () => void;
}

/** Slack did not send its hello. `code` is Slack's reason, or what happened instead. */
class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
  readonly code: string;

  constructor(code: string) {
    super('Slack sent no hello on a new socket');
    this.code = code;
  }
}

export class SocketModeConnection {
  readonly #options: SocketModeConnectionOptions;
  readonly #client: SocketModeReceiver['client'];
  readonly #unackedEnvelopes = new Set<string>();
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
    const { signal } = this.#handshakeAbort;
    const receiver = createBoltSocketReceiver({
      ...options,
      webClientOptions: withAbortSignal(options.webClientOptions, signal),
    });
    receiver.init(options.app);
    const { client } = receiver;
    this.#client = client;
    interceptFrames(client, options.log, (frame) => this.#handleFrame(frame));
    client.on('outgoing_message', ({ envelope_id: envelopeId }: { readonly envelope_id: string }) =>
      this.#recordAck(envelopeId),
    );
    client.on('connected', () => this.#handleHello());
    client.on('disconnected', () => this.#state === 'open' && void this.#terminate());
    signal.addEventListener('abort', () => void this.#terminate());
    // Workaround 5: the client creates its socket right after this event.
    client.on('connecting', () => signal.aborted && queueMicrotask(() => this.#forceDisconnect()));
  }

  /** Whether Slack has sent its hello and the socket is still open. */
  get isOpen(): boolean {
    return this.#state === 'open' && this.#client.websocket?.isActive() === true;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Why Slack will close the socket, such as `warning` or `refresh_requested`. Null while Slack has not announced it. */
  get disconnectReason(): string | null {
    return this.#disconnectReason;
  }

  /** Resolves at Slack's hello. When it throws, the connection is closed. Called once. */
  async open(): Promise<void> {
    const { signal } = this.#handshakeAbort;
    const helloTimer = setTimeout(() => this.#abortHandshake('hello_timeout'), this.#options.timing.helloTimeoutMs);
    try {
      await this.#client.start();
      signal.throwIfAborted();
    } catch (error) {
      await this.#terminate();
      // The client rejects with undefined when the socket closes before the hello.
      throw signal.aborted ? signal.reason : (error ?? new HandshakeError('closed_before_hello'));
    } finally {
      clearTimeout(helloTimer);
    }
  }

  /**
   * Called when another connection is open. After a warning Slack still delivers here, and closing the socket would lose an
   * envelope that is arriving. So the bot gives Slack some time to close it.
   */
  closeWhenReplaced(): void {
    if (this.#disconnectReason !== 'warning') return void this.close();
    this.#closeTimer ??= setTimeout(() => void this.close(), this.#options.timing.replacedCloseDelayMs);
  }

  /** Sends the pending acks, then closes. Resolves within some seconds whatever Slack does. Never throws. */
  close(): Promise<void> {
    this.#closePromise ??= this.#close();
    return this.#closePromise;
  }

  async #close(): Promise<void> {
    if (this.#state === 'opening') this.#abortHandshake('closed');
    else await this.#waitForAcks();
    await this.#terminate();
  }

  /** Returns whether the client may handle the frame. */
  #handleFrame({ type, reason = 'unknown', envelope_id: envelopeId }: Frame): boolean {
    if (type !== 'disconnect') {
      if (envelopeId !== undefined) this.#unackedEnvelopes.add(envelopeId);
      return true;
    }
    logDisconnect(this.#options.log, reason);
    this.#disconnectReason = reason;
    if (this.#state === 'opening') this.#abortHandshake(reason);
    this.#options.onChange();
    return false;
  }

  #handleHello(): void {
    if (this.#state !== 'opening' || this.#handshakeAbort.signal.aborted) return;
    this.#state = 'open';
    // Workaround 6.
    this.#livenessTimer = setInterval(
      () => this.#client.websocket?.isActive() || void this.#terminate(),
      this.#options.timing.livenessCheckIntervalMs,
    );
  }

  #abortHandshake(code: string): void {
    this.#handshakeAbort.abort(new HandshakeError(code));
  }

  #recordAck(envelopeId: string): void {
    this.#unackedEnvelopes.delete(envelopeId);
    if (this.#unackedEnvelopes.size === 0) this.#onAllAcked();
  }

  async #waitForAcks(): Promise<void> {
    if (this.#unackedEnvelopes.size === 0 || !this.isOpen) return;
    const allAcked = new Promise<void>((resolve) => {
      this.#onAllAcked = resolve;
    });
    await withTimeout(allAcked, this.#options.timing.ackTimeoutMs);
  }

  #terminate(): Promise<void> {
    // Asynchronous, because the client may be emitting `disconnected` from within its own `disconnect()` now.
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

  /** Workaround 4. The first call closes a socket that is open or opening; the second breaks TCP and clears the client's timers. */
  #forceDisconnect(): void {
    void this.#client.disconnect();
    void this.#client.disconnect();
  }
}

function logDisconnect(log: Logger, reason: string): void {
  if (reason === 'link_disabled') {
    log.warn({ reason }, 'Socket Mode is off in the settings of the Slack app');
  } else if (reason === 'too_many_websockets') {
    log.warn({ reason }, 'the Slack app has as many sockets as Slack allows');
  } else {
    log.info({ reason }, 'Slack will close a socket');
  }
}

function createBoltSocketReceiver({
  appToken,
  webClientOptions,
  log,
  timing,
}: Omit<SocketModeConnectionOptions, 'app' | 'onChange'>): SocketModeReceiver {
  return new SocketModeReceiver({
    appToken,
    logger: boltLogger(log),
    logLevel: LogLevel.WARN,
    autoReconnectEnabled: false, // Workaround 2.
    clientPingTimeout: timing.pongTimeoutMs,
    serverPingTimeout: timing.pingTimeoutMs,
    // A copy, because the client changes its options.
    installerOptions: { clientOptions: { ...webClientOptions } },
    processEventErrorHandler: async ({ error }) => {
      log.error({ error: serializeError(error) }, 'Bolt could not handle a request');
      return false;
    },
  });
}

/** The fields of Slack's frames that the connection reads. Bolt reads the payload. */
const frameSchema = z.object({ type: z.string(), reason: z.string().optional(), envelope_id: z.string().optional() });
type Frame = Readonly<z.infer<typeof frameSchema>>;

/** Workarounds 1 and 3: the client gets only those frames for which `shouldForward` returns true. */
function interceptFrames(
  client: SocketModeReceiver['client'],
  log: Logger,
  shouldForward: (frame: Frame) => boolean,
): void {
  const [handle] = client.listeners('ws_message');
  if (handle === undefined) throw new Error('the Socket Mode client does not listen for frames');
  client.removeAllListeners('ws_message');
  client.on('ws_message', async (data: unknown, isBinary: unknown) => {
    try {
      const frame = frameSchema.parse(JSON.parse(String(data)));
      if (shouldForward(frame)) await handle(data, isBinary);
    } catch (error) {
      log.warn({ error: serializeError(error) }, 'cannot read a frame from Slack');
    }
  });
}
