import { connect, createServer, type Socket } from 'node:net';
import { delayedQueue } from './delayed-queue.ts';
import { listenOnFreePort } from './listen-on-free-port.ts';

/** `reply`: what was asked next has happened and nobody knows; `request`: it has not, and nobody knows either. */
export type LostMessage = 'reply' | 'request';

export interface FaultyRedisProxy extends AsyncDisposable {
  readonly url: string;
  /** How many connections it has cut at a request. */
  readonly droppedConnections: number;
  /** Lets the next request that contains `text` through to Redis, and cuts the connection before its reply. Once. */
  dropReplyTo(text: string): void;
  /** The same, and Redis is away from then on, until `comeBack`. */
  dropReplyAndGoDown(text: string): void;
  /** The next request that contains `text` does not get through, and Redis is away from then on, until `comeBack`. */
  goDownBefore(text: string): void;
  /** Every connection breaks, and new ones break at once, until `comeBack`. */
  goDown(): void;
  recover(): void;
  readonly isDown: boolean;
  /** Cuts one of the connections that are open now, at its next request; `chosen` is taken modulo their number. */
  dropOneConnection(lost: LostMessage, connectionIndex: number): void;
  /** Away for so long. */
  goDownFor(durationMs: number): void;
  /** When Redis could last not be reached at all, epoch ms; 0: never. */
  readonly lastOutageAt: number;
  /** From now on each request and each reply arrives this much later. */
  setDelayMs(delayMs: number): void;
}

interface PlannedDrop {
  readonly lost: LostMessage;
  /** Whether Redis is away from then on. */
  readonly thenGoDown: boolean;
}

interface ProxiedConnection {
  readonly client: Socket;
  readonly redis: Socket;
  /** What becomes of its next request. */
  plannedDrop: PlannedDrop | null;
}

/** A proxy before a Redis that delays, loses requests and replies, and goes away. */
export async function startFaultyRedisProxy(port: number): Promise<FaultyRedisProxy> {
  let dropAtText: (PlannedDrop & { readonly text: string }) | null = null;
  let [delayMs, droppedConnections, lastOutageAt, downUntil] = [0, 0, 0, 0];
  const connections = new Set<ProxiedConnection>();
  const isDown = () => Date.now() < downUntil;
  const goDown = (until: number) => {
    lastOutageAt = Date.now();
    downUntil = Math.max(downUntil, until);
    for (const { client } of connections) client.destroy();
  };
  const server = createServer((client) => {
    if (isDown()) return void client.on('error', () => {}).destroy();
    const redis = connect(port, '127.0.0.1');
    const connection: ProxiedConnection = { client, redis, plannedDrop: null };
    const toRedis = delayedQueue(() => delayMs);
    const toClient = delayedQueue(() => delayMs);
    let drop: PlannedDrop | null = null;
    const dropConnection = () => (drop?.thenGoDown ? goDown(Number.POSITIVE_INFINITY) : client.destroy());
    client.on('data', (request) => {
      const planned = dropAtText !== null && request.includes(dropAtText.text) ? dropAtText : connection.plannedDrop;
      if (planned !== null) {
        [droppedConnections, connection.plannedDrop, dropAtText, drop] = [droppedConnections + 1, null, null, planned];
        if (planned.thenGoDown) downUntil = Number.POSITIVE_INFINITY;
        if (planned.lost === 'request') return void dropConnection();
      }
      toRedis(() => redis.write(request));
    });
    redis.on('data', (reply) => {
      if (drop === null) toClient(() => client.write(reply));
      else dropConnection();
    });
    connections.add(connection);
    for (const socket of [client, redis]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        connections.delete(connection);
        client.destroy();
        redis.destroy();
      });
    }
  });
  const ownPort = await listenOnFreePort(server);
  return {
    url: `redis://127.0.0.1:${ownPort}`,
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
      dropAtText = { text, lost: 'reply', thenGoDown: false };
    },
    dropReplyAndGoDown(text) {
      dropAtText = { text, lost: 'reply', thenGoDown: true };
    },
    goDownBefore(text) {
      dropAtText = { text, lost: 'request', thenGoDown: true };
    },
    goDown: () => goDown(Number.POSITIVE_INFINITY),
    recover() {
      downUntil = 0;
    },
    dropOneConnection(lost, connectionIndex) {
      const connection = [...connections][connectionIndex % Math.max(1, connections.size)];
      if (connection !== undefined) connection.plannedDrop = { lost, thenGoDown: false };
    },
    goDownFor: (durationMs) => goDown(Date.now() + durationMs),
    setDelayMs(newDelayMs) {
      delayMs = newDelayMs;
    },
    async [Symbol.asyncDispose]() {
      for (const { client, redis } of connections) {
        client.destroy();
        redis.destroy();
      }
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
