import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HttpRejection } from './rejection.ts';

/** Slack gives a request 3 s in all: what is not there by then, nobody waits for any longer. */
export const requestTimeoutMs = 3_000;
/** Longer than any usual load balancer keeps an idle connection (600 s): it is for the balancer to close it. */
const keepAliveTimeoutMs = 620_000;
const timeoutCheckIntervalMs = 500;
/** How long the rest of a refused request is read and dropped: a connection that is reset takes the answer with it. */
const rejectedBodyDrainMs = 500;

/** Load balancers hold some hundred. With the limit of a body it bounds what requests that nobody has checked yet can hold. */
const maxConnections = 500;

/** Serves a request whose head is there; `goOn` is to be called before the body is read. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, sendContinue: () => void) => void;

export interface HttpServerOptions {
  readonly serve: RequestHandler;
  /** Called for what is refused before `serve` could see it. */
  readonly recordRejection: (rejection: HttpRejection) => void;
}

/** A Node server that never answers 500 by itself, waits for nobody, and hands every request to `serve` or to `reject`. */
export function createHttpServer({ serve, recordRejection }: HttpServerOptions): Server {
  const responseBySocket = new WeakMap<Duplex, ServerResponse>();
  const server = createServer({
    headersTimeout: requestTimeoutMs,
    // The body has a timer of its own, which goes on when the server closes.
    requestTimeout: 0,
    connectionsCheckingInterval: timeoutCheckIntervalMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    // A missing host is for the guard: Node would answer without telling anybody.
    requireHostHeader: false,
  });
  server.maxConnections = maxConnections;
  const createRequestListener =
    (sendContinue: (response: ServerResponse) => void) => (request: IncomingMessage, response: ServerResponse) => {
      responseBySocket.set(request.socket, response);
      serve(request, response, () => sendContinue(response));
    };
  server.on(
    'request',
    createRequestListener(() => {}),
  );
  server.on(
    'checkContinue',
    createRequestListener((response) => response.writeContinue()),
  );
  server.on('checkExpectation', (request, response) =>
    sendRejection(request, response, recordAndReturn(recordRejection, expectationRejection)),
  );
  server.on('connect', (_request, socket) => closeSocket(socket, recordAndReturn(recordRejection, connectRejection)));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = responseBySocket.get(socket);
    const isResponding = response !== undefined && !response.writableFinished;
    const rejection = rejectionForClientError(error.code, socket);
    if (rejection === null || !socket.writable) return void socket.destroy();
    // Who reads its body finds that it is cut off, and counts it.
    if (!isResponding) recordRejection(rejection);
    closeSocket(socket, isResponding && response.headersSent ? null : rejection);
  });
  return server;
}

/** Answers, and closes the connection: nobody who is refused keeps one. */
export function sendRejection(request: IncomingMessage, response: ServerResponse, { status }: HttpRejection): void {
  response.writeHead(status, {
    connection: 'close',
    'content-length': 0,
    ...(status === 405 ? { allow: 'POST' } : {}),
  });
  if (request.complete || request.destroyed) return void response.end();
  response.flushHeaders();
  const timer = setTimeout(() => response.end(), rejectedBodyDrainMs);
  request.once('close', () => {
    clearTimeout(timer);
    response.end();
  });
  request.resume();
}

/** Resolves with the port when the server listens; rejects with Node's error, or when it is closed in the meantime. */
export async function listen(server: Server, port: number): Promise<number> {
  const closed = new AbortController();
  const abort = () => closed.abort();
  server.once('close', abort);
  try {
    server.listen(port);
    await once(server, 'listening', { signal: closed.signal });
    return (server.address() as AddressInfo).port;
  } finally {
    server.off('close', abort);
  }
}

const expectationRejection: HttpRejection = { reason: 'malformed', status: 417 };
const connectRejection: HttpRejection = { reason: 'wrong_method', status: 405 };

function recordAndReturn(recordRejection: (rejection: HttpRejection) => void, rejection: HttpRejection): HttpRejection {
  recordRejection(rejection);
  return rejection;
}

/** Null when nobody asked anything: a connection that was opened and never used, or reset while it was idle. */
function rejectionForClientError(
  code: string | undefined,
  socket: Duplex & { readonly bytesRead?: number },
): HttpRejection | null {
  if (socket.bytesRead === 0) return null;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { reason: 'slow', status: 408 };
  if (code === 'HPE_HEADER_OVERFLOW') return { reason: 'oversized', status: 431 };
  return code?.startsWith('HPE_') ? { reason: 'malformed', status: 400 } : null;
}

/** There is no response object to answer with: a bare status, then the end of the connection. */
function closeSocket(socket: Duplex & { destroySoon?: () => void }, rejection: HttpRejection | null): void {
  if (rejection !== null) {
    const { status } = rejection;
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
  if (socket.destroySoon === undefined) socket.destroy();
  else socket.destroySoon();
}
