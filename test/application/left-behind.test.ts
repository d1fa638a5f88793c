import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convergeStanding } from '../../src/application/converge.ts';
import type { Deps } from '../../src/application/deps.ts';
import { execute } from '../../src/application/execute.ts';
import { observeAll } from '../../src/application/observe.ts';
import { openCore } from '../../src/core.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { Link } from '../../src/domain/project.ts';
import { waitFor } from '../support/wait.ts';
import { type OwnedLink, openWorld, targetOf, testSettings, type World } from '../support/world.ts';
import { confirmed, firstDo, jumpingClock, noQueue, once, withDeps } from './hands.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld({ servers: ['far'] });
});
afterEach(() => world[Symbol.asyncDispose]());

const over = (ref: OperationRef) =>
  waitFor(
    async () => {
      const operation = await world.deps.store.readOperation(ref);
      return operation?.finishedAt != null && operation;
    },
    { timeoutMs: 40_000 },
  );

async function killFar(): Promise<void> {
  const server = world.server('far');
  server.kill('SIGKILL');
  await server.exited;
}

function firstOnly(): () => boolean {
  let asked = 0;
  return () => asked++ === 0;
}

const unseen = ({ link }: OwnedLink, queue: string) => ({ link: { ...link, queue } });

describe('what is left behind', () => {
  it('a Restore that is taken back has let nothing run, whatever else tries to reach the links meanwhile', async () => {
    const [near, far] = [await world.link('near'), await world.link('far', 'far')];
    const ran: string[] = [];
    await near.work(async (job) => ran.push(job.name));
    await near.queue.pause();
    await world.project('orders', [near, far]);
    await world.deps.store.fail('orders', 1, {
      failure: { link: far.link, taskId: '1', reason: 'x', at: 1 },
      by: 'syncbot',
      logFrom: null,
    });
    await near.queue.add('must-not-run', {});
    await killFar();
    await world.app.startWorker();
    const operation = await over(await world.act('orders', 'restore'));
    expect(operation.refusal?.code).toBe('links_unreachable');
    expect(ran).toEqual([]);
    expect(await near.queue.isPaused()).toBe(true);
  });

  it('a queue that comes into being while its project is held still is paused then', async () => {
    const near = await world.link('near');
    await world.project('orders', [near, unseen(near, 'later')], { state: 'not_started' });
    await world.app.startWorker();
    await waitFor(() => near.queue.isPaused());
    const later = await world.link('later');
    await waitFor(() => later.queue.isPaused());
    await waitFor(async () => (await world.deps.store.read('orders'))?.convergedVersion === 1);
  });

  it('a Restore that comes before the links of a Failed project are paused still puts back what failed', async () => {
    const near = await world.link('near');
    const worker = await near.work(async () => {
      throw new Error('no');
    });
    await world.project('orders', [near]);
    await near.queue.add('bad', {});
    await waitFor(() => near.queue.getFailedCount());
    await observeAll(noQueue(world));
    expect(await near.queue.isPaused()).toBe(false);
    await worker.close();
    const ref = await confirmed(world, 'orders', 'restore');
    await execute(noQueue(world), ref);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({ state: 'done', outcome: { putBack: 1 } });
    expect(await near.queue.getWaitingCount()).toBe(1);
  });

  it('"still trying" is told again when the last link has been reached', async () => {
    const far = await world.link('far', 'far');
    await world.project('orders', [far]);
    const ref = await confirmed(world, 'orders', 'pause');
    let ahead = 0;
    const deps = withDeps(noQueue(world), {
      clock: {
        ...world.deps.clock,
        now: () => Date.now() + ahead,
        sleep: async () => {
          ahead += 130_000;
        },
      },
      links: { readFlags: async (links) => links.map(() => 'unreachable' as const) },
    });
    await execute(deps, ref);
    const failed = await world.deps.store.readOperation(ref);
    expect(failed).toMatchObject({ state: 'failed', outcome: { linksDone: 0 } });
    await world.deps.store.told(ref, { seq: failed?.seq ?? 0, message: null, dialogUses: 0 });
    await world.app.startWorker();
    await waitFor(async () => ((await world.deps.store.readOperation(ref))?.seq ?? 0) > (failed?.seq ?? 0));
    expect(await far.queue.isPaused()).toBe(true);
  });

  it('"still trying" is told again also when a Restore was taken back meanwhile, and when another queue is missing', async () => {
    const [near, far] = [await world.link('near'), await world.link('far', 'far')];
    await world.project('orders', [near, far, unseen(near, 'gone')]);
    const away: Partial<Deps['links']> = {
      readFlags: async (links, ms) => {
        const flags = await world.deps.links.readFlags(links, ms);
        return flags.map((flag, index) => (links[index]?.connection === 'far' ? 'unreachable' : flag));
      },
    };
    const clock = jumpingClock();
    const offline = withDeps(noQueue(world), { clock, links: away });
    const pause = await confirmed(world, 'orders', 'pause');
    await execute(offline, pause);
    const tried = await world.deps.store.readOperation(pause);
    expect(tried).toMatchObject({ state: 'failed', outcome: { linksDone: 1 } });
    await world.deps.store.told(pause, { seq: tried?.seq ?? 0, message: null, dialogUses: 0 });
    const restore = await confirmed(world, 'orders', 'restore');
    await execute(offline, restore);
    expect(await world.deps.store.readOperation(restore)).toMatchObject({ refusal: { code: 'links_unreachable' } });

    const told: string[] = [];
    const notifier = { tell: async ({ operation }: OperationRef) => void told.push(operation), alert: async () => {} };
    await convergeStanding({ ...world.deps, notifier }, 'orders', 1_000);
    expect(told).toEqual([pause.operation]);
    expect(await far.queue.isPaused()).toBe(true);
    expect(await world.deps.store.read('orders')).toMatchObject({ state: 'failed', unfinished: null });
  });

  it('a second run of a Restore does not take back what the first has begun', async () => {
    const [near, far] = [await world.link('near'), await world.link('far', 'far')];
    for (const { queue } of [near, far]) await queue.pause();
    await world.project('orders', [near, far], { state: 'paused' });
    const restore = await confirmed(world, 'orders', 'restore');
    const first = once(() => execute(noQueue(world), restore));
    const second = withDeps(noQueue(world), {
      links: { readFlags: firstDo(async (links) => links.map(() => 'unreachable' as const), first) },
    });
    await execute(second, restore);
    expect(await world.deps.store.readOperation(restore)).toMatchObject({ state: 'done' });
    expect(await world.deps.store.read('orders')).toMatchObject({ state: 'running' });
    expect(await near.queue.isPaused()).toBe(false);
  });

  it('a run that passed the check a moment ago keeps a stale one from taking it back', async () => {
    const near = await world.link('near');
    await near.queue.pause();
    await world.project('orders', [near], { state: 'paused' });
    const restore = await confirmed(world, 'orders', 'restore');
    const passed = once(() => world.deps.store.progress(restore, { done: 0, total: 1 }));
    const stale = firstDo(async (links: readonly Link[], ms: number) => {
      const flags = await world.deps.links.readFlags(links, ms);
      return isFirst() ? links.map(() => 'unreachable' as const) : flags;
    }, passed);
    const isFirst = firstOnly();
    await execute(withDeps(noQueue(world), { links: { readFlags: stale } }), restore);
    expect(await world.deps.store.readOperation(restore)).toMatchObject({ state: 'done', refusal: null });
  });

  it('an action on one project waits for none of a hundred on a dead connection', async () => {
    const [near, far] = [await world.link('near'), await world.link('far', 'far')];
    await world.project('healthy', [near]);
    const ids = Array.from({ length: 120 }, (_, index) => `dead-${index}`);
    for (const id of ids) await world.project(id, [unseen(far, id)]);
    await killFar();
    const refs = await Promise.all(ids.map((id) => confirmed(world, id, 'pause')));
    await Promise.all(refs.map((ref) => world.deps.queue.execute(ref)));
    await world.app.startWorker();
    await waitFor(async () => (await world.deps.store.read('dead-119'))?.state === 'pausing');
    expect(await over(await world.act('healthy', 'pause'))).toMatchObject({ state: 'done' });
    expect(await world.deps.store.read('dead-0')).toMatchObject({ state: 'pausing' });
  });

  it('one unreadable queue hides no failure of its neighbours', async () => {
    const [near, odd] = [await world.link('near'), await world.link('odd')];
    await world.redis.set('bull:odd:failed', 'x');
    await world.project('orders', [near]);
    await world.project('strange', [odd]);
    await near.work(async () => {
      throw new Error('no');
    });
    await near.queue.add('bad', {});
    await waitFor(() => near.queue.getFailedCount());
    await observeAll(noQueue(world));
    expect(await world.deps.store.read('orders')).toMatchObject({ state: 'failed' });
    expect(await world.deps.store.read('strange')).toMatchObject({ state: 'running' });
  });

  it('tasks whose parent lies in a queue that the bot may not touch are put back all the same', async () => {
    const [pay, parents] = [await world.link('pay', 'far'), await world.link('parents', 'far')];
    const admin = new Redis(world.urlOf('far'));
    await admin.call('ACL', 'SETUSER', 'syncbot', 'on', '>pw', '~bull:pay:*', '+@all');
    admin.disconnect();
    await parents.queue.pause();
    const worker = await pay.work(async () => {
      throw new Error('no');
    });
    const parent = await parents.queue.add('parent', {});
    await pay.queue.add('one', {});
    await pay.queue.add('child', {}, { parent: { id: String(parent.id), queue: 'bull:parents' } });
    await waitFor(async () => (await pay.queue.getFailedCount()) === 2);
    await worker.close();
    await pay.queue.pause();
    await world.project('payments', [pay], { state: 'paused' });
    const url = new URL(world.urlOf('far'));
    url.username = 'syncbot';
    url.password = 'pw';
    const config = { redis: targetOf(world.url), connections: { far: targetOf(url.href) }, settings: testSettings };
    await using core = openCore(config, pino({ level: 'silent' }));
    const ref = await confirmed(world, 'payments', 'restore');
    const { queue, notifier } = noQueue(world);
    await execute({ ...core.deps, queue, notifier }, ref);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({ state: 'done', outcome: { putBack: 2 } });
    expect((await pay.queue.getWaiting()).map(({ name }) => name).sort()).toEqual(['child', 'one']);
  });

  it('many who wait for a connection raise no warning', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on('warning', note);
    const far = await world.link('far', 'far');
    await world.deps.links.readFlags([far.link], 500);
    await killFar();
    const answers = await Promise.all(Array.from({ length: 40 }, () => world.deps.links.readFlags([far.link], 500)));
    process.off('warning', note);
    expect(answers.flat()).toEqual(Array(40).fill('unreachable'));
    expect(warnings).toEqual([]);
  });
});
