import type { Alert, DeliveredAlert, FiringAlert, ResolvedAlert } from '../domain/alert.ts';
import type { ChannelAlerts } from '../domain/alert-group.ts';
import type { ProjectCounts } from '../domain/attention.ts';
import type { AlertKind } from '../domain/conditions.ts';
import type { Configuration, UnusableConnection } from '../domain/configuration.ts';
import type { RetriedTask, TaskRef } from '../domain/failed-tasks.ts';
import type { FollowEnd, FollowUp } from '../domain/follow-up.ts';
import type { HistoryEntry, HistoryEvent } from '../domain/history.ts';
import type { OtherSyncbot } from '../domain/installation.ts';
import type { OperationKind } from '../domain/lifecycle.ts';
import type { Failure, Link, TaskFailure, Watermark } from '../domain/link.ts';
import type { ObserveCycle } from '../domain/observation-status.ts';
import type { MessageRef, NewDialog, Operation, OperationRef, Outcome, Progress } from '../domain/operation.ts';
import type { Actor, KeptPaused, Project, ProjectDefinition, ProjectId } from '../domain/project.ts';
import type { ProjectState } from '../domain/project-state.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { SkippedTask } from '../domain/skipped-tasks.ts';
import type { ProjectSample, TrendSample } from '../domain/trend.ts';

/**
 * The records in the bot's Redis, one port per subject. The record of a project changes in one atomic step; the indexes
 * follow. Every method throws `StoreUnavailableError` when Redis does not answer. All times are epoch ms of the Redis server.
 */
export interface Stores {
  readonly projects: ProjectStore;
  readonly operations: OperationStore;
  readonly alerts: AlertStore;
  readonly alertGroups: AlertGroupStore;
  readonly auditLog: AuditLog;
  readonly observations: ObservationStore;
  readonly homes: HomeStore;
  readonly digests: DigestStore;
  readonly trends: TrendStore;
  readonly installations: InstallationStore;
  readonly configurations: ConfigurationStore;
  readonly deduplication: Deduplication;
  readonly serverClock: ServerClock;
}

/** `conflict`: the project's version is no longer `expectedVersion`, or an operation is active. Nothing was written. */
export type WriteResult = { readonly kind: 'written' } | { readonly kind: 'conflict' };

