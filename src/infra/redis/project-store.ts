import { z } from 'zod';
import type { ProjectStore } from '../../application/stores.ts';
import { linkId } from '../../domain/link.ts';
import { type ProjectId, projectIdSchema } from '../../domain/project.ts';
import { toChunks } from '../../lib/async.ts';
import type { RedisClient } from './connection.ts';
import { projectKeys, projectsKey } from './keys.ts';
import type { ProjectIndex } from './project-index.ts';
import {
  markFailedScript,
  markSyncedScript,
  removeScript,
  saveScript,
  scheduleCorrectionScript,
  watermarksScript,
} from './project-scripts.ts';
import { readProject, type SkipUnreadable, watermarkFields } from './records.ts';
import { execute, type StepRunner, toWriteResult } from './scripts.ts';

const readBatchSize = 500;
/** An audit entry names at most this many links. */
const maxAuditedLinks = 20;

type ProjectReads = Pick<ProjectStore, 'listIds' | 'read' | 'readMany' | 'readVersion'>;

export interface ProjectStoreOptions {
  readonly client: RedisClient;
  readonly runStep: StepRunner;
  readonly index: ProjectIndex;
  readonly reads: ProjectReads;
}

export function createProjectStore({ client, runStep, index, reads }: ProjectStoreOptions): ProjectStore {
  return {
    ...reads,
    listByUrgency: index.listByUrgency,
    repairIndex: index.repairIndex,
    async save(definition, stateOrUpdate, by) {
      const isNew = 'state' in stateOrUpdate;
      const own = isNew
        ? [stateOrUpdate.state, '', by, '[]', ...watermarkFields(stateOrUpdate.watermarks)]
        : ['', stateOrUpdate.expectedVersion, by, JSON.stringify(stateOrUpdate.added)];
      // The id first: one without a project is passed over, a project without its id would never be seen again.
      if (isNew) await execute(client, (redis) => redis.sadd(projectsKey, definition.id));
      const result = toWriteResult(await runStep(definition.id, saveScript, [JSON.stringify(definition), ...own]));
      if (isNew && result.kind === 'written') await index.update(definition.id, stateOrUpdate.state);
      return result;
    },
    async remove(id, expectedVersion, by) {
      const result = toWriteResult(await runStep(id, removeScript, [expectedVersion, by, id]));
      if (result.kind === 'conflict') return result;
      await Promise.all([execute(client, (redis) => redis.srem(projectsKey, id)), index.remove(id)]);
      return result;
    },
    async markFailed(id, expectedVersion, { failure, by, oldestUnprocessedAt }) {
      const args = [expectedVersion, JSON.stringify(failure), by, oldestUnprocessedAt ?? ''];
      const reply = notifyReply.parse(await runStep(id, markFailedScript, args));
      if (reply === null) return { kind: 'conflict' };
      void index.update(id, 'failed');
      return { kind: 'failed', operationToNotify: reply.operation };
    },
    async markSynced(id, version, pendingLinks) {
      const reply = notifyReply.parse(await runStep(id, markSyncedScript, [version, JSON.stringify(pendingLinks)]));
      return reply === null ? { kind: 'conflict' } : { kind: 'synced', operationToNotify: reply.operation };
    },
    async setWatermarks(id, expectedVersion, watermarks) {
      return toWriteResult(await runStep(id, watermarksScript, [expectedVersion, ...watermarkFields(watermarks)]));
    },
    async scheduleCorrection(id, expectedVersion, { links, cause }) {
      const args = [
        expectedVersion,
        JSON.stringify(links.slice(0, maxAuditedLinks)),
        cause,
        JSON.stringify(links.map(linkId)),
      ];
      return toWriteResult(await runStep(id, scheduleCorrectionScript, args));
    },
  };
}

/** The reading half of the store. The index needs it as well. */
export function createProjectReads(client: RedisClient, skipUnreadable: SkipUnreadable): ProjectReads {
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
        projects.push(...(await Promise.all(chunk.map((id) => skipUnreadable(id, read(id))))));
      }
      return projects.filter((project) => project !== null);
    },
    async readVersion(id) {
      const version = await execute(client, (redis) => redis.hget(projectKeys(id).state, 'version'));
      return version === null ? null : Number(version);
    },
  };
}

/** The script returns false for a conflict, else the operation to notify, empty when there is none. */
const notifyReply = z
  .string()
  .nullable()
  .transform((id) => (id === null ? null : { operation: id === '' ? null : id }));
