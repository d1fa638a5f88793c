import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { explainNoMatch, listPage, listProjects, suggestFilters } from '../../src/application/list-projects.ts';
import type { IndexPage } from '../../src/application/project-store.ts';
import { sweep } from '../../src/application/sweep.ts';
import { countProjects } from '../../src/domain/attention.ts';
import { emptyFilter, type ListFilter, parseListFilter } from '../../src/domain/list-filter.ts';
import { projectStates, totalCount } from '../../src/domain/project-state.ts';
import { firingAlert } from '../support/example-alerts.ts';
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
const listByUrgency = (filter = emptyFilter) =>
  services.context.projects.listByUrgency({
    attention: filter.attention ? 'only' : 'any',
    states: filter.states,
    from: 0,
    limit: 100,
  });
const filterOf = (text: string): ListFilter => {
  const parsed = parseListFilter(text);
  if (parsed.kind === 'unknown') throw new Error(`unknown ${parsed.value}`);
  return parsed.filter;
};
const page = (text: string, number = 0, size = 10) =>
  listPage(services.context, { filter: filterOf(text), page: number, size });

/** Makes an alert of this kind fire, as the observer does. */
async function fire(id: string, kind: 'no_worker' | 'latency'): Promise<void> {
  const version = (await services.context.projects.readVersion(id)) ?? 0;
  const { alert: after } = firingAlert(kind);
  const saved = await services.context.alerts.save(id, version, { kind, before: null, after, event: 'alert_firing' });
  expect(saved).toEqual({ kind: 'written' });
}

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
    const firstPage = await page('', 0, 3);
    expect(idsOf(firstPage.projects)).toEqual(['rests', 'a-runs', 'b-runs']);
    expect(firstPage.counts.states).toMatchObject({ paused: 1, running: 2, not_started: 1, failed: 0 });
    expect(idsOf((await page('', 1, 3)).projects)).toEqual(['new']);
  });

  it('is the last one when the requested page does not exist', async () => {
    await createProjects();
    expect(await page('', 9, 3)).toMatchObject({ page: 1 });
    expect(await page('prod', 9, 3)).toMatchObject({ page: 0 });
    expect(await page('paused', 9, 3)).toMatchObject({ page: 0 });
  });

  it('starts with the projects that need attention, and counts them by their cause', async () => {
    await createProjects();
    await fire('b-runs', 'latency');
    await fire('new', 'no_worker');
    const { projects, counts } = await page('');
    expect(idsOf(projects)).toEqual(['new', 'b-runs', 'rests', 'a-runs']);
    expect(counts.attention).toMatchObject({ no_worker: 1, latency: 1, failed: 0 });
    expect(await listByUrgency()).toMatchObject({ kind: 'page' });
    const attention = await page('attention running');
    expect(idsOf(attention.projects)).toEqual(['b-runs']);
    expect(totalCount(attention.counts.states)).toBe(1);
  });

  it('follows an alert that begins and ends in the urgency index', async () => {
    await createProjects();
    await fire('b-runs', 'latency');
    expect(idsOf(pageOf(await listByUrgency(filterOf('attention'))))).toEqual(['b-runs']);
    const { alert: before } = firingAlert('latency');
    const { since, seq, changedAt, version, condition } = before;
    const after = { state: 'resolved', since, seq, changedAt, version, condition } as const;
    const change = { kind: 'latency', before, after, event: 'alert_resolved' } as const;
    await services.context.alerts.save('b-runs', (await services.context.projects.readVersion('b-runs')) ?? 0, change);
    expect(idsOf(pageOf(await listByUrgency(filterOf('attention'))))).toEqual([]);
  });

  it.each([
    ['Running', ['a-runs', 'b-runs']],
    ['not_started', ['new']],
    [' Not Started ', ['new']],
    ['failed', []],
    ['prod', ['a-runs']],
    ['runs', ['a-runs', 'b-runs']],
    ['running paused', ['rests', 'a-runs', 'b-runs']],
    ['running label:prod', ['a-runs']],
    ['attention', []],
    ['alert:no-worker', []],
  ])('contains the projects that match the filter %j', async (filter, ids) => {
    await createProjects();
    const { projects, counts } = await page(filter);
    expect(idsOf(projects)).toEqual(ids);
    expect(totalCount(counts.states)).toBe(ids.length);
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
    expect(await projects.remove('new', 1, 'cli:test')).toMatchObject({ kind: 'written' });
    expect(idsOf(pageOf(await listByUrgency()))).toEqual(['b-runs', 'a-runs', 'rests']);
  });

  it('from the index equals a slice of all projects, whatever their states', async () => {
    const project = fc.record({
      id: fc.stringMatching(/^p[a-z0-9_-]{0,5}$/),
      state: fc.constantFrom('running' as const, 'paused' as const, 'not_started' as const),
      alerts: fc.subarray(['no_worker' as const, 'latency' as const]),
    });
    const projects = fc.uniqueArray(project, { selector: ({ id }) => id, maxLength: 12 });
    const filter = fc.constantFrom('', 'attention', 'running', 'paused not_started', 'attention paused running');
    await fc.assert(
      fc.asyncProperty(
        projects,
        filter,
        fc.nat(3),
        fc.integer({ min: 1, max: 5 }),
        async (made, text, number, size) => {
          await services.redis.flushall();
          for (const { id, state, alerts } of made) {
            await services.context.projects.save(makeDefinition(id), { state, watermarks: {} }, 'cli:test');
            for (const kind of alerts) await fire(id, kind);
          }
          const all = await listProjects(services.context, filterOf(text));
          const listed = await page(text, number, size);
          expect(idsOf(listed.projects)).toEqual(idsOf(all.slice(listed.page * size, (listed.page + 1) * size)));
          expect(listed.counts).toEqual(countProjects(all));
          expect(await listByUrgency(filterOf(text))).toMatchObject({ kind: 'page' });
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('an urgency index that a crash left wrong', () => {
  const corruptions: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['a project with the score of an older state', () => services.redis.zadd(keys.urgencyIndex, 1_000, 'a-runs')],
    [
      'the scores of an earlier version',
      () => services.redis.zadd(keys.urgencyIndex, 4, 'rests', 5, 'a-runs', 5, 'b-runs', 6, 'new'),
    ],
    ['a score of an earlier version on another page', () => services.redis.zadd(keys.urgencyIndex, 6, 'new')],
    ['a project that is missing', () => services.redis.zrem(keys.urgencyIndex, 'rests')],
    ['a project that does not exist', () => services.redis.zadd(keys.urgencyIndex, 5, 'gone')],
    ['no entry at all', () => services.redis.del(keys.urgencyIndex)],
  ];

  it.each(corruptions)('with %s does not change the list, and the sweep repairs it', async (_what, corrupt) => {
    await createProjects();
    await corrupt();
    const { projects } = await page('');
    expect(idsOf(projects)).toEqual(['rests', 'a-runs', 'b-runs', 'new']);
    expect(await listByUrgency()).toEqual({ kind: 'outdated' });
    await sweep(services.context);
    expect(idsOf(pageOf(await listByUrgency()))).toEqual(['rests', 'a-runs', 'b-runs', 'new']);
  });

  it('does not list a project under its former state', async () => {
    await createProjects();
    await services.redis.hset(keys.project('a-runs').state, 'state', 'failed');
    const { projects } = await page('running');
    expect(idsOf(projects)).toEqual(['b-runs']);
  });

  it('does not count a project whose removal was interrupted', async () => {
    await createProjects();
    expect(await services.context.projects.remove('rests', 1, 'cli:test')).toMatchObject({ kind: 'written' });
    await services.redis.sadd(keys.projects, 'rests');
    await services.redis.zadd(keys.urgencyIndex, 1_124, 'rests');
    await sweep(services.context);
    const { projects, counts } = await page('', 1, 2);
    expect(idsOf(projects)).toEqual(['new']);
    expect(counts.states.paused).toBe(0);
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
    const { projects, counts } = await page('');
    expect(projects).toHaveLength(4);
    expect(projectStates.reduce((sum, state) => sum + counts.states[state], 0)).toBe(4);
  });
});

describe('an empty page', () => {
  const explain = async (text: string) => explainNoMatch(services.context, filterOf(text));

  it('is explained by what no project matches', async () => {
    expect(await explain('')).toEqual({ kind: 'no_projects' });
    await createProjects();
    expect(await explain('failed')).toEqual({ kind: 'none' });
    expect(await explain('failed label:prod')).toEqual({ kind: 'none' });
    expect(await explain('rests label:prod')).toEqual({ kind: 'no_combination' });
    expect(await explain('running label:prd')).toEqual({
      kind: 'unknown_label',
      text: 'prd',
      similar: ['running label:prod'],
    });
    expect(await explain('label:other')).toMatchObject({ kind: 'unknown_label', similar: ['label:prod'] });
  });

  it.each<[string, readonly string[]]>([
    ['pausd', ['paused']],
    ['not_startd', ['not-started']],
    ['atention', ['attention']],
    ['prd', ['label:prod']],
    ['rest', ['rests']],
    ['restz label:prod', ['label:prod rests']],
    ['xyzzy', []],
  ])('suggests what %j was probably meant to be: %j', async (text, similar) => {
    await createProjects();
    const word = text.split(' ')[0];
    // A part of a name matches.
    if (word === 'rest') expect(idsOf((await page('rest')).projects)).toEqual(similar);
    else expect(await explain(text)).toEqual({ kind: 'unknown_word', text: word, similar });
  });

  it.each([
    ['alert', 'no-wroker', ['alert:no-worker']],
    ['state', 'faild', ['failed']],
    ['alert', 'xyzzy', []],
  ] as const)('suggests a %s that is similar to %j: %j', (key, value, similar) => {
    expect(suggestFilters({ key, value })).toEqual(similar);
  });
});

describe('the labels of all projects', () => {
  const listLabels = (limit = 100) => services.context.projects.listLabels(limit);

  it('are known when a project is saved, and ordered by the number of projects after a sweep', async () => {
    await createProjects();
    await services.createProject('c-runs', link, { labels: ['dev', 'prod'] });
    expect(await listLabels()).toEqual(['dev', 'prod']);
    await sweep(services.context);
    expect(await listLabels()).toEqual(['prod', 'dev']);
    expect(await listLabels(1)).toEqual(['prod']);
  });

  it('are without those of removed projects after a sweep, and complete although none was recorded', async () => {
    await createProjects();
    await services.redis.del(keys.labels);
    await services.redis.zadd(keys.labels, -3, 'gone');
    await sweep(services.context);
    expect(await listLabels()).toEqual(['prod']);
  });

  it('are those of a changed definition', async () => {
    await createProjects();
    const definition = makeDefinition('rests', {
      links: [{ queue: 'full', connection: 'default', prefix: 'bull' }],
      labels: ['new'],
    });
    const update = { expectedVersion: (await services.context.projects.readVersion('rests')) ?? 0, added: [] };
    expect(await services.context.projects.save(definition, update, 'cli:test')).toMatchObject({ kind: 'written' });
    expect(await listLabels()).toEqual(['new', 'prod']);
  });
});
