import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convergeStanding } from '../../src/application/converge.ts';
import { execute } from '../../src/application/execute.ts';
import { sweep } from '../../src/application/sweep.ts';
import { startRedisServer } from '../../src/demo/redis-server.ts';
import type { Link } from '../../src/domain/project.ts';
import { everything } from '../infra/look-at.ts';
import { waitFor } from '../support/wait.ts';
import { openWorld, type World } from '../support/world.ts';
import { andThen, confirmed, firstDo, impatient, jumpingClock, noQueue, stop, withDeps } from './hands.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld({ servers: ['warehouse'] });
});
afterEach(() => world[Symbol.asyncDispose]());

const dies = (how: string) => () => Promise.reject(new Error(how));

async function nearAndFar() {
  return [await world.link('orders-full'), await world.link('orders-incr', 'warehouse')] as const;
}

describe('a pause that does not reach every link', () => {
  it('pauses what it can, tries the rest for two minutes, says which, and goes on trying afterwards', async () => {
    const [near, far] = await nearAndFar();
    await world.project('orders', [near, far]);
    const ref = await confirmed(world, 'orders', 'pause');
    const port = await stop(world, 'warehouse');
    const clock = jumpingClock();
    const deps = withDeps(world.deps, { clock, links: impatient(world), queue: noQueue(world).queue });
    await execute(deps, ref);

    expect(clock.slept).toEqual([100, 200, 400, 800]);
    expect(await near.queue.isPaused()).toBe(true);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({
      state: 'failed',
      fromState: 'running',
      toState: 'failed',
      refusal: null,
      outcome: { linksTotal: 2, linksDone: 1, unreachable: [far.link], missing: [], inFlight: null },
    });
    expect(await world.deps.store.read('orders')).toMatchObject({
      state: 'failed',
      holder: null,
      version: 3,
      convergedVersion: 0,
      failure: { link: far.link, taskId: null },
    });

    await using _server = await startRedisServer({ port });
    const owner = new Redis(port, { maxRetriesPerRequest: null });
    const queue = new Queue('orders-incr', { connection: owner });
    await queue.add('x', {});
    expect(await queue.isPaused()).toBe(false);
    await sweep(world.deps);
    await world.app.startWorker();
    await waitFor(() => queue.isPaused());
    await waitFor(async () => (await world.deps.store.read('orders'))?.convergedVersion === 3);
    await queue.close();
    owner.disconnect();
  });

  it('a link whose queue is gone is named, and holds nothing up', async () => {
    const [near] = await nearAndFar();
    const gone = { ...near, link: { ...near.link, queue: 'gone' } };
    await world.project('orders', [near, gone]);
    const ref = await confirmed(world, 'orders', 'pause');
    await execute(noQueue(world), ref);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({
      state: 'done',
      toState: 'paused',
      outcome: { linksTotal: 2, linksDone: 1, missing: [gone.link], unreachable: [] },
    });
    expect(await world.redis.keys('bull:gone:*')).toEqual([]);
  });
});

