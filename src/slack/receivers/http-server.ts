import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { limitConnections } from '../../lib/limit-connections.ts';
import type { HttpRejection } from './http-rejections.ts';

/** Slack waits 3 s for a response. A request that has not arrived by then is not answered in time anyway. */
const requestTimeoutMs = 3_000;
const timeoutCheckIntervalMs = 500;
/** Longer than the usual load balancers keep an idle connection (600 s): the balancer must close it, not the bot. */
const keepAliveTimeoutMs = 620_000;
/** How long the rest of a rejected request is read and dropped. A reset connection would lose the response. */
const rejectedBodyDrainMs = 500;
/** Load balancers hold some hundred connections. Times the body limit, this bounds the memory of unverified requests. */
const maxConnections = 500;
const initialBufferBytes = 8_192;

/** Serves a request whose head has arrived. Calls `sendContinue` before it reads the body. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, sendContinue: () => void) => void;

export interface HttpServerOptions {
  readonly serve: RequestHandler;
  /** Called for each request that the server rejects itself. */
  readonly recordRejection: (rejection: HttpRejection) => void;
}

/**
 * A Node server that records every request that it rejects, and that never responds 500. It does not record a connection that
 * the limit replaces.
 */
export function createHttpServer({ serve, recordRejection }: HttpServerOptions): Server {
  const lastResponseBySocket = new WeakMap<Duplex, ServerResponse>();
  const server = createServer({
    headersTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: timeoutCheckIntervalMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    // `serve` checks the host, so that a missing one is recorded. Node would only respond.
    requireHostHeader: false,
  });
  limitConnections(server, maxConnections);
  server.on('request', (request, response) => {
    lastResponseBySocket.set(request.socket, response);
    serve(request, response, () => {});
  });
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    lastResponseBySocket.set(request.socket, response);
    serve(request, response, () => response.writeContinue());
  });
  server.on('checkExpectation', (request, response) => {
    const rejection: HttpRejection = { reason: 'malformed', status: 417 };
    recordRejection(rejection);
    sendRejection(request, response, rejection);
  });
  server.on('connect', (_request, socket) => {
    const rejection: HttpRejection = { reason: 'wrong_method', status: 405 };
    recordRejection(rejection);
    endConnection(socket, rejection);
  });
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    const rejection = rejectionForClientError({ code, socket, response: lastResponseBySocket.get(socket) });
    if (rejection !== null) recordRejection(rejection);
    endConnection(socket, rejection);
  });
  return server;
}

export type BodyResult =
  | { readonly kind: 'read'; readonly body: Buffer }
  /** Larger than the limit. The rest has not been read. */
  | { readonly kind: 'too_large' }
  /** The connection failed or timed out. The server has responded and recorded the rejection. */
  | { readonly kind: 'aborted' };

/**
 * Reads the body into one growing buffer. Never rejects. The package raw-body 3.0.2 keeps the chunks instead: a body in chunks
 * of one byte then takes 80 bytes of memory per byte (measured), before the sender is verified.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<BodyResult> {
  return new Promise((resolve) => {
    let buffer = Buffer.allocUnsafe(Math.min(maxBytes, initialBufferBytes));
    let size = 0;
    const onData = (chunk: Buffer) => {
      if (size + chunk.length > maxBytes) {
        request.off('data', onData);
        return resolve({ kind: 'too_large' });
      }
      if (size + chunk.length > buffer.length) {
        buffer = copyToSize(buffer, Math.min(maxBytes, Math.max(size + chunk.length, 2 * buffer.length)));
      }
      size += chunk.copy(buffer, size);
    };
    request.on('data', onData);
    request.once('end', () => resolve({ kind: 'read', body: buffer.subarray(0, size) }));
    request.once('close', () => resolve({ kind: 'aborted' }));
    request.on('error', () => resolve({ kind: 'aborted' }));
  });
}

/** Sends the status without a body and closes the connection. */
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

export interface ListenOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** The address to listen on. Null for all interfaces. */
  readonly host: string | null;
}

/** Resolves with the port. Rejects with Node's error, or when the server is closed meanwhile. */
export async function listen(server: Server, { port, host }: ListenOptions): Promise<number> {
  const closed = new AbortController();
  const abort = () => closed.abort();
  server.once('close', abort);
  try {
    server.listen({ port, host: host ?? undefined });
    await once(server, 'listening', { signal: closed.signal });
    return (server.address() as AddressInfo).port;
  } finally {
    server.off('close', abort);
  }
}

interface ClientError {
  readonly code: string | undefined;
  readonly socket: Duplex;
  /** The response to the last request on this connection whose head was complete. */
  readonly response: ServerResponse | undefined;
}

/** Returns null when no request was lost: the connection was idle or unused, or the bot is already responding. */
function rejectionForClientError({ code, socket, response }: ClientError): HttpRejection | null {
  const isInFlight = response !== undefined && !response.writableFinished;
  if (isInFlight && (response.headersSent || response.req.complete)) return null;
  if ('bytesRead' in socket && socket.bytesRead === 0) return null;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { reason: 'timeout', status: 408 };
  if (code === 'HPE_HEADER_OVERFLOW') return { reason: 'too_large', status: 431 };
  return isInFlight || code?.startsWith('HPE_') ? { reason: 'malformed', status: 400 } : null;
}

/** Closes the connection after what has been written to it. A rejection is sent as bytes: there is no response object. */
function endConnection(socket: Duplex, rejection: HttpRejection | null): void {
  if (!socket.writable) return void socket.destroy();
  if (rejection !== null) {
    const { status } = rejection;
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
  socket.end(() => socket.destroy());
}

function copyToSize(buffer: Buffer, sizeBytes: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafe(sizeBytes);
  buffer.copy(larger);
  return larger;
}
