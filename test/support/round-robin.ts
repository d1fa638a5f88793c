import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenHere } from './listen.ts';

/** One address before several bots, as a load balancer: each request goes to the next bot that takes the connection. */
export interface RoundRobin extends AsyncDisposable {
  readonly url: string;
  /** The port that answered each request, oldest first. */
  readonly answered: readonly number[];
  /** The port that the next request goes to first. */
  set next(port: number);
  /** It stays for good: a bot that has ended is skipped. */
  add(port: number): void;
}

export async function startRoundRobin(): Promise<RoundRobin> {
  const ports: number[] = [];
  const answered: number[] = [];
  const agent = new Agent({ keepAlive: true });
  let turn = 0;
  const server = createServer((incoming, response) => void forward(incoming, response));
  const forward = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(incoming);
    const first = turn++;
    for (let tried = 0; tried < ports.length; tried++) {
      const port = ports[(first + tried) % ports.length] ?? 0;
      const answer = await ask({ agent, port, incoming, body }).catch(() => null);
      if (answer === null) continue;
      answered.push(port);
      response.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] ?? 'text/plain' });
      return void answer.pipe(response);
    }
    response.writeHead(502).end();
  };
  const own = await listenHere(server);
  return {
    url: `http://127.0.0.1:${own}/slack/events`,
    answered,
    set next(port: number) {
      turn = ports.indexOf(port);
    },
    add: (port) => void ports.push(port),
    async [Symbol.asyncDispose]() {
      agent.destroy();
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

interface Asked {
  readonly agent: Agent;
  readonly port: number;
  readonly incoming: IncomingMessage;
  readonly body: Buffer;
}

/** Rejects when the connection is refused or lost. */
async function ask({ agent, port, incoming, body }: Asked): Promise<IncomingMessage> {
  const { method, url: path, headers } = incoming;
  const outgoing = request({ agent, host: '127.0.0.1', port, method, path, headers });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return answer;
}
