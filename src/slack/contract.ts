import { z } from 'zod';
import { type OperationKind, operationKinds } from '../domain/lifecycle.ts';
import type { OperationRef } from '../domain/operation.ts';
import { type ProjectId, projectIdSchema } from '../domain/project.ts';

/**
 * Everything that crosses the boundary to Slack. Messages live for ever, so action ids carry a version: what is not live
 * any more is answered with "older version". A button's value names things and never says what is so.
 */
export const actionIds = {
  ok: 'sync:v1:ok',
  cancel: 'sync:v1:cancel',
  show: 'sync:v1:show',
  request: {
    start: 'sync:v1:ask:start',
    pause: 'sync:v1:ask:pause',
    restore: 'sync:v1:ask:restore',
    reapply: 'sync:v1:ask:reapply',
    adopt: 'sync:v1:ask:adopt',
  },
  page: { next: 'sync:v1:page:next', previous: 'sync:v1:page:previous' },
} as const;

/** Every action id that has a handler of its own. */
export const handledActionIds: readonly string[] = [
  actionIds.ok,
  actionIds.cancel,
  actionIds.show,
  ...Object.values(actionIds.request),
  ...Object.values(actionIds.page),
];

/** Matches every action id but the live ones: Bolt runs all listeners that match. */
export const outdatedActionIdPattern = new RegExp(`^(?!(?:${handledActionIds.join('|')})$)`, 's');
export const requestActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.request).join('|')})$`);
export const pageActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.page).join('|')})$`);

/** A block id that is new for each version of a message, as Slack asks for. */
export function blockId(part: string, ...version: readonly (string | number)[]): string {
  return ['sync', part, ...version].join(':').slice(0, 255);
}

export function operationRefValue({ project, operation }: OperationRef): string {
  return `${project}/${operation}`;
}

/** The operation that a button's value names; null when it names none. */
export function readOperationRef(value: unknown): OperationRef | null {
  const [project, operation, ...rest] = typeof value === 'string' ? value.split('/') : [];
  const ref = operationRefSchema.safeParse({ project, operation });
  return ref.success && rest.length === 0 ? ref.data : null;
}

const operationRefSchema = z.object({
  project: projectIdSchema,
  operation: z.string().regex(/^[A-Za-z0-9_-]{1,80}$/),
});

export function projectValue(project: ProjectId): string {
  return project;
}

/** The project that a button's value names; null when it names none. */
export function readProjectId(value: unknown): ProjectId | null {
  const id = projectIdSchema.safeParse(value);
  return id.success ? id.data : null;
}

/** What a Start, Pause, Restore, Re-apply or Adopt button asks for. */
export function readOperationKind(actionId: string): OperationKind | null {
  return operationKinds.find((kind) => actionIds.request[kind] === actionId) ?? null;
}

export const maxFilterLength = 100;
const listQuerySchema = z.object({ page: z.int().min(0).max(100_000), filter: z.string().max(maxFilterLength) });
export type ListQuery = Readonly<z.infer<typeof listQuerySchema>>;

export function listQueryValue({ page, filter }: ListQuery): string {
  return JSON.stringify({ page, filter });
}

/** The page that a Next or Previous button leads to, the first one being 0; null when the value is none. */
export function readListQuery(value: unknown): ListQuery | null {
  const query = listQuerySchema.safeParse(typeof value === 'string' ? parseJson(value) : null);
  return query.success ? query.data : null;
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}

/** Who said something, where, and how to answer: the part that a command and a press have in common. */
export interface SlackRequest {
  readonly user: string;
  /** The team that the person belongs to; null when Slack does not say. */
  readonly team: string | null;
  readonly channel: string;
  /** Five uses, 30 minutes; reaches only this person unless told otherwise. */
  readonly responseUrl: string;
  /** The same for every delivery of one command or press. */
  readonly triggerId: string | null;
}

export interface SlashCommand extends SlackRequest {
  readonly text: string;
}

export interface BlockAction extends SlackRequest {
  readonly actionId: string;
  readonly value: unknown;
}

const idSchema = z.string().min(1).max(255);
const urlSchema = z.url({ protocol: /^https?$/ });

/** The body of a slash command, as far as it is needed. In an org install `is_enterprise_install` is a string here. */
const slashCommandSchema = z.object({
  text: z.string().default(''),
  user_id: idSchema,
  team_id: idSchema.nullish(),
  channel_id: idSchema,
  response_url: urlSchema,
  trigger_id: idSchema.nullish(),
});

/** The body of a press. In an org install `team` is null, then the person's team stands in `user`. */
const blockActionSchema = z.object({
  user: z.object({ id: idSchema, team_id: idSchema.nullish() }),
  team: z.object({ id: idSchema }).nullish(),
  channel: z.object({ id: idSchema }).nullish(),
  container: z.object({ channel_id: idSchema.nullish() }).nullish(),
  response_url: urlSchema,
  trigger_id: idSchema.nullish(),
  actions: z.tuple([z.object({ action_id: z.string(), value: z.unknown() })], z.unknown()),
});

/** A slash command's body; null when it is not one. */
export function readSlashCommand(body: unknown): SlashCommand | null {
  const parsed = slashCommandSchema.safeParse(body);
  if (!parsed.success) return null;
  const { user_id, team_id, channel_id, response_url, trigger_id, text } = parsed.data;
  return {
    user: user_id,
    team: team_id ?? null,
    channel: channel_id,
    responseUrl: response_url,
    triggerId: trigger_id ?? null,
    text,
  };
}

/** A `block_actions` body; null when it is not one. Ephemeral messages name their channel in `container` only. */
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
    responseUrl: response_url,
    triggerId: trigger_id ?? null,
    actionId: actions[0].action_id,
    value: actions[0].value,
  };
}
