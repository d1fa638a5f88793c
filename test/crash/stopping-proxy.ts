import { randomUUID } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Namer, Point } from './points.ts';
import { createRequestParser, type Request } from './request-parser.ts';

/** Stands before one or more Redis servers, counts what a process asks them, and stops the process at a point. */
export interface StoppingProxy extends AsyncDisposable {
  /** The address before each server, in their order. */
  readonly urls: readonly string[];
  /** Whether a worker waits for a job on one of the connections. */
  isWaitedOn(): boolean;
  /** Begins to count, and stops the process at the point; null: only counts. */
  watch(aim: Aim): Watch;
  /** Sends on what was held back: requests reach Redis late, replies reach the process late. */
  letGo(): void;
}

export interface Aim {
  readonly point: Point | null;
  readonly name: Namer;
  /** Freezes the process: it sends nothing more. */
  freeze(): void;
}

export interface Watch {
  /** The points so far, in the order in which the proxy saw them. */
  readonly labels: readonly string[];
  isStopped(): boolean;
}

/** One connection of the process, and its other half. */
interface Wire {
  readonly server: number;
  readonly client: Socket;
  readonly redis: Socket;
  readonly held: Buffer[];
  last: string;
  /** What the server says after the reply that is to be lost; until then its replies are kept. */
  lost: { readonly token: Buffer; replies: Buffer } | null;
}

/** `onScript` hears the text of every script that is sent as a text. */
export async function startStoppingProxy(
  ports: readonly number[],
  onScript: (text: string) => void,
): Promise<StoppingProxy> {
  const wires = new Set<Wire>();
  let watched: (Aim & { readonly labels: string[] }) | null = null;
  let state: 'flowing' | 'stopping' | 'stopped' = 'flowing';

  const onRequest = (wire: Wire, { raw, args }: Request) => {
    if (state !== 'flowing') return void wire.held.push(raw);
    wire.last = args[0]?.toLowerCase() ?? '';
    if (wire.last === 'eval' && args[1] !== undefined) onScript(args[1]);
    const label = watched?.name(args, wire.server) ?? null;
    if (watched === null || label === null) return void wire.redis.write(raw);
    watched.labels.push(label);
    if (watched.point?.label !== label) return void wire.redis.write(raw);
    watched.freeze();
    if (watched.point.when === 'before') {
      wire.held.push(raw);
      state = 'stopped';
    } else {
      wire.lost = { token: replyTo(wire.redis, raw), replies: Buffer.alloc(0) };
      state = 'stopping';
    }
  };
  const onReply = (wire: Wire, data: Buffer) => {
    if (wire.lost === null) return void wire.client.write(data);
    wire.lost.replies = Buffer.concat([wire.lost.replies, data]);
    const { token, replies } = wire.lost;
    if (state !== 'stopping' || !replies.subarray(-token.length).equals(token)) return;
    wire.lost.replies = replies.subarray(0, replies.length - token.length);
    state = 'stopped';
  };
  const servers = await Promise.all(
    ports.map((port, server) =>
      listen((client) => {
        const wire: Wire = { server, client, redis: connect(port, '127.0.0.1'), held: [], last: '', lost: null };
        const parse = createRequestParser();
        wires.add(wire);
        client.on('data', (data) => {
          for (const request of parse(data)) onRequest(wire, request);
        });
        wire.redis.on('data', (data) => onReply(wire, data));
        for (const socket of [client, wire.redis]) {
          socket.setNoDelay(true);
          socket.on('error', () => {});
          socket.on('close', () => {
            wires.delete(wire);
            client.destroy();
            wire.redis.destroy();
          });
        }
      }),
    ),
  );

  return {
    urls: servers.map(urlOf),
    isWaitedOn: () => [...wires].some(({ last }) => last === 'bzpopmin'),
    watch(aim) {
      const labels: string[] = [];
      watched = { ...aim, labels };
      state = 'flowing';
      return { labels, isStopped: () => state === 'stopped' };
    },
    letGo() {
      watched = null;
      state = 'flowing';
      for (const wire of wires) {
        if (wire.lost !== null) wire.client.write(wire.lost.replies);
        wire.lost = null;
        for (const raw of wire.held.splice(0)) wire.redis.write(raw);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const { client } of wires) client.destroy();
      await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    },
  };
}

/** Sends a request, and a question behind it whose answer is returned: when that comes, the request has been carried out. */
function replyTo(redis: Socket, raw: Buffer): Buffer {
  const token = randomUUID();
  const bulk = `$${token.length}\r\n${token}\r\n`;
  redis.write(Buffer.concat([raw, Buffer.from(`*2\r\n$4\r\nECHO\r\n${bulk}`)]));
  return Buffer.from(bulk);
}

async function listen(onConnection: (client: Socket) => void): Promise<Server> {
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return `redis://127.0.0.1:${address.port}`;
}