/** The records of the projects. A write with `expectedVersion` is a compare-and-set on the project's version. */
export interface ProjectStore {
  listIds(): Promise<ProjectId[]>;
  read(id: ProjectId): Promise<Project | null>;
  /** In the order of `ids`. Leaves out a project that does not exist. */
  readMany(ids: readonly ProjectId[]): Promise<Project[]>;
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

/** A person's change is not taken for a late write of an execution without an operation: the job `reconcile` runs often. */
export const idleExecutionPrefix = 'idle:';

/** The operations of the projects. Each write may be repeated. */
export interface OperationStore {
  read(ref: OperationRef): Promise<Operation | null>;
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
  /** Refuses a confirmed operation that no worker claimed in time, and marks one that waits for a worker for long. */
  checkClaim(ref: OperationRef): Promise<ClaimCheck>;
  /** Ends a claimed operation and releases its project. */
  commit(request: CommitRequest): Promise<CommitResult>;
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
  readonly origin: Operation['origin'];
  readonly channel: string | null;
  /** The thread of the request in that channel. Null or absent outside a thread. */
  readonly threadTs?: string | null;
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
  /** The operation is not confirmed or running: it is finished already, or still an open dialog. */
  | { readonly kind: 'finished'; readonly operation: Operation }
  | { readonly kind: 'unknown' };

/** What this call has found for the first time. `delayed`: the message must say that no worker has claimed the operation. */
export type ClaimCheck =
  | { readonly kind: 'refused'; readonly operation: Operation }
  | { readonly kind: 'delayed' | 'unchanged' };

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

export type CommitResult =
  /** `operationToNotify`: the operation that had set the state until now, or null. */
  | { readonly kind: 'committed'; readonly operation: Operation; readonly operationToNotify: string | null }
  | { readonly kind: 'repeated'; readonly operation: Operation }
  | { readonly kind: 'conflict' }
  /** Another execution may have done a part of what the outcome counts. */
  | { readonly kind: 'other_executions' };

/** The alerts of the projects. The observer writes the alert, the notifier what was delivered: neither overwrites the other. */
export interface AlertStore {
  /** Writes the change of one alert, by compare-and-set on the version and on the alert as it was read. */
  save(id: ProjectId, expectedVersion: number, change: AlertChange): Promise<WriteResult>;
  /** Records that a person keeps a project Paused, and resolves its reminder, by compare-and-set as in `save`. */
  keepPaused(id: ProjectId, expectedVersion: number, change: KeepPausedChange): Promise<WriteResult>;
  /** Writes the acknowledgement of a firing alert, by compare-and-set on the alert as it was read. */
  acknowledge(id: ProjectId, change: AcknowledgementChange): Promise<WriteResult>;
  /** Records what the channel was notified of. The history gets an entry if the message is another one than before. */
  markNotified(id: ProjectId, kind: AlertKind, delivered: DeliveredAlert): Promise<void>;
}

/** The alert groups of the channels. One notifier at a time writes those of a channel. */
export interface AlertGroupStore {
  /** Adds projects whose alerts have changed. `isFirst`: no project of the channel had been added since `takeChanged`. */
  addChanged(channel: string, projects: readonly ProjectId[]): Promise<{ readonly isFirst: boolean }>;
  takeChanged(channel: string): Promise<ProjectId[]>;
  hasChanged(channel: string): Promise<boolean>;
  read(channel: string): Promise<StoredChannelAlerts>;
  /** Writes what differs, by compare-and-set on the version. */
  save(channel: string, change: ChannelAlertsChange): Promise<WriteResult>;
}

export interface StoredChannelAlerts {
  readonly alerts: ChannelAlerts;
  /** 0 if nothing is stored. */
  readonly version: number;
}

export interface ChannelAlertsChange {
  readonly before: ChannelAlerts;
  readonly after: ChannelAlerts;
  readonly expectedVersion: number;
}

export interface KeepPausedChange {
  readonly keptPaused: KeptPaused;
  /** The reminder. */
  readonly before: FiringAlert;
  readonly after: ResolvedAlert;
}

export interface AcknowledgementChange {
  readonly kind: AlertKind;
  readonly before: FiringAlert;
  readonly after: FiringAlert;
  /** Who pressed the button. */
  readonly by: Actor;
  readonly event: HistoryEvent;
}

export interface AlertChange {
  readonly kind: AlertKind;
  readonly before: Alert | null;
  readonly after: Alert;
  /** The audit event, when the alert starts to fire or is resolved. */
  readonly event: HistoryEvent | null;
}

/** The append-only audit log of each project. Most entries are written by the steps of the other stores. */
export interface AuditLog {
  /** Entries and refusals, newest first. They can be one more than `limit`: two entries with the same id are not separated. */
  read(id: ProjectId, range: AuditRange): Promise<HistoryEntry[]>;
  /** Records a refusal that came before an operation existed. */
  recordRefusal(id: ProjectId, request: RefusedRequest): Promise<void>;
}

export interface AuditRange {
  readonly limit: number;
  /** Only entries older than the one with this id. */
  readonly before?: string | undefined;
  /** Only entries from this time on, epoch ms. */
  readonly since?: number | undefined;
}

export type RefusedRequest = Pick<NewOperation, 'by' | 'action' | 'reason' | 'origin' | 'channel'> & {
  readonly refusal: Refusal;
};

/** Whether the links are observed. The observer records its cycles, every process reads them. */
export interface ObservationStore {
  /** Records that a cycle has completed now. The next one completes within `staleAfterMs`, unless the observer has stopped. */
  recordCycle(cycle: Omit<ObserveCycle, 'completedAt' | 'gap'>): Promise<void>;
  /** Returns null if no cycle has ever completed. */
  readLastCycle(): Promise<ObserveCycle | null>;
  /** Records that a check has found that no worker observes the links. Returns how long ago the first such check was, ms. */
  markNotObserved(): Promise<number>;
  markObserved(): Promise<void>;

