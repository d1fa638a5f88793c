import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { listenHere } from '../listen.ts';
import { Faults } from './faults.ts';
import type { ApiCall, JsonObject } from './types.ts';
import { type Reply, readArgs, replyOfFault, resultOf, send } from './wire.ts';

export interface HttpSideOptions {
  readonly api: (method: string, args: JsonObject, token: string | undefined) => Reply;
  readonly responseUrl: (path: string, body: JsonObject) => Reply;
  readonly upgrade: (request: IncomingMessage, raw: Duplex, head: Buffer) => void;
  readonly now: () => number;
  readonly changed: () => void;
}

/** The one port of the fake: the Web API under `/api/`, WebSocket upgrades, and everything else a response_url. */
export class HttpSide {
  readonly calls: ApiCall[] = [];
  readonly faults = new Faults();
  readonly #options: HttpSideOptions;
  readonly #server: Server;
  #baseUrl = '';

  constructor(options: HttpSideOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('upgrade', options.upgrade);
  }

  get baseUrl(): string {
    return this.#baseUrl;
  }

  async listen(): Promise<void> {
    this.#baseUrl = `http://127.0.0.1:${await listenHere(this.#server)}`;
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
      await this.#answer(request, new URL(request.url ?? '/', this.#baseUrl), response);
    } catch (error) {
      send(response, { status: 500, body: `the fake of Slack failed: ${String(error)}` });
    }
  }

  async #answer(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const { token: bodyToken, ...args } = await readArgs(request, url);
    const isApi = url.pathname.startsWith('/api/');
    const method = isApi ? url.pathname.slice('/api/'.length) : 'response_url';
    const logged: JsonObject = isApi ? args : { ...args, url: `${this.#baseUrl}${url.pathname}` };
    const call: ApiCall = { method, args: logged, at: this.#options.now(), result: 'pending' };
    this.calls.push(call);
    this.#options.changed();
    const fault = this.faults.take(method, logged);
    if (fault?.spec.hang) await fault.released;
    if (fault?.spec.dropRequest) {
      call.result = 'dropped';
      this.#options.changed();
      request.socket.destroy();
      return;
    }
    const token = bearerOf(request) ?? (typeof bodyToken === 'string' ? bodyToken : undefined);
    const run = () => (isApi ? this.#options.api(method, args, token) : this.#options.responseUrl(url.pathname, args));
    const reply = replyOfFault(fault) ?? run();
    call.result = fault?.spec.dropReply ? 'dropped' : resultOf(reply);
    this.#options.changed();
    if (fault?.spec.dropReply) request.socket.destroy();
    else send(response, reply);
  }
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
}
