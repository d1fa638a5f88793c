import type { ProjectStore } from '../../application/store.ts';
import { urgency } from '../../domain/lifecycle.ts';
import { type Project, type ProjectId, type ProjectState, projectStates } from '../../domain/project.ts';
import { stateCounts } from '../../domain/state-counts.ts';
import { call } from './call.ts';
import type { RedisClient } from './connect.ts';
import { orderKey, projectsKey } from './keys.ts';

/**
 * The order of the list: ids by the urgency of their state, then by id, which is how Redis sorts equal scores. It lies in
 * another slot than the projects, so it follows them: whoever moves a state writes it right after, and the sweep mends what
 * a crash left behind. What it says is checked against the projects themselves.
 */
export interface ProjectOrder extends Pick<ProjectStore, 'ordered' | 'mendOrder'> {
  /** Never throws: what is lost here is found by the sweep. */
  place(id: ProjectId, state: ProjectState): Promise<void>;
  /** Never throws. */
  drop(id: ProjectId): Promise<void>;
}

/** The place of ids without a project that can be read: they are counted nowhere, and no page shows them. */
const unreadable = 100;

export function createProjectOrder(client: RedisClient, readMany: ProjectStore['readMany']): ProjectOrder {
  const put = (id: ProjectId, state: ProjectState) => call(client, (redis) => redis.zadd(orderKey, urgency[state], id));
  return {
    place: (id, state) => quietly(put(id, state)),
    drop: (id) => quietly(call(client, (redis) => redis.zrem(orderKey, id))),
    async ordered({ state, from, limit }) {
      const [least, most] = state === null ? [0, unreadable - 1] : [urgency[state], urgency[state]];
      const [known, placed, counts, page] = await call(client, (redis) =>
        Promise.all([
          redis.scard(projectsKey),
          redis.zcard(orderKey),
          Promise.all(projectStates.map((each) => redis.zcount(orderKey, urgency[each], urgency[each]))),
          redis.zrangebyscore(orderKey, least, most, 'WITHSCORES', 'LIMIT', from, limit),
        ]),
      );
      const scores = pairs(page);
      const projects = await readMany([...scores.keys()]);
      const isTrue =
        projects.length === scores.size && projects.every((one) => scores.get(one.id) === urgency[one.state]);
      if (known !== placed || !isTrue) return null;
      const countOf = (state: ProjectState) => counts[projectStates.indexOf(state)] ?? 0;
      return { counts: stateCounts(countOf), projects };
    },
    async mendOrder(ids, projects) {
      const [known, placed, scores] = await call(client, (redis) =>
        Promise.all([
          redis.scard(projectsKey),
          redis.zcard(orderKey),
          Promise.all(ids.map((id) => redis.zscore(orderKey, id))),
        ]),
      );
      const placeOf = placesOf(projects);
      const wrong = ids.filter((id, index) => Number(scores[index] ?? Number.NaN) !== placeOf(id));
      if (wrong.length > 0) {
        // Read again: whoever moved one in between has placed it.
        const placeNow = placesOf(await readMany(wrong));
        const places = wrong.flatMap((id) => [placeNow(id), id]);
        await call(client, (redis) => redis.zadd(orderKey, ...places));
      }
      if (placed > known) await dropStrangers(client);
    },
  };
}

/** Where the ids of a look belong: behind all others when there is no project to them that can be read. */
function placesOf(projects: readonly Project[]): (id: ProjectId) => number {
  const states = new Map(projects.map(({ id, state }) => [id, state]));
  return (id) => {
    const state = states.get(id);
    return state === undefined ? unreadable : urgency[state];
  };
}

/** Removed by somebody who could not say so here. */
async function dropStrangers(client: RedisClient): Promise<void> {
  const [ids, placed] = await call(client, (redis) =>
    Promise.all([redis.smembers(projectsKey), redis.zrange(orderKey, 0, '-1')]),
  );
  const known = new Set(ids);
  const strangers = placed.filter((id) => !known.has(id));
  if (strangers.length > 0) await call(client, (redis) => redis.zrem(orderKey, ...strangers));
}

/** Ids with their scores, as Redis lists them. */
function pairs(flat: readonly string[]): Map<ProjectId, number> {
  const scores = new Map<ProjectId, number>();
  for (let index = 0; index + 1 < flat.length; index += 2) scores.set(String(flat[index]), Number(flat[index + 1]));
  return scores;
}

async function quietly(work: Promise<unknown>): Promise<void> {
  await work.catch(() => {});
}
