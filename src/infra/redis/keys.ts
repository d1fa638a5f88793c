import type { ProjectId } from '../../domain/project.ts';

/** Set: the ids of all projects. A project exists only if its id is in this set. */
export const projectsKey = 'syncbot:projects';

/**
 * Sorted set: the same ids by the urgency of their state, so that a page of the list does not need all projects. The sweep
 * repairs it.
 */
export const urgencyIndexKey = 'syncbot:order';

/** The newest completed cycle of the observer, as JSON. */
export const observeCycleKey = 'syncbot:observed';

/** When a check first found that no worker observes the links, epoch ms. It expires when the checks stop. */
export const observerMissingKey = 'syncbot:observed:missing';

/** Hash: the messages that say so, by channel, each as JSON. */
export const observationMessagesKey = 'syncbot:observed:messages';

/** Hash: the policy, settings and connections that apply stored. */
export const configurationKey = 'syncbot:configuration';

/** Hash: the running processes and what they use, by a random id, each as JSON. */
export const processesKey = 'syncbot:processes';

/** All keys of one project. They are in one slot of Redis Cluster, so that one script can change them. */
export interface ProjectKeys {
  readonly state: string;
  readonly definition: string;
  /** Stream: the append-only history, without refused requests. */
  readonly audit: string;
  /** Stream: refused requests. Users without rights can fill this stream, but not the history. */
  readonly refusals: string;
  /** Sorted set: operations that are not finished or whose message is out of date, by the time (ms) the sweep handles them. */
  readonly open: string;
  /** Sorted set: executions of operations under way, by the time (ms) from which they no longer count. */
  readonly runs: string;
  /** String: the version that the project had when it was removed. A later project with the same id continues it. */
  readonly lastVersion: string;
  /** The key prefix of its operations. */
  readonly operations: string;
}

export function projectKeys(id: ProjectId): ProjectKeys {
  const slot = `syncbot:{p:${id}}`;
  return {
    state: `${slot}:state`,
    definition: `${slot}:definition`,
    audit: `${slot}:audit`,
    refusals: `${slot}:refusals`,
    open: `${slot}:open`,
    runs: `${slot}:runs`,
    lastVersion: `${slot}:lastVersion`,
    operations: `${slot}:op:`,
  };
}

export function operationKey(id: ProjectId, operation: string): string {
  return `${projectKeys(id).operations}${operation}`;
}

/** Marks a delivery as handled. */
export function dedupeKey(key: string): string {
  return `syncbot:once:${key}`;
}

/** The prefix of the bot's own BullMQ queues. The braces put them all in one slot. */
export const queuePrefix = '{syncbot}';
