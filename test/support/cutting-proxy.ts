import { connect, createServer, type Socket } from 'node:net';

/** `reply`: what was asked next has happened and nobody knows; `request`: it has not, and nobody knows either. */
export type Cut = 'reply' | 'request';

export interface CuttingProxy extends AsyncDisposable {
  readonly url: string;
  /** How many connections it has cut. */
  readonly cuts: number;
  /** Lets the next request that contains `text` through to Redis, and cuts the connection before its reply. Once. */
  loseReplyTo(text: string): void;
  /** Cuts one of the connections that are open now, at its next request; `chosen` is taken modulo their number. */
  cutOne(cut: Cut, chosen: number): void;
  /** Cuts every connection, and takes none for so long. */
  outage(forMs: number): void;
  /** When Redis could last not be reached at all, epoch ms; 0: never. */
  readonly lastOutageAt: number;
  /** From now on each request and each reply arrives this much later. */
  delay(ms: number): void;
}

/** A proxy before a Redis that delays, and loses requests and replies. */
export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  let marked: string | null = null;
  let delayMs = 0;
  let cuts = 0;
  let [lastOutageAt, awayUntil] = [0, 0];
  const lines = new Set<Line>();
  const server = createServer((client) => {
    if (Date.now() < awayUntil) return void client.on('error', () => {}).destroy();
    const redis = connect(port, '127.0.0.1');
    const line: Line = { client, redis, cut: null };
    const toRedis = later(() => delayMs);
    const toClient = later(() => delayMs);
    let losesReply = false;
    client.on('data', (request) => {
      const cut = marked !== null && request.includes(marked) ? 'reply' : line.cut;
      if (cut !== null) {
        cuts += 1;
        line.cut = null;
        marked = null;
        losesReply = cut === 'reply';
        if (cut === 'request') return void client.destroy();
      }
      toRedis(() => redis.write(request));
    });
    redis.on('data', (reply) => {
      if (losesReply) client.destroy();
      else toClient(() => client.write(reply));
    });
    lines.add(line);
    for (const socket of [client, redis]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        lines.delete(line);
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
    get cuts() {
      return cuts;
    },
    loseReplyTo(text) {
      marked = text;
    },
    cutOne(cut, chosen) {
      const line = [...lines][chosen % Math.max(1, lines.size)];
      if (line !== undefined) line.cut = cut;
    },
    get lastOutageAt() {
      return lastOutageAt;
    },
    outage(forMs) {
      lastOutageAt = Date.now();
      awayUntil = Math.max(awayUntil, lastOutageAt + forMs);
      for (const { client } of lines) client.destroy();
    },
    delay(ms) {
      delayMs = ms;
    },
    async [Symbol.asyncDispose]() {
      for (const { client, redis } of lines) {
        client.destroy();
        redis.destroy();
      }
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Line {
  readonly client: Socket;
  readonly redis: Socket;
  /** What becomes of its next request. */
  cut: Cut | null;
}

/** Does each thing so much later, in their order: a shorter delay lets nothing overtake. */
function later(delayMs: () => number): (act: () => void) => void {
  const waiting: { readonly at: number; readonly act: () => void }[] = [];
  const next = () => {
    waiting.shift()?.act();
    const [first] = waiting;
    if (first !== undefined) setTimeout(next, Math.max(0, first.at - performance.now()));
  };
  return (act) => {
    const ms = delayMs();
    if (ms === 0 && waiting.length === 0) return act();
    waiting.push({ at: performance.now() + ms, act });
    if (waiting.length === 1) setTimeout(next, ms);
  };
}
