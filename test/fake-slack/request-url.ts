import { randomBytes } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { verificationToken } from './payloads.ts';
import type { AckOutcome, Envelope } from './pending-acks.ts';
import { type SignedRequest, signEnvelope, signRequest } from './request-signing.ts';
import { type JsonObject, parseJsonObject } from './types.ts';
import type { ViolationLog } from './violations.ts';

export interface RequestUrlOptions {
  readonly log: ViolationLog;
  readonly signingSecret: string;
  readonly ackLimitMs: number;
  readonly onChange: () => void;
}

interface AckResponse {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/**
 * Slack's side of HTTP mode: one signed POST per command, interaction and event. A response 200 in time is the ack,
 * and its body may be a message. The user sees `operation_timeout` without a response in time, and `dispatch_failed` for any
 * other failure.
 */
export class RequestUrl {
  /** The app's request URL. Null when the app is in Socket Mode. */
  url: string | null = null;
  /** All requests, oldest first. */
  readonly sentRequests: SignedRequest[] = [];
  readonly #options: RequestUrlOptions;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(options: RequestUrlOptions) {
    this.#options = options;
  }

  async deliver(envelope: Envelope): Promise<AckOutcome> {
    const signedRequest = signEnvelope(envelope, this.#options.signingSecret);
    this.sentRequests.push(signedRequest);
    const sentAt = performance.now();
    const ackResponse = await this.#post(signedRequest).catch(() => null);
    this.#options.onChange();
    if (ackResponse === 'late') {
      this.#options.log.add('ack_too_late', `${envelope.type} ${envelope.envelope_id}`);
      return { kind: 'operation_timeout' };
    }
    if (ackResponse?.status !== 200) return { kind: 'dispatch_failed' };
    const body = ackMessage(ackResponse);
    if (body === null || (!envelope.accepts_response_payload && Object.keys(body).length > 0)) {
      this.#options.log.add('unexpected_ack', `${envelope.type}: ${ackResponse.contentType}`);
      return { kind: 'acked', afterMs: performance.now() - sentAt, body: {} };
    }
    return { kind: 'acked', afterMs: performance.now() - sentAt, body };
  }

  /**
   * Verifies the URL, as Slack does before it sends events (docs.slack.dev/reference/events/url_verification). Whether the app
   * responded with the challenge, as text or as JSON.
   */
  async verify(): Promise<boolean> {
    const challenge = randomBytes(20).toString('hex');
    const body = JSON.stringify({ token: verificationToken, challenge, type: 'url_verification' });
    const signedRequest = signRequest(body, { ...this.#options, contentType: 'application/json' });
    this.sentRequests.push(signedRequest);
    const response = await this.#post(signedRequest).catch(() => null);
    if (response === null || response === 'late' || response.status !== 200) return false;
    return response.text === challenge || parseJsonObject(response.text)?.['challenge'] === challenge;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Resolves with `late` when the app does not respond in time. Rejects when the connection fails. */
  #post({ headers, body }: SignedRequest): Promise<AckResponse | 'late'> {
    return new Promise((resolve, reject) => {
      const post = request(this.url ?? '', { method: 'POST', agent: this.#agent, headers });
      const timer = setTimeout(() => {
        resolve('late');
        post.destroy();
      }, this.#options.ackLimitMs);
      post.on('error', reject);
      post.on('close', () => clearTimeout(timer));
      post.on('response', (response) => void readAckResponse(response).then(resolve, reject));
      post.end(body);
    });
  }
}

async function readAckResponse(response: IncomingMessage): Promise<AckResponse> {
  const { statusCode = 0, headers } = response;
  return { status: statusCode, contentType: headers['content-type'] ?? '', text: await text(response) };
}

/** Returns null when Slack could not read the body. */
function ackMessage({ contentType, text: body }: AckResponse): JsonObject | null {
  if (body === '') return {};
  return contentType.startsWith('application/json') ? parseJsonObject(body) : { text: body };
}
