import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyPlan } from '../../src/application/apply-plan.ts';
import { readHome } from '../../src/application/home.ts';
import { isEmpty } from '../../src/application/plan.ts';
import { cliFormatter } from '../../src/cli/terminal-text.ts';
import { type Link, linkId } from '../../src/domain/link.ts';
import { applyRefusalText } from '../../src/messages/render.ts';
import { Services } from '../../src/services.ts';
import { missingLink } from '../infra/link-fixture.ts';
import { keys } from '../support/keys.ts';
import { endpointOf, startTestServices, type TestServices, testSettings } from '../support/test-services.ts';
import { appliedResult, createApplyFixture, desiredProject, processOneTask, queueNames } from './apply-fixture.ts';
import { overrideContext } from './context-overrides.ts';

let services: TestServices;
let fixture: ReturnType<typeof createApplyFixture>;
beforeEach(async () => {
  services = await startTestServices({ extraServers: ['other'] });
  fixture = createApplyFixture(services);
});
afterEach(() => services[Symbol.asyncDispose]());

const readProject = (id: string) => services.context.projects.read(id);

describe('a new project', () => {
  test('is Not Started, and its links are paused without a worker; tasks that only wait are allowed', async () => {
    const link = await services.createLink('orders');
    await link.queue.add('row', {});
    const planned = await fixture.planOrThrow(desiredProject('orders', [link]));
    expect(planned.create[0]?.initialState.state).toBe('not_started');
    expect(queueNames(planned.create[0]?.linksToPause ?? [])).toEqual(['orders']);
    expect(await fixture.applyPlanned(planned)).toEqual(appliedResult);
    expect(await link.queue.isPaused()).toBe(true);
    expect(await readProject('orders')).toMatchObject({
      state: 'not_started',
      by: 'cli:test',
      version: 1,
      reconciledVersion: 1,
    });
  });

  test('reports a queue that does not exist, and never creates it', async () => {
    const planned = await fixture.planOrThrow(desiredProject('orders', [{ link: missingLink }]));
    expect(queueNames(planned.create[0]?.missing ?? [])).toEqual(['ghost']);
    expect(planned.create[0]?.precheck).toContainEqual(
      expect.objectContaining({ check: 'queues_exist', result: 'fail' }),
    );
    expect(await fixture.applyPlanned(planned)).toEqual(appliedResult);
    expect(await services.redis.keys('bull:ghost:*')).toEqual([]);
  });

  test('is refused if a record of another version is stored under its id', async () => {
    const link = await services.createLink('orders');
    await services.createProject('orders', [link]);
    await services.redis.hset(keys.project('orders').state, 'v', '9');
    expect(await fixture.planRefusals(desiredProject('orders', [link]))).toEqual(['orders project_unreadable']);
    const other = await fixture.planOrThrow(desiredProject('users', [await services.createLink('users')]));
    expect(other.create.map(({ definition }) => definition.id)).toEqual(['users']);
    expect(other).toMatchObject({ kept: [], unreadable: ['orders'] });
    expect(await readHome(services.context, { projects: 10, labels: 10 })).toMatchObject({ unreadableProjects: 1 });
  });

  test('is created if an apply that was killed has stored only its id', async () => {
    const link = await services.createLink('orders');
    await services.redis.sadd(keys.projects, 'orders');
    const planned = await fixture.planOrThrow(desiredProject('orders', [link]));
    expect(planned.create.map(({ definition }) => definition.id)).toEqual(['orders']);
    expect(await readHome(services.context, { projects: 10, labels: 10 })).toMatchObject({ unreadableProjects: 0 });
    expect(await fixture.applyPlanned(planned)).toEqual(appliedResult);
  });

  test('is refused when a worker has processed tasks of a queue, and nothing is changed', async () => {
    const [fresh, used] = [await services.createLink('fresh'), await services.createLink('used')];
    await processOneTask(used, 'completed');
    expect(
      await fixture.planRefusals(
        desiredProject('orders', [fresh, used]),
        desiredProject('more', [{ link: missingLink }]),
      ),
    ).toEqual(['orders queue_used']);
    expect(await services.context.projects.listIds()).toEqual([]);
    expect(await fresh.queue.isPaused()).toBe(false);
  });

  test('is refused when its links do not answer', async () => {
    const unreachable = await services.createLink('away', 'other');
    await services.server('other').stop();
    expect(await fixture.planRefusals(desiredProject('orders', [unreachable]))).toEqual(['orders links_unreachable']);
  });
});

describe('adopt', () => {
  test('takes Running or Paused from the queues, and ignores tasks that failed before', async () => {
    const [running, paused] = [await services.createLink('running'), await services.createLink('paused')];
    await processOneTask(running, 'failed');
    await paused.queue.pause();
    const planned = await fixture.planOrThrow(
      desiredProject('runs', [running, { link: missingLink }], { adopt: true }),
      desiredProject('rests', [paused], { adopt: true }),
    );
    expect(planned.create.map(({ initialState, linksToPause }) => [initialState.state, linksToPause])).toEqual([
      ['running', []],
      ['paused', []],
    ]);
    expect(planned.create[0]?.precheck).toContainEqual(
      expect.objectContaining({ check: 'no_failed_task', result: 'pass' }),
    );
    expect(await fixture.applyPlanned(planned)).toEqual(appliedResult);
    expect(await running.queue.isPaused()).toBe(false);
    const [failed] = await running.queue.getFailed();
    expect((await readProject('runs'))?.watermarks[linkId(running.link)]).toMatchObject({
      at: failed?.finishedOn,
      known: [{ taskId: failed?.id, at: failed?.finishedOn }],
    });
  });

  test('is refused when some links run and some are paused, together with every other reason', async () => {
    const [one, two, used] = [
      await services.createLink('one'),
      await services.createLink('two'),
      await services.createLink('used'),
    ];
    await two.queue.pause();
    await processOneTask(used, 'completed');
    const result = await fixture.plan(
      desiredProject('mixed', [one, two], { adopt: true }),
      desiredProject('users', [used]),
    );
    const sentences =
      result.kind === 'refused' ? result.refusals.map((refusal) => applyRefusalText(refusal, cliFormatter)) : [];
    expect(sentences).toHaveLength(2);
    expect(sentences[0]).toContain('run (one), others are paused (two)');
    expect(await services.context.projects.listIds()).toEqual([]);
  });

  test('is ignored when the project has a record', async () => {
    const link = await services.createLink('orders');
    await fixture.apply(desiredProject('orders', [link]));
    expect(isEmpty(await fixture.planOrThrow(desiredProject('orders', [link], { adopt: true })))).toBe(true);
  });
});

