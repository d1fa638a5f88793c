import { z } from 'zod';
import { catchUpObservationSchema } from './catch-up.ts';
import { taskRefSchema } from './failed-tasks.ts';
import { failureStreakSchema } from './failure-streak.ts';
import { followEndSchema, followUpSchema } from './follow-up.ts';
import { operationKindSchema } from './lifecycle.ts';
import { failureSchema, linkSchema, taskFailureSchema } from './link.ts';
import { limitChangeSchema, pauseLimitSchema, timerSchema } from './paused-until.ts';
import { type ProjectId, projectIdSchema } from './project.ts';
import { projectStateSchema } from './project-state.ts';
import { refusalSchema } from './refusal.ts';

/** An operation goes requested → confirmed → running → done, refused or failed; or requested → cancelled, expired or superseded. */
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

const unfinishedStates: ReadonlySet<OperationState> = new Set(['requested', 'confirmed', 'running']);

export function isUnfinished(operation: Pick<Operation, 'state'>): boolean {
  return unfinishedStates.has(operation.state);
}

/** How long a confirmed operation waits for a worker, ms. After that it is refused. */
export const claimTimeoutMs = 120_000;
/** After this time, ms, the message of a confirmed operation says that no worker has claimed it yet. */
export const claimNoticeMs = 10_000;
/** How long after the claim the first message of an operation waits for its end, ms. Slack does not notify people of an edit. */
export const firstPostDelayMs = 1_000;
/** How long an operation tries to reach its links before it fails, ms. */
export const operationReconcileTimeoutMs = 120_000;
/** How long a link has to answer in an apply, ms. */
export const linkTimeoutMs = 10_000;
/** How long the workers try to reach every link in a preflight or an Adopt, ms. An attempt that has begun is completed. */
export const preflightTimeoutMs = 10_000;
/** How long a link has to answer in one attempt of them, ms. Then another worker may try. */
export const preflightAttemptTimeoutMs = 3_000;

/** The longest reason of a person, in characters. */
export const maxReasonLength = 300;

/** What an operation did, also when it failed. */
export const outcomeSchema = z.object({
  linksTotal: z.number(),
  linksDone: z.number(),
  /** Links that do not have, or may not have, the desired pause flag. */
  unreconciled: z.array(linkSchema),
  /** Links whose queue does not exist. */
  missing: z.array(linkSchema),
  /** Tasks that were in flight when the links were set. Null when that is not known. */
  inFlight: z.number().nullable(),
  /**
   * Runnable tasks before Start or Restore resumed the links, with the failed ones that Restore retried. Null when that is not
   * known. Earlier versions did not store it.
   */
  backlog: z.number().nullable().optional(),
  /** Failed tasks that were moved back to wait. */
  retriedTasks: z.number(),
  /**
   * Set if `retriedTasks` is not exact: another execution of the operation ended before it reported its number, or a reply was
   * lost. Then it is at least the number of failed tasks at the start of the restore.
   */
  retriedTasksUncertain: z.literal(true).optional(),
  /** Until when the source was expected to keep its log, epoch ms. Only if the operation paused the project. */
  logRetainedUntil: z.number().optional(),
  /** Failed tasks that could not be retried, because they were removed before, at least. */
  removedTasks: z.number().optional(),
  /** The failed tasks that a restore skipped, or that a retry was to move back. */
  tasks: z.array(taskRefSchema).optional(),
});
export type Outcome = Readonly<z.infer<typeof outcomeSchema>>;

/** `done` of `total` links are set. */
const progressSchema = z.object({
  done: z.number(),
  total: z.number(),
  /** The failed tasks at the start of a restore. A worker that continues the restore cannot count those retried before. */
  tasksToRetry: z.number().optional(),
  /** The failed tasks that were removed before the restore, at least. */
  removedTasks: z.number().optional(),
  /** As in the outcome. */
  backlog: z.number().nullable().optional(),
  tasks: z.array(taskRefSchema).optional(),
});
export type Progress = Readonly<z.infer<typeof progressSchema>>;

/** Until when, and how many times, the dialog can be replaced. */
const dialogUseSchema = z.object({ expiresAt: z.number(), usesLeft: z.number() });
/** A message that its newest response_url replaces. Earlier versions stored no `kind`. */
const messageDialogSchema = dialogUseSchema.extend({
  kind: z.literal('response_url').default('response_url'),
  url: z.string(),
});
/** A page of a modal. `press`: the `trigger_id` of the press. Earlier versions stored none. */
const viewDialogSchema = dialogUseSchema.extend({
  kind: z.literal('view'),
  viewId: z.string(),
  press: z.string().nullable().default(null),
});
/** Where the confirmation dialog is that was answered last. */
export const dialogSchema = z.union([viewDialogSchema, messageDialogSchema]);
export type Dialog = Readonly<z.infer<typeof dialogSchema>>;

/** The dialog of a button press. Redis computes `expiresAt` from `lifetimeMs`. */
export type NewDialog = { readonly usesLeft: number; readonly lifetimeMs: number } & (
  | Readonly<Pick<z.infer<typeof messageDialogSchema>, 'kind' | 'url'>>
  | Readonly<Pick<z.infer<typeof viewDialogSchema>, 'kind' | 'viewId' | 'press'>>
);

/** A message in a Slack channel. */
export const messageRefSchema = z.object({ channel: z.string(), ts: z.string() });
export type MessageRef = Readonly<z.infer<typeof messageRefSchema>>;

