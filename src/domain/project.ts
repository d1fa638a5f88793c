import { z } from 'zod';
import type { Alerts } from './alert.ts';

/** What a project is in. The order is the order of the table. */
export const projectStates = [
  'not_started',
  'starting',
  'running',
  'pausing',
  'paused',
  'restoring',
  'failed',
] as const;
export const projectStateSchema = z.enum(projectStates);
export type ProjectState = z.infer<typeof projectStateSchema>;

/** The words people see: those of the OMS console. */
export const stateTitles: Readonly<Record<ProjectState, string>> = {
  not_started: 'Not Started',
  starting: 'Starting',
  running: 'Running',
  pausing: 'Pausing',
  paused: 'Paused',
  restoring: 'Restoring',
  failed: 'Failed',
};

export const actions = ['start', 'pause', 'restore'] as const;
export type Action = (typeof actions)[number];

/** The two answers to drift: drive the links to what the state wants, or take the state from the links. */
export const corrections = ['reapply', 'adopt'] as const;

/** Everything that an operation can be of. */
export const operationKinds = [...actions, ...corrections] as const;
export const operationKindSchema = z.enum(operationKinds);
export type OperationKind = z.infer<typeof operationKindSchema>;

/** Whether this can be asked for by a command of its own. */
export function isAction(kind: OperationKind): kind is Action {
  return (actions as readonly OperationKind[]).includes(kind);
}

/** Words with a meaning of their own in `/sync`; a project may not be called like one of them. */
const reservedWords: ReadonlySet<string> = new Set([
  'help',
  'list',
  'show',
  'precheck',
  'history',
  'start',
  'pause',
  'restore',
  'resume',
  'apply',
  'doctor',
  'run',
  'because',
  'for',
  'until',
  'all',
  'page',
  'public',
  ...projectStates,
]);

const projectIdPattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;

export const projectIdSchema = z
  .string()
  .regex(projectIdPattern, 'use 1 to 63 of a-z, 0-9, "-" and "_", and begin with a letter or a digit')
  .refine((id) => !reservedWords.has(id), { error: 'is a word of the /sync command: choose another id' });
export type ProjectId = z.infer<typeof projectIdSchema>;

/** The name of the connection that links use unless they name another: `REDIS_URL`. */
export const defaultConnection = 'default';

/** One synchronization task link: a BullMQ queue on a named connection. */
export const linkSchema = z.object({
  queue: z.string().min(1),
  connection: z.string().min(1),
  prefix: z.string().min(1),
});
export type Link = Readonly<z.infer<typeof linkSchema>>;

/** What tells one link from every other; also the key of its watermark. */
export function linkId(link: Link): string {
  return `${link.connection}/${link.prefix}:${link.queue}`;
}

/** What people call a link: its queue, and what tells it from queues of the same name elsewhere. */
export function linkName({ queue, connection, prefix }: Link): string {
  return `${connection === defaultConnection ? '' : `${connection}/`}${prefix === 'bull' ? '' : `${prefix}:`}${queue}`;
}

const endpointSchema = z.object({ type: z.string().min(1).max(63), name: z.string().min(1).max(255) });
export type Endpoint = Readonly<z.infer<typeof endpointSchema>>;

/** A project as `syncbot.yml` defines it and Redis keeps it. Durations are milliseconds. */
export const projectDefinitionSchema = z.object({
  v: z.literal(1),
  id: projectIdSchema,
  description: z.string().nullable(),
  source: endpointSchema.nullable(),
  target: endpointSchema.nullable(),
  labels: z.array(z.string()),
  channel: z.string().nullable(),
  onFailure: z.enum(['pause', 'continue']),
  /** How long the source keeps its log: the deadline of a pause. */
  logRetention: z.number().nullable().default(null),
  /** The latency above which its channel is told. */
  latencyAlert: z.number().nullable().default(null),
  links: z.array(linkSchema).min(1),
});
export type ProjectDefinition = Readonly<z.infer<typeof projectDefinitionSchema>>;

/**
 * The newest failed task of a link at adopt, start or the last restore: its moment (ms, the score of BullMQ's `failed` set)
 * and every task that failed in that same millisecond, so that a later one in it is not overlooked.
 */
export const watermarkSchema = z.object({ at: z.number(), taskIds: z.array(z.string()) });
export type Watermark = Readonly<z.infer<typeof watermarkSchema>>;
export const noWatermark: Watermark = { at: 0, taskIds: [] };

/** The task that made a project Failed. `reason` is masked already (logging/redact.ts). */
export const failureSchema = z.object({
  link: linkSchema,
  taskId: z.string().nullable(),
  reason: z.string(),
  at: z.number(),
});
export type Failure = Readonly<z.infer<typeof failureSchema>>;

/** Who did something: a Slack user id (`U…`, `W…`), `cli:<user>`, or the bot itself. */
export type Actor = string;
export const botActor: Actor = 'syncbot';

/** A project as it stands in Redis. Times are epoch milliseconds of the bot's Redis server. */
export interface Project {
  readonly id: ProjectId;
  readonly definition: ProjectDefinition;
  readonly state: ProjectState;
  /** Grows by one with every change of state or definition. */
  readonly version: number;
  readonly since: number;
  readonly by: Actor;
  readonly reason: string | null;
  /** The operation that is carrying the project through a transition, if one is. */
  readonly activeOperation: string | null;
  /** The newest version at which every link was seen to agree with the state; below `version`: converge has work left. */
  readonly syncedVersion: number;
  readonly watermarks: Readonly<Record<string, Watermark>>;
  readonly failure: Failure | null;
  /** The finished pause whose tasks in flight have not all ended yet. */
  readonly drainingOperation: string | null;
  /** The operation that had to leave a link behind, which is still being tried. */
  readonly incompleteOperation: string | null;
  /** The operation that changed its state last. */
  readonly lastOperation: string | null;
  /** Ids of links whose queue did not exist when the others were last seen to agree: they may come any time. Null: not known. */
  readonly pendingLinks: readonly string[] | null;
  /** Ids of the links that converge is to see to while `syncedVersion` is behind; null: all of them. */
  readonly linksToReconcile: readonly string[] | null;
  /** While it stands still: how old the oldest change is that it left behind, epoch ms. Null: not known. */
  readonly oldestUnprocessedAt: number | null;
  /** What its channel is to know of it, and what it was told. */
  readonly alerts: Alerts;
}

export function watermarkOf(project: Project, link: Link): Watermark {
  return project.watermarks[linkId(link)] ?? noWatermark;
}
