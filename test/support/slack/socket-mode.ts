import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { Connection } from './connection.ts';
import { APP_ID } from './directory.ts';
import { type AckOutcome, Attempts, type Envelope } from './envelopes.ts';
import type { ViolationLog } from './violation-log.ts';

const MAX_CONNECTIONS = 10;

export type DisconnectReason = 'warning' | 'refresh_requested' | 'link_disabled';

/** When a new socket gets its hello. `then closed`: Slack closes it at once too. `unanswered`: TCP stands, there is no WebSocket. */
export type Greeting = 'at once' | 'held' | 'then closed' | 'unanswered';

export interface SocketModeOptions {
  readonly log: ViolationLog;
  readonly ackLimitMs: number;
  /** How long a socket stays after Slack has announced its end. */
  readonly closeAfterMs: number;
  readonly redelivers: boolean;
  /** Slack answers a close frame and leaves the TCP connection open. */
  readonly keepsTcpOpen: boolean;
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
  readonly #unanswered = new Set<Duplex>();
  #connections: Connection[] = [];
  #turn = 0;
  #greeting: Greeting = 'at once';

  constructor(options: SocketModeOptions) {
    this.#options = options;
    this.#attempts = new Attempts(options);
  }

  /** How many sockets have got their hello and are open. */
  get connectionCount(): number {
    return this.#greeted().length;
  }

  /** To how many of them Slack delivers. */
  get deliverableCount(): number {
    return this.#deliverable().length;
  }

  /** How many connections there are, greeted or not, closing or not, answered or not; of frozen ones Slack cannot know. */
  get tcpCount(): number {
    const frozen = this.#connections.filter(({ isFrozen }) => isFrozen).length;
    return this.#server.clients.size + this.#unanswered.size - frozen;
  }

  /** Envelopes whose socket the app closed before their ack. */
  get deserted(): readonly string[] {
    return this.#attempts.deserted;
  }

  /** Envelopes that went to another socket, one entry for each time. */
  get redelivered(): readonly string[] {
    return this.#attempts.redelivered;
  }

  /** Sockets that were held back get their hello when it is no longer `held`. */
  set greeting(greeting: Greeting) {
    this.#greeting = greeting;
    if (greeting !== 'held') for (const each of this.#connections) if (!each.isGreeted) this.#greet(each);
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
    if (this.#greeting === 'unanswered') return void this.#leave(raw);
    if (this.#options.keepsTcpOpen) leaveEndToTheOther(raw);
    this.#server.handleUpgrade(request, raw, head, (socket) => this.#accept(socket));
  }

  /** Sends the envelope to exactly one socket; the outcome says what became of the ack. */
  deliver(envelope: Envelope): Promise<AckOutcome> {
    const chosen = this.#next();
    if (chosen === undefined) return Promise.resolve({ kind: 'dispatch_failed' });
    const outcome = this.#attempts.open(envelope, chosen.socket);
    chosen.send(envelope);
    return outcome;
  }

  /** Announces the end of one socket, or of all; some time later Slack closes it, when no ack is outstanding on it. */
  disconnect(reason: DisconnectReason, index?: number): void {
    for (const connection of this.#pick(index)) {
      connection.send({ type: 'disconnect', reason, debug_info: { host: 'strict-slack' } });
      if (reason !== 'warning') connection.isRetiring = true;
      this.#later(this.#options.closeAfterMs, () => this.#closeWhenAcked(connection));
    }
  }

  /** Closes one socket, or all, with a close frame and without an announcement. */
  hangUp(index?: number): void {
    for (const connection of this.#pick(index)) connection.close();
  }

  /** Breaks the TCP connection without a close frame. */
  cut(index?: number): void {
    for (const connection of this.#pick(index)) connection.cut();
  }

  /** From now on the connection is half open: TCP stands, and nothing gets through. */
  freeze(index?: number): void {
    for (const connection of this.#pick(index)) connection.freeze();
  }

  /** One ping, as Slack sends them every few seconds. */
  ping(index?: number): void {
    for (const { socket } of this.#pick(index)) socket.ping();
  }

  /** Sends any text at all to all. */
  say(frame: string): void {
    for (const { socket } of this.#pick(undefined)) socket.send(frame);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#attempts.close();
    for (const socket of this.#server.clients) socket.terminate();
    for (const raw of this.#unanswered) raw.destroy();
    this.#server.close();
  }

  #closeWhenAcked(connection: Connection): void {
    connection.isRetiring = true;
    if (this.#attempts.areWaitingOn(connection.socket)) this.#later(1, () => this.#closeWhenAcked(connection));
    else connection.close();
  }

  #greeted(): Connection[] {
    return this.#connections.filter(({ isThere }) => isThere);
  }

  #next(): Connection | undefined {
    const ready = this.#deliverable();
    return ready[this.#turn++ % ready.length];
  }

  #deliverable(): Connection[] {
    return this.#connections.filter(({ isDeliverable }) => isDeliverable);
  }

  #leave(raw: Duplex): void {
    this.#unanswered.add(raw);
    raw.on('error', () => raw.destroy());
    raw.on('end', () => raw.destroy());
    raw.on('close', () => this.#unanswered.delete(raw) && this.#options.changed());
    raw.resume();
  }

  #pick(index: number | undefined): Connection[] {
    const greeted = this.#greeted();
    if (index === undefined) return greeted;
    const connection = greeted[index];
    if (connection === undefined) throw new Error(`There is no socket ${index}; ${this.connectionCount} are open`);
    return [connection];
  }

  #accept(socket: WebSocket): void {
    socket.on('error', () => socket.terminate());
    const connection = new Connection(socket);
    if (this.#connections.length >= MAX_CONNECTIONS) {
      connection.send({
        type: 'disconnect',
        reason: 'too_many_websockets',
        debug_info: { host: 'strict-slack' },
      });
      socket.close();
      return;
    }
    this.#connections.push(connection);
    socket.on('message', (data) => this.#receive(data, socket));
    socket.on('close', (code) => this.#closed(connection, code));
    if (this.#greeting !== 'held') this.#greet(connection);
  }

  #greet(connection: Connection): void {
    connection.isGreeted = true;
    connection.send({
      type: 'hello',
      num_connections: this.connectionCount,
      debug_info: { host: 'strict-slack', build_number: 1, approximate_connection_time: 18_060 },
      connection_info: { app_id: APP_ID },
    });
    if (this.#greeting === 'then closed') connection.close();
    else this.#redeliver();
    this.#options.changed();
  }

  #closed(connection: Connection, code: number): void {
    this.#connections = this.#connections.filter((it) => it !== connection);
    const byApp = code === 1006 ? 'nobody' : 'app';
    this.#attempts.lose(connection.socket, connection.closedBySlack ? 'slack' : byApp);
    this.#redeliver();
    this.#options.changed();
  }

  #redeliver(): void {
    const next = this.#next();
    if (next !== undefined) this.#attempts.redeliverTo(next.socket, (envelope) => next.send(envelope));
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

function leaveEndToTheOther(raw: Duplex): void {
  raw.end = () => raw;
  raw.on('end', () => raw.destroy());
}
