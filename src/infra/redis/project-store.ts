import { z } from 'zod';
import { idleExecutionPrefix } from '../../application/operation-store.ts';
import type { ProjectStore } from '../../application/project-store.ts';
import { linkId } from '../../domain/link.ts';
import { type ProjectId, projectIdSchema } from '../../domain/project.ts';
import { toChunks } from '../../lib/async.ts';
import type { RedisClient } from './client.ts';
import { installationsKey, type Keys } from './keys.ts';
import type { LabelIndex } from './label-index.ts';
import type { ProjectIndex } from './project-index.ts';
import { readProject, type SkipUnreadable, serializeAlert, skippedField, watermarkFields } from './records.ts';
import { jsonReply } from './scripts.ts';
import { sendCommands } from './send-commands.ts';
import { defineStep, type StepRunner, writeReply } from './steps.ts';

const readBatchSize = 500;
/** An audit entry names at most this many links. */
const maxAuditedLinks = 20;

const conflict = z.strictObject({ kind: z.literal('conflict') });
const createProjectStep = defineStep('create-project', writeReply);
const updateProjectStep = defineStep('update-project', writeReply);
const removeProjectStep = defineStep('remove-project', replyWithOperationToNotify('written'));
const setWatermarksStep = defineStep('set-watermarks', writeReply);
const endSkipStep = defineStep('end-skip', writeReply);
const scheduleCorrectionStep = defineStep('schedule-correction', writeReply);
const countTimerAttemptStep = defineStep('count-timer-attempt', writeReply);
const stopTimerStep = defineStep('stop-timer', writeReply);
const moveDeadlineStep = defineStep('move-deadline', replyWithOperationToNotify('written'));
const markFailedStep = defineStep('mark-failed', replyWithOperationToNotify('failed'));
const markReconciledStep = defineStep('mark-reconciled', replyWithOperationToNotify('reconciled'));

type ProjectReads = Pick<ProjectStore, 'listIds' | 'read' | 'readMany' | 'readManyOrUnreadable' | 'readVersion'>;

export interface ProjectStoreOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly runStep: StepRunner;
  readonly index: ProjectIndex;
  readonly labels: LabelIndex;
  readonly reads: ProjectReads;
}

