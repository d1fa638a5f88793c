import { z } from 'zod';

/** What every request has: a slash command, a press of a button, a mention or a message shortcut. */
export interface SlackRequest {
  readonly user: string;
  /** The team of the person. Null when Slack does not send it. */
  readonly team: string | null;
  readonly channel: string;
  /** The thread in which the person acted. Null outside a thread. Slack has no slash commands in threads. */
  readonly threadTs: string | null;
  readonly replyTo: ReplyTarget;
  /** Equal in every delivery of one request. */
  readonly deliveryId: string | null;
}

/** How Slack takes the answer to a request. Only the person who sent the request sees it. */
export type ReplyTarget =
  | ResponseUrl
  /** `chat.postEphemeral` in the channel of the request: a mention has no response_url. */
  | { readonly kind: 'ephemeral' };

/** Slack accepts five uses within 30 minutes. */
export interface ResponseUrl {
  readonly kind: 'response_url';
  readonly url: string;
}

export interface SlashCommand extends SlackRequest {
  readonly text: string;
}

export interface BlockAction extends SlackRequest {
  readonly replyTo: ResponseUrl;
  readonly actionId: string;
  /** The value of the button, or of the option that was selected. */
  readonly value: unknown;
}

const idSchema = z.string().min(1).max(255);
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
  channel: z.object({ id: idSchema }).nullish(),
  container: z.object({ channel_id: idSchema.nullish(), thread_ts: idSchema.nullish() }).nullish(),
  response_url: urlSchema,
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
export function readSlashCommand(body: unknown): SlashCommand | null {
  const parsed = slashCommandSchema.safeParse(body);
  if (!parsed.success) return null;
  const { user_id, team_id, channel_id, response_url, trigger_id, text } = parsed.data;
  return {
    user: user_id,
    team: team_id ?? null,
    channel: channel_id,
    threadTs: null,
    replyTo: { kind: 'response_url', url: response_url },
    deliveryId: trigger_id ?? null,
    text,
  };
}

/** Decodes a `block_actions` body. Returns null when it is not one. An ephemeral message has its channel in `container` only. */
export function readBlockAction(body: unknown): BlockAction | null {
  const parsed = blockActionSchema.safeParse(body);
  if (!parsed.success) return null;
  const { user, team, channel, container, response_url, trigger_id, actions } = parsed.data;
  const channelId = channel?.id ?? container?.channel_id ?? null;
  if (channelId === null) return null;
  return {
    user: user.id,
    team: user.team_id ?? team?.id ?? null,
    channel: channelId,
    threadTs: container?.thread_ts ?? null,
    replyTo: { kind: 'response_url', url: response_url },
    deliveryId: trigger_id ?? null,
    actionId: actions[0].action_id,
    value: actions[0].value ?? actions[0].selected_option?.value,
  };
}
