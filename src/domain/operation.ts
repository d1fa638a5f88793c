import { z } from 'zod';
import { linkSchema, operationKindSchema, type ProjectId, projectIdSchema, projectStateSchema } from './project.ts';
import { refusalSchema } from './refusal.ts';

/** The life of an operation: requested → confirmed → running → done | refused | failed, or settled the other way. */
export const operationStates = [
  'requested',
  'confirmed',
  'running',
  'done',
  'refused',
  'failed',
  'cancelled',
  'expired',
  'superseded',
] as const;
const operationStateSchema = z.enum(operationStates);
export type OperationState = z.infer<typeof operationStateSchema>;

const openStates: ReadonlySet<OperationState> = new Set(['requested', 'confirmed', 'running']);

/** Whether an operation may still change. */
export function isOpen(operation: Pick<Operation, 'state'>): boolean {
  return openStates.has(operation.state);
}

/** How long a confirmed operation may wait for a worker before it must not be carried out any more. */
export const claimTimeoutMs = 120_000;
/** How long a pause goes on trying to reach its links before the project is Failed. */
export const reconcileTimeoutMs = 120_000;
/** How long Start and Restore wait for every link to answer before anything is touched. */
export const linkTimeoutMs = 10_000;

/** The longest reason that is kept, in characters. */
export const maxReasonLength = 300;

/** What an operation did, as far as it got. Counts are links, tasks in flight and tasks put back. */
export const outcomeSchema = z.object({
  linksTotal: z.number(),
  linksDone: z.number(),
  /** Links that could not be reached: still paused or still running, nobody knows. */
  unreachable: z.array(linkSchema),
  /** Links whose queue does not exist (any more). */
  missing: z.array(linkSchema),
  /** Tasks that were still in flight when the links were driven; null when unknown. */
  inFlight: z.number().nullable(),
  retriedTasks: z.number(),
});
export type Outcome = Readonly<z.infer<typeof outcomeSchema>>;

const progressSchema = z.object({
  done: z.number(),
  total: z.number(),
  /** Tasks that had failed before a Restore touched anything: a worker that carries it on does not see those put back before. */
  tasksToRetry: z.number().optional(),
});
export type Progress = Readonly<z.infer<typeof progressSchema>>;

/** Where an operation's dialog can be replaced: the newest response_url, its deadline and how often it may still be used. */
const dialogSchema = z.object({ url: z.string(), expiresAt: z.number(), usesLeft: z.number() });
export type Dialog = Readonly<z.infer<typeof dialogSchema>>;

/** A dialog as a press brings it: its deadline is set by the clock of Redis. */
export interface NewDialog extends Pick<Dialog, 'url' | 'usesLeft'> {
  readonly lifetimeMs: number;
}

/** The operation's own message in a channel. */
const messageRefSchema = z.object({ channel: z.string(), ts: z.string() });
export type MessageRef = Readonly<z.infer<typeof messageRefSchema>>;

/** One requested action on one project, from the request to its outcome. Times are epoch ms of the bot's Redis server. */
export const operationSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  project: projectIdSchema,
  action: operationKindSchema,
  state: operationStateSchema,
  origin: z.enum(['slack', 'cli']),
  /** The Slack channel where it was asked for; null from the command line. */
  channel: z.string().nullable(),
  by: z.string(),
  reason: z.string().nullable(),
  requestedAt: z.number(),
  expiresAt: z.number(),
  /** The project's version that the dialog showed; a claim on any other is refused. */
  projectVersion: z.number(),
  resolvedAt: z.number().nullable(),
  executeBy: z.number().nullable(),
  startedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
  /** The state that the project was in when it was claimed, and where it stands at the operation's end. */
  fromState: projectStateSchema.nullable(),
  toState: projectStateSchema.nullable(),
  progress: progressSchema.nullable(),
  outcome: outcomeSchema.nullable(),
  refusal: refusalSchema.nullable(),
  /** Grows by one with each change; what people were told last stands in `notifiedSeq`. */
  seq: z.number(),
  notifiedSeq: z.number(),
  /** When people were first told of its end, or nobody was left to be told. */
  notifiedAt: z.number().nullable().default(null),
  message: messageRefSchema.nullable(),
  dialog: dialogSchema.nullable(),
});
export type Operation = Readonly<z.infer<typeof operationSchema>>;

/** An operation is addressed by project and id: both lie in one slot of Redis. */
export interface OperationRef {
  readonly project: ProjectId;
  readonly operation: string;
}

/** How an operation is addressed. */
export function refOf({ project, id }: Pick<Operation, 'project' | 'id'>): OperationRef {
  return { project, operation: id };
}