describe('Start and Restore read every flag before they touch one', () => {
  it.each([
    ['restore', 'paused'],
    ['start', 'not_started'],
  ] as const)('%s with a link that does not answer goes back, as if never asked', async (action, state) => {
    const [near, far] = await nearAndFar();
    for (const { queue } of [near, far]) await queue.pause();
    const workers = [await near.work(async () => {}), await far.work(async () => {})];
    await world.project('orders', [near, far], { state });
    await convergeStanding(world.deps, 'orders', 0);
    const before = await world.deps.store.read('orders');
    const ref = await confirmed(world, 'orders', action);
    for (const worker of workers) await worker.close();
    await stop(world, 'warehouse');
    const untouched = await everything(world);
    await execute({ ...noQueue(world), links: impatient(world) }, ref);

    expect(await everything(world)).toEqual(untouched);
    expect(await world.deps.store.read('orders')).toEqual({ ...before, version: 3, convergedVersion: 3 });
    expect(await world.deps.store.readOperation(ref)).toMatchObject({
      state: 'failed',
      toState: state,
      outcome: null,
      refusal: { code: 'links_unreachable', project: 'orders', links: [far.link] },
    });
  });

  it('a link that was still to be paused is still to be paused when a Restore has gone back', async () => {
    const [near, far] = await nearAndFar();
    await world.project('orders', [near, far]);
    const pause = await confirmed(world, 'orders', 'pause');
    await stop(world, 'warehouse');
    const deps = { ...noQueue(world), links: impatient(world), clock: jumpingClock() };
    await execute(deps, pause);
    const restore = await confirmed(world, 'orders', 'restore');
    await execute(deps, restore);

    expect(await world.deps.store.readOperation(restore)).toMatchObject({ refusal: { code: 'links_unreachable' } });
    const project = await world.deps.store.read('orders');
    expect(project).toMatchObject({ state: 'failed', version: 5, failure: { link: far.link } });
    expect(project?.convergedVersion).toBeLessThan(5);
    const kicked: string[] = [];
    await sweep({ ...deps, queue: { execute: async () => {}, converge: async (id) => void kicked.push(id) } });
    expect(kicked).toEqual(['orders']);
  });

  it('a Restore whose first run ended after it put tasks back tells of all of them', async () => {
    const [near] = await nearAndFar();
    const worker = await near.work(async () => {
      throw new Error('no');
    });
    await near.queue.addBulk(['a', 'b', 'c'].map((name) => ({ name, data: {} })));
    await waitFor(async () => (await near.queue.getFailedCount()) === 3);
    await worker.close();
    await near.queue.pause();
    await world.project('orders', [near], { state: 'paused' });
    const ref = await confirmed(world, 'orders', 'restore');
    const dies = async () => Promise.reject(new Error('killed'));
    await expect(execute(withDeps(noQueue(world), { links: { drive: dies } }), ref)).rejects.toThrow('killed');
    expect(await near.queue.getFailedCount()).toBe(0);
    await execute(noQueue(world), ref);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({ state: 'done', outcome: { putBack: 3 } });
  });

  it('a start whose precheck fails by the time a worker takes it up is refused', async () => {
    const [near] = await nearAndFar();
    const worker = await near.work(async () => {});
    await near.queue.pause();
    await world.project('orders', [near], { state: 'not_started' });
    const before = await world.deps.store.read('orders');
    const ref = await confirmed(world, 'orders', 'start');
    await worker.close();
    await waitFor(async () => (await world.deps.links.workers([near.link]))[0] === 0);
    await execute(noQueue(world), ref);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({
      state: 'refused',
      toState: 'not_started',
      refusal: {
        code: 'precheck_failed',
        items: expect.arrayContaining([expect.objectContaining({ result: 'fail' })]),
      },
    });
    expect(await world.deps.store.read('orders')).toEqual({ ...before, version: 3 });
    expect(await near.queue.isPaused()).toBe(true);
  });

  it('the same when somebody has resumed a link behind our back: that is no sign that we had begun', async () => {
    const [near, far] = await nearAndFar();
    const worker = await near.work(async () => {});
    await far.work(async () => {});
    await far.queue.pause();
    await world.project('orders', [near, far], { state: 'not_started' });
    const ref = await confirmed(world, 'orders', 'start');
    await worker.close();
    await waitFor(async () => (await world.deps.links.workers([near.link]))[0] === 0);
    await execute(noQueue(world), ref);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({ state: 'refused' });
    expect(await far.queue.isPaused()).toBe(true);
  });

  it('once a link has been resumed there is no way back: a worker that carries on does not check again', async () => {
    const [near, far] = await nearAndFar();
    for (const link of [near, far]) await link.queue.pause();
    const workers = [await near.work(async () => {}), await far.work(async () => {})];
    await world.project('orders', [near, far], { state: 'not_started' });
    const ref = await confirmed(world, 'orders', 'start');
    const deps = withDeps(noQueue(world), {
      links: {
        drive: andThen(
          (links: readonly Link[]) =>
            world.deps.links.drive(links.slice(0, 1), 'resumed', { answerMs: 5_000, sendMs: 5_000 }),
          dies('killed'),
        ),
      },
    });
    await expect(execute(deps, ref)).rejects.toThrow('killed');
    for (const worker of workers) await worker.close();
    await waitFor(async () => (await world.deps.links.workers([near.link]))[0] === 0);
    await execute(noQueue(world), ref);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({ state: 'done', toState: 'running' });
    expect(await far.queue.isPaused()).toBe(false);
  });
});

describe('a worker that dies in the middle', () => {
  it('claimed and never finished: another carries on', async () => {
    const [near, far] = await nearAndFar();
    await world.project('orders', [near, far]);
    const ref = await confirmed(world, 'orders', 'pause');
    const deps = withDeps(noQueue(world), { store: { commit: firstDo(world.deps.store.commit, dies('killed')) } });
    await expect(execute(deps, ref)).rejects.toThrow('killed');
    expect(await world.deps.store.read('orders')).toMatchObject({ state: 'pausing', holder: ref.operation });
    expect(await world.deps.store.readOperation(ref)).toMatchObject({ state: 'running' });
    await sweep(world.deps);
    await world.app.startWorker();
    await waitFor(async () => (await world.deps.store.readOperation(ref))?.state === 'done');
    expect(await world.deps.store.read('orders')).toMatchObject({ state: 'paused', version: 3, holder: null });
  });

  it('the reply to its commit is lost: the outcome stands, and is not done twice', async () => {
    const [near] = await nearAndFar();
    await world.project('orders', [near]);
    const ref = await confirmed(world, 'orders', 'pause');
    const { store } = world.deps;
    const deps = withDeps(noQueue(world), { store: { commit: andThen(store.commit, dies('lost')) } });
    await expect(execute(deps, ref)).rejects.toThrow('lost');
    const [project, operation] = [await store.read('orders'), await store.readOperation(ref)];
    await execute(noQueue(world), ref);
    expect([await store.read('orders'), await store.readOperation(ref)]).toEqual([project, operation]);
    expect(project).toMatchObject({ state: 'paused', version: 3 });
    expect(await world.redis.zcard('syncbot:{p:orders}:runs')).toBe(0);
  });
});
