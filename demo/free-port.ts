import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port that nobody listens on just now. */
export async function findFreePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

/** Why nobody could listen on a port of this machine just now; null: it is free. */
export async function portUnavailableReason(port: number): Promise<'taken' | 'not_permitted' | null> {
  const server = createServer();
  try {
    // On every address, as the local Slack does it.
    await once(server.listen(port), 'listening');
    return null;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES' ? 'not_permitted' : 'taken';
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
