import type { ProjectStore } from '../../application/stores.ts';
import type { Project, ProjectId } from '../../domain/project.ts';
import { countsByState, type ProjectState, projectStates, urgency } from '../../domain/project-state.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { sendCommands } from './send-commands.ts';

/**
 * The urgency index: project ids, sorted by the urgency of their state and then by id (the order of Redis for equal scores).
 * It is in another slot than the projects, so no step can update it. The stores update it right after a step, and the sweep
 * repairs what a crash left outdated. A reader compares it with the projects.
 */
export interface ProjectIndex extends Pick<ProjectStore, 'listByUrgency' | 'repairIndex'> {
  /** Never throws. The sweep repairs a lost update. */
  update(id: ProjectId, state: ProjectState): Promise<void>;
  /** Never throws. */
  remove(id: ProjectId): Promise<void>;
}

/** The score of an id whose project cannot be read. It is not counted, and no page shows it. */
const unreadableScore = 100;

export interface ProjectIndexOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly readMany: ProjectStore['readMany'];
}

export function createProjectIndex({ client, keys, readMany }: ProjectIndexOptions): ProjectIndex {
  const setScore = (id: ProjectId, state: ProjectState) =>
    sendCommands(client, (redis) => redis.zadd(keys.urgencyIndex, urgency[state], id));
  return {
    update: (id, state) => ignoreErrors(setScore(id, state)),
    remove: (id) => ignoreErrors(sendCommands(client, (redis) => redis.zrem(keys.urgencyIndex, id))),
    async listByUrgency({ state, from, limit }) {
      const [lowest, highest] = state === null ? [0, unreadableScore - 1] : [urgency[state], urgency[state]];
      const [idCount, indexedCount, counts, page] = await sendCommands(client, (redis) =>
        Promise.all([
          redis.scard(keys.projects),
          redis.zcard(keys.urgencyIndex),
          Promise.all(projectStates.map((each) => redis.zcount(keys.urgencyIndex, urgency[each], urgency[each]))),
          redis.zrangebyscore(keys.urgencyIndex, lowest, highest, 'WITHSCORES', 'LIMIT', from, limit),
        ]),
      );
      const scores = parseScores(page);
      const projects = await readMany([...scores.keys()]);
      const isUpToDate =
        idCount === indexedCount &&
        projects.length === scores.size &&
        projects.every((project) => scores.get(project.id) === urgency[project.state]);
      if (!isUpToDate) return { kind: 'outdated' };
      const countOf = (state: ProjectState) => counts[projectStates.indexOf(state)] ?? 0;
      return { kind: 'page', counts: countsByState(countOf), projects };
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

/** The right score of each id. */
function scoresOf(projects: readonly Project[]): (id: ProjectId) => number {
  const states = new Map(projects.map(({ id, state }) => [id, state]));
  return (id) => {
    const state = states.get(id);
    return state === undefined ? unreadableScore : urgency[state];
  };
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

/** Redis lists ids with their scores: id, score, id, score. */
function parseScores(flat: readonly string[]): Map<ProjectId, number> {
  const scores = new Map<ProjectId, number>();
  for (let index = 0; index + 1 < flat.length; index += 2) scores.set(String(flat[index]), Number(flat[index + 1]));
  return scores;
}

async function ignoreErrors(work: Promise<unknown>): Promise<void> {
  await work.catch(() => {});
}
