import { once } from 'node:events';
import { createServer } from 'node:net';

/** Returns a port on which no server listens at this moment. */
export async function findFreePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

/** Returns the reason why a server cannot listen on this port of this machine, or null if it can. */
export async function portUnavailableReason(port: number): Promise<'taken' | 'not_permitted' | null> {
  const server = createServer();
  try {
    // Without a host, like the local Slack: on every address.
    await once(server.listen(port), 'listening');
    return null;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES' ? 'not_permitted' : 'taken';
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
