import { EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';
import type { StrictSlack } from '../support/slack/strict-slack.ts';
import type { Block, Json, JsonObject } from '../support/slack/types.ts';

/** A Web API call as a form, with the bot token unless told otherwise. */
export async function call(
  slack: StrictSlack,
  method: string,
  args: JsonObject = {},
  token: string | null = slack.botToken,
): Promise<JsonObject> {
  const form = Object.entries(args).map(([key, value]): [string, string] => [key, asText(value)]);
  const response = await fetch(`${slack.apiUrl}${method}`, {
    method: 'POST',
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    body: new URLSearchParams(form),
  });
  return (await response.json()) as JsonObject;
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export async function postTo(url: string, body: JsonObject): Promise<{ status: number; body: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.text() };
}

/** A bare WebSocket client which keeps every frame and acknowledges only when told. */
export class RawSocket implements AsyncDisposable {
  readonly frames: JsonObject[] = [];
  readonly #socket: WebSocket;
  readonly #events = new EventEmitter();

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.on('message', (data) => {
      this.frames.push(JSON.parse(String(data)) as JsonObject);
      this.#events.emit('change');
    });
    this.#socket.on('close', () => this.#events.emit('change'));
    this.#socket.on('error', () => this.#events.emit('change'));
  }

  static async open(slack: StrictSlack): Promise<RawSocket> {
    const opened = await call(slack, 'apps.connections.open', {}, slack.appToken);
    const socket = new RawSocket(String(opened['url']));
    await socket.#until(() => socket.frames.length > 0);
    return socket;
  }

  get isClosed(): boolean {
    return this.#socket.readyState === WebSocket.CLOSED;
  }

  /** The frames that carry an envelope. */
  get envelopes(): JsonObject[] {
    return this.frames.filter((it) => it['envelope_id'] !== undefined);
  }

  async envelope(index = 0): Promise<JsonObject> {
    await this.#until(() => this.envelopes.length > index);
    return this.envelopes[index] ?? {};
  }

  async frame(type: string): Promise<JsonObject> {
    await this.#until(() => this.frames.some((it) => it['type'] === type));
    return this.frames.find((it) => it['type'] === type) ?? {};
  }

  ack(envelope: JsonObject, payload: JsonObject = {}): void {
    this.send({ envelope_id: envelope['envelope_id'] ?? null, payload });
  }

  send(message: JsonObject): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Sends a close frame. */
  close(): void {
    this.#socket.close();
  }

  async closed(): Promise<void> {
    await this.#until(() => this.isClosed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.closed();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.#events, 'change');
  }
}

export function section(text: string): Block {
  return { type: 'section', text: { type: 'mrkdwn', text } };
}

export function button(label: string, actionId: string, value = 'v'): JsonObject {
  return { type: 'button', text: { type: 'plain_text', text: label }, action_id: actionId, value };
}

export function actions(...elements: JsonObject[]): Block {
  return { type: 'actions', elements };
}
