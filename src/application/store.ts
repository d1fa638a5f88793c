import type { Alert, AlertKind, DeliveredAlert } from '../domain/alert.ts';
import type { HistoryEntry, HistoryEvent } from '../domain/history.ts';
import type {
  Actor,
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
import type { NewOperation, OperationStore } from './operation-store.ts';

/** `operationToNotify`: the operation that had to leave a link behind, which has something new to tell now. */
export type MarkSyncedResult =
  | { readonly kind: 'moved' }
  | { readonly kind: 'converged'; readonly operationToNotify: string | null };

export type MarkFailedResult =
  /** Somebody else won. */
  { readonly kind: 'moved' } | { readonly kind: 'failed'; readonly operationToNotify: string | null };

export interface AlertChange {
  readonly kind: AlertKind;
  readonly before: Alert | null;
  readonly after: Alert;
  /** For the history, when it begins or ends. */
  readonly event: HistoryEvent | null;
}

export type RefusedRequest = Pick<NewOperation, 'by' | 'action' | 'reason' | 'origin' | 'channel'> & {
  readonly refusal: Refusal;
};

export interface IndexQuery {
  /** Null: every state. */
  readonly state: ProjectState | null;
  readonly from: number;
  readonly limit: number;
}

export interface IndexPage {
  /** Of all projects. */
  readonly counts: StateCounts;
  readonly projects: readonly Project[];
}

/** Everything the bot keeps. Each write is one atomic step, idempotent per (operation, step). */
export interface ProjectStore extends OperationStore {
  listIds(): Promise<ProjectId[]>;
  read(id: ProjectId): Promise<Project | null>;
  /** In the order of `ids`; a project that is gone is left out. */
  readMany(ids: readonly ProjectId[]): Promise<Project[]>;
  readVersion(id: ProjectId): Promise<number | null>;
  /**
   * A page of all projects, or of those in one state, by urgency and id; null: the order is being mended, read them all. Who is
   * in a state, and how many are, may lag behind by a sweep when the process that moved one died right then.
   */
  listByUrgency(page: IndexQuery): Promise<IndexPage | null>;
  /** Puts these ids where the state of their projects belongs in the order, `projects` being those that could be read. */
  repairIndex(ids: readonly ProjectId[], projects: readonly Project[]): Promise<void>;

  /** What happened to a project, newest first; `before`: only what lies before the entry of this id. A removed project keeps it. */
  readHistory(id: ProjectId, page: { readonly limit: number; readonly before?: string }): Promise<HistoryEntry[]>;
  /** Leaves the project's `:runs`: called at the end of every execution. */
  endExecution(id: ProjectId, executionId: string): Promise<void>;
  /** Moves watermarks, by link id; false: the version is no longer `expectedVersion`. */
  setWatermarks(
    id: ProjectId,
    expectedVersion: number,
    watermarks: Readonly<Record<string, Watermark>>,
  ): Promise<boolean>;
  /** Running → Failed. `operationToNotify`: the operation that brought it to Running, whose message would go on saying so. */
  markFailed(
    id: ProjectId,
    expectedVersion: number,
    failed: { readonly failure: Failure; readonly by: Actor; readonly oldestUnprocessedAt: number | null },
  ): Promise<MarkFailedResult>;
  /** Records that every link that exists agrees with the state at this version; `awaited`: the ids of those whose queue is still to come, or to be seen to. */
  markSynced(id: ProjectId, version: number, pendingLinks: readonly string[]): Promise<MarkSyncedResult>;
  /**
   * Links that converge may drive without asking anybody, and no others: they have just `appeared`, or they differ by a
   * `late_write` of an execution that has not left. False: it is not so, or something moved.
   */
  scheduleCorrection(
    id: ProjectId,
    expectedVersion: number,
    difference: { readonly links: readonly Link[]; readonly cause: 'late_write' | 'queue_created' },
  ): Promise<boolean>;

  /** Remembers what a look has found, by compare-and-set. False: something moved in between. */
  saveAlert(id: ProjectId, expectedVersion: number, change: AlertChange): Promise<boolean>;
  /** Remembers what a channel was told of an alert; `isNew`: in a message of its own. */
  markAlertNotified(id: ProjectId, kind: AlertKind, delivered: DeliveredAlert, isNew: boolean): Promise<void>;
  /** Remembers in the history of a project that somebody was refused before there was an operation. */
  recordRefusal(id: ProjectId, request: RefusedRequest): Promise<void>;

  /** Writes a definition: a new project with its first state, or a changed definition at `expectedVersion`. False: conflict. */
  save(definition: ProjectDefinition, stateOrUpdate: InitialState | DefinitionUpdate, by: Actor): Promise<boolean>;
  /** Removes a project and all that is kept of it but its audit. False: the version moved on. */
  remove(id: ProjectId, expectedVersion: number, by: Actor): Promise<boolean>;

  /** True for the first caller with this key within `ttlMs`: drops duplicates of a delivery. */
  claimOnce(key: string, ttlMs: number): Promise<boolean>;
  /** The server's clock, epoch ms. */
  now(): Promise<number>;
}

/** A new definition for a project that exists. Added links are behind its state until converge has seen to them. */
export interface DefinitionUpdate {
  readonly expectedVersion: number;
  /** Their ids. */
  readonly added: readonly string[];
}

export interface InitialState {
  readonly state: 'not_started' | 'running' | 'paused';
  readonly watermarks: Readonly<Record<string, Watermark>>;
}
