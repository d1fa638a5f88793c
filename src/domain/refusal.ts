import { z } from 'zod';
import { limitErrorCodes } from '../lib/time-limit.ts';
import { alertTargetSchema } from './alert-press.ts';
import { operationKindSchema } from './lifecycle.ts';
import { type Link, linkSchema } from './link.ts';
import type { UsageEvidence } from './observation.ts';
import { precheckItemSchema } from './precheck.ts';
import type { ProjectId } from './project.ts';
import { type ProjectState, projectStateSchema } from './project-state.ts';

/** Epoch ms of the bot's Redis server. */
const at = z.number();

/** Every expected refusal, with the facts that its sentence needs. After a refusal the project has the same state as before. */
export const refusalSchema = z.discriminatedUnion('code', [
  z.object({
    code: z.literal('not_allowed'),
    action: operationKindSchema,
    project: z.string(),
    state: projectStateSchema,
    since: at,
    by: z.string(),
  }),
  z.object({ code: z.literal('unknown_project'), project: z.string(), similar: z.array(z.string()) }),
  z.object({
    code: z.literal('operation_active'),
    project: z.string(),
    state: projectStateSchema,
    action: operationKindSchema,
    by: z.string(),
    since: at,
  }),
  z.object({
    code: z.literal('changed'),
    action: operationKindSchema,
    project: z.string(),
    state: projectStateSchema,
    since: at,
    by: z.string(),
  }),
  z.object({ code: z.literal('claim_timeout'), action: operationKindSchema, project: z.string() }),
  z.object({ code: z.literal('precheck_failed'), project: z.string(), items: z.array(precheckItemSchema) }),
  z.object({
    code: z.literal('links_unreachable'),
    project: z.string(),
    links: z.array(linkSchema),
    /** Links that ran unexpectedly and that a Restore had paused before it found the others unreachable. */
    paused: z.array(linkSchema).optional(),
  }),
  z.object({ code: z.literal('no_drift'), project: z.string(), state: projectStateSchema }),
  z.object({
    code: z.literal('adopt_mixed'),
    project: z.string(),
    running: z.array(linkSchema),
    paused: z.array(linkSchema),
    missing: z.array(linkSchema),
  }),
  /** Keep Paused, for a project that is not Paused any more. */
  z.object({
    code: z.literal('not_paused'),
    project: z.string(),
    state: projectStateSchema,
    since: at,
    by: z.string(),
  }),
  /** Keep Paused, and no reminder is open. `kept`: who has answered it, and when the next one is due. */
  z.object({
    code: z.literal('no_reminder'),
    project: z.string(),
    kept: z.object({ at, by: z.string(), until: at.nullable() }).nullable(),
  }),
  /** The limit of a pause, or its extension, cannot be read, or has no end. `timeZone`: in which it was read. */
  z.object({
    code: z.literal('invalid_limit'),
    project: z.string(),
    verb: z.enum(['pause', 'extend']),
    word: z.enum(['for', 'until']),
    text: z.string(),
    problem: z.enum(limitErrorCodes),
    timeZone: z.string(),
  }),
  /** A limit of an operation that is no pause. */
  z.object({ code: z.literal('limit_not_possible'), project: z.string(), action: operationKindSchema }),
  /** A pause would be longer than `pauseMax`. */
  z.object({ code: z.literal('limit_above_max'), project: z.string(), maxMs: z.number() }),
  /** A pause that would have ended before it began. */
  z.object({ code: z.literal('limit_passed'), project: z.string(), until: at }),
  /** Only a pause can wait until its project has caught up. */
  z.object({ code: z.literal('catch_up_not_possible'), project: z.string(), action: operationKindSchema }),
  /** Another pause of the project waits already until it has caught up. */
  z.object({ code: z.literal('pause_waits'), project: z.string(), by: z.string(), until: at }),
  /** The project did not catch up in time. `latencyMs`: the last one, null if it could not be read or is not known. */
  z.object({
    code: z.literal('not_caught_up'),
    project: z.string(),
    until: at,
    latencyMs: z.number().nullable(),
    observedAt: at.nullable(),
  }),
  /** Pause Now or Cancel, and the pause does not wait any more. */
  z.object({ code: z.literal('not_waiting'), project: z.string() }),
  /** The end of a pause is another one by now. `until` is null if it has none. */
  z.object({ code: z.literal('deadline_moved'), project: z.string(), by: z.string(), until: at.nullable() }),
  /** The pause has no limit that can be extended. */
  z.object({ code: z.literal('no_limit'), project: z.string() }),
  /** Another person has the alerts of a message, or has snoozed them. `project`: of one of them. */
  z.object({
    code: z.literal('alert_held'),
    project: z.string(),
    target: alertTargetSchema,
    held: z.enum(['owned', 'snoozed']),
    by: z.string(),
    at,
    until: at,
    /** When it was refused. */
    seenAt: at,
  }),
  /** No alert of the message fires any more. */
  z.object({ code: z.literal('alert_over') }),
  /** A restore without the tasks that have failed again, and there are none. */
  z.object({ code: z.literal('no_task_to_skip'), project: z.string() }),
  /** A restore that would skip `tasks` more tasks. With the `skipped` ones of the project these are more than `max`. */
  z.object({
    code: z.literal('too_many_skipped'),
    project: z.string(),
    tasks: z.number(),
    skipped: z.number(),
    max: z.number(),
  }),
  /** A person named a task to skip or to retry. `candidates`: the tasks that it can mean, if there are several. */
  z.object({
    code: z.literal('task_not_found'),
    project: z.string(),
    action: operationKindSchema,
    task: z.string(),
    candidates: z.array(z.string()),
  }),
  /** A retry, and the project skips none of its tasks any more. */
  z.object({ code: z.literal('not_skipped'), project: z.string() }),
  z.object({ code: z.literal('removed'), project: z.string() }),
  z.object({ code: z.literal('policy_unreadable') }),
  z.object({ code: z.literal('no_operators'), user: z.string() }),
  z.object({ code: z.literal('not_operator'), user: z.string() }),
  z.object({ code: z.literal('other_team'), user: z.string() }),
  z.object({ code: z.literal('group_unknown'), user: z.string(), group: z.string() }),
  /** `channel` is null in the Home tab. */
  z.object({ code: z.literal('channel_not_allowed'), channel: z.string().nullable(), allowed: z.array(z.string()) }),
  z.object({ code: z.literal('channel_shared'), channel: z.string() }),
  z.object({ code: z.literal('channel_unknown'), channel: z.string() }),
  z.object({ code: z.literal('not_requester'), by: z.string() }),
  z.object({ code: z.literal('unknown_operation') }),
]);
export type Refusal = Readonly<z.infer<typeof refusalSchema>>;
export type RefusalCode = Refusal['code'];
export type RefusalOf<Code extends RefusalCode> = Extract<Refusal, { code: Code }>;

