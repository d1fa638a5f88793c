import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { requestAction } from '../../src/application/request.ts';
import { confirm } from '../../src/application/settle.ts';
import { sweep } from '../../src/application/sweep.ts';
import { isOpen, type OperationRef } from '../../src/domain/operation.ts';
import { waitFor } from '../support/wait.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const over = (ref: OperationRef) =>
  waitFor(async () => {
    const operation = await world.deps.store.readOperation(ref);
    return operation !== null && !isOpen(operation) && operation;
  });

describe('the road of an action, on real Redis and BullMQ', () => {
  it('pauses every link of a Running project, and nothing starts afterwards', async () => {
    const links = await Promise.all(['a', 'b', 'c'].map((name) => world.link(name)));
    const started: string[] = [];
    for (const { work } of links) await work(async (job) => started.push(job.name));
    await world.project('orders', links);
    await world.app.startWorker();

    const operation = await over(await world.act('orders', 'pause'));

    expect(operation).toMatchObject({ state: 'done', outcome: { linksTotal: 3, linksDone: 3, inFlight: 0 } });
    expect(await world.deps.store.read('orders')).toMatchObject({
      state: 'paused',
      version: 3,
      by: 'U0ALICE',
      holder: null,
    });
    for (const { queue } of links) expect(await queue.isPaused()).toBe(true);
    const before = started.length;
    for (const { queue } of links) await queue.add('late', {});
    for (const { queue } of links) expect(await queue.getWaitingCount()).toBe(1);
    expect(started.length).toBe(before);
  });

  it('starts a Not Started project whose links have workers', async () => {
    const link = await world.link('users-full');
    await link.work(async () => {});
    await link.queue.pause();
    await world.project('users', [link], { state: 'not_started' });
    await world.app.startWorker();

    expect(await over(await world.act('users', 'start'))).toMatchObject({ state: 'done', toState: 'running' });
    expect(await link.queue.isPaused()).toBe(false);
  });

  it('restores a Failed project: the failed tasks run first, oldest first', async () => {
    const link = await world.link('payments-full');
    const seen: string[] = [];
    let broken = true;
    await link.work(async (job) => {
      if (broken && job.name.startsWith('bad')) throw new Error('refused by the target');
      seen.push(job.name);
    });
    await world.project('payments', [link]);
    await world.app.startWorker();
    await link.queue.add('bad-1', {});
    await link.queue.add('bad-2', {});
    await waitFor(async () => (await world.deps.store.read('payments'))?.state === 'failed');
    await waitFor(() => link.queue.isPaused());
    await link.queue.add('new-1', {});
    const failed = await world.deps.store.read('payments');
    expect(failed).toMatchObject({ by: 'syncbot', failure: { taskId: '1', reason: 'refused by the target' } });

    broken = false;
    const operation = await over(await world.act('payments', 'restore'));

    expect(operation).toMatchObject({ state: 'done', fromState: 'failed', toState: 'running' });
    await waitFor(() => seen.length === 3);
    expect(seen.slice(-3)).toEqual(['bad-1', 'bad-2', 'new-1']);
    expect(await world.deps.store.read('payments')).toMatchObject({ state: 'running', failure: null });
  });

  it('lets one of two opposite or equal operations win, and tells the other by whom', async () => {
    const link = await world.link('orders-full');
    await world.project('orders', [link]);
    const [first, second] = [
      await world.act('orders', 'pause', 'U0ALICE'),
      await world.act('orders', 'pause', 'U0BOB'),
    ];
    await Promise.all([execute(world.deps, first), execute(world.another().deps, second), execute(world.deps, first)]);

    const ends = await Promise.all([over(first), over(second)]);
    expect(ends.map(({ state }) => state).sort()).toEqual(['done', 'refused']);
    expect(ends.find(({ state }) => state === 'refused')?.refusal).toMatchObject({
      code: expect.stringMatching(/held|not_allowed/),
      by: ends.find(({ state }) => state === 'done')?.by,
    });
    expect(await world.deps.store.read('orders')).toMatchObject({ state: 'paused', version: 3 });
  });

  it('finds a confirmed operation that never became a job', async () => {
    const link = await world.link('orders-full');
    await world.project('orders', [link]);
    const requested = await requestAction(world.deps, {
      project: 'orders',
      action: 'pause',
      by: 'U0ALICE',
      reason: 'deploy',
      origin: 'slack',
      channel: 'C0SYNC',
    });
    if (requested.kind === 'refused') throw new Error('refused');
    const ref = { project: 'orders', operation: requested.operation.id };
    const lost = { ...world.deps, queue: { execute: async () => {}, converge: async () => {} } };
    await confirm(lost, { ref, by: 'U0ALICE', dialog: null });
    await sweep(world.deps);
    await world.app.startWorker();
    expect(await over(ref)).toMatchObject({ state: 'done' });
  });
});
