import type { ProjectStore } from '../../application/stores.ts';
import type { Project, ProjectId } from '../../domain/project.ts';
import { countsByState, type ProjectState, projectStates, urgency } from '../../domain/state.ts';
import type { RedisClient } from './connection.ts';
import { projectsKey, urgencyIndexKey } from './keys.ts';
import { execute } from './scripts.ts';

/**
 * The order of the list: ids by the urgency of their state, then by id, which is how Redis sorts equal scores. It lies in
 * another slot than the projects, so it follows them: whoever moves a state writes it right after, and the sweep mends what
 * a crash left behind. What it says is checked against the projects themselves.
 */
export interface ProjectIndex extends Pick<ProjectStore, 'listByUrgency' | 'repairIndex'> {
  /** Never throws: what is lost here is found by the sweep. */
  update(id: ProjectId, state: ProjectState): Promise<void>;
  /** Never throws. */
  remove(id: ProjectId): Promise<void>;
}

/** The place of ids without a project that can be read: they are counted nowhere, and no page shows them. */
const unreadableScore = 100;

export function createProjectIndex(client: RedisClient, readMany: ProjectStore['readMany']): ProjectIndex {
  const setScore = (id: ProjectId, state: ProjectState) =>
    execute(client, (redis) => redis.zadd(urgencyIndexKey, urgency[state], id));
  return {
    update: (id, state) => ignoreErrors(setScore(id, state)),
    remove: (id) => ignoreErrors(execute(client, (redis) => redis.zrem(urgencyIndexKey, id))),
    async listByUrgency({ state, from, limit }) {
      const [least, most] = state === null ? [0, unreadableScore - 1] : [urgency[state], urgency[state]];
      const [known, placed, counts, page] = await execute(client, (redis) =>
        Promise.all([
          redis.scard(projectsKey),
          redis.zcard(urgencyIndexKey),
          Promise.all(projectStates.map((each) => redis.zcount(urgencyIndexKey, urgency[each], urgency[each]))),
          redis.zrangebyscore(urgencyIndexKey, least, most, 'WITHSCORES', 'LIMIT', from, limit),
        ]),
      );
      const scores = parseScores(page);
      const projects = await readMany([...scores.keys()]);
      const isTrue =
        projects.length === scores.size && projects.every((one) => scores.get(one.id) === urgency[one.state]);
      if (known !== placed || !isTrue) return { kind: 'outdated' };
      const countOf = (state: ProjectState) => counts[projectStates.indexOf(state)] ?? 0;
      return { kind: 'page', counts: countsByState(countOf), projects };
    },
    async repairIndex(ids, projects) {
      const [known, placed, scores] = await execute(client, (redis) =>
        Promise.all([
          redis.scard(projectsKey),
          redis.zcard(urgencyIndexKey),
          Promise.all(ids.map((id) => redis.zscore(urgencyIndexKey, id))),
        ]),
      );
      const scoreOf = scoresOf(projects);
      const outdated = ids.filter((id, index) => Number(scores[index] ?? Number.NaN) !== scoreOf(id));
      if (outdated.length > 0) {
        // Read again: whoever moved one in between has placed it.
        const currentScore = scoresOf(await readMany(outdated));
        const members = outdated.flatMap((id) => [currentScore(id), id]);
        await execute(client, (redis) => redis.zadd(urgencyIndexKey, ...members));
      }
      if (placed > known) await removeOrphans(client);
    },
  };
}

/** Where the ids of a look belong: behind all others when there is no project to them that can be read. */
function scoresOf(projects: readonly Project[]): (id: ProjectId) => number {
  const states = new Map(projects.map(({ id, state }) => [id, state]));
  return (id) => {
    const state = states.get(id);
    return state === undefined ? unreadableScore : urgency[state];
  };
}

/** Removed by somebody who could not say so here. */
async function removeOrphans(client: RedisClient): Promise<void> {
  const [ids, placed] = await execute(client, (redis) =>
    Promise.all([redis.smembers(projectsKey), redis.zrange(urgencyIndexKey, 0, '-1')]),
  );
  const known = new Set(ids);
  const orphans = placed.filter((id) => !known.has(id));
  if (orphans.length > 0) await execute(client, (redis) => redis.zrem(urgencyIndexKey, ...orphans));
}

/** Ids with their scores, as Redis lists them. */
function parseScores(flat: readonly string[]): Map<ProjectId, number> {
  const scores = new Map<ProjectId, number>();
  for (let index = 0; index + 1 < flat.length; index += 2) scores.set(String(flat[index]), Number(flat[index + 1]));
  return scores;
}

async function ignoreErrors(work: Promise<unknown>): Promise<void> {
  await work.catch(() => {});
}
