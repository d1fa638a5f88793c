import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { ProjectStore } from '../../application/store.ts';
import { type Alert, alertSchema } from '../../domain/alert.ts';
import { linkId, type ProjectId, projectIdSchema } from '../../domain/project.ts';
import { toChunks } from '../../lib/async.ts';
import { markAlertNotifiedScript, recordRefusalScript, saveAlertScript } from './alert-scripts.ts';
import { createAuditLog } from './audit-log.ts';
import type { RedisClient } from './connection.ts';
import { dedupeKey, projectKeys, projectsKey } from './keys.ts';
import { createOperationStore } from './operation-store.ts';
import { createProjectIndex, type ProjectIndex } from './project-index.ts';
import {
  claimOnceScript,
  endExecutionScript,
  markFailedScript,
  markSyncedScript,
  removeScript,
  saveScript,
  scheduleCorrectionScript,
  watermarksScript,
} from './project-scripts.ts';
import { createSkipUnreadable, readProject, type SkipUnreadable, watermarkFields } from './records.ts';
import { createStepRunner, execute, runScript, type StepRunner, type StoreSettings } from './scripts.ts';

/**
 * The bot's records in Redis. Every method throws `StoreUnavailableError` when Redis does not answer. Of many records
 * those that cannot be read are left out and told to `onBroken`; asked for one of them, it throws.
 */
export function createProjectStore(
  client: RedisClient,
  settings: StoreSettings,
  onUnreadable: (id: ProjectId, error: unknown) => void = () => {},
): ProjectStore {
  const runStep = createStepRunner(client, settings);
  const skipUnreadable = createSkipUnreadable(onUnreadable);
  const reads = createReads(client, skipUnreadable);
  const index = createProjectIndex(client, reads.readMany);
  return {
    listByUrgency: index.listByUrgency,
    repairIndex: index.repairIndex,
    ...reads,
    ...createWrites(client, runStep, index),
    ...createOperationStore({ client, runStep, index, skipUnreadable }),
    ...createAuditLog(client),
  };
}

const readBatchSize = 500;
/** A history names so many links of an entry. */
const maxAuditedLinks = 20;

function createReads(client: RedisClient, orLeftOut: SkipUnreadable) {
  async function read(id: ProjectId) {
    const keys = projectKeys(id);
    const [state, definition] = await execute(client, (redis) =>
      Promise.all([redis.hgetall(keys.state), redis.get(keys.definition)]),
    );
    return readProject(id, state, definition);
  }
  return {
    read,
    async listIds() {
      const ids = await execute(client, (redis) => redis.smembers(projectsKey));
      return ids.filter((id) => projectIdSchema.safeParse(id).success).sort();
    },
    async readMany(ids) {
      const projects = [];
      for (const chunk of toChunks(ids, readBatchSize)) {
        projects.push(...(await Promise.all(chunk.map((id) => orLeftOut(id, read(id))))));
      }
      return projects.filter((project) => project !== null);
    },
    async readVersion(id) {
      const version = await execute(client, (redis) => redis.hget(projectKeys(id).state, 'version'));
      return version === null ? null : Number(version);
    },
    async claimOnce(key, ttlMs) {
      // A lost reply is asked for again by the client: the token tells our own first try from somebody else's.
      const once = { keys: [dedupeKey(key)], args: [randomUUID(), ttlMs] };
      return (await execute(client, (redis) => runScript(redis, claimOnceScript, once))) === 1;
    },
    async now() {
      const [seconds, microseconds] = await execute(client, (redis) => redis.time());
      return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
    },
  } satisfies Partial<ProjectStore>;
}

/** Null: refused. Else the operation that has news to tell now, if there is one. */
const notifyReply = z
  .string()
  .nullable()
  .transform((id) => (id === null ? null : { operation: id === '' ? null : id }));

/** Always with its fields in the same order: the script compares texts. */
function serializeAlert(alert: Alert): string {
  return JSON.stringify(alertSchema.parse(alert));
}

function createWrites(client: RedisClient, step: StepRunner, order: ProjectIndex) {
  return {
    async save(definition, first, by) {
      const isNew = 'state' in first;
      const own = isNew
        ? [first.state, '', by, '[]', ...watermarkFields(first.watermarks)]
        : ['', first.expectedVersion, by, JSON.stringify(first.added)];
      // The id first: one without a project is passed over, a project without its id would never be seen again.
      if (isNew) await execute(client, (redis) => redis.sadd(projectsKey, definition.id));
      const isPut = (await step(definition.id, saveScript, [JSON.stringify(definition), ...own])) === 1;
      if (isNew && isPut) await order.update(definition.id, first.state);
      return isPut;
    },
    async remove(id, expectedVersion, by) {
      if ((await step(id, removeScript, [expectedVersion, by, id])) !== 1) return false;
      await Promise.all([execute(client, (redis) => redis.srem(projectsKey, id)), order.remove(id)]);
      return true;
    },
    async markFailed(id, expectedVersion, { failure, by, oldestUnprocessedAt }) {
      const args = [expectedVersion, JSON.stringify(failure), by, oldestUnprocessedAt ?? ''];
      const news = notifyReply.parse(await step(id, markFailedScript, args));
      if (news === null) return { kind: 'moved' };
      void order.update(id, 'failed');
      return { kind: 'failed', operationToNotify: news.operation };
    },
    async markSynced(id, version, pendingLinks) {
      const news = notifyReply.parse(await step(id, markSyncedScript, [version, JSON.stringify(pendingLinks)]));
      return news === null ? { kind: 'moved' } : { kind: 'converged', operationToNotify: news.operation };
    },
    async setWatermarks(id, expectedVersion, watermarks) {
      return (await step(id, watermarksScript, [expectedVersion, ...watermarkFields(watermarks)])) === 1;
    },
    async scheduleCorrection(id, expectedVersion, { links, cause }) {
      const args = [
        expectedVersion,
        JSON.stringify(links.slice(0, maxAuditedLinks)),
        cause,
        JSON.stringify(links.map(linkId)),
      ];
      return (await step(id, scheduleCorrectionScript, args)) === 1;
    },
    async saveAlert(id, expectedVersion, { kind, before, after, event }) {
      const args = [
        expectedVersion,
        kind,
        before === null ? '' : serializeAlert(before),
        serializeAlert(after),
        event ?? '',
      ];
      return (await step(id, saveAlertScript, args)) === 1;
    },
    async markAlertNotified(id, kind, told, isNew) {
      await step(id, markAlertNotifiedScript, [kind, JSON.stringify(told), isNew ? '1' : '0']);
    },
    async recordRefusal(id, { by, action, reason, origin, channel, refusal }) {
      const texts = { by, action, origin, reason: reason ?? '', channel: channel ?? '', code: refusal.code };
      await step(id, recordRefusalScript, [JSON.stringify({ ...texts, refusal: JSON.stringify(refusal) })]);
    },
    async endExecution(id, run) {
      await step(id, endExecutionScript, [run]);
    },
  } satisfies Partial<ProjectStore>;
}
