import { randomBytes } from 'node:crypto';
import { messagePayload } from './chat-methods.ts';
import type { StoredMessage } from './messages.ts';
import type { Enterprise } from './state.ts';
import type { Button, JsonObject, SlackChannel, SlackUser } from './types.ts';
import { appId, teamDomain, teamId } from './workspace.ts';

export interface InteractionContext {
  readonly user: SlackUser;
  readonly channel: SlackChannel;
  readonly responseUrl: string;
  readonly triggerId: string;
  readonly enterprise: Enterprise | undefined;
}

/** The deprecated verification token, which Slack still sends. */
const verificationToken = 'strict-slack-verification-token';

export function newTriggerId(): string {
  const digits = () => String(randomBytes(5).readUIntBE(0, 5));
  return `${digits()}.${digits()}.${randomBytes(16).toString('hex')}`;
}

export function commandPayload(context: InteractionContext, command: string, text: string): JsonObject {
  const { enterprise: enterpriseGrid } = context;
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
  pressedMessage: PressedMessage,
): JsonObject {
  const { user, channel } = context;
  const isEphemeral = pressedMessage.storedMessage?.ephemeralFor !== undefined;
  const message =
    pressedMessage.storedMessage === undefined || isEphemeral
      ? {}
      : { message: messagePayload(pressedMessage.storedMessage) };
  return {
    type: 'block_actions',
    user: { id: user.id, username: user.name, name: user.name, team_id: user.teamId },
    api_app_id: appId,
    token: verificationToken,
    container: { type: 'message', message_ts: pressedMessage.ts, channel_id: channel.id, is_ephemeral: isEphemeral },
    trigger_id: context.triggerId,
    team: { id: teamId, domain: teamDomain },
    enterprise: context.enterprise === undefined ? null : { ...context.enterprise },
    is_enterprise_install: false,
    channel: { id: channel.id, name: channelName(channel) },
    ...message,
    state: { values: {} },
    response_url: context.responseUrl,
    actions: [{ ...actionPayload(action), action_ts: actionTs() }],
  };
}

/** A choice in a menu. */
export interface SelectedOption {
  readonly actionId: string;
  readonly blockId: string;
  readonly option: { readonly label: string; readonly value: string };
}

function actionTs(): string {
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
  const button = action;
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
