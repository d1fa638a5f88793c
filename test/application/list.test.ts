import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listPage, listProjects } from '../../src/application/queries.ts';
import type { IndexPage } from '../../src/application/stores.ts';
import { sweep } from '../../src/application/sweep.ts';
import { projectStates, totalCount } from '../../src/domain/project-state.ts';
import { keys } from '../support/keys.ts';
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
  services.context.projects.listByUrgency({ state, from: 0, limit: 100 });

async function createProjects(): Promise<void> {
  await services.createProject('b-runs', link, { state: 'running' });
  await services.createProject('a-runs', link, { state: 'running', labels: ['prod'] });
  await services.createProject('rests', link, { state: 'paused' });
  await services.createProject('new', link, { state: 'not_started' });
}

/** Empty if the index is outdated. */
const pageOf = (page: IndexPage) => (page.kind === 'page' ? page.projects : []);

describe('a page of the list', () => {
  it('starts with the most urgent state, then is ordered by id, and counts the projects of each state', async () => {
    await createProjects();
    const firstPage = await listPage(services.context, { filter: '', page: 0, size: 3 });
    expect(idsOf(firstPage.projects)).toEqual(['rests', 'a-runs', 'b-runs']);
    expect(firstPage.counts).toMatchObject({ paused: 1, running: 2, not_started: 1, failed: 0 });
    expect(idsOf((await listPage(services.context, { filter: '', page: 1, size: 3 })).projects)).toEqual(['new']);
  });

  it('is the last one when the requested page does not exist', async () => {
    await createProjects();
    expect(await listPage(services.context, { filter: '', page: 9, size: 3 })).toMatchObject({ page: 1 });
    expect(await listPage(services.context, { filter: 'prod', page: 9, size: 3 })).toMatchObject({ page: 0 });
    expect(await listPage(services.context, { filter: 'paused', page: 9, size: 3 })).toMatchObject({ page: 0 });
  });

  it.each([
    ['Running', ['a-runs', 'b-runs']],
    ['not_started', ['new']],
    [' Not Started ', ['new']],
    ['failed', []],
    ['prod', ['a-runs']],
    ['runs', ['a-runs', 'b-runs']],
  ])('contains the projects that match the filter %j', async (filter, ids) => {
    await createProjects();
    const { projects, counts } = await listPage(services.context, { filter, page: 0, size: 10 });
    expect(idsOf(projects)).toEqual(ids);
    expect(totalCount(counts)).toBe(ids.length);
  });

  it('follows every change of a state in the urgency index', async () => {
    await createProjects();
    const { projects, operations } = services.context;
    const version = (await projects.readVersion('b-runs')) ?? 0;
    const failure = {
      kind: 'task_failed',
      link: { queue: 'q', connection: 'default', prefix: 'bull' },
      taskId: '1',
      reason: 'no',
      at: 1,
    } as const;
    await projects.markFailed('b-runs', version, { failure, by: 'syncbot', oldestUnprocessedAt: null });
    expect(idsOf(pageOf(await listByUrgency()))).toEqual(['b-runs', 'rests', 'a-runs', 'new']);
    await operations.claim(await services.requestAndConfirm('a-runs', 'pause'), 'run');
    expect(idsOf(pageOf(await listByUrgency()))).toEqual(['b-runs', 'a-runs', 'rests', 'new']);
    expect(await projects.remove('new', 1, 'cli:test')).toEqual({ kind: 'written' });
    expect(idsOf(pageOf(await listByUrgency()))).toEqual(['b-runs', 'a-runs', 'rests']);
  });

  it('from the index equals a slice of all projects, whatever their states', async () => {
    const createProject = (id: string, state: 'running' | 'paused' | 'not_started') =>
      services.context.projects.save(makeDefinition(id), { state, watermarks: {} }, 'cli:test');
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
          const allProjects = await listProjects(services.context, '');
          const listed = await listPage(services.context, { filter: '', page, size });
          expect(idsOf(listed.projects)).toEqual(
            idsOf(allProjects.slice(listed.page * size, (listed.page + 1) * size)),
          );
          expect(await listByUrgency()).toMatchObject({ kind: 'page' });
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('an urgency index that a crash left wrong', () => {
  const corruptions: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['a project with the score of an older state', () => services.redis.zadd(keys.urgencyIndex, 0, 'a-runs')],
    ['a project that is missing', () => services.redis.zrem(keys.urgencyIndex, 'rests')],
    ['a project that does not exist', () => services.redis.zadd(keys.urgencyIndex, 5, 'gone')],
    ['no entry at all', () => services.redis.del(keys.urgencyIndex)],
  ];

  it.each(corruptions)('with %s does not change the list, and the sweep repairs it', async (_what, corrupt) => {
    await createProjects();
    await corrupt();
    const { projects } = await listPage(services.context, { filter: '', page: 0, size: 10 });
    expect(idsOf(projects)).toEqual(['rests', 'a-runs', 'b-runs', 'new']);
    expect(await listByUrgency()).toEqual({ kind: 'outdated' });
    await sweep(services.context);
    expect(idsOf(pageOf(await listByUrgency()))).toEqual(['rests', 'a-runs', 'b-runs', 'new']);
  });

  it('does not list a project under its former state', async () => {
    await createProjects();
    await services.redis.hset(keys.project('a-runs').state, 'state', 'failed');
    const { projects } = await listPage(services.context, { filter: 'running', page: 0, size: 10 });
    expect(idsOf(projects)).toEqual(['b-runs']);
  });

  it('does not count a project whose removal was interrupted', async () => {
    await createProjects();
    expect(await services.context.projects.remove('rests', 1, 'cli:test')).toEqual({ kind: 'written' });
    await services.redis.sadd(keys.projects, 'rests');
    await services.redis.zadd(keys.urgencyIndex, 4, 'rests');
    await sweep(services.context);
    const { projects, counts } = await listPage(services.context, { filter: '', page: 1, size: 2 });
    expect(idsOf(projects)).toEqual(['new']);
    expect(counts.paused).toBe(0);
    expect(await listByUrgency()).toMatchObject({ kind: 'page' });
  });

  it('serves pages without a project whose record cannot be read', async () => {
    await createProjects();
    await services.redis.hset(keys.project('rests').state, 'v', '99');
    await sweep(services.context);
    expect(idsOf(pageOf(await listByUrgency()))).toEqual(['a-runs', 'b-runs', 'new']);
  });

  it('lists all projects although an id has no project', async () => {
    await createProjects();
    await services.redis.sadd(keys.projects, 'incomplete');
    const { projects, counts } = await listPage(services.context, { filter: '', page: 0, size: 10 });
    expect(projects).toHaveLength(4);
    expect(projectStates.reduce((sum, state) => sum + counts[state], 0)).toBe(4);
  });
});
