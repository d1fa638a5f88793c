import type { Alert, AlertKind, Told } from '../domain/alert.ts';
import type { HistoryEntry, HistoryEvent } from '../domain/history.ts';
import type { FreshDialog, MessageRef, Operation, OperationRef, Outcome, Progress } from '../domain/operation.ts';
import type {
  Actor,
  Deed,
  Failure,
  Link,
  Project,
  ProjectDefinition,
  ProjectId,
  ProjectState,
  Watermark,
} from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { StateCounts } from '../domain/state-counts.ts';

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

export type Claimed =
  | {
      readonly kind: 'claimed';
      readonly operation: Operation;
      /** As it is held now. */
      readonly project: Project;
      /** The bot's Redis server time. */
      readonly now: number;
    }
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

/** `toTell`: the operation that had to leave a link behind, which has something new to tell now. */
export type MarkedConverged =
  | { readonly kind: 'moved' }
  | { readonly kind: 'converged'; readonly toTell: string | null };

export type MarkedFailed =
  /** Somebody else won. */
  { readonly kind: 'moved' } | { readonly kind: 'failed'; readonly toTell: string | null };

export interface AlertNote {
  readonly kind: AlertKind;
  readonly before: Alert | null;
  readonly after: Alert;
  /** For the history, when it begins or ends. */
  readonly event: HistoryEvent | null;
}

export type RefusedRequest = Pick<NewOperation, 'by' | 'action' | 'reason' | 'origin' | 'channel'> & {
  readonly refusal: Refusal;
};

export interface OrderedPage {
  /** Null: every state. */
  readonly state: ProjectState | null;
  readonly from: number;
  readonly limit: number;
}

export interface Ordered {
  /** Of all projects. */
  readonly counts: StateCounts;
  readonly projects: readonly Project[];
}

/** Everything the bot keeps. Each write is one atomic step, idempotent per (operation, step). */
export interface ProjectStore {
  ids(): Promise<ProjectId[]>;
  read(id: ProjectId): Promise<Project | null>;
  /** In the order of `ids`; a project that is gone is left out. */
  readMany(ids: readonly ProjectId[]): Promise<Project[]>;
  version(id: ProjectId): Promise<number | null>;
  /**
   * A page of all projects, or of those in one state, by urgency and id; null: the order is being mended, read them all. Who is
   * in a state, and how many are, may lag behind by a sweep when the process that moved one died right then.
   */
  ordered(page: OrderedPage): Promise<Ordered | null>;
  /** Puts these ids where the state of their projects belongs in the order, `projects` being those that could be read. */
  mendOrder(ids: readonly ProjectId[], projects: readonly Project[]): Promise<void>;

  readOperation(ref: OperationRef): Promise<Operation | null>;
  /** The newest operations of a project, newest first. */
  recentOperations(id: ProjectId, limit: number): Promise<Operation[]>;
  /** What happened to a project, newest first; `before`: only what lies before the entry of this id. A removed project keeps it. */
  history(id: ProjectId, page: { readonly limit: number; readonly before?: string }): Promise<HistoryEntry[]>;
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
  /** Leaves the project's `:runs`: called at the end of every execution. */
  leave(id: ProjectId, run: string): Promise<void>;
  /** The last task in flight of a paused project has ended: its pause says so from now on. False: it had been said. */
  quiet(ref: OperationRef, outcome: Outcome): Promise<boolean>;
  /** Sets the progress of a running operation. */
  progress(ref: OperationRef, progress: Progress): Promise<void>;
  /** Moves watermarks, by link id; false: the version is no longer `expectedVersion`. */
  setWatermarks(
    id: ProjectId,
    expectedVersion: number,
    watermarks: Readonly<Record<string, Watermark>>,
  ): Promise<boolean>;
  /** Running → Failed. `toTell`: the operation that brought it to Running, whose message would go on saying so. */
  fail(
    id: ProjectId,
    expectedVersion: number,
    failed: { readonly failure: Failure; readonly by: Actor; readonly logFrom: number | null },
  ): Promise<MarkedFailed>;
  /** Records that every link that exists agrees with the state at this version; `awaited`: the ids of those whose queue is still to come, or to be seen to. */
  markConverged(id: ProjectId, version: number, awaited: readonly string[]): Promise<MarkedConverged>;
  /**
   * Links that converge may drive without asking anybody, and no others: they have just `appeared`, or they differ by a
   * `late_write` of an execution that has not left. False: it is not so, or something moved.
   */
  correct(
    id: ProjectId,
    expectedVersion: number,
    difference: { readonly links: readonly Link[]; readonly cause: 'late_write' | 'appeared' },
  ): Promise<boolean>;

  /** Remembers what a look has found, by compare-and-set. False: something moved in between. */
  noteAlert(id: ProjectId, expectedVersion: number, note: AlertNote): Promise<boolean>;
  /** Remembers what a channel was told of an alert; `isNew`: in a message of its own. */
  alertTold(id: ProjectId, kind: AlertKind, told: Told, isNew: boolean): Promise<void>;
  /** Remembers in the history of a project that somebody was refused before there was an operation. */
  refused(id: ProjectId, asked: RefusedRequest): Promise<void>;

  /** Remembers where an operation's message stands, and what people were told (`toldSeq`). */
  told(
    ref: OperationRef,
    told: { readonly seq: number; readonly message: MessageRef | null; readonly dialogUses: number },
  ): Promise<void>;
  /** Writes a definition: a new project with its first state, or a changed definition at `expectedVersion`. False: conflict. */
  put(definition: ProjectDefinition, first: FirstState | Change, by: Actor): Promise<boolean>;
  /** Removes a project and all that is kept of it but its audit. False: the version moved on. */
  remove(id: ProjectId, expectedVersion: number, by: Actor): Promise<boolean>;

  /** True for the first caller with this key within `ttlMs`: drops duplicates of a delivery. */
  firstTime(key: string, ttlMs: number): Promise<boolean>;
  /** The server's clock, epoch ms. */
  now(): Promise<number>;
}

/** A new definition for a project that exists. Added links are behind its state until converge has seen to them. */
export interface Change {
  readonly expectedVersion: number;
  /** Their ids. */
  readonly added: readonly string[];
}

export interface FirstState {
  readonly state: 'not_started' | 'running' | 'paused';
  readonly watermarks: Readonly<Record<string, Watermark>>;
}
