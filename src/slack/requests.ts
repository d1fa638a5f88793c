import { z } from 'zod';
import type { ProjectId } from '../domain/project.ts';
import { readProjectBlockId } from './block-ids.ts';
import { type ModalOrigin, readModalMetadata } from './modal-metadata.ts';

/** What every request has: a slash command, a press of a button, a mention or a message shortcut. */
export interface SlackRequest {
  readonly user: string;
  /** The team of the person. Null when Slack does not send it. */
  readonly team: string | null;
  /** In a modal: the channel from which it was opened. Null in the Home tab, and in a modal from there. */
  readonly channel: string | null;
  /** The thread in which the person acted. Null outside a thread. Slack has no slash commands in threads. */
  readonly threadTs: string | null;
  readonly replyTo: ReplyTarget;
  /**
   * The `trigger_id` that opens a modal for the answer. `createListener` opens it and sets `replyTo` to its view. `replyTo`
   * stays as it is if Slack opens none. Null if the answer needs no modal.
   */
  readonly modalTrigger: string | null;
  /** Equal in every delivery of one request. */
  readonly deliveryId: string | null;
}

/** How Slack takes the answer to a request. Only the person who sent the request sees it. */
export type ReplyTarget =
  | ResponseUrl
  /** `chat.postEphemeral` in the channel of the request, else a direct message: a mention has no response_url. */
  | { readonly kind: 'ephemeral' }
  | ViewTarget
  /** The Home tab of the person. */
  | { readonly kind: 'home' }
  /** The person has closed the modal, so nothing can show an answer. */
  | { readonly kind: 'closed'; readonly viewId: string };

/** The view of a modal. The answer replaces its content. */
export interface ViewTarget {
  readonly kind: 'view';
  readonly viewId: string;
  /** Of the content at the press. Slack refuses the answer if the view has other content by now. Null if that is not known. */
  readonly hash: string | null;
}

/** Slack accepts five uses within 30 minutes. */
export interface ResponseUrl {
  readonly kind: 'response_url';
  readonly url: string;
}

/** A slash command, or a mention with the text of one. */
export interface CommandRequest extends SlackRequest {
  /** As Slack sends it: with `&`, `<` and `>` as entities. */
  readonly text: string;
}

/** The syncbot entry in the menu of a message. */
export interface MessageShortcut extends SlackRequest {
  readonly channel: string;
  readonly replyTo: ResponseUrl;
  /** The project that the message is about, if it is a message of the bot about one project. */
  readonly project: ProjectId | null;
}

export interface BlockAction extends SlackRequest {
  readonly actionId: string;
  /** The value of the button, or of the option that was selected. */
  readonly value: unknown;
}

export const idSchema = z.string().min(1).max(255);
const urlSchema = z.url({ protocol: /^https?$/ });

/** The used part of a slash command's body. In an org install Slack sends `is_enterprise_install` as a string. */
const slashCommandSchema = z.object({
  text: z.string().default(''),
  user_id: idSchema,
  team_id: idSchema.nullish(),
  channel_id: idSchema,
  response_url: urlSchema,
  trigger_id: idSchema.nullish(),
});

/** The used part of a `block_actions` body. In an org install `team` is null, and `user` has the person's team. */
const blockActionSchema = z.object({
  user: z.object({ id: idSchema, team_id: idSchema.nullish() }),
  team: z.object({ id: idSchema }).nullish(),
  channel: z.object({ id: z.union([z.literal(''), idSchema]) }).nullish(),
  container: z
    .object({ channel_id: z.union([z.literal(''), idSchema]).nullish(), thread_ts: idSchema.nullish() })
    .nullish(),
  /** Of a press in a message that is not ephemeral. */
  message: z.unknown().optional(),
  /** Of a press in a modal or in the Home tab. It has no channel and no response_url. */
  view: z
    .object({ type: z.enum(['modal', 'home']), id: idSchema, hash: idSchema, private_metadata: z.string().default('') })
    .nullish(),
  response_url: urlSchema.nullish(),
  trigger_id: idSchema.nullish(),
  actions: z.tuple(
    [
      z.object({
        action_id: z.string(),
        value: z.unknown().optional(),
        selected_option: z.object({ value: z.string() }).nullish(),
      }),
    ],
    z.unknown(),
  ),
});

/** Decodes the body of a slash command. Returns null when it is not one. */
export function readSlashCommand(body: unknown): CommandRequest | null {
  const parsed = slashCommandSchema.safeParse(body);
  if (!parsed.success) return null;
  const { user_id, team_id, channel_id, response_url, trigger_id, text } = parsed.data;
  return {
    user: user_id,
    team: team_id ?? null,
    channel: channel_id,
    threadTs: null,
    replyTo: { kind: 'response_url', url: response_url },
    modalTrigger: null,
    deliveryId: trigger_id ?? null,
    text,
  };
}

/** The same, and without a text the answer opens a modal. */
export function readSyncCommand(body: unknown): CommandRequest | null {
  const command = readSlashCommand(body);
  return command === null || command.text.trim() !== '' ? command : { ...command, modalTrigger: command.deliveryId };
}

/** Decodes a `block_actions` body. Returns null when it is not one. An ephemeral message has its channel in `container` only. */
export function readBlockAction(body: unknown): BlockAction | null {
  const parsed = blockActionSchema.safeParse(body);
  if (!parsed.success) return null;
  const { user, team, trigger_id, actions } = parsed.data;
  const origin = readOrigin(parsed.data);
  if (origin === null) return null;
  return {
    user: user.id,
    team: user.team_id ?? team?.id ?? null,
    ...origin,
    deliveryId: trigger_id ?? null,
    actionId: actions[0].action_id,
    value: actions[0].value ?? actions[0].selected_option?.value,
  };
}

