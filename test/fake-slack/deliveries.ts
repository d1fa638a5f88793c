import { randomUUID } from 'node:crypto';
import { validateContent } from './message-validation.ts';
import type { AckOutcome, Envelope } from './pending-acks.ts';
import type { FakeSlackState } from './state.ts';
import { type ClientError, errorText, isObject, type Json, type JsonObject, SlackApiError } from './types.ts';
import { botUserId } from './workspace.ts';

/** An event on its way to the app. */
export interface EventDelivery {
  readonly envelope: Envelope;
  readonly payload: JsonObject;
  /** The result of the ack. Never rejects. When it resolves, the message in the ack is posted. */
  readonly acked: Promise<AckOutcome>;
}

/** An interaction with a view on its way to the app. */
export interface ViewDelivery extends EventDelivery {
  readonly triggerId: string;
}

/** A command, or an interaction with a message, on its way to the app. */
export interface Delivery extends ViewDelivery {
  readonly responseUrl: string;
}

/** Slack retries an event three times: at once, after 1 minute and after 5 minutes (docs.slack.dev/apis/events-api). */
const maxRetries = 3;

export interface DeliveriesOptions {
  readonly state: FakeSlackState;
  readonly transmit: (envelope: Envelope) => Promise<AckOutcome>;
  readonly onChange: () => void;
}

/** Sends payloads to the app and applies their acks. */
export class Deliveries {
  /** The errors that Slack showed to users. */
  readonly clientErrors: ClientError[] = [];
  readonly #options: DeliveriesOptions;
  /** What the content of an ack does, by envelope_id. */
  readonly #appliers = new Map<string, (body: JsonObject) => void>();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  send(envelope: Envelope): Delivery {
    const { payload } = envelope;
    this.#appliers.set(envelope.envelope_id, (body) => this.#postAckMessage(envelope, body));
    const acked = this.#transmit(envelope);
    const triggerId = String(payload['trigger_id']);
    return { envelope, payload, triggerId, responseUrl: String(payload['response_url']), acked };
  }

  /** Sends an interaction with a view. Without `applyAck` its ack has no content. */
  sendFromView(payload: JsonObject, applyAck?: (body: JsonObject) => void): ViewDelivery {
    const accepts_response_payload = applyAck !== undefined;
    const envelope: Envelope = { envelope_id: randomUUID(), type: 'interactive', accepts_response_payload, payload };
    if (applyAck !== undefined) this.#appliers.set(envelope.envelope_id, applyAck);
    const acked = this.#transmit(envelope);
    return { envelope, payload, triggerId: String(payload['trigger_id']), acked };
  }

  /** Sends the same envelope again, to the next socket. Nothing in it shows the repetition, as in Slack. */
  redeliver<Repeated extends EventDelivery>(delivery: Repeated): Repeated {
    const envelope: Envelope = { ...delivery.envelope, retry_attempt: 0, retry_reason: '' };
    return { ...delivery, envelope, acked: this.#transmit(envelope) };
  }

  /** Sends an event. A user sees no error if it fails. */
  sendEvent(payload: JsonObject): EventDelivery {
    return this.#sendEvent(payload, 0);
  }

  /**
   * Repeats an event, as Slack does when it received no ack or when no socket was open. The event_id is the same, the
   * envelope_id is another one (slackapi/bolt-js#2487).
   */
  retryEvent({ envelope, payload }: EventDelivery): EventDelivery {
    const attempt = (envelope.retry_attempt ?? 0) + 1;
    if (envelope.type !== 'events_api') throw new Error(`Slack does not retry ${envelope.type}`);
    if (attempt > maxRetries) throw new Error(`Slack retries an event ${maxRetries} times`);
    return this.#sendEvent(payload, attempt);
  }

  #sendEvent(payload: JsonObject, attempt: number): EventDelivery {
    const envelope: Envelope = {
      envelope_id: randomUUID(),
      type: 'events_api',
      accepts_response_payload: false,
      payload,
      retry_attempt: attempt,
      retry_reason: attempt === 0 ? '' : 'timeout',
    };
    return { envelope, payload, acked: this.#transmit(envelope) };
  }

  async #transmit(envelope: Envelope): Promise<AckOutcome> {
    const outcome = await this.#options.transmit(envelope);
    const error = outcome.kind === 'acked' ? this.#applyAck(envelope, outcome.body) : outcome.kind;
    if (error !== null && envelope.type !== 'events_api')
      this.clientErrors.push({ ...senderOf(envelope.payload), error, envelopeId: envelope.envelope_id });
    this.#options.onChange();
    return outcome;
  }

  /** Applies the first ack of an envelope. Returns what the user sees when Slack cannot apply it, null if it can. */
  #applyAck({ envelope_id: id, payload }: Envelope, body: JsonObject): 'invalid_response' | null {
    const apply = this.#appliers.get(id);
    this.#appliers.delete(id);
    try {
      apply?.(body);
      return null;
    } catch (error) {
      if (!(error instanceof SlackApiError)) throw error;
      this.#options.state.violations.add('invalid_ack', `${String(payload['type'])}: ${errorText(error)}`);
      return 'invalid_response';
    }
  }

  /** Posts the message in the ack of a command. With `in_channel` Slack also shows the command. */
  #postAckMessage(envelope: Envelope, body: JsonObject): void {
    if (!envelope.accepts_response_payload || Object.keys(body).length === 0) return;
    const { messages, violations } = this.#options.state;
    const { user, channel } = senderOf(envelope.payload);
    const isPublic = body['response_type'] === 'in_channel';
    if (isPublic) {
      const commandText = `${String(envelope.payload['command'])} ${String(envelope.payload['text'])}`.trim();
      messages.post({ text: commandText, blocks: [], channel, user, via: 'user' });
      if (body['text'] === undefined && body['blocks'] === undefined) return;
    }
    try {
      const content = validateContent(body, violations, 'ack');
      const ephemeralFor = isPublic ? undefined : user;
      messages.post({ ...content, channel, user: botUserId, via: 'ack', ephemeralFor });
    } catch (error) {
      if (!(error instanceof SlackApiError)) throw error;
    }
  }
}

function senderOf(payload: JsonObject): { readonly user: string; readonly channel: string } {
  const { user, channel } = payload;
  return {
    user: String(payload['user_id'] ?? idOf(user)),
    channel: String(payload['channel_id'] ?? idOf(channel) ?? ''),
  };
}

function idOf(value: Json | undefined): Json | undefined {
  return isObject(value) ? value['id'] : undefined;
}
