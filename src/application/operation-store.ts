import type { FreshDialog, MessageRef, Operation, OperationRef, Outcome, Progress } from '../domain/operation.ts';
import type { Actor, Deed, Failure, Project, ProjectId, ProjectState } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';

export interface NewOperation {
  readonly id: string;
  readonly project: ProjectId;
  readonly action: Deed;
  readonly by: Actor;
  readonly reason: string | null;
  readonly origin: Operation['origin'];
  readonly channel: string | null;
  /** The project's version that the request was decided on. */
  readonly projectVersion: number;
  /** How long the dialog may be answered, ms. */
  readonly ttlMs: number;
}

export type Recorded =
  | { readonly kind: 'requested'; readonly operation: Operation }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export type Settlement = 'confirm' | 'cancel' | 'expire';

/** `settled` by this call, or `repeated`: it had been settled before (by whomever) and `operation` says how. */
export type Settled =
  | { readonly kind: 'settled' | 'repeated'; readonly operation: Operation }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** An operation under way and the project that it holds, read at one time. */
export interface Held {
  readonly operation: Operation;
  readonly project: Project;
  /** The bot's Redis server time. */
  readonly now: number;
}

export type Claimed =
  | (Held & { readonly kind: 'claimed' })
  /** Refused for good: recorded in the operation, which is settled now. */
  | { readonly kind: 'refused'; readonly operation: Operation }
  /** Already at its end (or never confirmed): nothing to do. */
  | { readonly kind: 'over'; readonly operation: Operation }
  | { readonly kind: 'unknown' };

/** How a claimed operation ends. */
export interface Ending {
  readonly ref: OperationRef;
  /** The version at which the links were last seen to agree: the commit is refused at any other. */
  readonly expectedVersion: number;
  readonly operationState: 'done' | 'failed' | 'refused';
  /**
   * The project's state from now on; `back`: what it was before the claim, with its since, by, reason and agreement;
   * `stay`: as it is, its links corrected.
   */
  readonly projectState: ProjectState | 'back' | 'stay';
  readonly converged: boolean;
  /** Ids of links without a queue, when converged. */
  readonly awaited: readonly string[];
  /** How old the oldest change is that it leaves behind, epoch ms, when it stops here. */
  readonly logFrom: number | null;
  readonly outcome: Outcome | null;
  readonly refusal: Refusal | null;
  readonly failure: Failure | null;
}

export type Committed =
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
  request(operation: NewOperation): Promise<Recorded>;
  /** One winner, the right person, not expired. `by` null: no person (expiry). The same press again changes nothing. */
  settle(step: {
    ref: OperationRef;
    settlement: Settlement;
    by: Actor | null;
    dialog: FreshDialog | null;
  }): Promise<Settled>;
  /** Checks the state rules again and takes hold of the project. */
  claim(ref: OperationRef, run: string): Promise<Claimed>;
  /** Ends a claimed operation and lets go of the project. */
  commit(ending: Ending): Promise<Committed>;
  /** The last task in flight of a paused project has ended: its pause says so from now on. False: it had been said. */
  quiet(ref: OperationRef, outcome: Outcome): Promise<boolean>;
  /** Sets the progress of a running operation. */
  progress(ref: OperationRef, progress: Progress): Promise<void>;
  /** Remembers where an operation's message stands, and what people were told (`toldSeq`). */
  told(
    ref: OperationRef,
    told: { readonly seq: number; readonly message: MessageRef | null; readonly dialogUses: number },
  ): Promise<void>;
}
