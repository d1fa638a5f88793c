import type { ProjectId } from '../../domain/project.ts';

/**
 * The keys of the bot's records. All begin with a prefix (SYNCBOT_PREFIX), so that several syncbots can use one Redis. The
 * prefix has no colon and no braces.
 */
export interface Keys {
  readonly prefix: string;
  /** Set: the ids of all projects. A project exists only if its id is in this set. */
  readonly projects: string;
  /** Set: the ids of removed projects, whose audit log stays. An id that was created again is in both sets. */
  readonly removedProjects: string;
  /**
   * Sorted set: the ids of all projects by their urgency, so that a page of the list does not need all projects. The sweep repairs it.
   */
  readonly urgencyIndex: string;
  /** Sorted set: the labels of all projects, those with the most projects first. The sweep repairs it. */
  readonly labels: string;
  /** Sorted set: the operations of all projects that were requested last, as `<project>/<operation>`, by the time (ms). */
  readonly newestOperations: string;
  /** The newest completed cycle of the observer, as JSON. */
  readonly observeCycle: string;
  /** When a check first found that no worker observes the links, epoch ms. It expires when the checks stop. */
  readonly observerMissing: string;
  /** Exists if the log has that no worker observes the links. It expires when the checks stop. */
  readonly observerMissingReported: string;
  /** Hash: the messages that say so, by channel, each as JSON. */
  readonly observationMessages: string;
  /** Up to which time the audit log was sent to the webhook, as JSON. */
  readonly auditDelivery: string;
  /** Hash: up to which time each digest has reported, as JSON. */
  readonly digests: string;
  /** Hash: the alert groups of a channel, a field for each group and for each of its alerts. */
  alertGroups(channel: string): string;
  /** Set: the projects whose alerts have changed since the notifier of the channel has read them. */
  changedAlerts(channel: string): string;
  /** Hash: the policy, settings and connections that apply stored. */
  readonly configuration: string;
  /** Hash: the people who opened their Home tab within the last day, and what they see, each as JSON. */
  readonly homes: string;
  /** Hash: the running processes and what they use, by a random id, each as JSON. */
  readonly processes: string;
  /** The prefix of the bot's own BullMQ queues. The braces put them all in one slot. */
  readonly queuePrefix: string;
  project(id: ProjectId): ProjectKeys;
  operation(id: ProjectId, operation: string): string;
  /** Hash: a batch. */
  batch(id: string): string;
  /** Sorted set: the batches that are open or whose message is out of date, by the time of the request (ms). */
  readonly openBatches: string;
  /** Marks a delivery as handled. */
  dedupe(key: string): string;
}

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
  /** Hash: backlog and latency in each minute of the last hour. */
  readonly trend: string;
  /** The key prefix of its operations. */
  readonly operations: string;
}

/** Set: the prefixes of all syncbots that have had projects on this Redis. The one key that they share. */
export const installationsKey = 'syncbot:installations';

export function createKeys(prefix: string): Keys {
  const project = (id: ProjectId) => {
    const slot = `${prefix}:{p:${id}}`;
    return {
      state: `${slot}:state`,
      definition: `${slot}:definition`,
      audit: `${slot}:audit`,
      refusals: `${slot}:refusals`,
      open: `${slot}:open`,
      runs: `${slot}:runs`,
      lastVersion: `${slot}:lastVersion`,
      trend: `${slot}:trend`,
      operations: `${slot}:op:`,
    };
  };
  return {
    prefix,
    projects: `${prefix}:projects`,
    removedProjects: `${prefix}:projects:removed`,
    auditDelivery: `${prefix}:audit-delivery`,
    urgencyIndex: `${prefix}:order`,
    labels: `${prefix}:labels`,
    newestOperations: `${prefix}:operations`,
    observeCycle: `${prefix}:observed`,
    observerMissing: `${prefix}:observed:missing`,
    observerMissingReported: `${prefix}:observed:missing:reported`,
    observationMessages: `${prefix}:observed:messages`,
    digests: `${prefix}:digests`,
    alertGroups: (channel) => `${prefix}:alerts:${channel}`,
    changedAlerts: (channel) => `${prefix}:alerts:${channel}:changed`,
    configuration: `${prefix}:configuration`,
    homes: `${prefix}:homes`,
    processes: `${prefix}:processes`,
    queuePrefix: `{${prefix}}`,
    project,
    operation: (id, operation) => `${project(id).operations}${operation}`,
    batch: (id) => `${prefix}:{b:${id}}:batch`,
    openBatches: `${prefix}:batches`,
    dedupe: (key) => `${prefix}:once:${key}`,
  };
}
