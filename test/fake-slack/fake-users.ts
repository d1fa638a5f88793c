import { randomUUID } from 'node:crypto';
import type { Deliveries, Delivery } from './deliveries.ts';
import { currentContent, type StoredMessage } from './messages.ts';
import { blockActionsPayload, commandPayload, newTriggerId, type SelectedOption } from './payloads.ts';
import { buttonsOf, selectsOf } from './rendered-message.ts';
import type { ResponseUrls } from './response-urls.ts';
import type { FakeSlackState } from './state.ts';
import type { Button, MessageView } from './types.ts';
import { canSee } from './visibility.ts';
import { teamId } from './workspace.ts';

export interface CommandSpec {
  readonly user: string;
  readonly channel: string;
  readonly text: string;
  readonly command?: string;
}

export interface PressSpec {
  readonly user: string;
  /** A ts: the current buttons of the message. A view: its buttons, which may be outdated. */
  readonly message: string | MessageView;
  readonly label?: string;
  readonly actionId?: string;
}

/** A choice in a menu of the current message, by the labels of the options. */
export interface SelectSpec {
  readonly user: string;
  readonly message: MessageView;
  readonly option: string;
}

/** A press that no Slack client sends: any user, any ids, any message or none. */
export interface ForgedPressSpec {
  readonly user: string;
  readonly channel: string;
  readonly actionId: string;
  readonly value?: string;
  readonly blockId?: string;
  readonly label?: string;
  readonly message?: string | MessageView;
}

export interface FakeUsersOptions {
  readonly state: FakeSlackState;
  readonly responseUrls: ResponseUrls;
  readonly deliveries: Deliveries;
}

/** The actions of users in their Slack clients. Throws for an action that a client does not offer. */
export class FakeUsers {
  readonly #options: FakeUsersOptions;

  constructor(options: FakeUsersOptions) {
    this.#options = options;
  }

  command(spec: CommandSpec): Delivery {
    const { workspace, enterprise } = this.#options.state;
    const user = workspace.user(spec.user);
    const channel = workspace.channel(spec.channel);
    if (user.deleted) throw new Error(`${user.id} is deactivated and cannot send commands`);
    if (user.teamId !== teamId) throw new Error(`${user.id} belongs to another team: Slack does not offer the command`);
    if (!channel.members.has(user.id)) throw new Error(`${user.id} is not in ${channel.id}`);
    if (channel.isArchived) throw new Error(`${channel.id} is archived: Slack accepts no command there`);
    const responseUrl = this.#options.responseUrls.issue('commands', {
      user: user.id,
      channel: channel.id,
      source: undefined,
    });
    const triggerId = newTriggerId();
    const payload = commandPayload(
      { user, channel, responseUrl, triggerId, enterprise },
      spec.command ?? '/sync',
      spec.text,
    );
    return this.#options.deliveries.send({
      envelope_id: randomUUID(),
      type: 'slash_commands',
      accepts_response_payload: true,
      payload,
    });
  }

  press(spec: PressSpec): Delivery {
    const ts = typeof spec.message === 'string' ? spec.message : spec.message.ts;
    const storedMessage = this.#options.state.messages.find(ts);
    if (storedMessage === undefined) throw new Error(`There is no message ${ts}`);
    const isOldView = typeof spec.message !== 'string';
    if (!canSee(this.#options.state, spec.user, storedMessage) || (storedMessage.deleted && !isOldView)) {
      throw new Error(`${spec.user} does not see the message ${ts}`);
    }
    const content = typeof spec.message === 'string' ? currentContent(storedMessage) : spec.message;
    return this.#press(spec.user, storedMessage.channel, findOnlyButton(buttonsOf(content), spec), {
      ts,
      storedMessage,
    });
  }

  select({ user, message, option }: SelectSpec): Delivery {
    const storedMessage = this.#options.state.messages.find(message.ts);
    if (storedMessage === undefined || storedMessage.deleted || !canSee(this.#options.state, user, storedMessage))
      throw new Error(`${user} does not see the message ${message.ts}`);
    const menus = selectsOf(currentContent(storedMessage));
    const choices = menus.flatMap(({ actionId, blockId, options }) =>
      options.filter(({ label }) => label === option).map((chosen) => ({ actionId, blockId, option: chosen })),
    );
    const [only] = choices;
    if (only === undefined || choices.length > 1) throw new Error(`${choices.length} options ${option}`);
    return this.#press(user, storedMessage.channel, only, { ts: message.ts, storedMessage });
  }

  pressForged(spec: ForgedPressSpec): Delivery {
    const ts = typeof spec.message === 'string' ? spec.message : (spec.message?.ts ?? '0000000000.000000');
    const button: Button = {
      label: spec.label ?? 'OK',
      actionId: spec.actionId,
      blockId: spec.blockId ?? 'block',
      value: spec.value,
      style: undefined,
    };
    return this.#press(spec.user, spec.channel, button, { ts, storedMessage: this.#options.state.messages.find(ts) });
  }

  /** Sends the same envelope again, to the next socket. Nothing in it shows the repetition, as in Slack. */
  redeliver(delivery: Delivery): Delivery {
    return this.#options.deliveries.send({ ...delivery.envelope, retry_attempt: 0, retry_reason: '' });
  }

  deleteMessage(ts: string): void {
    const { messages } = this.#options.state;
    const message = messages.find(ts);
    if (message === undefined || message.ephemeralFor !== undefined) throw new Error(`${ts} cannot be deleted`);
    message.deletedByUser = true;
    messages.remove(message);
  }

  #press(
    userId: string,
    channelId: string,
    action: Button | SelectedOption,
    pressed: { ts: string; storedMessage: StoredMessage | undefined },
  ): Delivery {
    const { state, responseUrls } = this.#options;
    const user = state.workspace.user(userId);
    const channel = state.workspace.channel(channelId);
    if (user.deleted) throw new Error(`${user.id} is deactivated and cannot press buttons`);
    const responseUrl = responseUrls.issue('actions', {
      user: user.id,
      channel: channel.id,
      source: pressed.storedMessage,
    });
    const context = { user, channel, responseUrl, triggerId: newTriggerId(), enterprise: state.enterprise };
    const payload = blockActionsPayload(context, action, pressed);
    return this.#options.deliveries.send({
      envelope_id: randomUUID(),
      type: 'interactive',
      accepts_response_payload: false,
      payload,
    });
  }
}

function findOnlyButton(buttons: readonly Button[], spec: PressSpec): Button {
  const selector = spec.label ?? spec.actionId;
  if (selector === undefined) throw new Error('Specify a button by label or actionId');
  const matching = buttons.filter(
    ({ label, actionId }) =>
      (spec.label === undefined || label === spec.label) && (spec.actionId === undefined || actionId === spec.actionId),
  );
  const [only] = matching;
  if (only !== undefined && matching.length === 1) return only;
  const available = buttons.map(({ label, actionId }) => `${label} (${actionId})`).join(', ') || 'none';
  throw new Error(`${matching.length === 0 ? 'No' : 'More than one'} button ${selector}; available: ${available}`);
}
