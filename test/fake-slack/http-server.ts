import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';
import { FaultInjector } from './fault-injection.ts';
import { callResult, faultReply, type HttpReply, parseArgs, sendReply } from './http-wire.ts';
import type { ApiCall, JsonObject } from './types.ts';

export interface FakeSlackHttpServerOptions {
  readonly api: (method: string, args: JsonObject, token: string | undefined) => HttpReply;
  readonly responseUrl: (path: string, body: JsonObject) => HttpReply;
  readonly upgrade: (request: IncomingMessage, tcpSocket: Duplex, head: Buffer) => void;
  readonly now: () => number;
  readonly onChange: () => void;
}

/** The one port of the fake: the Web API under `/api/`, WebSocket upgrades, and everything else a response_url. */
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

  /** Listens again, at the address that it had before `close`. */
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

function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
}
