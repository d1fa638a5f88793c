import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenOnFreePort } from './listen-on-free-port.ts';

/** A load balancer before several bots: each request goes to the next bot that accepts the connection. */
export interface LoadBalancer extends AsyncDisposable {
  readonly url: string;
  /** The port that answered each request, oldest first. */
  readonly answeredPorts: readonly number[];
  /** The port that the next request goes to first. */
  set nextPort(port: number);
  /** Adds a bot. A bot that has stopped is skipped, but not removed. */
  addPort(port: number): void;
}

export async function startLoadBalancer(): Promise<LoadBalancer> {
  const ports: number[] = [];
  const answeredPorts: number[] = [];
  const agent = new Agent({ keepAlive: true });
  let nextIndex = 0;
  const server = createServer((incoming, response) => void forward(incoming, response));
  const forward = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const body = await buffer(incoming);
    const firstIndex = nextIndex++;
    for (let attempt = 0; attempt < ports.length; attempt++) {
      const port = ports[(firstIndex + attempt) % ports.length] ?? 0;
      const response = await forwardTo({ agent, port, incoming, body }).catch(() => null);
      if (response === null) continue;
      answeredPorts.push(port);
      outgoing.writeHead(response.statusCode ?? 502, {
        'content-type': response.headers['content-type'] ?? 'text/plain',
      });
      return void response.pipe(outgoing);
    }
    outgoing.writeHead(502).end();
  };
  const ownPort = await listenOnFreePort(server);
  return {
    url: `http://127.0.0.1:${ownPort}/slack/events`,
    answeredPorts,
    set nextPort(port: number) {
      nextIndex = ports.indexOf(port);
    },
    addPort: (port) => void ports.push(port),
    async [Symbol.asyncDispose]() {
      agent.destroy();
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

interface ForwardedRequest {
  readonly agent: Agent;
  readonly port: number;
  readonly incoming: IncomingMessage;
  readonly body: Buffer;
}

/** Rejects when the connection is refused or lost. */
async function forwardTo({ agent, port, incoming, body }: ForwardedRequest): Promise<IncomingMessage> {
  const { method, url: path, headers } = incoming;
  const outgoing = request({ agent, host: '127.0.0.1', port, method, path, headers });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return response;
}