  /** The messages which say that no worker observes the links. At most one per channel. */
  readMessages(): Promise<ObservationMessage[]>;
  saveMessage(message: ObservationMessage): Promise<void>;
  /** The message of this channel has its last text. */
  removeMessage(channel: string): Promise<void>;
}

/** Up to which time each digest has reported what happened. By `digestKey`. */
export interface DigestStore {
  readAll(): Promise<ReadonlyMap<string, number>>;
  /** Replaces these entries. */
  save(keys: readonly string[], until: number): Promise<void>;
  remove(keys: readonly string[]): Promise<void>;
}

/** How backlog and latency of the projects developed in the last hour. */
export interface TrendStore {
  /** Records samples. One of a minute that has a sample replaces it. One of a project that does not exist has no effect. */
  record(samples: readonly ProjectSample[]): Promise<void>;
  /** The samples of the last 60 minutes in which the project was observed, the oldest first. */
  read(id: ProjectId): Promise<TrendSample[]>;
}

/** The people who have opened their Home tab lately. At most `maxHomeViewers`, those who opened it last. */
export interface HomeStore {
  /** Records that a person opens Home now. `filter`: null to keep the one that they chose. */
  open(viewer: OpenedHome): Promise<void>;
  /** Those who opened it within the last day, the last one first. */
  listViewers(): Promise<HomeViewer[]>;
  /** Records what the person sees, if they still are a viewer. */
  savePublished(user: string, published: PublishedHome): Promise<void>;
  /** The person gets no further updates until they open Home again. */
  remove(user: string): Promise<void>;
}

export interface OpenedHome {
  readonly user: string;
  readonly team: string | null;
  /** As `parseListFilter` reads it. */
  readonly filter: string | null;
}

export interface HomeViewer {
  readonly user: string;
  readonly team: string | null;
  readonly filter: string;
  /** Epoch ms. */
  readonly openedAt: number;
  /** Null if nothing was published since the person became a viewer. */
  readonly published: PublishedHome | null;
}

export interface PublishedHome {
  /** Epoch ms. */
  readonly at: number;
  /** Equal as long as the person would see the same. */
  readonly digest: string;
  /** Slack's hash of the view. */
  readonly hash: string;
}

export interface ObservationMessage {
  readonly channel: string;
  /** The last completed cycle, epoch ms. Null when no cycle had ever completed. */
  readonly since: number | null;
  readonly message: MessageRef;
}

/** The syncbots that share the bot's Redis. */
export interface InstallationStore {
  /** Those with another prefix that have projects. */
  listOthers(): Promise<readonly OtherSyncbot[]>;
}

/** The policy, settings and connections that `apply` stored, and which processes use them. */
export interface ConfigurationStore {
  read(): Promise<StoredConfiguration>;
  /** Stores a configuration by compare-and-set on the version. `expectedVersion` is 0 if none is stored. */
  save(configuration: Configuration, expectedVersion: number, by: Actor): Promise<WriteResult>;
  /** Records what this process uses. The record expires unless it is repeated within `expireAfterMs`. */
  registerProcess(process: ProcessStatus, expireAfterMs: number): Promise<void>;
  removeProcess(id: string): Promise<void>;
  listProcesses(): Promise<ProcessStatus[]>;
}

/** `unreadable`: written by a newer syncbot, or damaged. */
export type StoredConfiguration =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'read'; readonly version: number; readonly configuration: Configuration };

/** What a running process of syncbot uses. */
export interface ProcessStatus {
  /** Random, for each start. */
  readonly id: string;
  readonly role: string;
  /** The version of the configuration. Null if it uses that of its own file. */
  readonly configurationVersion: number | null;
  /** The stored connections that it cannot use until it is restarted. */
  readonly unusable: readonly UnusableConnection[];
}

/** Recognizes repeated deliveries, across all processes. */
export interface Deduplication {
  /** Returns true for the first call with this key within `ttlMs`. */
  claimOnce(key: string, ttlMs: number): Promise<boolean>;
}

export interface ServerClock {
  /** The clock of the bot's Redis server, epoch ms. */
  now(): Promise<number>;
}
