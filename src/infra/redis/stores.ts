import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Deduplication, ServerClock, Stores } from '../../application/stores.ts';
import type { ProjectId } from '../../domain/project.ts';
import { createAlertGroupStore } from './alert-group-store.ts';
import { createAlertStore } from './alert-store.ts';
import { createAuditDeliveryStore } from './audit-delivery-store.ts';
import { createAuditLog } from './audit-log.ts';
import { createBatchStore } from './batch-store.ts';
import type { RedisClient } from './client.ts';
import { createConfigurationStore } from './configuration-store.ts';
import { createDigestStore } from './digest-store.ts';
import { createHomeStore } from './home-store.ts';
import { createInstallationStore } from './installation-store.ts';
import type { Keys } from './keys.ts';
import { createLabelIndex } from './label-index.ts';
import { createObservationStore } from './observation-store.ts';
import { createOperationIndex } from './operation-index.ts';
import { createOperationStore } from './operation-store.ts';
import { createProjectIndex } from './project-index.ts';
import { createProjectReads, createProjectStore } from './project-store.ts';
import { createSkipUnreadable } from './records.ts';
import { jsonReply, loadScript, runScript } from './scripts.ts';
import { sendCommands } from './send-commands.ts';
import { createStepRunner, type StoreSettings } from './steps.ts';
import { createTrendStore } from './trend-store.ts';

/**
 * The bot's records in Redis. A method that reads many records skips one that it cannot read and reports it to
 * `onUnreadable`; a method that reads one record throws instead.
 */
export function createStores(
  { client, keys }: { readonly client: RedisClient; readonly keys: Keys },
  settings: StoreSettings,
  onUnreadable: (id: ProjectId, error: unknown) => void = () => {},
): Stores {
  const runStep = createStepRunner({ client, keys }, settings);
  const skipUnreadable = createSkipUnreadable(onUnreadable);
  const reads = createProjectReads({ client, keys, skipUnreadable });
  const index = createProjectIndex({ client, keys, readMany: reads.readMany });
  return {
    projects: createProjectStore({ client, keys, runStep, index, labels: createLabelIndex({ client, keys }), reads }),
    operations: createOperationStore({
      client,
      keys,
      runStep,
      index,
      newest: createOperationIndex({ client, keys }),
      skipUnreadable,
    }),
    batches: createBatchStore({ client, keys, settings }),
    alerts: createAlertStore({ runStep, index }),
    alertGroups: createAlertGroupStore(client, keys),
    auditLog: createAuditLog({ client, keys, runStep }),
    auditDelivery: createAuditDeliveryStore(client, keys),
    observations: createObservationStore(client, keys),
    homes: createHomeStore(client, keys),
    digests: createDigestStore(client, keys),
    trends: createTrendStore({ client, keys, runStep }),
    installations: createInstallationStore({ client, keys, skipUnreadable }),
    configurations: createConfigurationStore(client, keys),
    deduplication: createDeduplication(client, keys),
    serverClock: createServerClock(client),
  };
}

const deduplicateScript = loadScript(new URL('lua/deduplicate.lua', import.meta.url));
const claimOnceReply = jsonReply(z.strictObject({ kind: z.enum(['first', 'repeated']) }));

function createDeduplication(client: RedisClient, keys: Keys): Deduplication {
  return {
    async claimOnce(key, ttlMs) {
      const call = { keys: [keys.dedupe(key)], args: [JSON.stringify({ token: randomUUID(), ttlMs })] };
      const reply = await sendCommands(client, (redis) => runScript(redis, deduplicateScript, call));
      return claimOnceReply.parse(reply).kind === 'first';
    },
  };
}

function createServerClock(client: RedisClient): ServerClock {
  return {
    async now() {
      const [seconds, microseconds] = await sendCommands(client, (redis) => redis.time());
      return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
    },
  };
}
