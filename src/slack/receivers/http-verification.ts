import { isUtf8 } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { parse } from 'node:querystring';
import type { HttpRejection } from './rejection.ts';
import type { ReplayCache } from './replay-cache.ts';

/** The one path that Slack's two request URLs end in. */
export const slackPath = '/slack/events';

/**
 * The largest body, bytes. Slack sends form fields and, with a press, the message that was pressed: for ours some 100 kB at
 * most, all marks escaped twice.
 */
export const maxBodyBytes = 1_048_576;

/** How far the timestamp may be from our clock, either way. */
const timestampToleranceSeconds = 300;

/** The head of a request as Node has it: `headersDistinct` keeps what was sent twice. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
}

export interface UnverifiedRequest {
  readonly head: RequestHead;
  readonly body: Buffer;
  readonly signingSecret: string;
  /** Ms since the epoch. */
  readonly now: number;
  readonly replayCache: ReplayCache;
}

export type VerifyResult =
  /** To be handed on, with a content type as Bolt compares it. */
  | { readonly kind: 'accepted'; readonly contentType: ContentType }
  /** Slack's look at the certificate: 200, and nothing is done. */
  | { readonly kind: 'ssl_check' }
  | { readonly kind: 'rejected'; readonly rejection: HttpRejection };

type ContentType = 'application/x-www-form-urlencoded' | 'application/json';

/** What is known before the body: null when the body is worth reading. */
export function verifyHeaders({ method, url, httpVersion, headers }: RequestHead): HttpRejection | null {
  if (pathOf(url) !== slackPath) return { reason: 'wrong_path', status: 404 };
  if (method !== 'POST') return { reason: 'wrong_method', status: 405 };
  if (httpVersion === '1.1' && headers['host']?.length !== 1) return malformed;
  const types = headers['content-type'] ?? [];
  if (types.length > 1) return malformed;
  if (contentTypeOf(types[0]) === null) return { reason: 'wrong_type', status: 415 };
  if (Number(headers['content-length']?.[0] ?? 0) > maxBodyBytes) return oversized;
  return null;
}

/** The whole request, its head having passed. The signature comes first: before it holds, nothing else is told of the content. */
export function verifyRequest({ head, body, signingSecret, now, replayCache }: UnverifiedRequest): VerifyResult {
  const contentType = contentTypeOf(head.headers['content-type']?.[0]);
  if (contentType === null) return rejected({ reason: 'wrong_type', status: 415 });
  if (body.length > maxBodyBytes) return rejected(oversized);
  const isForm = contentType === 'application/x-www-form-urlencoded';
  const text = body.toString();
  if (isForm && parse(text)['ssl_check'] === '1') return { kind: 'ssl_check' };

  const signatures = head.headers['x-slack-signature'] ?? [];
  const timestamps = head.headers['x-slack-request-timestamp'] ?? [];
  const [signature, timestamp] = [signatures[0], timestamps[0]];
  if (signature === undefined || timestamp === undefined) return rejected({ reason: 'unsigned', status: 401 });
  if (signatures.length > 1 || timestamps.length > 1 || !/^[1-9]\d{0,11}$/.test(timestamp)) return rejected(malformed);
  if (!equalsInConstantTime(signature, computeSignature({ signingSecret, timestamp, body }))) {
    return rejected({ reason: 'forged', status: 401 });
  }
  const secondsAhead = Number(timestamp) - Math.floor(now / 1_000);
  if (Math.abs(secondsAhead) > timestampToleranceSeconds) {
    return rejected({ reason: secondsAhead < 0 ? 'stale' : 'future', status: 401, secondsAhead });
  }
  if (!isUtf8(body) || !isReadableByBolt(isForm, text)) return rejected(malformed);
  const expiresAt = (Number(timestamp) + timestampToleranceSeconds + 1) * 1_000;
  // 200: whoever sends it again for want of an answer is at rest then.
  if (replayCache.checkAndAdd({ signature, expiresAt }, now)) return rejected({ reason: 'replayed', status: 200 });
  return { kind: 'accepted', contentType };
}

/** `v0=` and 64 hex digits, as Slack signs. */
function computeSignature(request: {
  readonly signingSecret: string;
  readonly timestamp: string;
  readonly body: Buffer | string;
}): string {
  const hmac = createHmac('sha256', request.signingSecret);
  return `v0=${hmac.update(`v0:${request.timestamp}:`).update(request.body).digest('hex')}`;
}

const malformed: HttpRejection = { reason: 'malformed', status: 400 };
const oversized: HttpRejection = { reason: 'oversized', status: 413 };

function rejected(rejection: HttpRejection): VerifyResult {
  return { kind: 'rejected', rejection };
}

/** Read as Bolt reads it. */
function pathOf(url: string): string | null {
  return URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost').pathname : null;
}

/** Proxies add a charset, blanks or capitals; what counts is the type. */
function contentTypeOf(header: string | undefined): ContentType | null {
  const type = header?.split(';')[0]?.trim().toLowerCase();
  return type === 'application/x-www-form-urlencoded' || type === 'application/json' ? type : null;
}

/** In a time that does not depend on where the two differ. */
function equalsInConstantTime(received: string, expected: string): boolean {
  const [a, b] = [Buffer.from(received), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether Bolt can read it: a command's fields, one `payload` of a press, or the JSON of an event. */
function isReadableByBolt(isForm: boolean, text: string): boolean {
  if (!isForm) return hasType(text);
  const { payload, command } = parse(text);
  if (payload !== undefined) return typeof payload === 'string' && hasType(payload);
  return typeof command === 'string' && command !== '';
}

function hasType(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
  } catch {
    return false;
  }
}
