import { connect, createServer, type Socket } from 'node:net';
import { later } from './later.ts';
import { listenHere } from './listen.ts';

/** `reply`: what was asked next has happened and nobody knows; `request`: it has not, and nobody knows either. */
export type Cut = 'reply' | 'request';

export interface CuttingProxy extends AsyncDisposable {
  readonly url: string;
  /** How many connections it has cut at a request. */
  readonly cuts: number;
  /** Lets the next request that contains `text` through to Redis, and cuts the connection before its reply. Once. */
  loseReplyTo(text: string): void;
  /** The same, and Redis is away from then on, until `comeBack`. */
  loseReplyAndGoAway(text: string): void;
  /** The next request that contains `text` does not get through, and Redis is away from then on, until `comeBack`. */
  goAwayBefore(text: string): void;
  /** Every connection breaks, and new ones break at once, until `comeBack`. */
  goAway(): void;
  comeBack(): void;
  readonly isAway: boolean;
  /** Cuts one of the connections that are open now, at its next request; `chosen` is taken modulo their number. */
  cutOne(cut: Cut, chosen: number): void;
  /** Away for so long. */
  outage(forMs: number): void;
  /** When Redis could last not be reached at all, epoch ms; 0: never. */
  readonly lastOutageAt: number;
  /** From now on each request and each reply arrives this much later. */
  delay(ms: number): void;
}

interface Fate {
  readonly cut: Cut;
  /** Whether Redis is away from then on. */
  readonly thenAway: boolean;
}

interface Line {
  readonly client: Socket;
  readonly redis: Socket;
  /** What becomes of its next request. */
  fate: Fate | null;
}

/** A proxy before a Redis that delays, loses requests and replies, and goes away. */
export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  let marked: (Fate & { readonly text: string }) | null = null;
  let [delayMs, cuts, lastOutageAt, awayUntil] = [0, 0, 0, 0];
  const lines = new Set<Line>();
  const isAway = () => Date.now() < awayUntil;
  const goAway = (until: number) => {
    lastOutageAt = Date.now();
    awayUntil = Math.max(awayUntil, until);
    for (const { client } of lines) client.destroy();
  };
  const server = createServer((client) => {
    if (isAway()) return void client.on('error', () => {}).destroy();
    const redis = connect(port, '127.0.0.1');
    const line: Line = { client, redis, fate: null };
    const toRedis = later(() => delayMs);
    const toClient = later(() => delayMs);
    let fate: Fate | null = null;
    const cutOff = () => (fate?.thenAway ? goAway(Number.POSITIVE_INFINITY) : client.destroy());
    client.on('data', (request) => {
      const next = marked !== null && request.includes(marked.text) ? marked : line.fate;
      if (next !== null) {
        [cuts, line.fate, marked, fate] = [cuts + 1, null, null, next];
        if (next.thenAway) awayUntil = Number.POSITIVE_INFINITY;
        if (next.cut === 'request') return void cutOff();
      }
      toRedis(() => redis.write(request));
    });
    redis.on('data', (reply) => {
      if (fate === null) toClient(() => client.write(reply));
      else cutOff();
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
  const own = await listenHere(server);
  return {
    url: `redis://127.0.0.1:${own}`,
    get cuts() {
      return cuts;
    },
    get isAway() {
      return isAway();
    },
    get lastOutageAt() {
      return lastOutageAt;
    },
    loseReplyTo(text) {
      marked = { text, cut: 'reply', thenAway: false };
    },
    loseReplyAndGoAway(text) {
      marked = { text, cut: 'reply', thenAway: true };
    },
    goAwayBefore(text) {
      marked = { text, cut: 'request', thenAway: true };
    },
    goAway: () => goAway(Number.POSITIVE_INFINITY),
    comeBack() {
      awayUntil = 0;
    },
    cutOne(cut, chosen) {
      const line = [...lines][chosen % Math.max(1, lines.size)];
      if (line !== undefined) line.fate = { cut, thenAway: false };
    },
    outage: (forMs) => goAway(Date.now() + forMs),
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
