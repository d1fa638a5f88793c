import { createHmac } from 'node:crypto';
import type { Envelope } from './pending-acks.ts';

/** A request to the app's request URL. */
export interface SignedRequest<Body = string> {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

export interface SigningOptions {
  readonly signingSecret: string;
  /** Seconds since the epoch. Default: now. */
  readonly timestamp?: number;
  /** Default: a form. */
  readonly contentType?: string;
  readonly extraHeaders?: Readonly<Record<string, string>>;
}

/** Adds the headers that Slack sends, the signature included. */
export function signRequest<Body extends string | Buffer>(body: Body, options: SigningOptions): SignedRequest<Body> {
  const { signingSecret, timestamp = nowSeconds(), contentType = 'application/x-www-form-urlencoded' } = options;
  const hmac = createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(body).digest('hex');
  const headers = {
    accept: 'application/json,*/*',
    'content-type': contentType,
    'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
    'x-slack-request-timestamp': String(timestamp),
    'x-slack-signature': `v0=${hmac}`,
    ...options.extraHeaders,
  };
  return { headers, body };
}

/** Signs an envelope. An event is JSON, anything else a form. A repeated event has its number and reason in headers. */
export function signEnvelope(envelope: Envelope, signingSecret: string): SignedRequest {
  if (envelope.type !== 'events_api') return signRequest(encodeForm(envelope), { signingSecret });
  const { retry_attempt: attempt = 0, retry_reason: reason = '' } = envelope;
  const retryHeaders = { 'x-slack-retry-num': String(attempt), 'x-slack-retry-reason': `http_${reason}` };
  return signRequest(JSON.stringify(envelope.payload), {
    signingSecret,
    contentType: 'application/json',
    extraHeaders: attempt === 0 ? {} : retryHeaders,
  });
}

/** Slack sends a command as a form, and an interaction as JSON with escaped slashes in the form field `payload`. */
export function encodeForm({ type, payload }: Pick<Envelope, 'type' | 'payload'>): string {
  if (type === 'slash_commands') {
    const fields = Object.entries(payload).map(([name, value]) => [name, String(value)] as const);
    return new URLSearchParams(Object.fromEntries(fields)).toString();
  }
  return new URLSearchParams({ payload: JSON.stringify(payload).replaceAll('/', '\\/') }).toString();
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}
