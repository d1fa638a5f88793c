import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy extends AsyncDisposable {
  readonly url: string;
  /** Lets the next request that contains `text` through to Redis, and cuts the connection before its reply. Once. */
  loseReplyTo(text: string): void;
}

/** A proxy before a Redis that can lose a reply: what was asked has happened, and nobody knows. */
export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  let marked: string | null = null;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const redis = connect(port, '127.0.0.1');
    let cut = false;
    client.on('data', (request) => {
      if (marked !== null && request.includes(marked)) {
        cut = true;
        marked = null;
      }
      redis.write(request);
    });
    redis.on('data', (reply) => {
      if (cut) client.destroy();
      else client.write(reply);
    });
    for (const socket of [client, redis]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        redis.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    url: `redis://127.0.0.1:${address.port}`,
    loseReplyTo(text) {
      marked = text;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
