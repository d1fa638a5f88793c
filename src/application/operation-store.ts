import type { CatchUpObservation } from '../domain/catch-up.ts';
import type { RetriedTask, TaskRef } from '../domain/failed-tasks.ts';
import type { FollowEnd, FollowUp } from '../domain/follow-up.ts';
import type { HistoryEvent } from '../domain/history.ts';
import type { OperationKind } from '../domain/lifecycle.ts';
import type { Failure, TaskFailure } from '../domain/link.ts';
import type { MessageRef, NewDialog, Operation, OperationRef, Outcome, Progress } from '../domain/operation.ts';
import type { PauseLimit, Timer } from '../domain/paused-until.ts';
import type { Actor, Project, ProjectId } from '../domain/project.ts';
import type { ProjectState } from '../domain/project-state.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { SkippedTask } from '../domain/skipped-tasks.ts';
import type { WriteResult } from './project-store.ts';

/** A person's change is not taken for a late write of an execution without an operation: the job `reconcile` runs often. */
export const idleExecutionPrefix = 'idle:';

/** The operations of the projects. Each write may be repeated. */
export interface OperationStore {
  read(ref: OperationRef): Promise<Operation | null>;
  /** In the order of the refs. Null for one that does not exist or cannot be read. */
  readMany(refs: readonly OperationRef[]): Promise<(Operation | null)[]>;
  /** The newest operations of a project, newest first. */
  listRecent(id: ProjectId, limit: number): Promise<Operation[]>;
  /** Operations that are not finished, or whose message is not up to date. */
  listOpen(id: ProjectId): Promise<Operation[]>;
  /** The operations of all projects that were requested last, at most about 200, newest first. */
  listNewest(): Promise<Operation[]>;

  /** Writes an operation as `requested` and supersedes older open dialogs of the same requester for the same action. */
  request(operation: NewOperation): Promise<StoredRequest>;
  /**
   * Resolves a dialog. The first decision wins. Only the requester may confirm or cancel, and only before the dialog expires.
   * `by` is null for `expire`.
   */
  resolve(step: {
    ref: OperationRef;
    decision: Decision;
    by: Actor | null;
    dialog: NewDialog | null;
  }): Promise<ConfirmationResult>;
  /** Checks the state rules again and makes the operation the active one of its project. */
  claim(ref: OperationRef, executionId: string): Promise<ClaimResult>;
  /** Records what happens to a pause that waits until its project has caught up. Checks the state rules, and the time. */
  updateWait(ref: OperationRef, change: WaitChange): Promise<WaitUpdate>;
  /** Refuses a confirmed operation that no worker claimed in time, and marks one that waits for a worker for long. */
  checkClaim(ref: OperationRef): Promise<ClaimCheck>;
  /** Ends a claimed operation and releases its project. */
  commit(request: CommitRequest): Promise<CommitResult>;
  /** Adds the operation to the newest ones again: a crash after the request may have lost its entry. */
  repairIndex(operation: Operation): Promise<void>;
  /** Records that links are set without an operation, with an id that begins with `idleExecutionPrefix`. */
  beginExecution(id: ProjectId, executionId: string): Promise<void>;
  /** Records that an execution has ended. From then on drift is no longer taken for a late write of this execution. */
  endExecution(id: ProjectId, executionId: string): Promise<void>;
  /** Records what an observation has changed about the operation that its project follows, by compare-and-set. */
  updateFollowUp(ref: OperationRef, change: FollowUpChange): Promise<WriteResult>;
  /** Records that an execution has passed the preflight. `first`: as the first one, so what it passed was stored. */
  passPreflight(ref: OperationRef, passed: PassedPreflight): Promise<{ readonly kind: 'first' | 'repeated' }>;
  setProgress(ref: OperationRef, progress: Progress): Promise<void>;
  /** Records where an operation's messages are and which `seq` they show. */
  markNotified(ref: OperationRef, notified: NotifiedOperation): Promise<void>;
}

export interface NotifiedOperation {
  readonly seq: number;
  readonly message: MessageRef | null;
  /** Null or absent: unchanged. */
  readonly threadMessage?: MessageRef | null;
  readonly dialogUses: number;
  /** Whether a reply notified the requester of the end of a wait. Absent: no. */
  readonly hasRepliedAfterWait?: boolean;
}

export interface PassedPreflight {
  readonly progress: Progress;
  /** The tasks that the project skips from now on, besides those that it skips already. */
  readonly skipped: readonly SkippedTask[];
  /** The tasks that the operation retries, and those that earlier ones have retried. */
  readonly retriedTasks: readonly RetriedTask[];
}

