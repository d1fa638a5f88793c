import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { InjectedFault } from './fault-injection.ts';
import { parseJsonObject } from './json.ts';
import type { JsonObject } from './types.ts';

export interface HttpReply {
  readonly status: number;
  readonly body: JsonObject | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Query and body as one object; form values stay strings, as on Slack's wire. */
export async function parseArgs(request: IncomingMessage, url: URL): Promise<JsonObject> {
  const raw = await text(request);
  const query = Object.fromEntries(url.searchParams);
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('application/json')) return { ...query, ...parseJsonObject(raw) };
  return { ...query, ...Object.fromEntries(new URLSearchParams(raw)) };
}

/** What the caller gets instead of an answer, when the fault is of that kind. */
export function faultReply(fault: InjectedFault | undefined): HttpReply | undefined {
  const spec = fault?.spec;
  if (spec?.retryAfter !== undefined) return tooManyRequests(spec.retryAfter);
  if (spec?.status !== undefined) return { status: spec.status, body: spec.error ?? 'fault' };
  if (spec?.error !== undefined) return { status: 200, body: { ok: false, error: spec.error } };
  return undefined;
}

export function tooManyRequests(seconds: number): HttpReply {
  return { status: 429, body: { ok: false, error: 'ratelimited' }, headers: { 'retry-after': String(seconds) } };
}

export function sendReply(response: ServerResponse, reply: HttpReply): void {
  if (response.destroyed) return;
  const isJson = typeof reply.body !== 'string';
  response.writeHead(reply.status, {
    'content-type': isJson ? 'application/json; charset=utf-8' : 'text/plain',
    ...reply.headers,
  });
  response.end(isJson ? JSON.stringify(reply.body) : reply.body);
}

export function callResult(reply: HttpReply): string {
  if (reply.status === 429) return 'ratelimited';
  const error = typeof reply.body === 'object' ? reply.body['error'] : undefined;
  if (typeof error === 'string') return error;
  return reply.status === 200 ? 'ok' : `http ${reply.status}`;
}
