import { EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';
import type { EventDelivery } from './deliveries.ts';
import type { FakeSlack } from './fake-slack.ts';
import type { Block, Json, JsonObject } from './types.ts';

/** Calls a method of the Web API with a form body. The default is the bot token. Null for a call without a token. */
export async function callApi(
  slack: FakeSlack,
  method: string,
  args: JsonObject = {},
  token: string | null = slack.botToken,
): Promise<JsonObject> {
  const form = Object.entries(args).map(([key, value]): [string, string] => [key, toFormValue(value)]);
  const response = await fetch(`${slack.apiUrl}${method}`, {
    method: 'POST',
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    body: new URLSearchParams(form),
  });
  return (await response.json()) as JsonObject;
}

function toFormValue(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export async function postJson(url: string, body: JsonObject): Promise<{ status: number; body: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.text() };
}

/** A WebSocket client that records every frame and acks only when the test calls `ack`. */
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

  static async open(slack: FakeSlack): Promise<RawSocket> {
    const opened = await callApi(slack, 'apps.connections.open', {}, slack.appToken);
    const socket = new RawSocket(String(opened['url']));
    await socket.#waitFor(() => socket.frames.length > 0);
    return socket;
  }

  get isClosed(): boolean {
    return this.#socket.readyState === WebSocket.CLOSED;
  }

  /** The frames that are envelopes. */
  get envelopes(): JsonObject[] {
    return this.frames.filter(({ envelope_id: id }) => id !== undefined);
  }

  async waitForEnvelope(index = 0): Promise<JsonObject> {
    await this.#waitFor(() => this.envelopes.length > index);
    return this.envelopes[index] ?? {};
  }

  async waitForDelivery({ envelope }: EventDelivery): Promise<JsonObject> {
    const find = () => this.envelopes.find(({ envelope_id: id }) => id === envelope.envelope_id);
    await this.#waitFor(() => find() !== undefined);
    return find() ?? {};
  }

  async waitForFrame(type: string): Promise<JsonObject> {
    await this.#waitFor(() => this.frames.some((frame) => frame['type'] === type));
    return this.frames.find((frame) => frame['type'] === type) ?? {};
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

  async waitForClose(): Promise<void> {
    await this.#waitFor(() => this.isClosed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.waitForClose();
  }

  async #waitFor(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.#events, 'change');
  }
}

export function sectionBlock(text: string): Block {
  return { type: 'section', text: { type: 'mrkdwn', text } };
}

export function buttonElement(label: string, actionId: string, value = 'v'): JsonObject {
  return { type: 'button', text: { type: 'plain_text', text: label }, action_id: actionId, value };
}

export function actionsBlock(...elements: JsonObject[]): Block {
  return { type: 'actions', elements };
}
