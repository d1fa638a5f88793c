import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { parseJsonObject } from './json.ts';
import type { AckOutcome, Envelope } from './pending-acks.ts';
import { encodeForm, type SignedRequest, signRequest } from './request-signing.ts';
import type { JsonObject } from './types.ts';
import type { ViolationLog } from './violation-log.ts';

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
 * Slack's end of HTTP mode: one signed POST for each command and press, never a second one. 200 in time is the ack, and its
 * body may be a message; the person sees `operation_timeout` when nothing comes in time, `dispatch_failed` for all else.
 */
export class RequestUrl {
  /** Where to deliver; null: the app is in Socket Mode. */
  url: string | null = null;
  /** What was sent, oldest first. */
  readonly sentRequests: SignedRequest[] = [];
  readonly #options: RequestUrlOptions;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(options: RequestUrlOptions) {
    this.#options = options;
  }

  async deliver(envelope: Envelope): Promise<AckOutcome> {
    const signedRequest = signRequest(encodeForm(envelope), this.#options);
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

  close(): void {
    this.#agent.destroy();
  }

  /** `late` when the app kept the connection and did not answer in time; rejects when there is no connection. */
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

/** Null when Slack could not read it. */
function ackMessage({ contentType, text: body }: AckResponse): JsonObject | null {
  if (body === '') return {};
  return contentType.startsWith('application/json') ? parseJsonObject(body) : { text: body };
}
