import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { converge, convergeStanding } from '../../src/application/converge.ts';
import { execute } from '../../src/application/execute.ts';
import { observeAll } from '../../src/application/observe.ts';
import { linkId } from '../../src/domain/project.ts';
import { waitFor } from '../support/wait.ts';
import { type OwnedLink, openWorld, type World } from '../support/world.ts';
import { andThen, confirmed, firstDo, noQueue, once, withDeps } from './hands.ts';

let world: World;
let owned: OwnedLink;
beforeEach(async () => {
  world = await openWorld();
  owned = await world.link('payments');
});
afterEach(() => world[Symbol.asyncDispose]());

const failure = { reason: 'no', taskId: '1', at: 1 };
const wait = 'bull:payments:wait';

/** A task that is in flight fails for good now. */
async function failNow(id: string) {
  await world.redis.lrem(wait, 1, id);
  await world.redis.hset(`bull:payments:${id}`, { failedReason: 'no' });
  await world.redis.zadd('bull:payments:failed', Date.now(), id);
}

describe('converge', () => {
  it('starts over when the project’s version moves in between', async () => {
    await owned.queue.pause();
    await world.project('payments', [owned]);
    const moves = once(() =>
      world.deps.store.fail('payments', 1, {
        failure: { link: owned.link, ...failure },
        by: 'syncbot',
        logFrom: null,
      }),
    );
    const { drive } = world.deps.links;
    const deps = withDeps(world.deps, { links: { drive: andThen(drive, moves) } });
    expect(await converge(deps, { project: 'payments', holder: null, tryForMs: 0 })).toMatchObject({
      kind: 'agreed',
      unreachable: [],
      missing: [],
      project: { state: 'failed', version: 2 },
    });
    expect(await owned.queue.isPaused()).toBe(true);
  });

  it('does not drive at all when it has moved before', async () => {
    await owned.queue.pause();
    await world.project('payments', [owned]);
    const moves = once(() =>
      world.deps.store.fail('payments', 1, {
        failure: { link: owned.link, ...failure },
        by: 'syncbot',
        logFrom: null,
      }),
    );
    const { readFlags } = world.deps.links;
    const deps = withDeps(world.deps, {
      links: {
        readFlags: andThen(readFlags, moves),
        drive: () => Promise.reject(new Error('driven')),
      },
    });
    expect(await converge(deps, { project: 'payments', holder: null, tryForMs: 0 })).toMatchObject({ kind: 'agreed' });
  });

  it('of a project that is gone has nothing to say; of one that is held it keeps out', async () => {
    expect(await converge(world.deps, { project: 'nobody', holder: null, tryForMs: 0 })).toBeNull();
    await world.project('payments', [owned]);
    await world.deps.store.claim(await confirmed(world, 'payments', 'pause'), 'run');
    expect(await convergeStanding(world.deps, 'payments', 0)).toBeNull();
    expect(await owned.queue.isPaused()).toBe(false);
  });

  it('ends between two attempts when the process is to end', async () => {
    const stopping = new AbortController();
    await world.project('payments', [{ ...owned, link: { ...owned.link, connection: 'nowhere' } }]);
    const clock = { ...world.deps.clock, sleep: async () => stopping.abort() };
    const deps = withDeps(world.deps, { clock, stopping: stopping.signal });
    await expect(converge(deps, { project: 'payments', holder: null, tryForMs: 60_000 })).rejects.toThrow(/abort/i);
  });

  it('drives hundreds of links, and tells how far it is', async () => {
    const names = Array.from({ length: 1_100 }, (_, index) => `bulk-${index}`);
    await Promise.all(names.map((name) => world.redis.hset(`bull:${name}:meta`, { version: 'bullmq:6.7.0' })));
    await world.project(
      'bulk',
      names.map((queue) => ({ ...owned, link: { ...owned.link, queue } })),
      { state: 'paused' },
    );
    const told: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      expect(total).toBe(1_100);
      told.push(done);
    };
    expect(await converge(world.deps, { project: 'bulk', holder: null, tryForMs: 0, onProgress })).toMatchObject({
      kind: 'agreed',
    });
    expect(told).toEqual([1_000]);
    const paused = await Promise.all(names.map((name) => world.redis.hget(`bull:${name}:meta`, 'paused')));
    expect(new Set(paused)).toEqual(new Set(['1']));
  });
});

