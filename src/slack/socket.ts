import type { App, SocketModeReceiver } from '@slack/bolt';
import { within } from '../application/within.ts';
import { type Frame, filterFrames, type SocketClientOptions, socketReceiver } from './socket-client.ts';
import { endedBy } from './web-client.ts';

export interface SocketOptions extends SocketClientOptions {
  /** Who handles what Slack delivers. */
  readonly app: App;
  /** Its end was announced, or it is closed. */
  readonly onChange: () => void;
}

/** A socket that did not come to its hello; `code` is Slack's reason, or says what did not come. */
class NoHello extends Error {
  override readonly name = 'NoHello';
  readonly code: string;

  constructor(code: string) {
    super('no hello from Slack');
    this.code = code;
  }
}

const announced: Readonly<Record<string, readonly ['info' | 'warn', string]>> = {
  link_disabled: ['warn', 'Socket Mode is switched off in the settings of the Slack app'],
  too_many_websockets: ['warn', 'Slack has all the sockets that it allows the app'],
};

/** One socket, from its opening to its close; it is not used again. Knows which envelopes still want their ack. */
export class SlackSocket {
  readonly #options: SocketOptions;
  readonly #client: SocketModeReceiver['client'];
  readonly #unacked = new Set<string>();
  readonly #giveUp = new AbortController();
  #state: 'opening' | 'open' | 'closed' = 'opening';
  #ending: string | null = null;
  #allAcked = () => {};
  #lingering: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  #closing: Promise<void> | null = null;
  #dropping: Promise<void> | null = null;

  constructor(options: SocketOptions) {
    this.#options = options;
    const receiver = socketReceiver({ ...options, calls: endedBy(options.calls, this.#giveUp.signal) });
    receiver.init(options.app);
    this.#client = receiver.client;
    this.#listen();
  }

  /** Whether Slack has said hello and the socket is open now. */
  get isOpen(): boolean {
    return this.#state === 'open' && this.#client.websocket?.isActive() === true;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Why Slack will close it, such as `warning` or `refresh_requested`; null: it has not said so. */
  get ending(): string | null {
    return this.#ending;
  }

  /** Resolves at the hello; throws what went wrong, and nothing is left then. Called once. */
  async open(): Promise<void> {
    const { helloWithinMs } = this.#options.timing;
    const watchdog = setTimeout(() => this.#giveUp.abort(new NoHello('hello_timeout')), helloWithinMs);
    try {
      await this.#client.start();
    } catch (error) {
      await this.#drop();
      throw this.#giveUp.signal.aborted ? this.#giveUp.signal.reason : (error ?? new NoHello('closed_before_hello'));
    } finally {
      clearTimeout(watchdog);
    }
    if (this.#giveUp.signal.aborted) {
      await this.#drop();
      throw this.#giveUp.signal.reason;
    }
  }

  /**
   * Another socket is open. A socket with a warning still gets envelopes, and one that is under way when the bot closes it would
   * be lost: it is left to Slack to close it, for some time.
   */
  retire(): void {
    if (this.#ending !== 'warning') return void this.close();
    this.#lingering ??= setTimeout(() => void this.close(), this.#options.timing.lingerMs);
  }

  /** Sends the acks under way, then closes, within some seconds whatever Slack does. Never throws. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#state === 'opening') this.#giveUp.abort(new NoHello('closed'));
    else await this.#acked();
    await this.#drop();
  }

  #listen(): void {
    const client = this.#client;
    const { log, timing } = this.#options;
    filterFrames(client, log, (frame) => this.#hear(frame));
    client.on('outgoing_message', ({ envelope_id: id }: { readonly envelope_id: string }) => this.#settle(id));
    client.on('connected', () => {
      if (this.#state !== 'opening' || this.#giveUp.signal.aborted) return;
      this.#state = 'open';
      // After Slack's close frame TCP may stay open, and the library waits for its end.
      this.#looking = setInterval(() => client.websocket?.isActive() || void this.#drop(), timing.lookEveryMs);
    });
    client.on('disconnected', () => this.#state === 'open' && void this.#drop());
    this.#giveUp.signal.addEventListener('abort', () => void this.#drop());
    // A start that was given up between the answer of Slack and the socket still makes one.
    client.on('connecting', () => this.#giveUp.signal.aborted && queueMicrotask(() => this.#cutOff()));
  }

  /** Whether the library may handle it. */
  #hear({ type, reason = 'unknown', envelope_id: id }: Frame): boolean {
    if (type !== 'disconnect') {
      if (id !== undefined) this.#unacked.add(id);
      return true;
    }
    const [level, sentence] = announced[reason] ?? ['info', 'Slack will close a socket'];
    this.#options.log[level]({ reason }, sentence);
    this.#ending = reason;
    if (this.#state === 'opening') this.#giveUp.abort(new NoHello(reason));
    this.#options.onChange();
    return false;
  }

  #settle(envelopeId: string): void {
    this.#unacked.delete(envelopeId);
    if (this.#unacked.size === 0) this.#allAcked();
  }

  /** Waits for the acks under way, as long as Slack does. */
  async #acked(): Promise<void> {
    if (this.#unacked.size === 0 || !this.isOpen) return;
    const settled = new Promise<void>((resolve) => {
      this.#allAcked = resolve;
    });
    await within(settled, this.#options.timing.ackWithinMs);
  }

  #drop(): Promise<void> {
    // Not at once: the library says `disconnected` from within, and may be saying it now.
    this.#dropping ??= Promise.resolve().then(() => this.#disconnect());
    return this.#dropping;
  }

  async #disconnect(): Promise<void> {
    clearInterval(this.#looking);
    clearTimeout(this.#lingering);
    await within(this.#client.disconnect(), this.#options.timing.closeWithinMs);
    this.#cutOff();
    this.#state = 'closed';
    this.#allAcked();
    this.#options.onChange();
  }

  /** The first call may find the socket open or opening; the one after it breaks TCP and clears every timer of the library. */
  #cutOff(): void {
    void this.#client.disconnect();
    void this.#client.disconnect();
  }
}
