import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Bounds the open connections of an HTTP server. A new connection beyond the limit replaces another one: Node's own
 * `maxConnections` refuses the new one, so that idle connections keep everybody else out.
 */
export function limitConnections(server: Server, maxConnections: number): void {
  /** The newest response of each connection, or null. The connection that was active last is the last one. */
  const newestResponses = new Map<Socket, ServerResponse | null>();
  server.on('connection', (socket) => {
    if (newestResponses.size >= maxConnections) {
      const replaced = leastNeeded(newestResponses);
      newestResponses.delete(replaced ?? socket);
      replaced?.destroy();
    }
    newestResponses.set(socket, null);
    socket.once('close', () => newestResponses.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    if (newestResponses.delete(socket)) newestResponses.set(socket, response);
  });
}

/**
 * A connection without a complete request comes first, then one that has had its response and is idle, then one that waits
 * for its response. Among equals the one that has been silent for longest.
 */
function leastNeeded(newestResponses: ReadonlyMap<Socket, ServerResponse | null>): Socket | undefined {
  const connections = [...newestResponses];
  const first = (matches: (response: ServerResponse | null) => boolean) =>
    connections.find(([, response]) => matches(response))?.[0];
  return (
    first((response) => !response?.req.complete) ??
    first((response) => response?.writableFinished === true) ??
    first(() => true)
  );
}
