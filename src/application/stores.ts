import type { Configuration, UnusableConnection } from '../domain/configuration.ts';
import type { DigestRecords } from '../domain/digest.ts';
import type { HistoryEntry } from '../domain/history.ts';
import type { OtherSyncbot } from '../domain/installation.ts';
import type { ObserveCycle } from '../domain/observation-status.ts';
import type { MessageRef } from '../domain/operation.ts';
import type { Actor, ProjectId } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { ProjectSample, TrendSample } from '../domain/trend.ts';
import type { AlertGroupStore, AlertStore } from './alert-store.ts';
import type { BatchStore } from './batch-store.ts';
import type { HomeStore } from './home-store.ts';
import type { NewOperation, OperationStore } from './operation-store.ts';
import type { ProjectStore, WriteResult } from './project-store.ts';

/**
 * The records in the bot's Redis, one port per subject. The record of a project changes in one atomic step; the indexes
 * follow. Every method throws `StoreUnavailableError` when Redis does not answer. All times are epoch ms of the Redis server.
 */
export interface Stores {
  readonly projects: ProjectStore;
  readonly operations: OperationStore;
  readonly batches: BatchStore;
  readonly alerts: AlertStore;
  readonly alertGroups: AlertGroupStore;
  readonly auditLog: AuditLog;
  readonly auditDelivery: AuditDeliveryStore;
  readonly observations: ObservationStore;
  readonly homes: HomeStore;
  readonly digests: DigestStore;
  readonly trends: TrendStore;
  readonly installations: InstallationStore;
  readonly configurations: ConfigurationStore;
  readonly deduplication: Deduplication;
  readonly serverClock: ServerClock;
}

/** The append-only audit log of each project. Most entries are written by the steps of the other stores. */
export interface AuditLog {
  /** Entries and refusals. They can be one more than `limit`: two entries with the same id are not separated. */
  read(id: ProjectId, range: AuditRange): Promise<HistoryEntry[]>;
  /** The ids of all projects that have a log: those that exist, and the removed ones. Sorted. */
  listProjects(): Promise<ProjectId[]>;
  /** Records a refusal that came before an operation existed. */
  recordRefusal(id: ProjectId, request: RefusedRequest): Promise<void>;
}

export interface AuditRange {
  readonly limit: number;
  /** Default: `newest_first`. */
  readonly order?: AuditOrder | undefined;
  /** Only entries older than the one with this id. */
  readonly before?: string | undefined;
  /** Only entries from this time on, epoch ms. */
  readonly since?: number | undefined;
  /** Only entries before this time, epoch ms. */
  readonly until?: number | undefined;
}

export type AuditOrder = 'newest_first' | 'oldest_first';

export interface AuditDeliveryState {
  /** Up to which time the audit log was sent to the webhook, whole epoch ms, exclusive. */
  readonly deliveredUntil: number;
  /** How many requests have failed since the last one that the receiver accepted, of all bots. */
  readonly failures: number;
}

export interface AuditDeliveryStore {
  /** Null before the first delivery. */
  read(): Promise<AuditDeliveryState | null>;
  save(state: AuditDeliveryState): Promise<void>;
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
  /** Records that the log has it. Returns whether this is the first report since a worker observed the links. */
  markReported(): Promise<boolean>;
  /** Records that a worker observes the links. Returns whether there was a report before. */
  markObserved(): Promise<boolean>;

  /** The messages which say that no worker observes the links. At most one per channel. */
  readMessages(): Promise<ObservationMessage[]>;
  saveMessage(message: ObservationMessage): Promise<void>;
  /** The message of this channel has its last text. */
  removeMessage(channel: string): Promise<void>;
}

export interface DigestStore {
  readAll(): Promise<DigestRecords>;
  /** Replaces these records. */
  save(records: DigestRecords): Promise<void>;
  remove(keys: readonly string[]): Promise<void>;
}

/** How backlog and latency of the projects developed in the last hour. */
export interface TrendStore {
  /** Records samples. One of a minute that has a sample replaces it. One of a project that does not exist has no effect. */
  record(samples: readonly ProjectSample[]): Promise<void>;
  /** The samples of the last 60 minutes in which the project was observed, the oldest first. */
  read(id: ProjectId): Promise<TrendSample[]>;
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
