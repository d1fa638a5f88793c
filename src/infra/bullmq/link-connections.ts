import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { RedisEndpoint } from '../../config/redis-url.ts';
import type { Link } from '../../domain/link.ts';
import { connect, disconnect, masterNodes, type RedisClient } from '../redis/client.ts';
import { type CircuitBreaker, createCircuitBreaker } from './circuit-breaker.ts';
import { createLinkClocks, type LinkClocks } from './link-clocks.ts';

/** A connection to a Redis that holds links. All of its links share it. */
export interface LinkConnection {
  readonly name: string;
  readonly client: RedisClient;
  /** In a cluster each queue may be in another slot, so a script may touch one link only. */
  readonly isCluster: boolean;
  readonly breaker: CircuitBreaker;
  readonly clocks: LinkClocks;
  /** How often a socket was lost. ioredis then sends the commands without a reply again, so they may arrive twice. */
  readonly lostSockets: number;
  /** Drops the sockets with what they have not delivered yet. The client connects again. */
  reset(): void;
  /** Passes an error of a call to `onError`. */
  report(error: unknown): void;
}

export interface LinkConnections extends AsyncDisposable {
  /** Returns undefined if the configuration has no connection of this name, or if they are closed: its links are unreachable. */
  get(name: string): LinkConnection | undefined;
  /** Replaces the configuration. Closes the connections that it changes or removes: their calls get no reply. */
  update(endpoints: LinkEndpoints): Promise<void>;
}

/** By name. */
export type LinkEndpoints = Readonly<Record<string, RedisEndpoint>>;

/**
 * Opens each connection when it is first used. `onError` receives one error for each outage, and each error reply.
 * `onRecovered` is called at the end of each outage.
 */
export function createLinkConnections(
  initialEndpoints: LinkEndpoints,
  onError: (name: string, error: Error) => void,
  onRecovered: (name: string) => void = () => {},
): LinkConnections {
  const opened = new Map<string, OpenConnection>();
  let endpoints = initialEndpoints;
  let isClosed = false;
  const endpointOf = (name: string) => (Object.hasOwn(endpoints, name) ? endpoints[name] : undefined);
  return {
    get(name) {
      const existing = opened.get(name);
      if (existing !== undefined) return existing;
      // Work that goes on while the process stops must not keep it alive with a new connection.
      if (isClosed) return undefined;
      const endpoint = endpointOf(name);
      if (endpoint === undefined) return undefined;
      const connection = openConnection(name, endpoint, { onError, onRecovered });
      opened.set(name, connection);
      return connection;
    },
    async update(newEndpoints) {
      endpoints = newEndpoints;
      const outdated = [...opened.values()].filter(
        ({ name, endpoint }) => JSON.stringify(endpoint) !== JSON.stringify(endpointOf(name)),
      );
      for (const { name } of outdated) opened.delete(name);
      await Promise.all(outdated.map((connection) => connection.close()));
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await Promise.all([...opened.values()].map((connection) => connection.close()));
      opened.clear();
    },
  };
}

/** The start of every key of a link, such as `bull:orders-full:`. */
export function keyPrefix(link: Link): string {
  return `${link.prefix}:${link.queue}:`;
}

interface ConnectionListeners {
  readonly onError: (name: string, error: Error) => void;
  readonly onRecovered: (name: string) => void;
}

interface OpenConnection extends LinkConnection {
  readonly endpoint: RedisEndpoint;
  close(): Promise<void>;
}

function openConnection(
  name: string,
  endpoint: RedisEndpoint,
  { onError, onRecovered }: ConnectionListeners,
): OpenConnection {
  const client = connect(
    endpoint,
    'links',
    (error) => onError(name, error),
    () => onRecovered(name),
  );
  let lostSockets = 0;
  // The second event is that of a cluster, for one of its nodes.
  for (const event of ['close', '-node']) client.on(event, () => lostSockets++);
  return {
    name,
    endpoint,
    client,
    get lostSockets() {
      return lostSockets;
    },
    isCluster: endpoint.kind === 'cluster',
    breaker: createCircuitBreaker(client),
    clocks: createLinkClocks(),
    reset() {
      for (const { stream } of masterNodes(client)) resetSocket(stream);
    },
    report: (error: unknown) => onError(name, error instanceof Error ? error : new Error('no error', { cause: error })),
    close: () => disconnect(client),
  };
}

/** A plain socket sends RST, so that the system delivers no more of it. Node.js cannot reset a TLS socket, so it is closed. */
function resetSocket(socket: Socket | undefined): void {
  // ioredis 6.0.0 connects a node of a cluster at its first command. Until then it has no socket, other than its type says.
  if (socket === undefined || socket.destroyed) return;
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
