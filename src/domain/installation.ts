import type { ProjectDefinition } from './project.ts';

/** Several syncbots can use one Redis. The keys of each begin with its own prefix (SYNCBOT_PREFIX). */
export const defaultKeyPrefix = 'syncbot';

/** Braces would move the keys of a project to another slot of Redis Cluster, and a colon separates the parts of a key. */
export const keyPrefixPattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** Another syncbot that has projects on the bot's Redis. */
export interface OtherSyncbot {
  readonly prefix: string;
  /** Null if the user of the bot's Redis may not read them. */
  readonly projects: readonly ProjectDefinition[] | null;
  /** How many of its projects this version of syncbot cannot read. */
  readonly unreadableProjects: number;
}
