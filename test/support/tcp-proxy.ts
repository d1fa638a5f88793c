import { connect, createServer, type Socket } from 'node:net';
import { listenOnFreePort } from './listen-on-free-port.ts';

/** A connection of a client, and the connection of the proxy to the server. When one ends, both are destroyed. */
export interface ProxiedConnection {
  readonly client: Socket;
  readonly server: Socket;
}

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** The open connections, oldest first. */
  readonly connections: ReadonlySet<ProxiedConnection>;
}

/** A proxy before a server on this machine. It forwards no data: `onConnection` decides what to do with it. */
export async function startTcpProxy(
  serverPort: number,
  onConnection: (connection: ProxiedConnection) => void,
): Promise<TcpProxy> {
  const connections = new Set<ProxiedConnection>();
  const proxy = createServer((client) => {
    const connection = { client, server: connect(serverPort, '127.0.0.1') };
    connections.add(connection);
    for (const socket of [client, connection.server]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        connections.delete(connection);
        client.destroy();
        connection.server.destroy();
      });
    }
    onConnection(connection);
  });
  return {
    port: await listenOnFreePort(proxy),
    connections,
    async [Symbol.asyncDispose]() {
      for (const { client } of connections) client.destroy();
      await new Promise<void>((resolve) => proxy.close(() => resolve()));
    },
  };
}