export interface NewOperation {
  readonly id: string;
  readonly project: ProjectId;
  readonly action: OperationKind;
  readonly by: Actor;
  readonly reason: string | null;
  /** The failed tasks that a restore leaves out, or the skipped tasks that a retry moves back. */
  readonly tasks: readonly TaskFailure[];
  /** Of a pause: when it ends. */
  readonly pauseUntil?: PauseLimit | null;
  /** Of a pause: how long it waits at most until its project has caught up, ms. Null or absent: it does not wait. */
  readonly catchUpMs?: number | null;
  /** Of a restore by the timer. */
  readonly timer?: Timer | null;
  readonly origin: Operation['origin'];
  readonly channel: string | null;
  /** The thread of the request in that channel. Null or absent outside a thread. */
  readonly threadTs?: string | null;
  /** The batch that it is a part of. Null or absent: none. */
  readonly batch?: string | null;
  /** The request in its trace. Absent without traces. */
  readonly traceparent?: string;
  /** The operation is refused at once, if it does not exist yet. Null or absent: it is not. */
  readonly refusal?: Refusal | null;
  /** The project's version that the request was decided on. */
  readonly projectVersion: number;
  /** How long the dialog can be answered, ms. */
  readonly ttlMs: number;
}

export type StoredRequest =
  | { readonly kind: 'requested'; readonly operation: Operation }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export type Decision = 'confirm' | 'cancel' | 'expire';

/** `resolved`: by this call. `repeated`: by an earlier call; `operation` has the first decision. */
export type ConfirmationResult =
  | { readonly kind: 'resolved' | 'repeated'; readonly operation: Operation }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** The active operation and its project, read in one step. */
export interface ClaimedOperation {
  readonly operation: Operation;
  readonly project: Project;
  readonly now: number;
}

export type ClaimResult =
  | (ClaimedOperation & {
      readonly kind: 'claimed';
      /** Whether another process may be setting the links, because its execution has not ended. */
      readonly hasOtherExecutions: boolean;
    })
  /** The refusal is recorded in the operation, which is finished now. */
  | { readonly kind: 'refused'; readonly operation: Operation }
  /** It waits until its project has caught up. */
  | { readonly kind: 'waiting'; readonly operation: Operation }
  /** The operation is not confirmed or running: it is finished already, or still an open dialog. */
  | { readonly kind: 'finished'; readonly operation: Operation }
  | { readonly kind: 'unknown' };

/** What this call has found for the first time. `delayed`: the message must say that no worker has claimed the operation. */
export type ClaimCheck =
  | { readonly kind: 'refused'; readonly operation: Operation }
  | { readonly kind: 'delayed' | 'unchanged' };

/** `by`: the person who pressed Pause Now or Cancel. */
export type WaitChange =
  | {
      readonly event: 'observed' | 'caught_up';
      readonly observation: CatchUpObservation;
      /** Whether the message of the operation must show the observation. */
      readonly isShown: boolean;
    }
  | { readonly event: 'pause_now' | 'cancel'; readonly by: Actor };

/** `ended`: a worker may claim it. `not_waiting`: it did not wait any more before this call. */
export type WaitUpdate =
  | {
      readonly kind: 'waiting' | 'ended' | 'cancelled' | 'refused' | 'not_waiting';
      readonly operation: Operation;
    }
  | { readonly kind: 'unknown' };

export interface FollowUpChange {
  /** The project's version, and the operation's `seq`, at which the change was decided. */
  readonly expectedVersion: number;
  readonly expectedSeq: number;
  readonly followUp: FollowUp;
  /** Null while the operation is followed further. */
  readonly followEnd: FollowEnd | null;
  readonly event: HistoryEvent | null;
}

/** How a claimed operation ends. */
export interface Completion {
  readonly ref: OperationRef;
  /** The version at which the links were compared. A commit at any other version is a conflict. */
  readonly expectedVersion: number;
  readonly operationState: 'done' | 'failed' | 'refused';
  readonly projectChange: ProjectChange;
  readonly linksReconciled: boolean;
  /** Ids of links without a queue, when reconciled. */
  readonly pendingLinks: readonly string[];
  readonly oldestUnprocessedAt: number | null;
  readonly outcome: Outcome | null;
  /** What to follow from now on. */
  readonly followUp: FollowUp | null;
  readonly refusal: Refusal | null;
  readonly failure: Failure | null;
  /** The skipped tasks that the operation has retried: the project does not skip them any more. */
  readonly retriedTasks: readonly TaskRef[];
}

export interface CommitRequest extends Completion {
  /** Ends with the operation, in the same step. After a conflict it is still under way. */
  readonly executionId: string;
  /** Whether the outcome counts only what this execution did. */
  readonly isOnlyExecution: boolean;
}

/**
 * `roll_back`: the state before the claim, if no link was resumed. `keep`: the state as it is now, after a correction. `none`: the
 * state as it is now, and no link was changed.
 */
export type ProjectChange =
  | { readonly kind: 'set'; readonly state: ProjectState }
  | { readonly kind: 'roll_back' }
  | { readonly kind: 'keep' }
  | { readonly kind: 'none' };

/** Both as they are now. `operationToNotify`: the operation that had set the state until now, or null. */
export interface CommittedOperation {
  readonly kind: 'committed';
  readonly operation: Operation;
  readonly project: Project;
  readonly operationToNotify: string | null;
}

export type CommitResult =
  | CommittedOperation
  | { readonly kind: 'repeated'; readonly operation: Operation }
  | { readonly kind: 'conflict' }
  /** Another execution may have done a part of what the outcome counts. */
  | { readonly kind: 'other_executions' };
