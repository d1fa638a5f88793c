import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from '../application/context.ts';
import { limitConnections } from '../lib/limit-connections.ts';
import { messages } from '../messages/catalog.ts';
import { checkReadiness, type HealthProbes, type Readiness } from './health.ts';

export interface AdminOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** The address to listen on. Null for all interfaces. */
  readonly host: string | null;
  readonly probes: HealthProbes;
  readonly metrics: { readonly contentType: string; readonly render: () => Promise<string> };
  readonly log: Logger;
}

export interface AdminServer extends AsyncDisposable {
  readonly port: number;
}

/** The port cannot be opened. The message is one sentence for people. */
export class AdminPortError extends Error {
  override readonly name = 'AdminPortError';
}

const texts = messages.health;

const closeTimeoutMs = 500;
/** Enough for probes, Prometheus and a person. */
const maxConnections = 64;
/** A silent connection is closed after this time. A request must arrive in it. */
const idleTimeoutMs = 5_000;
const timeoutCheckIntervalMs = 1_000;

/**
 * Serves `/healthz`, `/readyz` and `/metrics`. Without `host` on all interfaces, because a container's probes come from
 * outside it. No response contains a host name or a user. Throws `AdminPortError`.
 */
export async function openAdminServer(options: AdminOptions): Promise<AdminServer> {
  const { log } = options;
  const timeouts = {
    headersTimeout: idleTimeoutMs,
    requestTimeout: idleTimeoutMs,
    connectionsCheckingInterval: timeoutCheckIntervalMs,
  };
  const server = createServer(timeouts, (request, response) => {
    respond(options, request, response).catch((error: unknown) => {
      log.error({ error }, 'admin request failed');
      response.destroy();
    });
  });
  server.timeout = idleTimeoutMs;
  limitConnections(server, maxConnections);
  const port = await listen(server, options);
  server.on('error', (error) => log.warn({ error }, 'admin server error'));
  log.info({ port, interfaces: options.host === null ? 'all' : 'ADMIN_HOST' }, 'admin server listening');
  return { port, [Symbol.asyncDispose]: () => close(server) };
}

interface AdminResponse {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

async function respond(options: AdminOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, type, text } = await route(options, request);
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

async function route({ probes, metrics }: AdminOptions, { url = '', method }: IncomingMessage): Promise<AdminResponse> {
  const handler = paths.get(url.split('?', 1)[0] ?? '');
  if (handler === undefined) return plain(404, texts.notFound);
  if (method !== 'GET' && method !== 'HEAD') return plain(405, texts.methodNotAllowed);
  return handler(probes, metrics);
}

type RouteHandler = (probes: HealthProbes, metrics: AdminOptions['metrics']) => Promise<AdminResponse>;

const paths: ReadonlyMap<string, RouteHandler> = new Map<string, RouteHandler>([
  ['/healthz', async () => plain(200, texts.alive)],
  ['/readyz', async (probes) => json(await checkReadiness(probes))],
  ['/metrics', async (_probes, { contentType, render }) => ({ status: 200, type: contentType, text: await render() })],
]);

function plain(status: number, text: string): AdminResponse {
  return { status, type: 'text/plain; charset=utf-8', text: `${text}\n` };
}

function json(readiness: Readiness): AdminResponse {
  return { status: readiness.ready ? 200 : 503, type: 'application/json', text: `${JSON.stringify(readiness)}\n` };
}

async function listen(server: Server, { port, host }: AdminOptions): Promise<number> {
  try {
    await once(server.listen({ port, host: host ?? undefined }), 'listening');
  } catch (error) {
    throw new AdminPortError(portErrorMessage(port, error), { cause: error });
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function portErrorMessage(port: number, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return messages.startErrors.adminPortUnavailable(port, code);
}

/** Lets running answers finish for a moment, then closes every connection. */
async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
  await closed;
  clearTimeout(timer);
}
