import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';
import { FaultInjector, type InjectedFault } from './fault-injection.ts';
import { type ApiCall, type JsonObject, parseJsonObject } from './types.ts';

export interface HttpReply {
  readonly status: number;
  readonly body: JsonObject | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FakeSlackHttpServerOptions {
  readonly api: (method: string, args: JsonObject, token: string | undefined) => HttpReply;
  readonly responseUrl: (path: string, body: JsonObject) => HttpReply;
  readonly upgrade: (request: IncomingMessage, tcpSocket: Duplex, head: Buffer) => void;
  readonly now: () => number;
  readonly onChange: () => void;
}

/** The only port of the fake: the Web API under `/api/`, WebSocket upgrades, and response URLs under any other path. */
export class FakeSlackHttpServer {
  readonly calls: ApiCall[] = [];
  readonly faults = new FaultInjector();
  readonly #options: FakeSlackHttpServerOptions;
  readonly #server: Server;
  #baseUrl = '';

  constructor(options: FakeSlackHttpServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('upgrade', options.upgrade);
  }

  get baseUrl(): string {
    return this.#baseUrl;
  }

  async listen(): Promise<void> {
    this.#baseUrl = `http://127.0.0.1:${await listenOnFreePort(this.#server)}`;
  }

  /** Listens again on the port that it had before `close`. */
  async reopen(): Promise<void> {
    this.#server.listen(Number(new URL(this.#baseUrl).port), '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => response.destroy());
    try {
      await this.#respond(request, new URL(request.url ?? '/', this.#baseUrl), response);
    } catch (error) {
      sendReply(response, { status: 500, body: `the fake of Slack failed: ${String(error)}` });
    }
  }

  async #respond(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const { token: bodyToken, ...args } = await parseArgs(request, url);
    const isApi = url.pathname.startsWith('/api/');
    const method = isApi ? url.pathname.slice('/api/'.length) : 'response_url';
    const recordedArgs: JsonObject = isApi ? args : { ...args, url: `${this.#baseUrl}${url.pathname}` };
    const call: ApiCall = { method, args: recordedArgs, at: this.#options.now(), result: 'pending' };
    this.calls.push(call);
    this.#options.onChange();
    const fault = this.faults.takeMatching(method, recordedArgs);
    if (fault?.spec.hang) await fault.released;
    if (fault?.spec.dropRequest) {
      call.result = 'dropped';
      this.#options.onChange();
      request.socket.destroy();
      return;
    }
    const token = bearerToken(request) ?? (typeof bodyToken === 'string' ? bodyToken : undefined);
    const run = () => (isApi ? this.#options.api(method, args, token) : this.#options.responseUrl(url.pathname, args));
    const reply = faultReply(fault) ?? run();
    call.result = fault?.spec.dropReply ? 'dropped' : callResult(reply);
    this.#options.onChange();
    if (fault?.spec.dropReply) request.socket.destroy();
    else sendReply(response, reply);
  }
}

export function tooManyRequests(seconds: number): HttpReply {
  return { status: 429, body: { ok: false, error: 'ratelimited' }, headers: { 'retry-after': String(seconds) } };
}

function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Returns query and body as one object. The values of a form are strings, as Slack gets them. */
async function parseArgs(request: IncomingMessage, url: URL): Promise<JsonObject> {
  const raw = await text(request);
  const query = Object.fromEntries(url.searchParams);
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('application/json')) return { ...query, ...parseJsonObject(raw) };
  return { ...query, ...Object.fromEntries(new URLSearchParams(raw)) };
}

/** Returns the reply of a fault that replaces the reply of the call. */
function faultReply(fault: InjectedFault | undefined): HttpReply | undefined {
  const spec = fault?.spec;
  if (spec?.retryAfter !== undefined) return tooManyRequests(spec.retryAfter);
  if (spec?.status !== undefined) return { status: spec.status, body: spec.error ?? 'fault' };
  if (spec?.error !== undefined) return { status: 200, body: { ok: false, error: spec.error } };
  return undefined;
}

function sendReply(response: ServerResponse, reply: HttpReply): void {
  if (response.destroyed) return;
  const isJson = typeof reply.body !== 'string';
  response.writeHead(reply.status, {
    'content-type': isJson ? 'application/json; charset=utf-8' : 'text/plain',
    ...reply.headers,
  });
  response.end(isJson ? JSON.stringify(reply.body) : reply.body);
}

function callResult(reply: HttpReply): string {
  if (reply.status === 429) return 'ratelimited';
  const error = typeof reply.body === 'object' ? reply.body['error'] : undefined;
  if (typeof error === 'string') return error;
  return reply.status === 200 ? 'ok' : `http ${reply.status}`;
}
