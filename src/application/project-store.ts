import type { FiringAlert, ResolvedAlert } from '../domain/alert.ts';
import type { ProjectCounts } from '../domain/attention.ts';
import type { HistoryEvent } from '../domain/history.ts';
import type { Failure, Link, Watermark } from '../domain/link.ts';
import type { LimitChange, PausedUntil } from '../domain/paused-until.ts';
import type { Actor, KeptPaused, Project, ProjectDefinition, ProjectId } from '../domain/project.ts';
import type { ProjectState } from '../domain/project-state.ts';
import type { SkippedTask } from '../domain/skipped-tasks.ts';

/** `conflict`: the project's version is no longer `expectedVersion`, or an operation is active. Nothing was written. */
export type WriteResult = { readonly kind: 'written' } | { readonly kind: 'conflict' };

/** The records of the projects. A write with `expectedVersion` is a compare-and-set on the project's version. */
export interface ProjectStore {
  listIds(): Promise<ProjectId[]>;
  read(id: ProjectId): Promise<Project | null>;
  /** In the order of `ids`. Leaves out a project that does not exist, and one that cannot be read. */
  readMany(ids: readonly ProjectId[]): Promise<Project[]>;
  /** The same, and which projects cannot be read. */
  readManyOrUnreadable(ids: readonly ProjectId[]): Promise<ProjectsAndUnreadable>;
  readVersion(id: ProjectId): Promise<number | null>;
  /** A page of the projects that match, ordered by urgency and id. `counts` counts all that match. */
  listByUrgency(query: IndexQuery): Promise<IndexPage>;
  /** The labels of all projects, at most `limit`, those with the most projects first. The sweep updates the order. */
  listLabels(limit: number): Promise<string[]>;
  /** Corrects the list of labels. `counts`: how many projects have each label. */
  repairLabels(counts: ReadonlyMap<string, number>): Promise<void>;
  /** Corrects the scores of these ids in the urgency index. `projects` are those of `ids` that could be read. */
  repairIndex(ids: readonly ProjectId[], projects: readonly Project[]): Promise<void>;

  /** Creates a project with its initial state, or updates the definition of an existing one. */
  save(definition: ProjectDefinition, stateOrUpdate: InitialState | DefinitionUpdate, by: Actor): Promise<WriteResult>;
  /** Removes a project and its operations. Keeps its audit log, and its version for a later project with its id. */
  remove(id: ProjectId, expectedVersion: number, by: Actor): Promise<RemoveResult>;
  /** Moves watermarks, given by link id. */
  setWatermarks(
    id: ProjectId,
    expectedVersion: number,
    watermarks: Readonly<Record<string, Watermark>>,
  ): Promise<WriteResult>;
  /** Running → Failed. Returns the operation that made it Running: its message must be updated. */
  markFailed(
    id: ProjectId,
    expectedVersion: number,
    failed: { readonly failure: Failure; readonly by: Actor; readonly oldestUnprocessedAt: number | null },
  ): Promise<MarkFailedResult>;
  /** Records that every existing link has the desired state at this version. `pendingLinks`: ids of links without a queue. */
  markReconciled(
    id: ProjectId,
    expectedVersion: number,
    pendingLinks: readonly string[],
  ): Promise<MarkReconciledResult>;
  /** Records that a restore of the timer did not succeed. `conflict`: its pause or the number of attempts has changed. */
  countTimerAttempt(
    id: ProjectId,
    attempt: { readonly deadline: PausedUntil; readonly nextAttemptAt: number; readonly code: string | null },
  ): Promise<WriteResult>;
  /** Records that the timer does nothing, because the project was changed. `change`: null if it is not known. */
  stopTimer(
    id: ProjectId,
    expectedVersion: number,
    stopped: {
      readonly deadline: PausedUntil;
      readonly by: Actor;
      readonly change: { readonly by: Actor | null; readonly at: number } | null;
    },
  ): Promise<WriteResult>;
  /** Moves or removes the end of a pause, by compare-and-set on the end and the alert as they were read. */
  moveDeadline(id: ProjectId, change: DeadlineChange): Promise<RemoveResult>;
  /** Skips these tasks no longer, because they are not failed any more. */
  endSkip(id: ProjectId, expectedVersion: number, tasks: readonly SkippedTask[]): Promise<WriteResult>;
  /**
   * Lets reconcile correct these links without an operation. Refused as `conflict` also when `cause` is `late_write` and no
   * execution of an operation is under way that could have written late.
   */
  scheduleCorrection(
    id: ProjectId,
    expectedVersion: number,
    difference: { readonly links: readonly Link[]; readonly cause: 'late_write' | 'queue_created' },
  ): Promise<WriteResult>;
}

export interface ProjectsAndUnreadable {
  readonly projects: readonly Project[];
  /** The projects whose record cannot be read: it is damaged, or another version has written it. */
  readonly unreadable: readonly ProjectId[];
}

/** The end of a pause that was read, and what follows it. */
export interface DeadlineChange {
  /** Epoch ms. */
  readonly expected: number;
  /** Null without an end. */
  readonly after: PausedUntil | null;
  /** Null if the pause is extended. */
  readonly keptPaused: KeptPaused | null;
  /** What the message of the pause shows. */
  readonly change: LimitChange;
  readonly event: HistoryEvent;
  /** The alert that the pause ends soon. Null if it does not fire. */
  readonly alert: { readonly before: FiringAlert; readonly after: ResolvedAlert } | null;
}

export interface IndexQuery {
  /** `only`: projects that need attention. `none`: those that do not. */
  readonly attention: 'any' | 'only' | 'none';
  /** Empty if the states are not filtered. */
  readonly states: readonly ProjectState[];
  readonly from: number;
  readonly limit: number;
}

/** `outdated`: the index disagrees with the records. Read all projects instead; the sweep repairs the index. */
export type IndexPage =
  | { readonly kind: 'page'; readonly counts: ProjectCounts; readonly projects: readonly Project[] }
  | { readonly kind: 'outdated' };

export interface InitialState {
  readonly state: 'not_started' | 'running' | 'paused';
  readonly watermarks: Readonly<Record<string, Watermark>>;
}

/** A new definition for an existing project. */
export interface DefinitionUpdate {
  readonly expectedVersion: number;
  /** Ids of the added links. They are not reconciled until reconcile has handled them. */
  readonly added: readonly string[];
}

/** `operationToNotify`: an operation whose message is no longer true, or null. */
export type RemoveResult =
  | { readonly kind: 'written'; readonly operationToNotify: string | null }
  | { readonly kind: 'conflict' };

export type MarkFailedResult =
  | { readonly kind: 'failed'; readonly operationToNotify: string | null }
  | { readonly kind: 'conflict' };

export type MarkReconciledResult =
  | { readonly kind: 'reconciled'; readonly operationToNotify: string | null }
  | { readonly kind: 'conflict' };