type Origin = Pick<SlackRequest, 'channel' | 'threadTs' | 'replyTo' | 'modalTrigger'>;

/** Where a press was. Returns null when the body has neither a view nor a channel with a response_url. */
function readOrigin(body: z.infer<typeof blockActionSchema>): Origin | null {
  const { view, channel, container, response_url, trigger_id } = body;
  if (view?.type === 'home' || isHomeOfLocalSlack(body))
    return { ...nowhere, replyTo: { kind: 'ephemeral' }, modalTrigger: trigger_id ?? null };
  if (view?.type === 'modal') {
    const { id: viewId, hash, private_metadata } = view;
    const openedFrom = readModalMetadata(private_metadata);
    if (openedFrom === null) return null;
    return { ...openedFrom, replyTo: { kind: 'view', viewId, hash }, modalTrigger: null };
  }
  const channelId = channel?.id ?? container?.channel_id;
  if (channelId == null || channelId === '' || response_url == null) return null;
  const replyTo = { kind: 'response_url', url: response_url } as const;
  return { channel: channelId, threadTs: container?.thread_ts ?? null, replyTo, modalTrigger: null };
}

/**
 * local-slack-linux-x64 0.1.8, the workspace of the demo, sends a press in Home as one in a message of the channel `''`. Slack
 * has no channel with an empty id. A press in Home is authorized without a channel.
 */
function isHomeOfLocalSlack({ view, channel, container, message }: z.infer<typeof blockActionSchema>): boolean {
  return view == null && message == null && channel?.id === '' && container?.channel_id === '';
}

/** The Home tab. */
export const nowhere: ModalOrigin = { channel: null, threadTs: null };

/** The used part of an `app_mention` event. Slack sends it only for a channel that the bot is a member of. */
const appMentionSchema = z.object({
  event_id: idSchema,
  authorizations: z.array(z.object({ user_id: idSchema })).default([]),
  event: z.object({
    type: z.literal('app_mention'),
    user: idSchema,
    /** The team of the person. Slack sends `user_team` in channels that several workspaces share. */
    team: idSchema.nullish(),
    user_team: idSchema.nullish(),
    text: z.string(),
    channel: idSchema,
    thread_ts: idSchema.nullish(),
  }),
});

/** Decodes a mention as the command after it. Returns null when it is not one, or was written by another app. */
export function readAppMention(body: unknown): CommandRequest | null {
  const parsed = appMentionSchema.safeParse(body);
  if (!parsed.success) return null;
  const { event_id, authorizations, event } = parsed.data;
  return {
    user: event.user,
    team: event.user_team ?? event.team ?? null,
    channel: event.channel,
    threadTs: event.thread_ts ?? null,
    replyTo: { kind: 'ephemeral' },
    modalTrigger: null,
    deliveryId: event_id,
    text: textAfterMention(
      event.text,
      authorizations.map(({ user_id }) => user_id),
    ),
  };
}

/** `hello @syncbot list` is the command `list`. */
function textAfterMention(text: string, botUsers: readonly string[]): string {
  const mention = [...text.matchAll(/<@([A-Z0-9]+)(?:\|[^<>]*)?>/g)].find(([, user = '']) => botUsers.includes(user));
  return mention === undefined ? text : text.slice(mention.index + mention[0].length).trim();
}

/** The used part of an `app_home_opened` event. Slack offers the app only to people of the workspace. */
const homeOpenedSchema = z.object({
  event_id: idSchema,
  team_id: idSchema,
  event: z.object({ type: z.literal('app_home_opened'), user: idSchema, tab: z.literal('home') }),
});

/** Decodes the event that a person has opened Home. Returns null when it is not one. */
export function readHomeOpened(body: unknown): SlackRequest | null {
  const parsed = homeOpenedSchema.safeParse(body);
  if (!parsed.success) return null;
  const { event_id: deliveryId, team_id: team, event } = parsed.data;
  return { user: event.user, team, ...nowhere, replyTo: { kind: 'home' }, modalTrigger: null, deliveryId };
}

/** Decodes a choice in a menu of Home, which changes Home and opens no modal. Returns null when it is not one. */
export function readHomeChoice(body: unknown): BlockAction | null {
  const choice = readBlockAction(body);
  return choice === null ? null : { ...choice, replyTo: { kind: 'home' }, modalTrigger: null };
}

/** The used part of a `message_action` body. */
const messageShortcutSchema = z.object({
  type: z.literal('message_action'),
  user: z.object({ id: idSchema, team_id: idSchema.nullish() }),
  team: z.object({ id: idSchema }).nullish(),
  channel: z.object({ id: idSchema }),
  response_url: urlSchema,
  trigger_id: idSchema,
  message: z.object({
    ts: idSchema,
    thread_ts: idSchema.nullish(),
    blocks: z.array(z.object({ block_id: z.string().nullish() })).nullish(),
  }),
});

/**
 * Decodes a message shortcut. Returns null when it is not one. Without a reply there is no thread yet, and Slack does not show
 * an ephemeral message in it (docs.slack.dev/reference/methods/chat.postEphemeral).
 */
export function readMessageShortcut(body: unknown): MessageShortcut | null {
  const parsed = messageShortcutSchema.safeParse(body);
  if (!parsed.success) return null;
  const { user, team, channel, response_url, trigger_id, message } = parsed.data;
  const projects = (message.blocks ?? []).flatMap(({ block_id }) => readProjectBlockId(block_id) ?? []);
  return {
    user: user.id,
    team: user.team_id ?? team?.id ?? null,
    channel: channel.id,
    threadTs: message.thread_ts ?? null,
    replyTo: { kind: 'response_url', url: response_url },
    modalTrigger: null,
    deliveryId: trigger_id,
    project: projects[0] ?? null,
  };
}
