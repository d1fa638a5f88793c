import { connect, type Socket } from 'node:net';
import { delayLine } from './delay-line.ts';
import { type ProxiedConnection, startTcpProxy } from './tcp-proxy.ts';

/** `request`: Redis did not receive it. `reply`: Redis executed the request. In both cases the client gets no reply. */
export type LostMessage = 'reply' | 'request';

/** A proxy before a Redis that delays messages, loses them, and goes down. */
export interface FaultyRedisProxy extends AsyncDisposable {
  readonly url: string;
  /** The number of connections that were dropped at a request. */
  readonly droppedConnections: number;
  /** Forwards the next request that contains `text`, and drops its connection before the reply. */
  dropReplyTo(text: string): void;
  /** Like `dropReplyTo`, but also goes down, until `recover`. */
  dropReplyAndGoDown(text: string): void;
  /** Goes down instead of forwarding the next request that contains `text`, until `recover`. */
  goDownBefore(text: string): void;
  /** Drops all connections, and new ones at once, until `recover`. */
  goDown(): void;
  goDownFor(durationMs: number): void;
  recover(): void;
  readonly isDown: boolean;
  /** The start of the last outage in epoch ms, or 0 if there was none. */
  readonly lastOutageAt: number;
  /** Drops one of the open connections at its next request. `connectionIndex` is taken modulo their number. */
  dropOneConnection(lost: LostMessage, connectionIndex: number): void;
  /**
   * Drops one of the open connections at its next request, and delivers that request to Redis after a delay, on a connection
   * of its own. For Redis a network that was divided for that time looks like this.
   */
  deliverLate(connectionIndex: number, delayMs: number): void;
  /** The same with the next request that contains `text`, of any connection. */
  deliverLateWith(text: string, delayMs: number): void;
  /** An outage that begins when the next request that contains `text` has been sent. At its end Redis gets that request. */
  goDownAt(text: string, durationMs: number): void;
  /** Drops none of the connections that were to be dropped at their next request. */
  cancelDrops(): void;
  /** The number of requests that were delivered late. */
  readonly lateRequests: number;
  /** Each request and each reply arrives this much later. */
  setDelayMs(delayMs: number): void;
}

interface PlannedDrop {
  readonly lost: LostMessage;
  readonly thenGoDown: boolean;
  /** When Redis receives the request nevertheless, ms from now. */
  readonly deliverAfterMs?: number;
  /** How long the proxy is down from now on, ms. */
  readonly outageMs?: number;
}

export async function startFaultyRedisProxy(redisPort: number): Promise<FaultyRedisProxy> {
  const dropsByConnection = new Map<ProxiedConnection, PlannedDrop>();
  let dropByText: (PlannedDrop & { readonly text: string }) | null = null;
  let [delayMs, droppedConnections, lateRequests, lastOutageAt, downUntil] = [0, 0, 0, 0, 0];
  const lateDeliveries = new Set<{ readonly timer: NodeJS.Timeout; readonly socket: Socket }>();
  const deliverAfter = (request: Buffer, afterMs: number) => {
    const socket = connect(redisPort, '127.0.0.1');
    socket.on('error', () => {});
    const timer = setTimeout(() => {
      lateRequests += 1;
      // Redis executes it a moment later.
      lastOutageAt = Date.now() + 1_000;
      socket.end(request);
      socket.resume();
      lateDeliveries.delete(delivery);
    }, afterMs);
    const delivery = { timer, socket };
    lateDeliveries.add(delivery);
  };
  const isDown = () => Date.now() < downUntil;
  const goDown = (until = Number.POSITIVE_INFINITY) => {
    lastOutageAt = Date.now();
    downUntil = Math.max(downUntil, until);
    for (const { client } of proxy.connections) client.destroy();
  };
  /** Returns and removes the drop that is planned for this request. */
  const takeDrop = (connection: ProxiedConnection, request: Buffer): PlannedDrop | null => {
    const drop = dropByText !== null && request.includes(dropByText.text) ? dropByText : null;
    const plannedDrop = drop ?? dropsByConnection.get(connection) ?? null;
    if (plannedDrop === null) return null;
    dropByText = null;
    dropsByConnection.delete(connection);
    droppedConnections += 1;
    return plannedDrop;
  };
  const proxy = await startTcpProxy(redisPort, (connection) => {
    const { client, server: redis } = connection;
    if (isDown()) return void client.destroy();
    let drop: PlannedDrop | null = null;
    const dropConnection = () => (drop?.thenGoDown ? goDown() : client.destroy());
    const sendRequest = delayLine<Buffer>(
      () => delayMs,
      (request) => void redis.write(request),
    );
    const sendReply = delayLine<Buffer>(
      () => delayMs,
      (reply) => void client.write(reply),
    );
    client.on('data', (request) => {
      drop ??= takeDrop(connection, request);
      // New connections are refused from now on, before the reply arrives.
      if (drop?.thenGoDown) downUntil = Number.POSITIVE_INFINITY;
      if (drop?.deliverAfterMs !== undefined) deliverAfter(request, drop.deliverAfterMs);
      if (drop?.outageMs !== undefined) goDown(Date.now() + drop.outageMs);
      if (drop?.lost === 'request') dropConnection();
      else sendRequest(request);
    });
    redis.on('data', (reply) => (drop === null ? sendReply(reply) : dropConnection()));
    client.on('close', () => dropsByConnection.delete(connection));
  });
  return {
    url: `redis://127.0.0.1:${proxy.port}`,
    get droppedConnections() {
      return droppedConnections;
    },
    get isDown() {
      return isDown();
    },
    get lastOutageAt() {
      return lastOutageAt;
    },
    dropReplyTo(text) {
      dropByText = { text, lost: 'reply', thenGoDown: false };
    },
    dropReplyAndGoDown(text) {
      dropByText = { text, lost: 'reply', thenGoDown: true };
    },
    goDownBefore(text) {
      dropByText = { text, lost: 'request', thenGoDown: true };
    },
    goDown: () => goDown(),
    goDownFor: (durationMs) => goDown(Date.now() + durationMs),
    recover() {
      downUntil = 0;
    },
    dropOneConnection(lost, connectionIndex) {
      const connections = [...proxy.connections];
      const connection = connections[connectionIndex % Math.max(1, connections.length)];
      if (connection !== undefined) dropsByConnection.set(connection, { lost, thenGoDown: false });
    },
    deliverLate(connectionIndex, deliverAfterMs) {
      const connections = [...proxy.connections];
      const connection = connections[connectionIndex % Math.max(1, connections.length)];
      if (connection !== undefined)
        dropsByConnection.set(connection, { lost: 'request', thenGoDown: false, deliverAfterMs });
    },
    deliverLateWith(text, deliverAfterMs) {
      dropByText = { text, lost: 'request', thenGoDown: false, deliverAfterMs };
    },
    goDownAt(text, durationMs) {
      dropByText = { text, lost: 'request', thenGoDown: false, deliverAfterMs: durationMs, outageMs: durationMs };
    },
    cancelDrops() {
      dropByText = null;
      dropsByConnection.clear();
    },
    get lateRequests() {
      return lateRequests;
    },
    setDelayMs(newDelayMs) {
      delayMs = newDelayMs;
    },
    async [Symbol.asyncDispose]() {
      for (const { timer, socket } of lateDeliveries) {
        clearTimeout(timer);
        socket.destroy();
      }
      await proxy[Symbol.asyncDispose]();
    },
  };
}
