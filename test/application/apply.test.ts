import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyPlan } from '../../src/application/apply.ts';
import { explainApplyRefusal } from '../../src/application/apply-refusal.ts';
import { nothingToDo } from '../../src/application/plan.ts';
import { linkId } from '../../src/domain/project.ts';
import { openWorld, type World } from '../support/world.ts';
import { applying, done, finishOne, ghost, names, wanted } from './applying.ts';
import { withDeps } from './hands.ts';

let world: World;
let on: ReturnType<typeof applying>;
beforeEach(async () => {
  world = await openWorld({ servers: ['other'] });
  on = applying(world);
});
afterEach(() => world[Symbol.asyncDispose]());

const stored = (id: string) => world.deps.store.read(id);

describe('a new project', () => {
  test('is Not Started: its links are paused, with no worker of the bot about, and tasks that only wait are fine', async () => {
    const link = await world.link('orders');
    await link.queue.add('row', {});
    const made = await on.planned(wanted('orders', [link]));
    expect(made.create[0]?.first.state).toBe('not_started');
    expect(names(made.create[0]?.pauses ?? [])).toEqual(['orders']);
    expect(await on.carryOut(made)).toEqual(done);
    expect(await link.queue.isPaused()).toBe(true);
    expect(await stored('orders')).toMatchObject({
      state: 'not_started',
      by: 'cli:test',
      version: 1,
      convergedVersion: 1,
    });
  });

  test('with a queue that does not exist says so, and never creates it', async () => {
    const made = await on.planned(wanted('orders', [ghost]));
    expect(names(made.create[0]?.missing ?? [])).toEqual(['ghost']);
    expect(made.create[0]?.precheck).toContainEqual(expect.objectContaining({ item: 'queues exist', result: 'fail' }));
    expect(await on.carryOut(made)).toEqual(done);
    expect(await world.redis.keys('bull:ghost:*')).toEqual([]);
  });

  test('is refused when a queue has been worked on, and nothing is changed', async () => {
    const [fresh, used] = [await world.link('fresh'), await world.link('used')];
    await finishOne(used, 'completed');
    expect(await on.refused(wanted('orders', [fresh, used]), wanted('more', [ghost]))).toEqual(['orders worked_on']);
    expect(await world.deps.store.ids()).toEqual([]);
    expect(await fresh.queue.isPaused()).toBe(false);
  });

  test('whose links do not answer is refused', async () => {
    const away = await world.link('away', 'other');
    await world.server('other').stop();
    expect(await on.refused(wanted('orders', [away]))).toEqual(['orders links_unreachable']);
  });
});

describe('adopt', () => {
  test('takes Running and Paused from the queues, and what failed before does not count', async () => {
    const [running, paused] = [await world.link('running'), await world.link('paused')];
    await finishOne(running, 'failed');
    await paused.queue.pause();
    const made = await on.planned(
      wanted('goes', [running, ghost], { adopt: true }),
      wanted('stands', [paused], { adopt: true }),
    );
    expect(made.create.map(({ first, pauses }) => [first.state, pauses])).toEqual([
      ['running', []],
      ['paused', []],
    ]);
    expect(made.create[0]?.precheck).toContainEqual(
      expect.objectContaining({ item: 'no failed task', result: 'pass' }),
    );
    expect(await on.carryOut(made)).toEqual(done);
    expect(await running.queue.isPaused()).toBe(false);
    const [failed] = await running.queue.getFailed();
    expect((await stored('goes'))?.watermarks[linkId(running.link)]).toEqual({
      at: failed?.finishedOn,
      taskIds: [failed?.id],
    });
  });

  test('of mixed links is refused with the list, together with every other reason', async () => {
    const [one, two, used] = [await world.link('one'), await world.link('two'), await world.link('used')];
    await two.queue.pause();
    await finishOne(used, 'completed');
    const result = await on.plan(wanted('mixed', [one, two], { adopt: true }), wanted('users', [used]));
    const sentences = result.kind === 'refused' ? result.refusals.map(explainApplyRefusal) : [];
    expect(sentences).toHaveLength(2);
    expect(sentences[0]).toContain('run (one), others are paused (two)');
    expect(await world.deps.store.ids()).toEqual([]);
  });

  test('is looked at only when the project has no record', async () => {
    const link = await world.link('orders');
    await on.apply(wanted('orders', [link]));
    expect(nothingToDo(await on.planned(wanted('orders', [link], { adopt: true })))).toBe(true);
  });
});

describe('applying again', () => {
  test('has nothing to do', async () => {
    const link = await world.link('orders');
    await on.apply(wanted('orders', [link]));
    const again = await on.planned(wanted('orders', [link]));
    expect(again).toMatchObject({ create: [], change: [], remove: [], repause: [], unchanged: ['orders'] });
    expect((await stored('orders'))?.version).toBe(1);
  });

  test('pauses what an apply that crashed left running', async () => {
    const link = await world.link('orders');
    const made = await on.planned(wanted('orders', [link]));
    const crashing = withDeps(world.deps, { links: { drive: () => Promise.reject(new Error('killed')) } });
    await expect(applyPlan(crashing, { plan: made, by: 'cli:test' })).rejects.toThrow('killed');
    expect(await link.queue.isPaused()).toBe(false);
    const again = await on.planned(wanted('orders', [link]));
    expect(again.repause.map(({ links }) => names(links))).toEqual([['orders']]);
    expect(await on.carryOut(again)).toEqual(done);
    expect(await link.queue.isPaused()).toBe(true);
  });

  test('says which links are not paused yet', async () => {
    const link = await world.link('orders');
    const made = await on.planned(wanted('orders', [link]));
    let ahead = 0;
    const deps = withDeps(world.deps, {
      clock: {
        ...world.deps.clock,
        now: () => Date.now() + ahead,
        sleep: async (ms) => {
          ahead += ms;
        },
      },
      links: { drive: async (links) => links.map(() => 'unreachable' as const) },
    });
    const applied = await applyPlan(deps, { plan: made, by: 'cli:test' });
    expect(applied).toEqual({ kind: 'applied', notPaused: [link.link] });
  });

  test('stops when somebody was quicker, and a project created meanwhile just as wanted is well', async () => {
    const [one, two] = [await world.link('one'), await world.link('two')];
    await on.apply(wanted('first', [one]));
    const made = await on.planned(wanted('first', [one], { description: 'new' }), wanted('second', [two]));
    await on.apply(wanted('first', [one], { labels: ['quicker'] }));
    expect(await on.carryOut(made)).toEqual({ kind: 'conflict', project: 'first', written: [] });
    const late = await on.planned(wanted('first', [one], { labels: ['quicker'] }), wanted('second', [two]));
    await on.apply(wanted('first', [one], { labels: ['quicker'] }), wanted('second', [two]));
    expect(await on.carryOut(late)).toEqual(done);
  });
});
