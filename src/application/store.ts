import type { Alert, AlertKind, Told } from '../domain/alert.ts';
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
export interface ProjectStore extends OperationStore {
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

  /** What happened to a project, newest first; `before`: only what lies before the entry of this id. A removed project keeps it. */
  history(id: ProjectId, page: { readonly limit: number; readonly before?: string }): Promise<HistoryEntry[]>;
  /** Leaves the project's `:runs`: called at the end of every execution. */
  leave(id: ProjectId, run: string): Promise<void>;
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
