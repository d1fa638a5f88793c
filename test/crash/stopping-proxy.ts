import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import type { CommandNamer, CrashPoint } from './crash-points.ts';
import { createRequestParser, type Request } from './request-parser.ts';

/** Stands before one or more Redis servers, counts what a process asks them, and stops the process at a point. */
export interface StoppingProxy extends AsyncDisposable {
  /** The address before each server, in their order. */
  readonly urls: readonly string[];
  /** Whether a worker waits for a job on one of the connections. */
  hasWaitingWorker(): boolean;
  /** Begins to count, and stops the process at the point; null: only counts. */
  watch(options: WatchOptions): Watch;
  /** Sends on what was held back: requests reach Redis late, replies reach the process late. */
  release(): void;
}

export interface WatchOptions {
  readonly point: CrashPoint | null;
  readonly nameCommand: CommandNamer;
  /** Freezes the process: it sends nothing more. */
  suspend(): void;
}

export interface Watch {
  /** The points so far, in the order in which the proxy saw them. */
  readonly labels: readonly string[];
  isStopped(): boolean;
}

/** One connection of the process, and its other half. */
interface ProxiedConnection {
  readonly server: number;
  readonly client: Socket;
  readonly redis: Socket;
  readonly heldRequests: Buffer[];
  lastCommand: string;
  /** What the server says after the reply that is to be lost; until then its replies are kept. */
  lostReply: { readonly token: Buffer; replies: Buffer } | null;
}

/** `onScript` hears the text of every script that is sent as a text. */
export async function startStoppingProxy(
  ports: readonly number[],
  onScript: (text: string) => void,
): Promise<StoppingProxy> {
  const connections = new Set<ProxiedConnection>();
  let activeWatch: (WatchOptions & { readonly labels: string[] }) | null = null;
  let state: 'flowing' | 'stopping' | 'stopped' = 'flowing';

  const onRequest = (connection: ProxiedConnection, { raw, args }: Request) => {
    if (state !== 'flowing') return void connection.heldRequests.push(raw);
    connection.lastCommand = args[0]?.toLowerCase() ?? '';
    if (connection.lastCommand === 'eval' && args[1] !== undefined) onScript(args[1]);
    const label = activeWatch?.nameCommand(args, connection.server) ?? null;
    if (activeWatch === null || label === null) return void connection.redis.write(raw);
    activeWatch.labels.push(label);
    if (activeWatch.point?.label !== label) return void connection.redis.write(raw);
    activeWatch.suspend();
    if (activeWatch.point.when === 'before') {
      connection.heldRequests.push(raw);
      state = 'stopped';
    } else {
      connection.lostReply = { token: sendWithMarker(connection.redis, raw), replies: Buffer.alloc(0) };
      state = 'stopping';
    }
  };
  const onReply = (connection: ProxiedConnection, data: Buffer) => {
    if (connection.lostReply === null) return void connection.client.write(data);
    connection.lostReply.replies = Buffer.concat([connection.lostReply.replies, data]);
    const { token, replies } = connection.lostReply;
    if (state !== 'stopping' || !replies.subarray(-token.length).equals(token)) return;
    connection.lostReply.replies = replies.subarray(0, replies.length - token.length);
    state = 'stopped';
  };
  const proxies = await Promise.all(
    ports.map((port, server) =>
      startTcpProxy(port, ({ client, server: redis }) => {
        const connection: ProxiedConnection = {
          server,
          client,
          redis,
          heldRequests: [],
          lastCommand: '',
          lostReply: null,
        };
        const parse = createRequestParser();
        connections.add(connection);
        client.on('close', () => connections.delete(connection));
        client.on('data', (data) => {
          for (const request of parse(data)) onRequest(connection, request);
        });
        redis.on('data', (data) => onReply(connection, data));
      }),
    ),
  );

  return {
    urls: proxies.map(({ port }) => `redis://127.0.0.1:${port}`),
    hasWaitingWorker: () => [...connections].some(({ lastCommand: last }) => last === 'bzpopmin'),
    watch(options) {
      const labels: string[] = [];
      activeWatch = { ...options, labels };
      state = 'flowing';
      return { labels, isStopped: () => state === 'stopped' };
    },
    release() {
      activeWatch = null;
      state = 'flowing';
      for (const connection of connections) {
        if (connection.lostReply !== null) connection.client.write(connection.lostReply.replies);
        connection.lostReply = null;
        for (const raw of connection.heldRequests.splice(0)) connection.redis.write(raw);
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
    },
  };
}

/** Sends a request, and a question behind it whose answer is returned: when that comes, the request has been carried out. */
function sendWithMarker(redis: Socket, raw: Buffer): Buffer {
  const marker = randomUUID();
  const markerReply = `$${marker.length}\r\n${marker}\r\n`;
  redis.write(Buffer.concat([raw, Buffer.from(`*2\r\n$4\r\nECHO\r\n${markerReply}`)]));
  return Buffer.from(markerReply);
}
