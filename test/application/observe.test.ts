import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { listProjects } from '../../src/application/list.ts';
import { observeProject } from '../../src/application/look.ts';
import { observeAll } from '../../src/application/observe.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { waitFor } from '../support/wait.ts';
import { type OwnedLink, openWorld, type World } from '../support/world.ts';
import { confirmed, firstDo, noQueue, once, stop, withDeps } from './hands.ts';

let world: World;
let owned: OwnedLink;
beforeEach(async () => {
  world = await openWorld({ servers: ['warehouse'] });
  owned = await world.link('payments');
});
afterEach(() => world[Symbol.asyncDispose]());

async function figuresOf(id: string) {
  const project = await world.deps.store.read(id);
  if (project === null) throw new Error(`no project ${id}`);
  return observeProject(world.deps, project);
}

const state = async (id: string) => (await world.deps.store.read(id))?.state;

async function failOne({ queue, work }: OwnedLink, message = 'refused by "ACME" at db.internal:5432') {
  const worker = await work(() => Promise.reject(new Error(message)));
  await queue.add('bad', { secret: 'payload' });
  await waitFor(() => queue.getFailedCount());
  await worker.close();
}

describe('one round of the observer', () => {
  it('makes a Running project Failed when a task failed for good, masks the reason, and has its links paused', async () => {
    await world.project('payments', [owned]);
    await failOne(owned);
    const kicked: string[] = [];
    const queue = { execute: async () => {}, converge: async (id: string) => void kicked.push(id) };
    const alerted: string[] = [];
    const notifier = { tell: async () => {}, alert: async (id: string) => void alerted.push(id) };
    await observeAll({ ...world.deps, queue, notifier });
    expect(alerted).toEqual(['payments']);
    expect(await world.deps.store.read('payments')).toMatchObject({
      state: 'failed',
      version: 2,
      by: 'syncbot',
      holder: null,
      failure: { link: owned.link, taskId: '1', reason: 'refused by ‹value› at ‹host›' },
    });
    expect(kicked).toEqual(['payments']);
    await observeAll({ ...world.deps, queue });
    expect(kicked).toEqual(['payments']);
  });

  it('has the message of the operation that brought it to Running say that it failed since', async () => {
    await owned.queue.pause();
    await world.project('payments', [owned], { state: 'paused' });
    const ref = await confirmed(world, 'payments', 'restore');
    await execute(noQueue(world), ref);
    const restored = await world.deps.store.readOperation(ref);
    await failOne(owned);
    const told: OperationRef[] = [];
    await observeAll({
      ...noQueue(world),
      notifier: { tell: async (one: OperationRef) => void told.push(one), alert: async () => {} },
    });
    expect(told).toEqual([ref]);
    expect((await world.deps.store.readOperation(ref))?.seq).toBe((restored?.seq ?? 0) + 1);
  });

  it('with onFailure: continue the project stays Running, and a look at it counts the failures', async () => {
    await world.project('payments', [owned], { onFailure: 'continue' });
    await failOne(owned);
    await observeAll(noQueue(world));
    expect(await state('payments')).toBe('running');
    expect((await figuresOf('payments')).links[0]).toMatchObject({ failuresAfterWatermark: 1 });
  });

  it('a failure in a project that is not Running changes nothing', async () => {
    await failOne(owned);
    await world.project('payments', [owned], { state: 'paused' });
    await observeAll(noQueue(world));
    expect(await world.deps.store.read('payments')).toMatchObject({ state: 'paused', version: 1, failure: null });
  });

  it('loses against a claim that came between its reading of the project and of the links', async () => {
    await world.project('payments', [owned]);
    await failOne(owned);
    const ref = await confirmed(world, 'payments', 'pause');
    const claims = once(() => world.deps.store.claim(ref, 'run'));
    const { observe } = world.deps.links;
    const deps = withDeps(noQueue(world), { links: { observe: firstDo(observe, claims) } });
    await observeAll(deps);
    expect(await world.deps.store.read('payments')).toMatchObject({ state: 'pausing', version: 2, failure: null });
  });

  it('says once that the last task in flight of a paused project has ended', async () => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    await owned.work(() => ended);
    await owned.queue.add('slow', {});
    await waitFor(() => owned.queue.getActiveCount());
    await world.project('payments', [owned]);
    const ref = await confirmed(world, 'payments', 'pause');
    await execute(noQueue(world), ref);
    const told: OperationRef[] = [];
    const deps = {
      ...noQueue(world),
      notifier: { tell: async (one: OperationRef) => void told.push(one), alert: async () => {} },
    };
    await observeAll(deps);
    expect(told).toEqual([]);
    expect(await world.deps.store.read('payments')).toMatchObject({ draining: ref.operation });
    end();
    await waitFor(async () => (await owned.queue.getActiveCount()) === 0);
    await observeAll(deps);
    await observeAll(deps);
    expect(told).toEqual([ref]);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({
      state: 'done',
      outcome: { inFlight: 0, linksDone: 1, unreachable: [] },
    });
    expect(await world.deps.store.read('payments')).toMatchObject({ draining: null, version: 3, state: 'paused' });
  });

  it('one dead connection holds up none but the projects on it', async () => {
    const far = await world.link('orders', 'warehouse');
    await world.project('payments', [owned]);
    await world.project('orders', [far]);
    await world.project('mixed', [await world.link('mixed'), { ...far, link: { ...far.link, queue: 'mixed-far' } }]);
    await failOne(owned);
    await world.deps.links.readFlags([far.link], 5_000);
    await stop(world, 'warehouse');
    let overAll = false;
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { observe } = world.deps.links;
    const slow: typeof observe = async (links) => {
      if (links.some(({ link }) => link.connection === 'warehouse')) await released;
      return observe(links);
    };
    const round = observeAll(withDeps(noQueue(world), { links: { observe: slow } })).then(() => {
      overAll = true;
    });
    await waitFor(async () => (await state('payments')) === 'failed');
    expect(overAll).toBe(false);
    release();
    await round;
    expect(await figuresOf('orders')).toMatchObject({ latencyMs: null, backlog: null });
    expect(await figuresOf('mixed')).toMatchObject({
      backlog: null,
      links: [{ kind: 'read' }, { kind: 'unreachable' }],
    });
    expect(await state('orders')).toBe('running');
  });

  it('a project whose records cannot be read does not keep the others from being seen', async () => {
    for (const id of ['broken', 'healthy']) await world.project(id, [owned]);
    await world.redis.hset('syncbot:{p:broken}:state', 'v', '2');
    await world.project('wrong-type', [owned]);
    await world.redis.del('syncbot:{p:wrong-type}:definition');
    await world.redis.sadd('syncbot:{p:wrong-type}:definition', 'x');
    await failOne(owned);
    await observeAll(noQueue(world));
    expect(await state('healthy')).toBe('failed');
    expect((await listProjects(world.deps, '')).map(({ id }) => id)).toEqual(['healthy']);
    await expect(world.deps.store.read('broken')).rejects.toThrow();
  });
});
