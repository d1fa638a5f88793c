import { WebSocket } from 'ws';
import { isObject, type JsonObject, parseJsonObject } from './types.ts';
import type { ViolationLog } from './violations.ts';

export interface Envelope {
  readonly envelope_id: string;
  readonly type: 'slash_commands' | 'interactive' | 'events_api';
  readonly accepts_response_payload: boolean;
  readonly payload: JsonObject;
  readonly retry_attempt?: number;
  readonly retry_reason?: string;
}

export type AckOutcome =
  | { readonly kind: 'acked'; readonly afterMs: number; readonly body: JsonObject }
  | { readonly kind: 'operation_timeout' }
  | { readonly kind: 'dispatch_failed' };

interface PendingAck {
  readonly envelope: Envelope;
  /** The socket to which the envelope was sent last. Null while it waits for another socket. */
  socket: WebSocket | null;
  readonly sentAt: number;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (outcome: AckOutcome) => void;
  state: 'waiting' | 'acked' | 'timed_out' | 'acked_late';
}

export interface PendingAcksOptions {
  readonly log: ViolationLog;
  readonly ackLimitMs: number;
  readonly redeliverOnClose: boolean;
  readonly onChange: () => void;
}

/** Each delivery of an envelope needs one ack, in time, on the socket to which it was sent. */
export class PendingAcks {
  readonly #options: PendingAcksOptions;
  readonly #acks: PendingAck[] = [];
  /** Envelopes whose socket the app closed before their ack. */
  readonly unackedAtAppClose: string[] = [];
  /** Envelopes that were sent to another socket, one entry per time. */
  readonly redelivered: string[] = [];

  constructor(options: PendingAcksOptions) {
    this.#options = options;
  }

  add(envelope: Envelope, socket: WebSocket): Promise<AckOutcome> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#timeOut(pendingAck), this.#options.ackLimitMs);
      const pendingAck: PendingAck = { envelope, socket, sentAt: performance.now(), timer, resolve, state: 'waiting' };
      this.#acks.push(pendingAck);
    });
  }

  /** Whether an ack is outstanding on this socket. */
  hasPendingOn(socket: WebSocket): boolean {
    return this.#acks.some((ack) => ack.state === 'waiting' && ack.socket === socket);
  }

  /** Handles the loss of all acks that are pending on this socket. */
  handleSocketClose(socket: WebSocket, closedBy: 'app' | 'slack' | 'none'): void {
    for (const pendingAck of this.#acks.filter((ack) => ack.state === 'waiting' && ack.socket === socket)) {
      if (closedBy === 'app') this.unackedAtAppClose.push(pendingAck.envelope.envelope_id);
      if (this.#options.redeliverOnClose) pendingAck.socket = null;
    }
  }

  /** Sends the envelopes that wait for a socket to this one. */
  redeliverTo(socket: WebSocket, send: (envelope: Envelope) => void): void {
    for (const pendingAck of this.#acks.filter((ack) => ack.state === 'waiting' && ack.socket === null)) {
      pendingAck.socket = socket;
      this.redelivered.push(pendingAck.envelope.envelope_id);
      send({ ...pendingAck.envelope, retry_attempt: 0, retry_reason: '' });
    }
  }

  receive(frame: string, socket: WebSocket): void {
    const message = parseAck(frame);
    if (message === undefined) {
      this.#options.log.add('unexpected_ack', `not an acknowledgement: ${frame}`);
      return;
    }
    const acks = this.#acks.filter(({ envelope }) => envelope.envelope_id === message.envelopeId);
    const pending = acks.find(({ state, socket: sentTo }) => state === 'waiting' && sentTo === socket);
    if (pending) {
      this.#acknowledge(pending, message.body);
      return;
    }
    const late = acks.find(({ state }) => state === 'timed_out');
    if (late) {
      late.state = 'acked_late';
      return;
    }
    // Slack ignores an ack on another socket. The app may send one when the right socket was lost.
    if (acks.some(({ state }) => state === 'waiting')) return;
    const rule = acks.length > 0 ? 'double_ack' : 'unexpected_ack';
    this.#options.log.add(rule, `envelope ${message.envelopeId}`);
  }

  close(): void {
    for (const pendingAck of this.#acks) {
      clearTimeout(pendingAck.timer);
      pendingAck.resolve({ kind: 'operation_timeout' });
    }
  }

  #acknowledge(pendingAck: PendingAck, body: JsonObject): void {
    clearTimeout(pendingAck.timer);
    pendingAck.state = 'acked';
    if (!pendingAck.envelope.accepts_response_payload && Object.keys(body).length > 0) {
      this.#options.log.add('unexpected_ack', `${pendingAck.envelope.type} takes no message in its ack`);
    }
    pendingAck.resolve({ kind: 'acked', afterMs: performance.now() - pendingAck.sentAt, body });
  }

  /** It is a violation only if the socket for the ack was still open. */
  #timeOut(pendingAck: PendingAck): void {
    pendingAck.state = 'timed_out';
    if (pendingAck.socket?.readyState === WebSocket.OPEN) {
      this.#options.log.add('ack_too_late', `${pendingAck.envelope.type} ${pendingAck.envelope.envelope_id}`);
    }
    pendingAck.resolve({ kind: 'operation_timeout' });
    this.#options.onChange();
  }
}

function parseAck(frame: string): { readonly envelopeId: string; readonly body: JsonObject } | undefined {
  const { envelope_id: envelopeId, payload: body } = parseJsonObject(frame) ?? {};
  return typeof envelopeId === 'string' ? { envelopeId, body: isObject(body) ? body : {} } : undefined;
}