/** Why a file is not applied. After a refusal nothing was changed. */
export type ApplyRefusal =
  /** A newer syncbot has stored the configuration, or it is damaged. It concerns no project. */
  | { readonly code: 'configuration_unreadable'; readonly project: null }
  /** Another version has stored the project, or its record is damaged. */
  | { readonly code: 'project_unreadable'; readonly project: ProjectId }
  | { readonly code: 'links_unreachable'; readonly project: ProjectId; readonly links: readonly Link[] }
  | {
      readonly code: 'adopt_mixed';
      readonly project: ProjectId;
      readonly running: readonly Link[];
      readonly paused: readonly Link[];
    }
  | { readonly code: 'queue_used'; readonly project: ProjectId; readonly links: readonly UsedLink[] }
  | { readonly code: 'added_queue_used'; readonly project: ProjectId; readonly links: readonly UsedLink[] }
  | {
      readonly code: 'queue_shared';
      readonly project: ProjectId;
      readonly link: Link;
      /** The link with the same queue, and its project. */
      readonly other: { readonly project: ProjectId; readonly link: Link };
    }
  | {
      readonly code: 'queue_of_kept';
      readonly project: ProjectId;
      readonly link: Link;
      /** A project that is not in the file and stays. */
      readonly other: ProjectId;
    }
  /** A connection that the file does not have, of a project that is not in the file and stays. */
  | { readonly code: 'connection_of_kept'; readonly project: ProjectId; readonly connection: string }
  | {
      readonly code: 'queue_of_other_syncbot';
      readonly project: ProjectId;
      readonly link: Link;
      /** The key prefix of the other syncbot, and the project there. */
      readonly other: { readonly prefix: string; readonly project: ProjectId };
    }
  | { readonly code: 'not_removable'; readonly project: ProjectId; readonly state: ProjectState }
  | { readonly code: 'in_transition'; readonly project: ProjectId; readonly state: ProjectState }
  | { readonly code: 'links_in_use'; readonly project: ProjectId; readonly state: ProjectState };

export type ApplyRefusalCode = ApplyRefusal['code'];
export type ApplyRefusalOf<Code extends ApplyRefusalCode> = Extract<ApplyRefusal, { code: Code }>;

export interface UsedLink {
  readonly link: Link;
  readonly evidence: UsageEvidence;
}
