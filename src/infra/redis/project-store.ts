import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { chunksOf } from '../../application/chunks.ts';
import type { ProjectStore } from '../../application/store.ts';
import { type Alert, alertSchema } from '../../domain/alert.ts';
import { linkId, type ProjectId, projectIdSchema } from '../../domain/project.ts';
import { alertToldScript, noteAlertScript, refusedScript } from './alert-scripts.ts';
import { call, run } from './call.ts';
import type { RedisClient } from './connect.ts';
import { createHistoryStore } from './history-store.ts';
import { onceKey, projectKeys, projectsKey } from './keys.ts';
import { createOperationStore } from './operation-store.ts';
import { createProjectOrder, type ProjectOrder } from './project-order.ts';
import {
  convergedScript,
  correctScript,
  failScript,
  firstTimeScript,
  leaveScript,
  putScript,
  removeScript,
  watermarksScript,
} from './project-scripts.ts';
import { type LeaveOut, leaveOut, readProject, watermarkFields } from './records.ts';
import { type StepRunner, type StoreSettings, stepRunner } from './step.ts';

/**
 * The bot's records in Redis. Every method throws `StoreUnavailable` when Redis does not answer. Of many records
 * those that cannot be read are left out and told to `onBroken`; asked for one of them, it throws.
 */
export function createProjectStore(
  client: RedisClient,
  settings: StoreSettings,
  onBroken: (id: ProjectId, error: unknown) => void = () => {},
): ProjectStore {
  const step = stepRunner(client, settings);
  const orLeftOut = leaveOut(onBroken);
  const reads = reading(client, orLeftOut);
  const order = createProjectOrder(client, reads.readMany);
  return {
    ordered: order.ordered,
    mendOrder: order.mendOrder,
    ...reads,
    ...writing(client, step, order),
    ...createOperationStore({ client, step, order, orLeftOut }),
    ...createHistoryStore(client),
  };
}

const readAtOnce = 500;
/** A history names so many links of an entry. */
const toldLinks = 20;

function reading(client: RedisClient, orLeftOut: LeaveOut) {
  async function read(id: ProjectId) {
    const keys = projectKeys(id);
    const [state, definition] = await call(client, (redis) =>
      Promise.all([redis.hgetall(keys.state), redis.get(keys.definition)]),
    );
    return readProject(id, state, definition);
  }
  return {
    read,
    async ids() {
      const ids = await call(client, (redis) => redis.smembers(projectsKey));
      return ids.filter((id) => projectIdSchema.safeParse(id).success).sort();
    },
    async readMany(ids) {
      const projects = [];
      for (const chunk of chunksOf(ids, readAtOnce)) {
        projects.push(...(await Promise.all(chunk.map((id) => orLeftOut(id, read(id))))));
      }
      return projects.filter((project) => project !== null);
    },
    async version(id) {
      const version = await call(client, (redis) => redis.hget(projectKeys(id).state, 'version'));
      return version === null ? null : Number(version);
    },
    async firstTime(key, ttlMs) {
      // A lost reply is asked for again by the client: the token tells our own first try from somebody else's.
      const once = { keys: [onceKey(key)], args: [randomUUID(), ttlMs] };
      return (await call(client, (redis) => run(redis, firstTimeScript, once))) === 1;
    },
    async now() {
      const [seconds, microseconds] = await call(client, (redis) => redis.time());
      return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
    },
  } satisfies Partial<ProjectStore>;
}

/** Null: refused. Else the operation that has news to tell now, if there is one. */
const newsReply = z
  .string()
  .nullable()
  .transform((id) => (id === null ? null : { operation: id === '' ? null : id }));

/** Always with its fields in the same order: the script compares texts. */
function noted(alert: Alert): string {
  return JSON.stringify(alertSchema.parse(alert));
}

function writing(client: RedisClient, step: StepRunner, order: ProjectOrder) {
  return {
    async put(definition, first, by) {
      const isNew = 'state' in first;
      const own = isNew
        ? [first.state, '', by, '[]', ...watermarkFields(first.watermarks)]
        : ['', first.expectedVersion, by, JSON.stringify(first.added)];
      // The id first: one without a project is passed over, a project without its id would never be seen again.
      if (isNew) await call(client, (redis) => redis.sadd(projectsKey, definition.id));
      const isPut = (await step(definition.id, putScript, [JSON.stringify(definition), ...own])) === 1;
      if (isNew && isPut) await order.place(definition.id, first.state);
      return isPut;
    },
    async remove(id, expectedVersion, by) {
      if ((await step(id, removeScript, [expectedVersion, by, id])) !== 1) return false;
      await Promise.all([call(client, (redis) => redis.srem(projectsKey, id)), order.drop(id)]);
      return true;
    },
    async fail(id, expectedVersion, { failure, by, logFrom }) {
      const args = [expectedVersion, JSON.stringify(failure), by, logFrom ?? ''];
      const news = newsReply.parse(await step(id, failScript, args));
      if (news === null) return { kind: 'moved' };
      void order.place(id, 'failed');
      return { kind: 'failed', toTell: news.operation };
    },
    async markConverged(id, version, awaited) {
      const news = newsReply.parse(await step(id, convergedScript, [version, JSON.stringify(awaited)]));
      return news === null ? { kind: 'moved' } : { kind: 'converged', toTell: news.operation };
    },
    async setWatermarks(id, expectedVersion, watermarks) {
      return (await step(id, watermarksScript, [expectedVersion, ...watermarkFields(watermarks)])) === 1;
    },
    async correct(id, expectedVersion, { links, cause }) {
      const args = [
        expectedVersion,
        JSON.stringify(links.slice(0, toldLinks)),
        cause,
        JSON.stringify(links.map(linkId)),
      ];
      return (await step(id, correctScript, args)) === 1;
    },
    async noteAlert(id, expectedVersion, { kind, before, after, event }) {
      const args = [expectedVersion, kind, before === null ? '' : noted(before), noted(after), event ?? ''];
      return (await step(id, noteAlertScript, args)) === 1;
    },
    async alertTold(id, kind, told, isNew) {
      await step(id, alertToldScript, [kind, JSON.stringify(told), isNew ? '1' : '0']);
    },
    async refused(id, { by, action, reason, origin, channel, refusal }) {
      const texts = { by, action, origin, reason: reason ?? '', channel: channel ?? '', code: refusal.code };
      await step(id, refusedScript, [JSON.stringify({ ...texts, refusal: JSON.stringify(refusal) })]);
    },
    async leave(id, run) {
      await step(id, leaveScript, [run]);
    },
  } satisfies Partial<ProjectStore>;
}
