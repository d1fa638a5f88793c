import { WebSocket } from 'ws';
import { isObject, readObject } from './json.ts';
import type { JsonObject } from './types.ts';
import type { ViolationLog } from './violation-log.ts';

export interface Envelope {
  readonly envelope_id: string;
  readonly type: 'slash_commands' | 'interactive';
  readonly accepts_response_payload: boolean;
  readonly payload: JsonObject;
  readonly retry_attempt?: number;
  readonly retry_reason?: string;
}

export type AckOutcome =
  | { readonly kind: 'acked'; readonly afterMs: number; readonly body: JsonObject }
  | { readonly kind: 'operation_timeout' }
  | { readonly kind: 'dispatch_failed' };

interface Attempt {
  readonly envelope: Envelope;
  /** The one that it was sent to last; null while it waits for another. */
  socket: WebSocket | null;
  readonly sentAt: number;
  readonly timer: NodeJS.Timeout;
  readonly settle: (outcome: AckOutcome) => void;
  state: 'waiting' | 'acked' | 'timed_out' | 'acked_late';
}

export interface AttemptsOptions {
  readonly log: ViolationLog;
  readonly ackLimitMs: number;
  /** Whether an envelope whose socket closed before its ack goes to another socket; Slack promises neither. */
  readonly redelivers: boolean;
  readonly changed: () => void;
}

/** Each delivery of an envelope wants one ack, in time, on the socket it was sent to. */
export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #attempts: Attempt[] = [];
  /** Envelopes that the app left behind: it closed their socket itself, before their ack. */
  readonly deserted: string[] = [];
  /** Envelopes that went to another socket, one entry for each time. */
  readonly redelivered: string[] = [];

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  open(envelope: Envelope, socket: WebSocket): Promise<AckOutcome> {
    return new Promise((settle) => {
      const timer = setTimeout(() => this.#timeOut(attempt), this.#options.ackLimitMs);
      const attempt: Attempt = { envelope, socket, sentAt: performance.now(), timer, settle, state: 'waiting' };
      this.#attempts.push(attempt);
    });
  }

  /** Whether an ack is outstanding on this socket. */
  areWaitingOn(socket: WebSocket): boolean {
    return this.#attempts.some((it) => it.state === 'waiting' && it.socket === socket);
  }

  /** This socket is gone, and with it what was not acknowledged on it. */
  lose(socket: WebSocket, closedBy: 'app' | 'slack' | 'nobody'): void {
    for (const attempt of this.#attempts.filter((it) => it.state === 'waiting' && it.socket === socket)) {
      if (closedBy === 'app') this.deserted.push(attempt.envelope.envelope_id);
      if (this.#options.redelivers) attempt.socket = null;
    }
  }

  /** Gives what waits for a socket to this one. */
  redeliverTo(socket: WebSocket, send: (envelope: Envelope) => void): void {
    for (const attempt of this.#attempts.filter((it) => it.state === 'waiting' && it.socket === null)) {
      attempt.socket = socket;
      this.redelivered.push(attempt.envelope.envelope_id);
      send({ ...attempt.envelope, retry_attempt: 0, retry_reason: '' });
    }
  }

  receive(frame: string, socket: WebSocket): void {
    const message = parseAck(frame);
    if (message === undefined) {
      this.#options.log.add('unexpected_ack', `not an acknowledgement: ${frame}`);
      return;
    }
    const attempts = this.#attempts.filter((it) => it.envelope.envelope_id === message.envelopeId);
    const waiting = attempts.find((it) => it.state === 'waiting' && it.socket === socket);
    if (waiting) {
      this.#acknowledge(waiting, message.body);
      return;
    }
    const late = attempts.find((it) => it.state === 'timed_out');
    if (late) {
      late.state = 'acked_late';
      return;
    }
    // An ack that comes over another socket, as the one it belongs to was lost, is heard by nobody.
    if (attempts.some((it) => it.state === 'waiting')) return;
    const rule = attempts.length > 0 ? 'double_ack' : 'unexpected_ack';
    this.#options.log.add(rule, `envelope ${message.envelopeId}`);
  }

  close(): void {
    for (const attempt of this.#attempts) {
      clearTimeout(attempt.timer);
      attempt.settle({ kind: 'operation_timeout' });
    }
  }

  #acknowledge(attempt: Attempt, body: JsonObject): void {
    clearTimeout(attempt.timer);
    attempt.state = 'acked';
    if (!attempt.envelope.accepts_response_payload && Object.keys(body).length > 0) {
      this.#options.log.add('unexpected_ack', `${attempt.envelope.type} takes no message in its ack`);
    }
    attempt.settle({ kind: 'acked', afterMs: performance.now() - attempt.sentAt, body });
  }

  /** It is the app's fault only if it still had the socket to answer on. */
  #timeOut(attempt: Attempt): void {
    attempt.state = 'timed_out';
    if (attempt.socket?.readyState === WebSocket.OPEN) {
      this.#options.log.add('ack_too_late', `${attempt.envelope.type} ${attempt.envelope.envelope_id}`);
    }
    attempt.settle({ kind: 'operation_timeout' });
    this.#options.changed();
  }
}

function parseAck(frame: string): { readonly envelopeId: string; readonly body: JsonObject } | undefined {
  const { envelope_id: envelopeId, payload: body } = readObject(frame) ?? {};
  return typeof envelopeId === 'string' ? { envelopeId, body: isObject(body) ? body : {} } : undefined;
}
