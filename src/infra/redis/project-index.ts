import type { IndexQuery, ProjectStore } from '../../application/project-store.ts';
import {
  countsByCause,
  type ProjectCounts,
  type UrgencyLevel,
  urgencyLevels,
  urgencyOf,
} from '../../domain/attention.ts';
import type { Project, ProjectId } from '../../domain/project.ts';
import { countsByState } from '../../domain/project-state.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { sendCommands } from './send-commands.ts';

/**
 * The urgency index: project ids, sorted by urgency (`domain/attention.ts`) and then by id (the order of Redis for equal
 * scores). It is in another slot than the projects, so no step can update it. The stores update it right after a step, and the
 * sweep repairs what a crash, or an earlier version of syncbot, left outdated. A reader compares it with the projects.
 */
export interface ProjectIndex extends Pick<ProjectStore, 'listByUrgency' | 'repairIndex'> {
  /** Never throws. The sweep repairs a lost update. */
  update(project: Pick<Project, 'id' | 'state' | 'alerts'>): Promise<void>;
  /** Reads the project, and updates its score. Never throws. */
  refresh(id: ProjectId): Promise<void>;
  /** Never throws. */
  remove(id: ProjectId): Promise<void>;
}

/** The score of an id whose project cannot be read. It is not counted, and no page shows it. */
const unreadableScore = 1_000_000;

export interface ProjectIndexOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly readMany: ProjectStore['readMany'];
}

export function createProjectIndex({ client, keys, readMany }: ProjectIndexOptions): ProjectIndex {
  const update: ProjectIndex['update'] = (project) =>
    ignoreErrors(sendCommands(client, (redis) => redis.zadd(keys.urgencyIndex, urgencyOf(project), project.id)));
  return {
    update,
    refresh: (id) => ignoreErrors(readMany([id]).then((projects) => Promise.all(projects.map(update)))),
    remove: (id) => ignoreErrors(sendCommands(client, (redis) => redis.zrem(keys.urgencyIndex, id))),
    async listByUrgency(query) {
      const [idCount, indexedCount, unreadableCount, levelCounts] = await sendCommands(client, (redis) =>
        Promise.all([
          redis.scard(keys.projects),
          redis.zcard(keys.urgencyIndex),
          redis.zcount(keys.urgencyIndex, unreadableScore, unreadableScore),
          Promise.all(urgencyLevels.map(({ urgency }) => redis.zcount(keys.urgencyIndex, urgency, nextLevel(urgency)))),
        ]),
      );
      const levels = urgencyLevels.map((level, index) => ({ ...level, count: levelCounts[index] ?? 0 }));
      const listed = levels.filter((level) => matchesQuery(level, query));
      const slices = sliceLevels(listed, query);
      const ids = await sendCommands(client, (redis) =>
        Promise.all(
          slices.map(({ urgency, from, count }) =>
            redis.zrangebyscore(keys.urgencyIndex, urgency, nextLevel(urgency), 'LIMIT', from, count),
          ),
        ),
      );
      const levelOf = new Map(
        slices.flatMap(({ urgency }, index) => (ids[index] ?? []).map((id) => [id, urgency] as const)),
      );
      const projects = await readMany([...levelOf.keys()]);
      const scoredCount = levels.reduce((sum, { count }) => sum + count, unreadableCount);
      const isUpToDate =
        idCount === indexedCount &&
        indexedCount === scoredCount &&
        projects.length === slices.reduce((sum, { count }) => sum + count, 0) &&
        projects.every((project) => levelOf.get(project.id) === Math.floor(urgencyOf(project)));
      return isUpToDate ? { kind: 'page', counts: countLevels(listed), projects } : { kind: 'outdated' };
    },
    async repairIndex(ids, projects) {
      const [idCount, indexedCount, scores] = await sendCommands(client, (redis) =>
        Promise.all([
          redis.scard(keys.projects),
          redis.zcard(keys.urgencyIndex),
          Promise.all(ids.map((id) => redis.zscore(keys.urgencyIndex, id))),
        ]),
      );
      const scoreOf = scoresOf(projects);
      const outdated = ids.filter((id, index) => Number(scores[index] ?? Number.NaN) !== scoreOf(id));
      if (outdated.length > 0) {
        // Read again: another process may have changed a project and its score since.
        const currentScore = scoresOf(await readMany(outdated));
        const members = outdated.flatMap((id) => [currentScore(id), id]);
        await sendCommands(client, (redis) => redis.zadd(keys.urgencyIndex, ...members));
      }
      if (indexedCount > idCount) await removeOrphans(client, keys);
    },
  };
}

/** The end of a level, without its own score. */
function nextLevel(urgency: number): string {
  return `(${urgency + 1}`;
}

interface CountedLevel extends UrgencyLevel {
  /** How many projects have this urgency. */
  readonly count: number;
}

function matchesQuery({ cause, state }: UrgencyLevel, { attention, states }: IndexQuery): boolean {
  const isListed = attention === 'any' || (cause !== null) === (attention === 'only');
  return isListed && (states.length === 0 || states.includes(state));
}

/** The part of each level that belongs to the page. */
function sliceLevels(
  levels: readonly CountedLevel[],
  { from, limit }: IndexQuery,
): { readonly urgency: number; readonly from: number; readonly count: number }[] {
  let before = 0;
  return levels.flatMap(({ urgency, count }) => {
    const start = Math.max(0, from - before);
    const end = Math.min(count, from + limit - before);
    before += count;
    return start < end ? [{ urgency, from: start, count: end - start }] : [];
  });
}

function countLevels(levels: readonly CountedLevel[]): ProjectCounts {
  const countWhere = (matches: (level: UrgencyLevel) => boolean) =>
    levels.reduce((sum, level) => sum + (matches(level) ? level.count : 0), 0);
  return {
    states: countsByState((state) => countWhere((level) => level.state === state)),
    attention: countsByCause((cause) => countWhere((level) => level.cause === cause)),
  };
}

/** The right score of each id. */
function scoresOf(projects: readonly Project[]): (id: ProjectId) => number {
  const scores = new Map(projects.map((project) => [project.id, urgencyOf(project)]));
  return (id) => scores.get(id) ?? unreadableScore;
}

/** Removes ids from the index whose project was removed by a process that crashed before it updated the index. */
async function removeOrphans(client: RedisClient, keys: Keys): Promise<void> {
  const [ids, indexed] = await sendCommands(client, (redis) =>
    Promise.all([redis.smembers(keys.projects), redis.zrange(keys.urgencyIndex, 0, '-1')]),
  );
  const existing = new Set(ids);
  const orphans = indexed.filter((id) => !existing.has(id));
  if (orphans.length > 0) await sendCommands(client, (redis) => redis.zrem(keys.urgencyIndex, ...orphans));
}

async function ignoreErrors(work: Promise<unknown>): Promise<void> {
  await work.catch(() => {});
}
