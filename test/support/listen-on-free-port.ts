import { once } from 'node:events';
import type { Server } from 'node:net';

/** Starts to listen on a free port of the loopback address. Returns the port. */
export async function listenOnFreePort(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
