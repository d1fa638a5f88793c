import { messagePayload } from './message-payload.ts';
import { isReply, type StoredMessage } from './messages.ts';
import type { FakeSlackState } from './state.ts';
import type { Button, JsonObject, SlackChannel, SlackUser } from './types.ts';
import { appId, teamDomain, teamId } from './workspace.ts';

export interface CommandContext {
  readonly user: SlackUser;
  readonly channel: SlackChannel;
  readonly responseUrl: string;
  readonly triggerId: string;
  readonly state: Pick<FakeSlackState, 'enterprise'>;
}

export interface InteractionContext extends CommandContext {
  readonly state: FakeSlackState;
}

/** The deprecated verification token, which Slack still sends. */
export const verificationToken = 'strict-slack-verification-token';

export function commandPayload(context: CommandContext, command: string, text: string): JsonObject {
  const { enterprise: enterpriseGrid } = context.state;
  const enterprise =
    enterpriseGrid === undefined ? {} : { enterprise_id: enterpriseGrid.id, enterprise_name: enterpriseGrid.name };
  return {
    token: verificationToken,
    team_id: teamId,
    team_domain: teamDomain,
    ...enterprise,
    channel_id: context.channel.id,
    channel_name: channelName(context.channel),
    user_id: context.user.id,
    user_name: context.user.name,
    command,
    text,
    api_app_id: appId,
    is_enterprise_install: 'false',
    response_url: context.responseUrl,
    trigger_id: context.triggerId,
  };
}

export interface PressedMessage {
  readonly ts: string;
  /** Undefined for a message that does not exist in the fake. */
  readonly storedMessage: StoredMessage | undefined;
}

/** For an ephemeral message Slack sends the container only, without the message. */
export function blockActionsPayload(
  context: InteractionContext,
  action: Button | SelectedOption,
  { ts, storedMessage }: PressedMessage,
): JsonObject {
  const { channel, state, responseUrl } = context;
  const isEphemeral = storedMessage?.ephemeralFor !== undefined;
  const message = storedMessage === undefined || isEphemeral ? {} : { message: messagePayload(storedMessage, state) };
  const threadTs = storedMessage !== undefined && isReply(storedMessage) ? storedMessage.threadTs : undefined;
  const container = { type: 'message', message_ts: ts, channel_id: channel.id, is_ephemeral: isEphemeral };
  return {
    type: 'block_actions',
    ...originPayload(context),
    trigger_id: context.triggerId,
    container: threadTs === undefined ? container : { ...container, thread_ts: threadTs },
    channel: { id: channel.id, name: channelName(channel) },
    ...message,
    state: { values: {} },
    response_url: responseUrl,
    actions: [{ ...actionPayload(action), action_ts: actionTs() }],
  };
}

/** A message shortcut, which Slack calls a message action. */
export function messageShortcutPayload(
  context: InteractionContext,
  callbackId: string,
  message: StoredMessage,
): JsonObject {
  const { channel, state, responseUrl } = context;
  return {
    type: 'message_action',
    ...originPayload(context),
    trigger_id: context.triggerId,
    action_ts: actionTs(),
    channel: { id: channel.id, name: channelName(channel) },
    callback_id: callbackId,
    response_url: responseUrl,
    message_ts: message.ts,
    message: messagePayload(message, state),
  };
}

/** The fields that all interactions have. */
export function originPayload({ user, state }: Pick<InteractionContext, 'user' | 'state'>): JsonObject {
  return {
    user: { id: user.id, username: user.name, name: user.name, team_id: user.teamId },
    api_app_id: appId,
    token: verificationToken,
    team: { id: teamId, domain: teamDomain },
    enterprise: state.enterprise === undefined ? null : { ...state.enterprise },
    is_enterprise_install: false,
  };
}

/** A choice in a menu. */
export interface SelectedOption {
  readonly actionId: string;
  readonly blockId: string;
  readonly option: { readonly label: string; readonly value: string };
}

export function actionTs(): string {
  return `${Math.floor(Date.now() / 1000)}.${String(Date.now() % 1000).padStart(3, '0')}000`;
}

function actionPayload(action: Button | SelectedOption): JsonObject {
  if ('option' in action) {
    const { label, value } = action.option;
    return {
      type: 'static_select',
      action_id: action.actionId,
      block_id: action.blockId,
      selected_option: { text: { type: 'plain_text', text: label, emoji: true }, value },
    };
  }
  return buttonPayload(action);
}

export function buttonPayload(button: Button): JsonObject {
  return {
    action_id: button.actionId,
    block_id: button.blockId,
    text: { type: 'plain_text', text: button.label, emoji: true },
    ...(button.value === undefined ? {} : { value: button.value }),
    ...(button.style === undefined ? {} : { style: button.style }),
    type: 'button',
  };
}

function channelName(channel: SlackChannel): string {
  if (channel.isIm) return 'directmessage';
  return channel.isPrivate ? 'privategroup' : channel.name;
}
