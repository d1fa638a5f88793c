import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listPage, listProjects } from '../../src/application/list-projects.ts';
import type { IndexPage } from '../../src/application/stores.ts';
import { sweep } from '../../src/application/sweep.ts';
import { projectStates, totalCount } from '../../src/domain/state.ts';
import { projectKeys, projectsKey, urgencyIndexKey } from '../../src/infra/redis/keys.ts';
import { makeDefinition } from '../support/project-definition.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';

let services: TestServices;

beforeEach(async () => {
  services = await startTestServices();
});
afterEach(() => services[Symbol.asyncDispose]());

const link = [{ link: { queue: 'full', connection: 'default', prefix: 'bull' } }];
const idsOf = (projects: readonly { readonly id: string }[]) => projects.map(({ id }) => id);
const listByUrgency = (state: 'running' | null = null) =>
  services.deps.projects.listByUrgency({ state, from: 0, limit: 100 });

async function createProjects(): Promise<void> {
  await services.createProject('b-runs', link, { state: 'running' });
  await services.createProject('a-runs', link, { state: 'running', labels: ['prod'] });
  await services.createProject('stands', link, { state: 'paused' });
  await services.createProject('fresh', link, { state: 'not_started' });
}

/** The projects of a page; none when the index is outdated. */
const pageOf = (page: IndexPage) => (page.kind === 'page' ? page.projects : []);

