import { randomUUID } from 'node:crypto';
import type { Deliveries, Delivery, EventDelivery } from './deliveries.ts';
import { appMentionPayload } from './event-payloads.ts';
import { currentContent, type StoredMessage } from './messages.ts';
import { blockActionsPayload, commandPayload, messageShortcutPayload, type SelectedOption } from './payloads.ts';
import { findOnlyButton, selectsOf } from './rendered-message.ts';
import type { ResponseUrls } from './response-urls.ts';
import type { FakeSlackState } from './state.ts';
import type { Button, MessageView } from './types.ts';
import { canSee } from './visibility.ts';
import { botUserId, teamId } from './workspace.ts';

export interface CommandSpec {
  readonly user: string;
  readonly channel: string;
  readonly text: string;
  readonly command?: string;
  /** Slack supports no commands in threads. */
  readonly threadTs?: string;
}

export interface MentionSpec {
  readonly user: string;
  readonly channel: string;
  /** The text. The fake puts the mention of the bot before it, unless the text contains it. */
  readonly text: string;
  /** The ts of the parent of the thread. */
  readonly threadTs?: string;
  /** In a channel without the bot Slack offers the user to invite it. Then Slack sends the event. */
  readonly invitesBot?: boolean;
}

export interface Mention {
  /** The ts of the message with the mention. */
  readonly ts: string;
  /** Null if Slack sends no event: the bot is not a member or lacks the scope, or it is a direct message. */
  readonly delivery: EventDelivery | null;
}

/** A message shortcut in the menu of a message that the user sees. */
export interface ShortcutSpec {
  readonly user: string;
  readonly message: string | MessageView;
  readonly callbackId: string;
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
    const { state } = this.#options;
    const { user, channel } = this.#requireWriter(spec);
    if (user.teamId !== teamId) throw new Error(`${user.id} belongs to another team: Slack does not offer the command`);
    if (spec.threadTs !== undefined) throw new Error('Slack supports no commands in threads');
    const responseUrl = this.#options.responseUrls.issue('commands', {
      user: user.id,
      channel: channel.id,
      source: undefined,
    });
    const triggerId = state.triggers.issue(user.id);
    const payload = commandPayload(
      { user, channel, responseUrl, triggerId, state },
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

  /** Posts a message with a mention of the bot. Slack sends an event only if the bot can see it. */
  mention(spec: MentionSpec): Mention {
    const { state, deliveries } = this.#options;
    const { user, channel } = this.#requireWriter(spec);
    const { threadTs } = spec;
    const tag = `<@${botUserId}>`;
    const text = spec.text.includes(tag) ? spec.text : `${tag} ${spec.text}`;
    const message = state.messages.post({
      text,
      blocks: [],
      channel: channel.id,
      user: user.id,
      via: 'user',
      threadTs,
    });
    if (spec.invitesBot) channel.members.add(botUserId);
    const isSeen = state.workspace.isBotMember(channel) && !channel.isIm && state.scopes.has('app_mentions:read');
    return { ts: message.ts, delivery: isSeen ? deliveries.sendEvent(appMentionPayload(message, state)) : null };
  }

  /** Uses a message shortcut. It needs no membership of the bot. */
  openShortcut({ user: userId, message, callbackId }: ShortcutSpec): Delivery {
    const { state, responseUrls, deliveries } = this.#options;
    const ts = typeof message === 'string' ? message : message.ts;
    const storedMessage = state.messages.find(ts);
    if (storedMessage === undefined || storedMessage.deleted || !canSee(state, userId, storedMessage))
      throw new Error(`${userId} does not see the message ${ts}`);
    if (storedMessage.ephemeralFor !== undefined) throw new Error('Slack offers no shortcuts on ephemeral messages');
    const user = state.workspace.user(userId);
    const channel = state.workspace.channel(storedMessage.channel);
    if (user.deleted) throw new Error(`${user.id} is deactivated and cannot use shortcuts`);
    if (user.teamId !== teamId) throw new Error(`${user.id} belongs to another team: Slack does not offer shortcuts`);
    const responseUrl = responseUrls.issue('app', { user: user.id, channel: channel.id, source: undefined });
    const context = { user, channel, responseUrl, triggerId: state.triggers.issue(user.id), state };
    const payload = messageShortcutPayload(context, callbackId, storedMessage);
    return deliveries.send({
      envelope_id: randomUUID(),
      type: 'interactive',
      accepts_response_payload: false,
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
    return this.#press(spec.user, storedMessage.channel, findOnlyButton(content, spec), {
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

  deleteMessage(ts: string): void {
    const { messages } = this.#options.state;
    const message = messages.find(ts);
    if (message === undefined || message.ephemeralFor !== undefined) throw new Error(`${ts} cannot be deleted`);
    message.deletedByUser = true;
    messages.remove(message);
  }

  #requireWriter(spec: { readonly user: string; readonly channel: string }) {
    const { workspace } = this.#options.state;
    const user = workspace.user(spec.user);
    const channel = workspace.channel(spec.channel);
    if (user.deleted) throw new Error(`${user.id} is deactivated and cannot write`);
    if (!channel.members.has(user.id)) throw new Error(`${user.id} is not in ${channel.id}`);
    if (channel.isArchived) throw new Error(`${channel.id} is archived: Slack accepts nothing there`);
    return { user, channel };
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
    const context = { user, channel, responseUrl, triggerId: state.triggers.issue(user.id), state };
    const payload = blockActionsPayload(context, action, pressed);
    return this.#options.deliveries.send({
      envelope_id: randomUUID(),
      type: 'interactive',
      accepts_response_payload: false,
      payload,
    });
  }
}
