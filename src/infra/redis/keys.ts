import type { ProjectId } from '../../domain/project.ts';

/** Set: the ids of all projects. What is not in it does not exist. */
export const projectsKey = 'syncbot:projects';

/** Sorted set: the same ids by the urgency of their state, so that a page of the list needs not read them all. The sweep mends it. */
export const urgencyIndexKey = 'syncbot:order';

/** All keys of one project, in one slot of Redis. */
export interface ProjectKeys {
  readonly state: string;
  readonly definition: string;
  /** Stream: the append-only history. */
  readonly audit: string;
  /** Sorted set: operations with something left to do or to tell, by the moment (ms) at which the sweep should look. */
  readonly open: string;
  /** Sorted set: executions under way, by the moment (ms) at which they are given up. */
  readonly runs: string;
  /** The prefix of its operations. */
  readonly operations: string;
}

export function projectKeys(id: ProjectId): ProjectKeys {
  const slot = `syncbot:{p:${id}}`;
  return {
    state: `${slot}:state`,
    definition: `${slot}:definition`,
    audit: `${slot}:audit`,
    open: `${slot}:open`,
    runs: `${slot}:runs`,
    operations: `${slot}:op:`,
  };
}

export function operationKey(id: ProjectId, operation: string): string {
  return `${projectKeys(id).operations}${operation}`;
}

/** Marks a delivery as seen. */
export function dedupeKey(key: string): string {
  return `syncbot:once:${key}`;
}

/** The prefix of the bot's own BullMQ queues: one slot. */
export const queuePrefix = '{syncbot}';
