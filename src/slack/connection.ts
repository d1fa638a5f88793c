import { setTimeout as sleep } from 'node:timers/promises';
import type { SocketModeReceiver } from '@slack/bolt';
import type { Log } from '../application/deps.ts';
import { loggedFault } from './redact.ts';
import { refusalIn, type SlackRefused, startFault } from './refused.ts';

type SocketClient = SocketModeReceiver['client'];

export interface ConnectionOptions {
  /** Made with `autoReconnectEnabled: false`: this class connects again by itself. */
  readonly client: SocketClient;
  readonly log: Log;
  /** Slack takes the token no more: nothing is tried again. */
  readonly onLost: (fault: SlackRefused) => void;
}

const firstWaitMs = 250;
const longestWaitMs = 15_000;
/** A connection that lived shorter than this counts as another failure, so that a refusal after `hello` is no busy loop. */
const steadyAfterMs = 10_000;
const helloWithinMs = 20_000;
const closeWithinMs = 2_000;

/**
 * One Socket Mode connection, kept open. The client's own reconnecting is not used: it waits 5 s and more at each of Slack's
 * refreshes, its waits grow without a cap, and it leaves rejections unhandled that end the process.
 */
export class SlackConnection {
  readonly #client: SocketClient;
  readonly #log: Log;
  readonly #onLost: (fault: SlackRefused) => void;
  readonly #stop = new AbortController();
  #connecting: Promise<void> | null = null;
  #isOpen = false;
  #openedAt = 0;
  #failures = 0;

  constructor({ client, log, onLost }: ConnectionOptions) {
    this.#client = client;
    this.#log = log;
    this.#onLost = onLost;
    client.on('connected', () => {
      this.#isOpen = true;
      this.#openedAt = performance.now();
    });
    client.on('disconnected', () => this.#lost());
  }

  /** Whether Slack has said hello on the socket that is open now. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves when Slack has said hello; throws SlackRefused when it does not let the bot in. */
  async open(): Promise<void> {
    const attempt = this.#attempt();
    this.#connecting = attempt.catch(() => {});
    try {
      await attempt;
    } catch (error) {
      throw startFault(error, 'app');
    } finally {
      this.#connecting = null;
    }
  }

  /** Closes for good, also in the middle of connecting; resolves within some seconds whatever Slack does. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#disconnect();
    if (this.#connecting !== null)
      await Promise.race([this.#connecting, sleep(closeWithinMs, undefined, { ref: false })]);
    this.#isOpen = false;
  }

  #lost(): void {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    if (this.#stop.signal.aborted || this.#connecting !== null || !wasOpen) return;
    this.#failures = performance.now() - this.#openedAt < steadyAfterMs ? this.#failures + 1 : 0;
    this.#connecting = this.#reconnect().finally(() => {
      this.#connecting = null;
    });
  }

  /** Tries until there is a connection, Slack refuses the token, or the bot stops. Never throws. */
  async #reconnect(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#pause(signal);
        await this.#attempt();
        return;
      } catch (error) {
        if (signal.aborted) return;
        const refused = refusalIn(error, 'app');
        if (refused !== null) return this.#onLost(refused);
        this.#failures += 1;
        this.#log.warn({ failures: this.#failures, error: loggedFault(error) }, 'Slack connection not back yet');
      }
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    if (this.#failures === 0) return;
    const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(this.#failures, 10));
    await sleep(waitMs * (0.5 + Math.random() / 2), undefined, { signal });
  }

  async #attempt(): Promise<void> {
    const watchdog = setTimeout(() => void this.#disconnect(), helloWithinMs);
    try {
      await this.#client.start();
    } finally {
      clearTimeout(watchdog);
    }
    if (this.#stop.signal.aborted) await this.#disconnect();
  }

  /** A peer that does not answer the close frame is cut off: a second call does that. */
  async #disconnect(): Promise<void> {
    const closed = this.#client.disconnect();
    const inTime = await Promise.race([closed.then(() => true), sleep(closeWithinMs, false, { ref: false })]);
    if (!inTime) await this.#client.disconnect();
  }
}
