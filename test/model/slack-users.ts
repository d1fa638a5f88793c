import type { FakeSlack } from '../fake-slack/fake-slack.ts';
import type { AckOutcome, Envelope } from '../fake-slack/pending-acks.ts';
import { buttonsOf } from '../fake-slack/rendered-message.ts';
import type { JsonObject, MessageView } from '../fake-slack/types.ts';
import { slackChannel } from './bot.ts';

/** A button in a message of Slack. */
export interface PressedButton {
  readonly actionId: string;
  readonly value: string;
}

/** What Slack sends when this user types a command in the channel. */
export function commandBody(slack: FakeSlack, user: string, text: string): JsonObject {
  return slack.command({ user, channel: slackChannel, text }).payload;
}

/**
 * What Slack sends when this user presses a button: in the newest message that shows it or has shown it, as in a client that is
 * out of date. A user who sees no such message sends the press all the same, without a message.
 */
export function buttonBody(slack: FakeSlack, user: string, { actionId, value }: PressedButton): JsonObject {
  const shows = ({ versions }: MessageView) =>
    versions.some((version) => buttonsOf(version).some((each) => each.actionId === actionId && each.value === value));
  const message = slack.messagesVisibleTo(user, slackChannel).findLast(shows);
  const press = { user, channel: slackChannel, actionId, value };
  return slack.pressForged(message === undefined ? press : { ...press, message }).payload;
}

/** What Slack sends when this user opens the Home tab. */
export function homeOpenedBody(slack: FakeSlack, user: string): JsonObject {
  return slack.views.openHome(user).payload;
}

/** What the model does with an event of Slack, in place of a bot with a socket. `ack` acknowledges it. */
export type Receive = (body: JsonObject, ack: (content: JsonObject) => Promise<void>) => void;

export interface HandOver {
  /** For the strict fake: takes each event. */
  readonly transmit: (envelope: Envelope) => Promise<AckOutcome>;
  /** Gives the event that `send` causes to `receive`. Other events are acknowledged at once: the model uses their payload. */
  receiveDuring<T>(send: () => T, receive: Receive): T;
}

export function createHandOver(): HandOver {
  let receiver: Receive | null = null;
  return {
    transmit: ({ payload }) =>
      new Promise((resolve) => {
        const ack = async (body: JsonObject) => resolve({ kind: 'acked', afterMs: 0, body });
        if (receiver === null) void ack({});
        else receiver(payload, ack);
      }),
    receiveDuring(send, receive) {
      receiver = receive;
      try {
        return send();
      } finally {
        receiver = null;
      }
    },
  };
}
