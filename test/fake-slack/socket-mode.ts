import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { type AckOutcome, type Envelope, PendingAcks } from './pending-acks.ts';
import { SocketConnection } from './socket-connection.ts';
import type { ViolationLog } from './violations.ts';
import { appId } from './workspace.ts';

const maxConnections = 10;

export type DisconnectReason = 'warning' | 'refresh_requested' | 'link_disabled';

/** When a new socket gets its hello. `then closed`: Slack closes it right after. `unanswered`: Slack does not answer the upgrade. */
export type HelloMode = 'at once' | 'held' | 'then closed' | 'unanswered';

export interface SocketModeOptions {
  readonly log: ViolationLog;
  readonly ackLimitMs: number;
  /** How long after the announcement Slack closes a socket, in ms. */
  readonly closeDelayMs: number;
  readonly redeliverOnClose: boolean;
  /** Whether Slack leaves the TCP connection open after the close frames. */
  readonly keepTcpOpen: boolean;
  readonly baseUrl: () => string;
  readonly onChange: () => void;
}

/** Slack's side of Socket Mode: hello, one socket per envelope in turn, a time limit for acks, disconnect frames. */
export class SocketMode {
  readonly #options: SocketModeOptions;
  readonly #pendingAcks: PendingAcks;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #tickets = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #unansweredUpgrades = new Set<Duplex>();
  #connections: SocketConnection[] = [];
  #nextIndex = 0;
  #helloMode: HelloMode = 'at once';

  constructor(options: SocketModeOptions) {
    this.#options = options;
    this.#pendingAcks = new PendingAcks(options);
  }

  /** Open sockets that have their hello. */
  get socketCount(): number {
    return this.#connected().length;
  }

  /** Sockets to which Slack sends envelopes. */
  get deliverableSocketCount(): number {
    return this.#deliverable().length;
  }

  /** All TCP connections for sockets, except half-open ones, whose end Slack cannot notice. */
  get tcpConnectionCount(): number {
    const frozen = this.#connections.filter(({ isFrozen }) => isFrozen).length;
    return this.#server.clients.size + this.#unansweredUpgrades.size - frozen;
  }

  /** Envelopes whose socket the app closed before their ack. */
  get unackedAtAppClose(): readonly string[] {
    return this.#pendingAcks.unackedAtAppClose;
  }

  /** Envelopes that were sent to another socket, one entry per time. */
  get redelivered(): readonly string[] {
    return this.#pendingAcks.redelivered;
  }

