import { setTimeout as sleep } from 'node:timers/promises';
import { type App, type Receiver, webApi } from '@slack/bolt';
import type { Log } from '../application/deps.ts';
import { loggedFault } from '../domain/logged-fault.ts';
import type { Door } from './door.ts';
import { refusalIn, type SlackRefused, startFault } from './refused.ts';
import { SlackSocket } from './socket.ts';
import { type SocketTiming, slackTiming, waitBefore } from './socket-timing.ts';

export interface SocketDoorOptions {
  readonly appToken: string;
  /** How `apps.connections.open` is called. */
  readonly calls: webApi.WebClientOptions;
  readonly log: Log;
  /** Slack takes the token no more: nothing is tried again. */
  readonly onLost: (fault: SlackRefused) => void;
  readonly timing?: SocketTiming;
}

/** Socket Mode. */
export function createSocketDoor(options: SocketDoorOptions): Door {
  return new SocketDoor(options);
}

/**
 * Keeps one socket open that Slack has not said it would close. When Slack says so, another is opened first: the old one goes on
 * meanwhile, and stays as long as Slack lets it when no other can be had.
 */
class SocketDoor implements Door {
  readonly receiver: Receiver;
  readonly #options: SocketDoorOptions;
  readonly #timing: SocketTiming;
  readonly #sockets = new Set<SlackSocket>();
  readonly #stop = new AbortController();
  #app: App | null = null;
  #isTended = false;
  #isRenewing = false;
  #tries = 0;
  #openedAt = 0;
  #lostAt: number | null = null;

  constructor(options: SocketDoorOptions) {
    this.#options = options;
    this.#timing = options.timing ?? slackTiming;
    this.receiver = {
      init: (app) => {
        this.#app = app;
      },
      start: () => this.open(),
      stop: () => this.close(),
    };
  }

  get isOpen(): boolean {
    return [...this.#sockets].some(({ isOpen, ending }) => isOpen && ending !== 'link_disabled');
  }

  async open(): Promise<void> {
    try {
      await this.#attempt();
    } catch (error) {
      throw startFault(error, 'app');
    }
    this.#isTended = true;
    this.#tend();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#sockets].map((socket) => socket.close()));
  }

  /** Brings the sockets to what they should be; called at every change. */
  #tend(): void {
    for (const socket of this.#sockets) if (socket.isClosed) this.#sockets.delete(socket);
    if (!this.#isTended || this.#stop.signal.aborted) return;
    this.#noteLoss();
    if (this.#isRenewing) return;
    if (this.#hasLasting()) {
      for (const socket of this.#sockets) if (socket.ending !== null) socket.retire();
      return;
    }
    this.#isRenewing = true;
    void this.#renew().finally(() => {
      this.#isRenewing = false;
      this.#tend();
    });
  }

  #noteLoss(): void {
    if (this.isOpen) this.#lostAt = null;
    if (this.isOpen || this.#lostAt !== null) return;
    this.#lostAt = performance.now();
    this.#options.log.warn({}, 'Slack connection lost');
  }

  #hasLasting(): boolean {
    return [...this.#sockets].some(({ isOpen, ending }) => isOpen && ending === null);
  }

  /** Tries until there is a socket that lasts, Slack refuses the token, or the bot stops. Never throws. */
  async #renew(): Promise<void> {
    const { log, onLost } = this.#options;
    const { signal } = this.#stop;
    if (performance.now() - this.#openedAt >= this.#timing.steadyAfterMs) this.#tries = 0;
    let retryAfterMs = 0;
    while (!signal.aborted && !this.#hasLasting()) {
      await this.#pause(retryAfterMs);
      if (signal.aborted) return;
      const lostAt = this.#lostAt;
      try {
        await this.#attempt();
        retryAfterMs = 0;
        log.info({ unheardMs: lostAt === null ? 0 : Math.round(performance.now() - lostAt) }, 'new socket to Slack');
      } catch (error) {
        if (signal.aborted) return;
        const refused = refusalIn(error, 'app');
        if (refused !== null) {
          this.#stop.abort();
          return onLost(refused);
        }
        retryAfterMs = patienceIn(error);
        const sentence = this.isOpen ? 'no other socket to Slack yet' : 'Slack connection not back yet';
        log.warn({ tries: this.#tries, error: loggedFault(error) }, sentence);
      }
    }
  }

  async #pause(retryAfterMs: number): Promise<void> {
    const waitMs = waitBefore({ tries: this.#tries, retryAfterMs, random: Math.random() }, this.#timing);
    this.#tries += 1;
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#stop.signal }).catch(() => {});
  }

  async #attempt(): Promise<void> {
    this.#stop.signal.throwIfAborted();
    if (this.#app === null) throw new Error('Bolt has not been given this receiver');
    const { appToken, calls, log } = this.#options;
    const socket = new SlackSocket({
      appToken,
      calls,
      log,
      timing: this.#timing,
      app: this.#app,
      onChange: () => this.#tend(),
    });
    this.#sockets.add(socket);
    await socket.open();
    this.#openedAt = performance.now();
  }
}

/** How long Slack asks to wait, in ms; 0: it does not. */
function patienceIn(error: unknown): number {
  return error instanceof webApi.WebAPIRateLimitedError ? error.retryAfter * 1_000 : 0;
}
