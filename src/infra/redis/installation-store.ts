import { StoreRefusedError } from '../../application/errors.ts';
import type { InstallationStore } from '../../application/stores.ts';
import { defaultKeyPrefix, keyPrefixPattern, type OtherSyncbot } from '../../domain/installation.ts';
import type { RedisClient } from './client.ts';
import { createKeys, installationsKey, type Keys } from './keys.ts';
import { createProjectReads } from './project-store.ts';
import type { SkipUnreadable } from './records.ts';
import { sendCommands } from './send-commands.ts';

export interface InstallationStoreOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly skipUnreadable: SkipUnreadable;
}

/** Which syncbots use this Redis. A syncbot is registered when a project is saved. */
export function createInstallationStore({ client, keys, skipUnreadable }: InstallationStoreOptions): InstallationStore {
  const readOther = async (prefix: string, isRegistered: boolean): Promise<OtherSyncbot[]> => {
    const reads = createProjectReads({ client, keys: createKeys(prefix), skipUnreadable });
    try {
      const { projects, unreadable } = await reads.readManyOrUnreadable(await reads.listIds());
      if (projects.length + unreadable.length === 0) return [];
      const definitions = projects.map(({ definition }) => definition);
      return [{ prefix, projects: definitions, unreadableProjects: unreadable.length }];
    } catch (error) {
      if (!(error instanceof StoreRefusedError)) throw error;
      return isRegistered ? [{ prefix, projects: null, unreadableProjects: 0 }] : [];
    }
  };
  return {
    async listOthers() {
      const registered = await sendCommands(client, (redis) => redis.smembers(installationsKey));
      // Versions without SYNCBOT_PREFIX did not register.
      const prefixes = [...new Set([defaultKeyPrefix, ...registered])].sort();
      const others = prefixes.filter((prefix) => prefix !== keys.prefix && keyPrefixPattern.test(prefix));
      return (await Promise.all(others.map((prefix) => readOther(prefix, registered.includes(prefix))))).flat();
    },
  };
}