  /** Changing it from `held` sends the hello to the sockets that wait for it. */
  set helloMode(helloMode: HelloMode) {
    this.#helloMode = helloMode;
    if (helloMode !== 'held')
      for (const connection of this.#connections) if (!connection.helloSent) this.#sendHello(connection);
  }

  issueSocketUrl(): string {
    const ticket = randomUUID();
    this.#tickets.add(ticket);
    return `${this.#options.baseUrl().replace('http:', 'ws:')}/link?ticket=${ticket}&app_id=${appId}`;
  }

  upgrade(request: IncomingMessage, tcpSocket: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '/', this.#options.baseUrl());
    if (url.pathname !== '/link' || !this.#tickets.delete(url.searchParams.get('ticket') ?? '')) {
      tcpSocket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    if (this.#helloMode === 'unanswered') return void this.#holdUnanswered(tcpSocket);
    if (this.#options.keepTcpOpen) keepTcpOpenUntilPeerEnds(tcpSocket);
    this.#server.handleUpgrade(request, tcpSocket, head, (socket) => this.#accept(socket));
  }

  /** Sends the envelope to exactly one socket. Resolves with the result of its ack. */
  deliver(envelope: Envelope): Promise<AckOutcome> {
    const connection = this.#nextConnection();
    if (connection === undefined) return Promise.resolve({ kind: 'dispatch_failed' });
    const outcome = this.#pendingAcks.add(envelope, connection.socket);
    connection.send(envelope);
    return outcome;
  }

  /** Announces to close one socket, or all. After `closeDelayMs` Slack closes it as soon as no ack is pending on it. */
  announceDisconnect(reason: DisconnectReason, index?: number): void {
    for (const connection of this.#select(index)) {
      connection.send({ type: 'disconnect', reason, debug_info: { host: 'strict-slack' } });
      if (reason !== 'warning') connection.isClosing = true;
      this.#schedule(this.#options.closeDelayMs, () => this.#closeWhenAcked(connection));
    }
  }

  /** Closes one socket, or all, with a close frame and without an announcement. */
  closeSocket(index?: number): void {
    for (const connection of this.#select(index)) connection.close();
  }

  /** Closes one socket, or all, with a close frame once every envelope on it has its ack. */
  closeSocketWhenAcked(index?: number): void {
    for (const connection of this.#select(index)) this.#closeWhenAcked(connection);
  }

  /** Breaks the TCP connection of one socket, or of all, without a close frame. */
  terminateSocket(index?: number): void {
    for (const connection of this.#select(index)) connection.terminate();
  }

  /** Makes the connection half open: it exists and transports nothing. */
  freezeSocket(index?: number): void {
    for (const connection of this.#select(index)) connection.freeze();
  }

  /** Sends one ping. Slack sends one every few seconds. */
  pingSocket(index?: number): void {
    for (const { socket } of this.#select(index)) socket.ping();
  }

  /** Sends a text frame to all sockets. */
  sendRawFrame(frame: string): void {
    for (const { socket } of this.#select(undefined)) socket.send(frame);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#pendingAcks.close();
    for (const socket of this.#server.clients) socket.terminate();
    for (const tcpSocket of this.#unansweredUpgrades) tcpSocket.destroy();
    this.#server.close();
  }

  #closeWhenAcked(connection: SocketConnection): void {
    connection.isClosing = true;
    if (this.#pendingAcks.hasPendingOn(connection.socket)) this.#schedule(1, () => this.#closeWhenAcked(connection));
    else connection.close();
  }

  #connected(): SocketConnection[] {
    return this.#connections.filter(({ isConnected }) => isConnected);
  }

  #nextConnection(): SocketConnection | undefined {
    const ready = this.#deliverable();
    return ready[this.#nextIndex++ % ready.length];
  }

  #deliverable(): SocketConnection[] {
    return this.#connections.filter(({ isDeliverable }) => isDeliverable);
  }

  #holdUnanswered(tcpSocket: Duplex): void {
    this.#unansweredUpgrades.add(tcpSocket);
    tcpSocket.on('error', () => tcpSocket.destroy());
    tcpSocket.on('end', () => tcpSocket.destroy());
    tcpSocket.on('close', () => this.#unansweredUpgrades.delete(tcpSocket) && this.#options.onChange());
    tcpSocket.resume();
  }

  #select(index: number | undefined): SocketConnection[] {
    const connected = this.#connected();
    if (index === undefined) return connected;
    const connection = connected[index];
    if (connection === undefined) throw new Error(`There is no socket ${index}; ${this.socketCount} are open`);
    return [connection];
  }

  #accept(socket: WebSocket): void {
    socket.on('error', () => socket.terminate());
    const connection = new SocketConnection(socket);
    if (this.#connections.length >= maxConnections) {
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
    socket.on('close', (code) => this.#handleClose(connection, code));
    if (this.#helloMode !== 'held') this.#sendHello(connection);
  }

  #sendHello(connection: SocketConnection): void {
    connection.helloSent = true;
    connection.send({
      type: 'hello',
      num_connections: this.socketCount,
      debug_info: { host: 'strict-slack', build_number: 1, approximate_connection_time: 18_060 },
      connection_info: { app_id: appId },
    });
    if (this.#helloMode === 'then closed') connection.close();
    else this.#redeliverPending();
    this.#options.onChange();
  }

  #handleClose(connection: SocketConnection, code: number): void {
    this.#connections = this.#connections.filter((other) => other !== connection);
    const closedBy = code === 1006 ? 'none' : 'app';
    this.#pendingAcks.handleSocketClose(connection.socket, connection.closedBySlack ? 'slack' : closedBy);
    this.#redeliverPending();
    this.#options.onChange();
  }

  #redeliverPending(): void {
    const next = this.#nextConnection();
    if (next !== undefined) this.#pendingAcks.redeliverTo(next.socket, (envelope) => next.send(envelope));
  }

  #receive(data: RawData, socket: WebSocket): void {
    this.#pendingAcks.receive(String(data), socket);
    this.#options.onChange();
  }

  #schedule(ms: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, ms);
    timer.unref();
    this.#timers.add(timer);
  }
}

function keepTcpOpenUntilPeerEnds(tcpSocket: Duplex): void {
  tcpSocket.end = () => tcpSocket;
  tcpSocket.on('end', () => tcpSocket.destroy());
}
