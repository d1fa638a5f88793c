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
}

/** Adds the headers that Slack sends, the signature included. */
export function signRequest<Body extends string | Buffer>(body: Body, options: SigningOptions): SignedRequest<Body> {
  const { signingSecret, timestamp = nowSeconds() } = options;
  const hmac = createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(body).digest('hex');
  const headers = {
    accept: 'application/json,*/*',
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
    'x-slack-request-timestamp': String(timestamp),
    'x-slack-signature': `v0=${hmac}`,
  };
  return { headers, body };
}

/** Slack sends a command as a form, and everything else as JSON with escaped slashes in the form field `payload`. */
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