export function createProjectStore(options: ProjectStoreOptions): ProjectStore {
  const { client, keys, runStep, index, labels, reads } = options;
  return {
    ...reads,
    listByUrgency: index.listByUrgency,
    repairIndex: index.repairIndex,
    listLabels: labels.listLabels,
    repairLabels: labels.repairLabels,
    async save(definition, stateOrUpdate, by) {
      const args = { project: definition.id, definition: JSON.stringify(definition), by };
      if ('expectedVersion' in stateOrUpdate) {
        const { expectedVersion, added } = stateOrUpdate;
        const result = await runStep(updateProjectStep, { ...args, expectedVersion, addedLinks: added });
        if (result.kind === 'written') await labels.add(definition.labels);
        return result;
      }
      const { state, watermarks } = stateOrUpdate;
      await sendCommands(client, (redis) => redis.sadd(installationsKey, keys.prefix));
      // The id comes first: readers skip an id without a project, but nothing would find a project without its id.
      await sendCommands(client, (redis) => redis.sadd(keys.projects, definition.id));
      const result = await runStep(createProjectStep, { ...args, state, watermarks: watermarkFields(watermarks) });
      if (result.kind === 'written') {
        await Promise.all([index.update({ id: definition.id, state, alerts: {} }), labels.add(definition.labels)]);
      }
      return result;
    },
    async remove(id, expectedVersion, by) {
      // The id comes first: without it nothing would find the audit log of the project.
      await sendCommands(client, (redis) => redis.sadd(keys.removedProjects, id));
      const result = await runStep(removeProjectStep, { project: id, expectedVersion, by });
      if (result.kind === 'conflict') return result;
      await Promise.all([sendCommands(client, (redis) => redis.srem(keys.projects, id)), index.remove(id)]);
      return result;
    },
    async markFailed(id, expectedVersion, { failure, by, oldestUnprocessedAt }) {
      const cause = failure.kind === 'task_failed' ? failure.reason : null;
      const args = { project: id, expectedVersion, failure: JSON.stringify(failure), by, oldestUnprocessedAt };
      const result = await runStep(markFailedStep, { ...args, cause });
      if (result.kind === 'failed') void index.update({ id, state: 'failed', alerts: {} });
      return result;
    },
    markReconciled: (id, expectedVersion, pendingLinks) =>
      runStep(markReconciledStep, { project: id, expectedVersion, pendingLinks: JSON.stringify(pendingLinks) }),
    setWatermarks: (id, expectedVersion, watermarks) =>
      runStep(setWatermarksStep, { project: id, expectedVersion, watermarks: watermarkFields(watermarks) }),
    countTimerAttempt: (id, { deadline: { at, attempts }, nextAttemptAt, code }) =>
      runStep(countTimerAttemptStep, { project: id, deadline: at, attempts, nextAttemptAt, code }),
    stopTimer: (id, expectedVersion, { deadline, by, change }) =>
      runStep(stopTimerStep, {
        project: id,
        expectedVersion,
        deadline: deadline.at,
        by,
        changedBy: change?.by ?? null,
        changedAt: change?.at ?? null,
      }),
    async moveDeadline(id, { expected, after, keptPaused, change, event, alert }) {
      const result = await runStep(moveDeadlineStep, {
        project: id,
        expected,
        after: after === null ? null : JSON.stringify(after),
        keptPaused: keptPaused === null ? null : JSON.stringify(keptPaused),
        change: JSON.stringify(change),
        until: change.until,
        by: change.by,
        event,
        alertBefore: alert === null ? null : serializeAlert(alert.before),
        alertAfter: alert === null ? null : serializeAlert(alert.after),
      });
      if (result.kind === 'written' && alert !== null) await index.refresh(id);
      return result;
    },
    endSkip: (id, expectedVersion, tasks) =>
      runStep(endSkipStep, {
        project: id,
        expectedVersion,
        fields: tasks.map(skippedField),
        tasks: JSON.stringify(tasks.map(({ link, taskId, at }) => ({ link, taskId, at }))),
      }),
    scheduleCorrection: (id, expectedVersion, { links, cause }) =>
      runStep(scheduleCorrectionStep, {
        project: id,
        expectedVersion,
        linkIds: JSON.stringify(links.map(linkId)),
        links: JSON.stringify(links.slice(0, maxAuditedLinks)),
        cause,
        idlePrefix: idleExecutionPrefix,
      }),
  };
}

/** The methods that only read. The project index uses them too. */
export function createProjectReads({
  client,
  keys,
  skipUnreadable,
}: Pick<ProjectStoreOptions, 'client' | 'keys'> & { readonly skipUnreadable: SkipUnreadable }): ProjectReads {
  async function read(id: ProjectId) {
    const projectKeys = keys.project(id);
    const [state, definition] = await sendCommands(client, (redis) =>
      Promise.all([redis.hgetall(projectKeys.state), redis.get(projectKeys.definition)]),
    );
    return readProject(id, state, definition);
  }
  async function readManyOrUnreadable(ids: readonly ProjectId[]) {
    const projects = [];
    const unreadable = [];
    for (const chunk of toChunks(ids, readBatchSize)) {
      const readings = chunk.map((id) =>
        skipUnreadable(
          id,
          read(id).then((project) => ({ project })),
        ),
      );
      for (const [index, reading] of (await Promise.all(readings)).entries()) {
        if (reading === null) unreadable.push(...chunk.slice(index, index + 1));
        else if (reading.project !== null) projects.push(reading.project);
      }
    }
    return { projects, unreadable };
  }
  return {
    read,
    readManyOrUnreadable,
    async listIds() {
      const ids = await sendCommands(client, (redis) => redis.smembers(keys.projects));
      return ids.filter((id) => projectIdSchema.safeParse(id).success).sort();
    },
    readMany: async (ids) => (await readManyOrUnreadable(ids)).projects,
    async readVersion(id) {
      const version = await sendCommands(client, (redis) => redis.hget(keys.project(id).state, 'version'));
      return version === null ? null : Number(version);
    },
  };
}

function replyWithOperationToNotify<Kind extends 'failed' | 'reconciled' | 'written'>(kind: Kind) {
  return jsonReply(
    z.union([z.strictObject({ kind: z.literal(kind), operationToNotify: z.string().nullable() }), conflict]),
  );
}
