import { z } from 'zod';
import type { Alerts } from './alert.ts';
import type { RetriedTask } from './failed-tasks.ts';
import type { FailureStreak } from './failure-streak.ts';
import { type Failure, type Link, linkId, linkSchema, noWatermark, type Watermark } from './link.ts';
import type { PausedUntil } from './paused-until.ts';
import { type ProjectState, projectStates } from './project-state.ts';
import { coverTasks, type SkippedTask } from './skipped-tasks.ts';

/** Words of the `/sync` command. A project cannot have one of them as its id. */
const reservedWords: ReadonlySet<string> = new Set([
  'help',
  'whoami',
  'list',
  'show',
  'precheck',
  'history',
  'start',
  'pause',
  'restore',
  'resume',
  'extend',
  'skipped',
  'retry',
  'apply',
  'doctor',
  'run',
  'because',
  'for',
  'until',
  'since',
  'all',
  'attention',
  'page',
  'public',
  ...projectStates,
]);

const projectIdPattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** Whether the word is one of the `/sync` command, so that no project can have it as its id. */
export function isReservedWord(word: string): boolean {
  return reservedWords.has(word);
}

export const projectIdSchema = z
  .string()
  .regex(projectIdPattern)
  .refine((id) => !reservedWords.has(id));
export type ProjectId = z.infer<typeof projectIdSchema>;

const endpointSchema = z.object({ type: z.string().min(1).max(63), name: z.string().min(1).max(255) });
export type Endpoint = Readonly<z.infer<typeof endpointSchema>>;

/** A project as `syncbot.yml` defines it and Redis stores it. Durations are ms. */
export const projectDefinitionSchema = z.object({
  v: z.literal(1),
  id: projectIdSchema,
  description: z.string().nullable(),
  source: endpointSchema.nullable(),
  target: endpointSchema.nullable(),
  labels: z.array(z.string()),
  /** The Slack channel for outcomes and alerts. */
  channel: z.string().nullable(),
  /** Ids of the Slack users and user groups that critical alerts mention. */
  onCall: z.array(z.string()).default([]),
  /** The URL of a page that says what to do, `http:` or `https:`. */
  runbook: z.string().nullable().default(null),
  /** Whether a failed task makes the project Failed. */
  onFailure: z.enum(['pause', 'continue']),
  /** How long the source keeps its log. A pause must end before that. */
  logRetention: z.number().nullable().default(null),
  /** The latency above which an alert fires. */
  latencyAlert: z.number().nullable().default(null),
  /** After how long people are reminded of a pause. 0 for never, null for the value of the settings. */
  pausedReminder: z.number().nullable().default(null),
  /** The longest pause, and the limit of a pause that has none. Null for no limit. */
  pauseMax: z.number().nullable().default(null),
  links: z.array(linkSchema).min(1),
});
export type ProjectDefinition = Readonly<z.infer<typeof projectDefinitionSchema>>;

/** A Slack user id (`U…`, `W…`), `cli:<user>`, the bot itself, or its timer. */
export type Actor = string;
export const botActor: Actor = 'syncbot';
/** Restores a project at the end of its pause. */
export const timerActor: Actor = 'timer';

/** Whether the actor is a Slack user, who can be mentioned and get a direct message. */
export function isSlackUser(actor: Actor): boolean {
  return /^[UW][A-Z0-9]{2,20}$/.test(actor);
}

export const keptPausedSchema = z.object({ at: z.number(), by: z.string() });
/** A confirmed pause that waits until the project has caught up: the operation, who asked for it, and how long it waits. */
export const waitingPauseSchema = z.object({ operation: z.string(), by: z.string(), until: z.number() });
export type WaitingPause = Readonly<z.infer<typeof waitingPauseSchema>>;

export type KeptPaused = Readonly<z.infer<typeof keptPausedSchema>>;

/** The record of a project. Times are epoch ms of the bot's Redis server. */
export interface Project {
  readonly id: ProjectId;
  readonly definition: ProjectDefinition;
  readonly state: ProjectState;
  /** Grows by one when the state or the definition changes, and at the claim and the end of a correction. */
  readonly version: number;
  /** When the state was set, the actor, and the reason that the actor gave. */
  readonly since: number;
  readonly by: Actor;
  readonly reason: string | null;
  /** The operation that owns the project now. */
  readonly activeOperation: string | null;
  /** The newest version at which every link had the desired state. Links must be reconciled while it is below `version`. */
  readonly reconciledVersion: number;
  /** Ids of the links to reconcile while `reconciledVersion` is below `version`. Null for all links. */
  readonly linksToReconcile: readonly string[] | null;
  /** Without the skipped tasks. `watermarkOf` covers them too. */
  readonly watermarks: Readonly<Record<string, Watermark>>;
  /** At most `maxSkippedTasks`, the oldest failure first. */
  readonly skippedTasks: readonly SkippedTask[];
  /** Failed tasks that operations have moved back to wait: the newest ones. */
  readonly retriedTasks: readonly RetriedTask[];
  readonly failure: Failure | null;
  /** The failures in a row, also after a restore of the newest. Null when the project has not failed, or has recovered. */
  readonly failureStreak: FailureStreak | null;
  /** The operation that set the state, while its outcome is followed (`follow-up.ts`). */
  readonly followedOperation: string | null;
  /** The operation that failed because it did not reach every link, while the reconcile job still tries. */
  readonly incompleteOperation: string | null;
  /** The operation that last changed the state. */
  readonly lastOperation: string | null;
  /** The links whose queues did not exist at the last sync, by id. Null when that is not known. */
  readonly pendingLinks: readonly string[] | null;
  /** When the oldest change was made that a Paused or Failed project has not processed. Null when that is not known. */
  readonly oldestUnprocessedAt: number | null;
  /** Who last answered the reminder of a pause with Keep Paused, and when. Null after a change of the state. */
  readonly keptPaused: KeptPaused | null;
  /** When the timer restores the project. Null without a limit of the pause. */
  readonly pausedUntil: PausedUntil | null;
  /** The pause that waits until the project has caught up. Null if none does. */
  readonly waitingPause: WaitingPause | null;
  readonly alerts: Alerts;
}

/** Who last changed the project. The observer makes it Failed: then, who made it Running before. */
export function lastChangedBy({ by, failureStreak }: Pick<Project, 'by' | 'failureStreak'>): Actor {
  return by === botActor ? (failureStreak?.run.by ?? by) : by;
}

/** The failed tasks of a link that syncbot does not count: those before its watermark, and those that a restore skipped. */
export function watermarkOf({ watermarks, skippedTasks }: Project, link: Link): Watermark {
  const id = linkId(link);
  const skipped = skippedTasks.filter((task) => linkId(task.link) === id);
  return coverTasks(watermarks[id] ?? noWatermark, skipped);
}