describe('a page of the list', () => {
  it('is the worst first, then by id, with how many there are of each state', async () => {
    await createProjects();
    const firstPage = await listPage(services.deps, { filter: '', page: 0, size: 3 });
    expect(idsOf(firstPage.projects)).toEqual(['stands', 'a-runs', 'b-runs']);
    expect(firstPage.counts).toMatchObject({ paused: 1, running: 2, not_started: 1, failed: 0 });
    expect(idsOf((await listPage(services.deps, { filter: '', page: 1, size: 3 })).projects)).toEqual(['fresh']);
  });

  it('that does not exist is the last one', async () => {
    await createProjects();
    expect(await listPage(services.deps, { filter: '', page: 9, size: 3 })).toMatchObject({ page: 1 });
    expect(await listPage(services.deps, { filter: 'prod', page: 9, size: 3 })).toMatchObject({ page: 0 });
    expect(await listPage(services.deps, { filter: 'paused', page: 9, size: 3 })).toMatchObject({ page: 0 });
  });

  it.each([
    ['Running', ['a-runs', 'b-runs']],
    ['not_started', ['fresh']],
    [' Not Started ', ['fresh']],
    ['failed', []],
    ['prod', ['a-runs']],
    ['runs', ['a-runs', 'b-runs']],
  ])('of %j', async (filter, ids) => {
    await createProjects();
    const { projects, counts } = await listPage(services.deps, { filter, page: 0, size: 10 });
    expect(idsOf(projects)).toEqual(ids);
    expect(totalCount(counts)).toBe(ids.length);
  });

  it('follows every change of a state, and reads no more than the page for it', async () => {
    await createProjects();
    const { projects, operations } = services.deps;
    const version = (await projects.readVersion('b-runs')) ?? 0;
    const failure = {
      kind: 'task_failed',
      link: { queue: 'q', connection: 'default', prefix: 'bull' },
      taskId: '1',
      reason: 'no',
      at: 1,
    } as const;
    await projects.markFailed('b-runs', version, { failure, by: 'syncbot', oldestUnprocessedAt: null });
    expect(idsOf(pageOf(await listByUrgency()))).toEqual(['b-runs', 'stands', 'a-runs', 'fresh']);
    await operations.claim(await services.requestAndConfirm('a-runs', 'pause'), 'run');
    expect(idsOf(pageOf(await listByUrgency()))).toEqual(['b-runs', 'a-runs', 'stands', 'fresh']);
    expect(await projects.remove('fresh', 1, 'cli:test')).toEqual({ kind: 'written' });
    expect(idsOf(pageOf(await listByUrgency()))).toEqual(['b-runs', 'a-runs', 'stands']);
  });

  it('equals a page of all of them, whatever the states', async () => {
    const createProject = (id: string, state: 'running' | 'paused' | 'not_started') =>
      services.deps.projects.save(makeDefinition(id), { state, watermarks: {} }, 'cli:test');
    const project = fc.tuple(
      fc.stringMatching(/^p[a-z0-9_-]{0,5}$/),
      fc.constantFrom('running' as const, 'paused' as const, 'not_started' as const),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(project, { maxLength: 12 }),
        fc.nat(3),
        fc.integer({ min: 1, max: 5 }),
        async (projects, page, size) => {
          await services.redis.flushall();
          for (const [id, state] of projects) await createProject(id, state);
          const allProjects = await listProjects(services.deps, '');
          const listed = await listPage(services.deps, { filter: '', page, size });
          expect(idsOf(listed.projects)).toEqual(
            idsOf(allProjects.slice(listed.page * size, (listed.page + 1) * size)),
          );
          expect(await listByUrgency()).not.toBeNull();
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('an order that a crash left behind', () => {
  const corruptions: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['a project at the place of an older state', () => services.redis.zadd(urgencyIndexKey, 0, 'a-runs')],
    ['a project that it lacks', () => services.redis.zrem(urgencyIndexKey, 'stands')],
    ['a project that is none', () => services.redis.zadd(urgencyIndexKey, 5, 'gone')],
    ['all of them', () => services.redis.del(urgencyIndexKey)],
  ];

  it.each(corruptions)('%s: the list is true all the same, and the sweep mends it', async (_what, corrupt) => {
    await createProjects();
    await corrupt();
    const { projects } = await listPage(services.deps, { filter: '', page: 0, size: 10 });
    expect(idsOf(projects)).toEqual(['stands', 'a-runs', 'b-runs', 'fresh']);
    expect(await listByUrgency()).toEqual({ kind: 'outdated' });
    await sweep(services.deps);
    expect(idsOf(pageOf(await listByUrgency()))).toEqual(['stands', 'a-runs', 'b-runs', 'fresh']);
  });

  it('of a state: who is not in it any more is not listed', async () => {
    await createProjects();
    await services.redis.hset(projectKeys('a-runs').state, 'state', 'failed');
    const { projects } = await listPage(services.deps, { filter: 'running', page: 0, size: 10 });
    expect(idsOf(projects)).toEqual(['b-runs']);
  });

  it('with a project whose removal was cut short: it is counted nowhere', async () => {
    await createProjects();
    expect(await services.deps.projects.remove('stands', 1, 'cli:test')).toEqual({ kind: 'written' });
    await services.redis.sadd(projectsKey, 'stands');
    await services.redis.zadd(urgencyIndexKey, 4, 'stands');
    await sweep(services.deps);
    const { projects, counts } = await listPage(services.deps, { filter: '', page: 1, size: 2 });
    expect(idsOf(projects)).toEqual(['fresh']);
    expect(counts.paused).toBe(0);
    expect(await listByUrgency()).not.toBeNull();
  });

  it('with a record that cannot be read: a page still costs what a page costs', async () => {
    await createProjects();
    await services.redis.hset(projectKeys('stands').state, 'v', '99');
    await sweep(services.deps);
    expect(idsOf(pageOf(await listByUrgency()))).toEqual(['a-runs', 'b-runs', 'fresh']);
  });

  it('with an id that never became a project: everything is still listed', async () => {
    await createProjects();
    await services.redis.sadd(projectsKey, 'half-made');
    const { projects, counts } = await listPage(services.deps, { filter: '', page: 0, size: 10 });
    expect(projects).toHaveLength(4);
    expect(projectStates.reduce((sum, state) => sum + counts[state], 0)).toBe(4);
  });
});
