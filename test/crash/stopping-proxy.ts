import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import type { CommandNamer, CrashPoint } from './crash-points.ts';
import { createRequestParser, type Request } from './request-parser.ts';

/** A proxy before one or more Redis servers. It labels the commands of a process, and stops the process at a crash point. */
export interface StoppingProxy extends AsyncDisposable {
  /** The URL of the proxy for each server. */
  readonly urls: readonly string[];
  /** Whether a worker waits for a job on one of the connections. */
  hasWaitingWorker(): boolean;
  /** Starts to record labels, and stops the process at the crash point, if any. */
  watch(options: WatchOptions): Watch;
  /** Forwards the held requests and replies. They arrive late. */
  release(): void;
}

export interface WatchOptions {
  /** Null if the process is not stopped. */
  readonly point: CrashPoint | null;
  readonly nameCommand: CommandNamer;
  /** Suspends the process with SIGSTOP. */
  suspend(): void;
}

export interface Watch {
  /** The labels so far, in the order of the commands. */
  readonly labels: readonly string[];
  isStopped(): boolean;
}

/** One connection of the process, and the connection to Redis behind it. */
interface ProxiedConnection {
  readonly server: number;
  readonly client: Socket;
  readonly redis: Socket;
  readonly heldRequests: Buffer[];
  lastCommand: string;
  /** Holds the replies until the reply to the marker, which follows the reply of the crash point. */
  heldReplies: { readonly marker: Buffer; replies: Buffer } | null;
}

/** `onScript` receives the text of each EVAL. */
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
      connection.heldReplies = { marker: sendWithMarker(connection.redis, raw), replies: Buffer.alloc(0) };
      state = 'stopping';
    }
  };
  const onReply = (connection: ProxiedConnection, data: Buffer) => {
    if (connection.heldReplies === null) return void connection.client.write(data);
    connection.heldReplies.replies = Buffer.concat([connection.heldReplies.replies, data]);
    const { marker, replies } = connection.heldReplies;
    if (state !== 'stopping' || !replies.subarray(-marker.length).equals(marker)) return;
    connection.heldReplies.replies = replies.subarray(0, replies.length - marker.length);
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
          heldReplies: null,
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
    hasWaitingWorker: () => [...connections].some(({ lastCommand }) => lastCommand === 'bzpopmin'),
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
        if (connection.heldReplies !== null) connection.client.write(connection.heldReplies.replies);
        connection.heldReplies = null;
        for (const raw of connection.heldRequests.splice(0)) connection.redis.write(raw);
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
    },
  };
}

/** Sends a request and an ECHO after it. Returns the reply of the ECHO: when it arrives, Redis has executed the request. */
function sendWithMarker(redis: Socket, raw: Buffer): Buffer {
  const marker = randomUUID();
  const markerReply = `$${marker.length}\r\n${marker}\r\n`;
  redis.write(Buffer.concat([raw, Buffer.from(`*2\r\n$4\r\nECHO\r\n${markerReply}`)]));
  return Buffer.from(markerReply);
}
