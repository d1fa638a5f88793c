import type { MessageRef, NewDialog, Operation, OperationRef, Outcome, Progress } from '../domain/operation.ts';
import type { Actor, Failure, OperationKind, Project, ProjectId, ProjectState } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';

export interface NewOperation {
  readonly id: string;
  readonly project: ProjectId;
  readonly action: OperationKind;
  readonly by: Actor;
  readonly reason: string | null;
  readonly origin: Operation['origin'];
  readonly channel: string | null;
  /** The project's version that the request was decided on. */
  readonly projectVersion: number;
  /** How long the dialog may be answered, ms. */
  readonly ttlMs: number;
}

export type StoredRequest =
  | { readonly kind: 'requested'; readonly operation: Operation }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export type Decision = 'confirm' | 'cancel' | 'expire';

/** `settled` by this call, or `repeated`: it had been settled before (by whomever) and `operation` says how. */
export type ConfirmationResult =
  | { readonly kind: 'settled' | 'repeated'; readonly operation: Operation }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** An operation under way and the project that it holds, read at one time. */
export interface ClaimedOperation {
  readonly operation: Operation;
  readonly project: Project;
  /** The bot's Redis server time. */
  readonly now: number;
}

export type ClaimResult =
  | (ClaimedOperation & { readonly kind: 'claimed' })
  /** Refused for good: recorded in the operation, which is settled now. */
  | { readonly kind: 'refused'; readonly operation: Operation }
  /** Already at its end (or never confirmed): nothing to do. */
  | { readonly kind: 'over'; readonly operation: Operation }
  | { readonly kind: 'unknown' };

/** How a claimed operation ends. */
export interface Completion {
  readonly ref: OperationRef;
  /** The version at which the links were last seen to agree: the commit is refused at any other. */
  readonly expectedVersion: number;
  readonly operationState: 'done' | 'failed' | 'refused';
  /**
   * The project's state from now on; `back`: what it was before the claim, with its since, by, reason and agreement;
   * `stay`: as it is, its links corrected.
   */
  readonly projectState: ProjectState | 'back' | 'stay';
  readonly linksSynced: boolean;
  /** Ids of links without a queue, when converged. */
  readonly pendingLinks: readonly string[];
  /** How old the oldest change is that it leaves behind, epoch ms, when it stops here. */
  readonly oldestUnprocessedAt: number | null;
  readonly outcome: Outcome | null;
  readonly refusal: Refusal | null;
  readonly failure: Failure | null;
}

export type CommitResult =
  | { readonly kind: 'committed' | 'repeated'; readonly operation: Operation }
  | { readonly kind: 'conflict' };

/** The operations of the projects. Each write is one atomic step, idempotent per (operation, step). */
export interface OperationStore {
  readOperation(ref: OperationRef): Promise<Operation | null>;
  /** The newest operations of a project, newest first. */
  recentOperations(id: ProjectId, limit: number): Promise<Operation[]>;
  /** Operations that have something left to be done or to be told. */
  openOperations(id: ProjectId): Promise<Operation[]>;

  /** Writes an operation as `requested`, superseding the requester's older open dialogs on the same project. */
  request(operation: NewOperation): Promise<StoredRequest>;
  /** One winner, the right person, not expired. `by` null: no person (expiry). The same press again changes nothing. */
  resolve(step: {
    ref: OperationRef;
    decision: Decision;
    by: Actor | null;
    dialog: NewDialog | null;
  }): Promise<ConfirmationResult>;
  /** Checks the state rules again and takes hold of the project. */
  claim(ref: OperationRef, executionId: string): Promise<ClaimResult>;
  /** Ends a claimed operation and lets go of the project. */
  commit(completion: Completion): Promise<CommitResult>;
  /** The last task in flight of a paused project has ended: its pause says so from now on. False: it had been said. */
  markDrained(ref: OperationRef, outcome: Outcome): Promise<boolean>;
  /** Sets the progress of a running operation. */
  setProgress(ref: OperationRef, progress: Progress): Promise<void>;
  /** Remembers where an operation's message stands, and what people were told (`notifiedSeq`). */
  markNotified(
    ref: OperationRef,
    notified: { readonly seq: number; readonly message: MessageRef | null; readonly dialogUses: number },
  ): Promise<void>;
}
