import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy extends AsyncDisposable {
  readonly url: string;
  /** Lets the next request that contains `text` through to Redis, and cuts the connection before its reply. Once. */
  loseReplyTo(text: string): void;
  /** The same, and Redis is away from then on, until `comeBack`. */
  loseReplyAndGoAway(text: string): void;
  /** The next request that contains `text` does not get through, and Redis is away from then on, until `comeBack`. */
  goAwayBefore(text: string): void;
  /** Every connection breaks, and new ones break at once. */
  goAway(): void;
  comeBack(): void;
  readonly isAway: boolean;
}

interface Mark {
  readonly text: string;
  /** Whether Redis gets the request. */
  readonly passes: boolean;
  readonly thenAway: boolean;
}

/** A proxy before a Redis that can lose a reply: what was asked has happened, and nobody knows. */
export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  let marked: Mark | null = null;
  let away = false;
  const open = new Set<Socket>();
  const cutAll = () => {
    for (const socket of open) socket.destroy();
  };
  const server = createServer((client) => {
    if (away) {
      client.on('error', () => {});
      client.destroy();
      return;
    }
    const redis = connect(port, '127.0.0.1');
    let cut: Mark | null = null;
    client.on('data', (request) => {
      if (marked !== null && request.includes(marked.text)) {
        cut = marked;
        marked = null;
        away = cut.thenAway;
      }
      if (cut === null || cut.passes) redis.write(request);
      else cutAll();
    });
    redis.on('data', (reply) => {
      if (cut?.thenAway) cutAll();
      else if (cut !== null) client.destroy();
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
    get isAway() {
      return away;
    },
    loseReplyTo(text) {
      marked = { text, passes: true, thenAway: false };
    },
    loseReplyAndGoAway(text) {
      marked = { text, passes: true, thenAway: true };
    },
    goAwayBefore(text) {
      marked = { text, passes: false, thenAway: true };
    },
    goAway() {
      away = true;
      cutAll();
    },
    comeBack() {
      away = false;
    },
    async [Symbol.asyncDispose]() {
      cutAll();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