/** Where an operation comes from. `timer`: the end of a pause. */
export const operationOriginSchema = z.enum(['slack', 'cli', 'timer']);

/** One requested action or correction on one project. Times are epoch ms of the bot's Redis server. */
export const operationSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  project: projectIdSchema,
  action: operationKindSchema,
  state: operationStateSchema,
  origin: operationOriginSchema,
  /** The Slack channel of the request. Null from the command line and from the Home tab. */
  channel: z.string().nullable(),
  /** The thread of the request in that channel. Null outside a thread. Earlier versions did not store it. */
  threadTs: z.string().nullable().default(null),
  by: z.string(),
  reason: z.string().nullable(),
  /** The failed tasks that a restore leaves out, or the skipped tasks that a retry moves back. */
  tasks: z
    .array(taskFailureSchema)
    .nullish()
    .transform((tasks) => tasks ?? []),
  /** The batch that it is a part of, or null. Earlier versions did not store it. */
  batch: z.string().nullable().default(null),
  /** The request in its trace, as in W3C Trace Context. Null without traces. Earlier versions did not store it. */
  traceparent: z.string().nullable().default(null),
  /** Of a pause: when it ends. Null without a limit. Earlier versions did not store it. */
  pauseUntil: pauseLimitSchema.nullable().default(null),
  /** The newest change of that end. */
  limitChange: limitChangeSchema.nullable().default(null),
  /** Of a restore by the timer. */
  timer: timerSchema.nullable().default(null),
  /** Of a pause `when caught up`: how long it waits for that at most, ms. Earlier versions did not store it. */
  catchUpMs: z.number().nullable().default(null),
  /** When that wait ends at the latest: it begins with OK. */
  waitsUntil: z.number().nullable().default(null),
  /** When the project had caught up, or a person ended the wait. Null while it waits, and if it was refused. */
  waitEndedAt: z.number().nullable().default(null),
  /** The person who pressed Pause Now or Cancel during the wait. Null if none did. */
  waitEndedBy: z.string().nullable().default(null),
  /** When a reply notified the requester of its end. Earlier versions did not store it. */
  waitRepliedAt: z.number().nullable().default(null),
  /** What was observed last during the wait. */
  waitObservation: catchUpObservationSchema.nullable().default(null),
  requestedAt: z.number(),
  expiresAt: z.number(),
  /** The project's version at the request. A claim at another version is refused. */
  projectVersion: z.number(),
  /** When it was confirmed, cancelled, expired or superseded. */
  resolvedAt: z.number().nullable(),
  /** Until when a worker may claim it. Null before, and while it waits until its project has caught up. */
  executeBy: z.number().nullable(),
  /** When syncbot found that no worker had claimed it within `claimNoticeMs`. */
  claimDelayedAt: z.number().nullable().default(null),
  startedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
  /** The project's state at the claim and at the end of the operation. */
  fromState: projectStateSchema.nullable(),
  toState: projectStateSchema.nullable(),
  progress: progressSchema.nullable(),
  outcome: outcomeSchema.nullable(),
  refusal: refusalSchema.nullable(),
  /** When the links that the operation left unreconciled were reconciled. Null while they are not, and if there were none. */
  reconciledAt: z.number().nullable().default(null),
  /** The failure that made the project Failed while this operation was the last one that had changed its state. */
  laterFailure: z
    .object({
      at: z.number(),
      failure: failureSchema,
      /** The failures in a row at that time. Earlier versions did not store it. */
      streak: failureStreakSchema.optional(),
    })
    .nullable()
    .default(null),
  /**
   * When a later operation, or the removal of the project, ended the state that it had set. Its message has no button from
   * then on. Null while the project has that state, or is Failed after it. Of a request that no worker took in time: when the
   * state of the project changed, or another such request followed.
   */
  stateEndedAt: z.number().nullable().default(null),
  /** What happened after it was done, and how following it ended. Null if there is or was nothing to follow. */
  followUp: followUpSchema.nullable().default(null),
  followEnd: followEndSchema.nullable().default(null),
  /** Grows by one with each change. `notifiedSeq` is the newest one that people were notified of. */
  seq: z.number(),
  notifiedSeq: z.number(),
  /** When people were notified of the end. Also set when there was no way to notify them. */
  notifiedAt: z.number().nullable().default(null),
  message: messageRefSchema.nullable(),
  /** The message in the thread of the request, if that thread is in another channel than the project's. */
  threadMessage: messageRefSchema.nullable().default(null),
  dialog: dialogSchema.nullable(),
});
export type Operation = Readonly<z.infer<typeof operationSchema>>;

/** Whether a confirmed pause waits until its project has caught up. No worker may claim it meanwhile. */
export function isWaitingToCatchUp({
  state,
  waitsUntil,
  waitEndedAt,
}: Pick<Operation, 'state' | 'waitsUntil' | 'waitEndedAt'>): boolean {
  return state === 'confirmed' && waitsUntil !== null && waitEndedAt === null;
}

/** Whether its outcome is followed now: its message changes further. */
export function isFollowed({ followUp, followEnd }: Pick<Operation, 'followUp' | 'followEnd'>): boolean {
  return followUp !== null && followEnd === null;
}

/** Identifies an operation. With the project's id, its keys are in the project's slot of Redis Cluster. */
export interface OperationRef {
  readonly project: ProjectId;
  readonly operation: string;
}

export function refOf({ project, id }: Pick<Operation, 'project' | 'id'>): OperationRef {
  return { project, operation: id };
}
