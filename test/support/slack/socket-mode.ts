import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { APP_ID } from './directory.ts';
import { type AckOutcome, Attempts, type Envelope } from './envelopes.ts';
import type { ViolationLog } from './violation-log.ts';

const MAX_CONNECTIONS = 10;
const CLOSE_AFTER_MS = 10_000;

export type DisconnectReason = 'warning' | 'refresh_requested' | 'link_disabled';

interface Connection {
  readonly socket: WebSocket;
  /** After `refresh_requested` or `link_disabled` nothing more is sent to it. */
  isRetiring: boolean;
}

export interface SocketModeOptions {
  readonly log: ViolationLog;
  readonly ackLimitMs: number;
  readonly baseUrl: () => string;
  readonly changed: () => void;
}

/** Slack's end of Socket Mode: hello, one socket per envelope in turn, acks against the clock, disconnect frames. */
export class SocketMode {
  readonly #options: SocketModeOptions;
  readonly #attempts: Attempts;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #tickets = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #connections: Connection[] = [];
  #turn = 0;

  constructor(options: SocketModeOptions) {
    this.#options = options;
    this.#attempts = new Attempts(options);
  }

  /** How many sockets have got their hello and are open. */
  get connectionCount(): number {
    return this.#connections.length;
  }

  openConnection(): string {
    const ticket = randomUUID();
    this.#tickets.add(ticket);
    return `${this.#options.baseUrl().replace('http:', 'ws:')}/link?ticket=${ticket}&app_id=${APP_ID}`;
  }

  upgrade(request: IncomingMessage, raw: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '/', this.#options.baseUrl());
    if (url.pathname !== '/link' || !this.#tickets.delete(url.searchParams.get('ticket') ?? '')) {
      raw.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, raw, head, (socket) => this.#accept(socket));
  }

  /** Sends the envelope to exactly one socket; the outcome says what became of the ack. */
  deliver(envelope: Envelope): Promise<AckOutcome> {
    const ready = this.#connections.filter((it) => !it.isRetiring);
    const chosen = ready[this.#turn++ % ready.length];
    if (chosen === undefined) return Promise.resolve({ kind: 'dispatch_failed' });
    const outcome = this.#attempts.open(envelope, chosen.socket);
    chosen.socket.send(JSON.stringify(envelope));
    return outcome;
  }

  disconnect(reason: DisconnectReason, index?: number): void {
    for (const connection of this.#pick(index)) {
      sendFrame(connection.socket, { type: 'disconnect', reason, debug_info: { host: 'strict-slack' } });
      if (reason === 'warning') continue;
      connection.isRetiring = true;
      this.#later(CLOSE_AFTER_MS, () => connection.socket.close());
    }
  }

  /** Breaks the TCP connection without a close frame. */
  cut(index?: number): void {
    for (const connection of this.#pick(index)) connection.socket.terminate();
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#attempts.close();
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
  }

  #pick(index: number | undefined): Connection[] {
    if (index === undefined) return [...this.#connections];
    const connection = this.#connections[index];
    if (connection === undefined) throw new Error(`There is no socket ${index}; ${this.connectionCount} are open`);
    return [connection];
  }

  #accept(socket: WebSocket): void {
    socket.on('error', () => socket.terminate());
    if (this.connectionCount >= MAX_CONNECTIONS) {
      sendFrame(socket, { type: 'disconnect', reason: 'too_many_websockets', debug_info: { host: 'strict-slack' } });
      socket.close();
      return;
    }
    const connection: Connection = { socket, isRetiring: false };
    this.#connections.push(connection);
    socket.on('message', (data) => this.#receive(data, socket));
    socket.on('close', () => {
      this.#connections = this.#connections.filter((it) => it !== connection);
      this.#options.changed();
    });
    sendFrame(socket, {
      type: 'hello',
      num_connections: this.connectionCount,
      debug_info: { host: 'strict-slack', build_number: 1, approximate_connection_time: 18_060 },
      connection_info: { app_id: APP_ID },
    });
    this.#options.changed();
  }

  #receive(data: RawData, socket: WebSocket): void {
    this.#attempts.receive(String(data), socket);
    this.#options.changed();
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    timer.unref();
    this.#timers.add(timer);
  }
}

function sendFrame(socket: WebSocket, frame: object): void {
  socket.send(JSON.stringify(frame));
}
