import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listPage, listProjects } from '../../src/application/list.ts';
import { sweep } from '../../src/application/sweep.ts';
import { projectStates } from '../../src/domain/project.ts';
import { totalOf } from '../../src/domain/state-counts.ts';
import { orderKey, projectKeys, projectsKey } from '../../src/infra/redis/keys.ts';
import { definitionOf } from '../support/definition.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;

beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const link = [{ link: { queue: 'full', connection: 'default', prefix: 'bull' } }];
const idsOf = (projects: readonly { readonly id: string }[]) => projects.map(({ id }) => id);
const ordered = (state: 'running' | null = null) => world.deps.store.ordered({ state, from: 0, limit: 100 });

async function seed(): Promise<void> {
  await world.project('b-runs', link, { state: 'running' });
  await world.project('a-runs', link, { state: 'running', labels: ['prod'] });
  await world.project('stands', link, { state: 'paused' });
  await world.project('fresh', link, { state: 'not_started' });
}

describe('a page of the list', () => {
  it('is the worst first, then by id, with how many there are of each state', async () => {
    await seed();
    const first = await listPage(world.deps, { filter: '', page: 0, size: 3 });
    expect(idsOf(first.projects)).toEqual(['stands', 'a-runs', 'b-runs']);
    expect(first.counts).toMatchObject({ paused: 1, running: 2, not_started: 1, failed: 0 });
    expect(idsOf((await listPage(world.deps, { filter: '', page: 1, size: 3 })).projects)).toEqual(['fresh']);
  });

  it('that does not exist is the last one', async () => {
    await seed();
    expect(await listPage(world.deps, { filter: '', page: 9, size: 3 })).toMatchObject({ page: 1 });
    expect(await listPage(world.deps, { filter: 'prod', page: 9, size: 3 })).toMatchObject({ page: 0 });
    expect(await listPage(world.deps, { filter: 'paused', page: 9, size: 3 })).toMatchObject({ page: 0 });
  });

  it.each([
    ['Running', ['a-runs', 'b-runs']],
    ['not_started', ['fresh']],
    [' Not Started ', ['fresh']],
    ['failed', []],
    ['prod', ['a-runs']],
    ['runs', ['a-runs', 'b-runs']],
  ])('of %j', async (filter, ids) => {
    await seed();
    const { projects, counts } = await listPage(world.deps, { filter, page: 0, size: 10 });
    expect(idsOf(projects)).toEqual(ids);
    expect(totalOf(counts)).toBe(ids.length);
  });

  it('follows every change of a state, and reads no more than the page for it', async () => {
    await seed();
    const { store } = world.deps;
    const version = (await store.version('b-runs')) ?? 0;
    const failure = { link: { queue: 'q', connection: 'default', prefix: 'bull' }, taskId: '1', reason: 'no', at: 1 };
    await store.fail('b-runs', version, { failure, by: 'syncbot', logFrom: null });
    expect(idsOf((await ordered())?.projects ?? [])).toEqual(['b-runs', 'stands', 'a-runs', 'fresh']);
    await store.claim(await world.act('a-runs', 'pause'), 'run');
    expect(idsOf((await ordered())?.projects ?? [])).toEqual(['b-runs', 'a-runs', 'stands', 'fresh']);
    expect(await store.remove('fresh', 1, 'cli:test')).toBe(true);
    expect(idsOf((await ordered())?.projects ?? [])).toEqual(['b-runs', 'a-runs', 'stands']);
  });

  it('equals a page of all of them, whatever the states', async () => {
    const put = (id: string, state: 'running' | 'paused' | 'not_started') =>
      world.deps.store.put(definitionOf(id), { state, watermarks: {} }, 'cli:test');
    const project = fc.tuple(
      fc.stringMatching(/^p[a-z0-9_-]{0,5}$/),
      fc.constantFrom('running' as const, 'paused' as const, 'not_started' as const),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(project, { maxLength: 12 }),
        fc.nat(3),
        fc.integer({ min: 1, max: 5 }),
        async (some, page, size) => {
          await world.redis.flushall();
          for (const [id, state] of some) await put(id, state);
          const all = await listProjects(world.deps, '');
          const got = await listPage(world.deps, { filter: '', page, size });
          expect(idsOf(got.projects)).toEqual(idsOf(all.slice(got.page * size, (got.page + 1) * size)));
          expect(await ordered()).not.toBeNull();
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('an order that a crash left behind', () => {
  const wrong: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['a project at the place of an older state', () => world.redis.zadd(orderKey, 0, 'a-runs')],
    ['a project that it lacks', () => world.redis.zrem(orderKey, 'stands')],
    ['a project that is none', () => world.redis.zadd(orderKey, 5, 'gone')],
    ['all of them', () => world.redis.del(orderKey)],
  ];

  it.each(wrong)('%s: the list is true all the same, and the sweep mends it', async (_what, break_) => {
    await seed();
    await break_();
    const { projects } = await listPage(world.deps, { filter: '', page: 0, size: 10 });
    expect(idsOf(projects)).toEqual(['stands', 'a-runs', 'b-runs', 'fresh']);
    expect(await ordered()).toBeNull();
    await sweep(world.deps);
    expect(idsOf((await ordered())?.projects ?? [])).toEqual(['stands', 'a-runs', 'b-runs', 'fresh']);
  });

  it('of a state: who is not in it any more is not listed', async () => {
    await seed();
    await world.redis.hset(projectKeys('a-runs').state, 'state', 'failed');
    const { projects } = await listPage(world.deps, { filter: 'running', page: 0, size: 10 });
    expect(idsOf(projects)).toEqual(['b-runs']);
  });

  it('with a project whose removal was cut short: it is counted nowhere', async () => {
    await seed();
    expect(await world.deps.store.remove('stands', 1, 'cli:test')).toBe(true);
    await world.redis.sadd(projectsKey, 'stands');
    await world.redis.zadd(orderKey, 4, 'stands');
    await sweep(world.deps);
    const { projects, counts } = await listPage(world.deps, { filter: '', page: 1, size: 2 });
    expect(idsOf(projects)).toEqual(['fresh']);
    expect(counts.paused).toBe(0);
    expect(await ordered()).not.toBeNull();
  });

  it('with a record that cannot be read: a page still costs what a page costs', async () => {
    await seed();
    await world.redis.hset(projectKeys('stands').state, 'v', '99');
    await sweep(world.deps);
    expect(idsOf((await ordered())?.projects ?? [])).toEqual(['a-runs', 'b-runs', 'fresh']);
  });

  it('with an id that never became a project: everything is still listed', async () => {
    await seed();
    await world.redis.sadd(projectsKey, 'half-made');
    const { projects, counts } = await listPage(world.deps, { filter: '', page: 0, size: 10 });
    expect(projects).toHaveLength(4);
    expect(projectStates.reduce((sum, state) => sum + counts[state], 0)).toBe(4);
  });
});