describe('a restore loses no failed task', () => {
  beforeEach(async () => {
    await owned.queue.addBulk(['a', 'b', 'c'].map((name) => ({ name, data: {} })));
    await owned.queue.pause();
    await world.project('payments', [owned], { state: 'paused' });
    await failNow('1');
  });

  it('that fails after the others are back and before the link is resumed', async () => {
    const ref = await confirmed(world, 'payments', 'restore');
    const late = once(() => failNow('2'));
    const { putBack } = world.deps.links;
    const deps = withDeps(noQueue(world), { links: { putBack: andThen(putBack, late) } });
    await execute(deps, ref);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({ state: 'done', outcome: { putBack: 2 } });
    expect(await owned.queue.getFailedCount()).toBe(0);
    expect((await world.redis.lrange(wait, 0, -1)).reverse()).toEqual(['1', '2', '3']);
    expect(await owned.queue.isPaused()).toBe(false);
  });

  it('that fails while somebody resumes the link before us: the project is Failed again', async () => {
    const ref = await confirmed(world, 'payments', 'restore');
    const overtaken = once(async () => {
      await owned.queue.resume();
      await failNow('2');
    });
    const { putBack } = world.deps.links;
    const deps = withDeps(noQueue(world), { links: { putBack: andThen(putBack, overtaken) } });
    await execute(deps, ref);
    expect(await world.deps.store.read('payments')).toMatchObject({ state: 'running' });
    await observeAll(noQueue(world));
    expect(await world.deps.store.read('payments')).toMatchObject({ state: 'failed', failure: { taskId: '2' } });
  });

  it('that could not be put back since the link was resumed by somebody else', async () => {
    const ref = await confirmed(world, 'payments', 'restore');
    const overtaken = once(() => owned.queue.resume());
    const { putBack } = world.deps.links;
    const deps = withDeps(noQueue(world), { links: { putBack: firstDo(putBack, overtaken) } });
    await execute(deps, ref);
    expect(await owned.queue.getFailedCount()).toBe(1);
    await observeAll(noQueue(world));
    expect(await world.deps.store.read('payments')).toMatchObject({ state: 'failed', failure: { taskId: '1' } });
  });

  it('and moves the watermark past what failed before and is left alone', async () => {
    await world.deps.store.setWatermarks('payments', 1, {
      [linkId(owned.link)]: { at: Date.now() + 1_000, taskIds: [] },
    });
    const ref = await confirmed(world, 'payments', 'restore');
    await execute(noQueue(world), ref);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({ state: 'done', outcome: { putBack: 0 } });
    expect(await owned.queue.getFailedCount()).toBe(1);
    const project = await world.deps.store.read('payments');
    expect(project?.watermarks[linkId(owned.link)]?.taskIds).toEqual(['1']);
    await observeAll(noQueue(world));
    expect(await world.deps.store.read('payments')).toMatchObject({ state: 'running' });
  });

  it('of those that fail while it is Paused', async () => {
    await world.redis.flushall();
    const link = await world.link('invoices');
    let fail = (_error: Error) => {};
    const inFlight = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    let broken = true;
    const seen: string[] = [];
    await link.work(async (job) => (broken ? inFlight : seen.push(job.name)));
    await world.project('invoices', [link]);
    await link.queue.add('slow', {});
    await waitFor(() => link.queue.getActiveCount());
    const pause = await confirmed(world, 'invoices', 'pause');
    await execute(noQueue(world), pause);
    expect(await world.deps.store.readOperation(pause)).toMatchObject({ outcome: { inFlight: 1 } });
    await link.queue.add('new', {});
    fail(new Error('refused by the target'));
    await waitFor(() => link.queue.getFailedCount());
    await observeAll(noQueue(world));
    expect(await world.deps.store.read('invoices')).toMatchObject({ state: 'paused' });
    broken = false;
    await execute(noQueue(world), await confirmed(world, 'invoices', 'restore'));
    await waitFor(() => seen.length === 2);
    expect(seen).toEqual(['slow', 'new']);
  });
});