describe('a second apply', () => {
  test('changes nothing', async () => {
    const link = await services.createLink('orders');
    await fixture.apply(desiredProject('orders', [link]));
    const again = await fixture.planOrThrow(desiredProject('orders', [link]));
    expect(again).toMatchObject({ create: [], update: [], remove: [], pauseAgain: [], unchanged: ['orders'] });
    expect((await readProject('orders'))?.version).toBe(1);
  });

  test('pauses the links that an interrupted apply left running', async () => {
    const link = await services.createLink('orders');
    const planned = await fixture.planOrThrow(desiredProject('orders', [link]));
    const crashing = overrideContext(services.context, {
      links: { setPaused: () => Promise.reject(new Error('killed')) },
    });
    await expect(applyPlan(crashing, { plan: planned, by: 'cli:test' })).rejects.toThrow('killed');
    expect(await link.queue.isPaused()).toBe(false);
    const again = await fixture.planOrThrow(desiredProject('orders', [link]));
    expect(again.pauseAgain.map(({ links }) => queueNames(links))).toEqual([['orders']]);
    expect(await fixture.applyPlanned(again)).toEqual(appliedResult);
    expect(await link.queue.isPaused()).toBe(true);
  });

  test('names the links that are not paused yet', async () => {
    const link = await services.createLink('orders');
    const planned = await fixture.planOrThrow(desiredProject('orders', [link]));
    let offsetMs = 0;
    const context = overrideContext(services.context, {
      clock: {
        ...services.context.clock,
        now: () => Date.now() + offsetMs,
        sleep: async (ms) => {
          offsetMs += ms;
        },
      },
      links: { setPaused: async (links) => links.map(() => 'unreachable' as const) },
    });
    const applied = await applyPlan(context, { plan: planned, by: 'cli:test' });
    expect(applied).toEqual({ kind: 'applied', notPaused: [link.link] });
  });

  test('stops when a project has changed since the plan, but accepts a project that was created with the same definition', async () => {
    const [one, two] = [await services.createLink('one'), await services.createLink('two')];
    await fixture.apply(desiredProject('first', [one]));
    const planned = await fixture.planOrThrow(
      desiredProject('first', [one], { description: 'new' }),
      desiredProject('second', [two]),
    );
    await fixture.apply(desiredProject('first', [one], { labels: ['changed'] }));
    expect(await fixture.applyPlanned(planned)).toEqual({
      kind: 'conflict',
      project: 'first',
      isConfigurationStored: false,
      written: [],
    });
    const latePlan = await fixture.planOrThrow(
      desiredProject('first', [one], { labels: ['changed'] }),
      desiredProject('second', [two]),
    );
    await fixture.apply(desiredProject('first', [one], { labels: ['changed'] }), desiredProject('second', [two]));
    expect(await fixture.applyPlanned(latePlan)).toEqual(appliedResult);
  });
});

describe('two connections to one Redis', () => {
  /** Services whose connection `mirror` leads to their own Redis at another address. */
  function startMirroredServices(database = '') {
    const mirror = endpointOf(`${services.proxy.url}${database}`);
    const config = { redis: endpointOf(services.url), connections: { mirror }, settings: testSettings };
    return new Services(config, pino({ level: 'silent' }));
  }
  const mirrorOf = (link: Link) => ({ link: { ...link, connection: 'mirror' } });

  test('cannot bring one queue into two projects, or into one project twice, and nothing is changed', async () => {
    await using mirrored = startMirroredServices();
    const { planRefusals } = createApplyFixture(mirrored);
    const orders = await services.createLink('orders');
    const projects = [
      desiredProject('orders', [orders], { adopt: true }),
      desiredProject('copies', [mirrorOf(orders.link)]),
    ];
    expect(await planRefusals(...projects)).toEqual(['copies queue_shared']);
    expect(await planRefusals(desiredProject('twice', [orders, mirrorOf(orders.link)], { adopt: true }))).toEqual([
      'twice queue_shared',
    ]);
    expect(await orders.queue.isPaused()).toBe(false);
    expect(await readProject('orders')).toBeNull();
  });

  test('may have different queues, and the same name in another database', async () => {
    await using mirrored = startMirroredServices();
    await using inOtherDatabase = startMirroredServices('/1');
    const [orders, users] = [await services.createLink('orders'), await services.createLink('users')];
    const own = desiredProject('orders', [orders], { adopt: true });
    const others = desiredProject('users', [mirrorOf(users.link)], { adopt: true });
    expect(await createApplyFixture(mirrored).planOrThrow(own, others)).toMatchObject({ create: [{}, {}] });
    const sameName = desiredProject('users', [mirrorOf(orders.link)], { adopt: true });
    expect(await createApplyFixture(inOtherDatabase).planOrThrow(own, sameName)).toMatchObject({ create: [{}, {}] });
  });
});
