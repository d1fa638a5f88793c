import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convergeStanding } from '../../src/application/converge.ts';
import { execute } from '../../src/application/execute.ts';
import { observeAll } from '../../src/application/observe.ts';
import { requestAction } from '../../src/application/request.ts';
import { type Deed, linkId } from '../../src/domain/project.ts';
import { definitionOf } from '../support/definition.ts';
import { type OwnedLink, openWorld, type World } from '../support/world.ts';
import { confirmed, jumpingClock, noQueue, withDeps } from './hands.ts';

let world: World;
let a: OwnedLink;
let b: OwnedLink;
beforeEach(async () => {
  world = await openWorld();
  [a, b] = [await world.link('a'), await world.link('b')];
});
afterEach(() => world[Symbol.asyncDispose]());

const project = () => world.deps.store.read('orders');
const events = async () => (await world.deps.store.history('orders', { limit: 50 })).map(({ event }) => event);

/** A project whose links were seen to agree, and then were resumed or paused from outside. */
async function drifted(state: 'running' | 'paused', links: readonly OwnedLink[]): Promise<void> {
  if (state === 'paused') for (const { queue } of [a, b]) await queue.pause();
  await world.project('orders', [a, b], { state });
  await world.deps.store.markConverged('orders', 1, []);
  for (const { queue } of links) await (state === 'paused' ? queue.resume() : queue.pause());
}

async function carriedOut(deed: Deed, deps = noQueue(world)) {
  const ref = await confirmed(world, 'orders', deed);
  await execute(deps, ref);
  return world.deps.store.readOperation(ref);
}

describe('Re-apply', () => {
  it('drives the links to the state, which stays with its since, by and reason; the version moves on', async () => {
    await drifted('paused', [a]);
    const before = await project();
    expect(await carriedOut('reapply')).toMatchObject({ state: 'done', toState: 'paused', outcome: { linksDone: 2 } });
    expect(await a.queue.isPaused()).toBe(true);
    const { since, by } = before ?? {};
    expect(await project()).toMatchObject({
      state: 'paused',
      since,
      by,
      version: 3,
      convergedVersion: 3,
      holder: null,
    });
    expect(await events()).toEqual(['done', 'started', 'confirmed', 'requested', 'created']);
  });

  it('puts nothing back: the project was Running all the time', async () => {
    await drifted('running', [a]);
    const marks = (await project())?.watermarks;
    expect(await carriedOut('reapply')).toMatchObject({ state: 'done', outcome: { putBack: 0 } });
    expect(await a.queue.isPaused()).toBe(false);
    expect((await project())?.watermarks).toEqual(marks);
  });

  it('that does not reach a link leaves the state, is told as not done, and converge goes on trying', async () => {
    await drifted('paused', [a]);
    const away = { drive: async (links: readonly unknown[]) => links.map(() => 'unreachable' as const) };
    const failed = await carriedOut('reapply', withDeps(noQueue(world), { clock: jumpingClock(), links: away }));
    expect(failed).toMatchObject({ state: 'failed', toState: 'paused', outcome: { unreachable: [a.link] } });
    expect(await project()).toMatchObject({ state: 'paused', unfinished: failed?.id, holder: null });
    const seq = failed?.seq ?? 0;
    await convergeStanding(noQueue(world), 'orders', 1_000);
    expect(await a.queue.isPaused()).toBe(true);
    expect(await project()).toMatchObject({ unfinished: null, version: 3, convergedVersion: 3 });
    expect((await world.deps.store.recentOperations('orders', 1))[0]?.seq).toBeGreaterThan(seq);
  });
});

describe('Adopt', () => {
  it('takes the state from the links without an event in any of them', async () => {
    await drifted('running', [a, b]);
    const length = await world.redis.xlen('bull:a:events');
    expect(await carriedOut('adopt')).toMatchObject({ state: 'done', toState: 'paused', outcome: { inFlight: 0 } });
    expect(await project()).toMatchObject({ state: 'paused', by: 'U0ALICE', version: 3, convergedVersion: 3 });
    expect(await world.redis.xlen('bull:a:events')).toBe(length);
  });

  it('is refused by the worker when the links have changed since OK, and the project is what it was', async () => {
    await drifted('paused', [a, b]);
    const before = await project();
    const ref = await confirmed(world, 'orders', 'adopt');
    await b.queue.pause();
    await execute(noQueue(world), ref);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({
      state: 'refused',
      refusal: { code: 'adopt_mixed' },
    });
    const { since, by } = before ?? {};
    expect(await project()).toMatchObject({
      state: 'paused',
      since,
      by,
      convergedVersion: 3,
      version: 3,
      holder: null,
    });
  });

  it('is not done while a link does not answer', async () => {
    await drifted('paused', [a, b]);
    const ref = await confirmed(world, 'orders', 'adopt');
    const away = { readFlags: async (links: readonly unknown[]) => links.map(() => 'unreachable' as const) };
    await execute(withDeps(noQueue(world), { links: away }), ref);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({
      state: 'failed',
      refusal: { code: 'links_unreachable' },
    });
    expect(await project()).toMatchObject({ state: 'paused', holder: null });
  });

  it('of a Failed project, or one in transition, is refused at once and kept in the history', async () => {
    await drifted('running', []);
    const failure = { link: a.link, taskId: '1', reason: 'x', at: 1 };
    await world.deps.store.fail('orders', 1, { failure, by: 'syncbot', logFrom: null });
    const asked = { project: 'orders', by: 'U0ALICE', reason: null, origin: 'slack', channel: 'C0SYNC' } as const;
    expect(await requestAction(world.deps, { ...asked, action: 'adopt' })).toMatchObject({
      kind: 'refused',
      refusal: { code: 'not_allowed', state: 'failed' },
    });
    expect((await world.deps.store.history('orders', { limit: 1 }))[0]).toMatchObject({
      event: 'refused',
      action: 'adopt',
      by: 'U0ALICE',
      code: 'not_allowed',
    });
  });
});

describe('what somebody else has resumed is never mended beside', () => {
  it('when another link is driven back after a late write of our own', async () => {
    await drifted('paused', [a, b]);
    await world.redis.zadd('syncbot:{p:orders}:runs', Date.now() + 60_000, 'killed');
    expect(await world.deps.store.correct('orders', 1, { links: [b.link], cause: 'late_write' })).toBe(true);
    await convergeStanding(noQueue(world), 'orders', 1_000);
    expect([await a.queue.isPaused(), await b.queue.isPaused()]).toEqual([false, true]);
    expect(await project()).toMatchObject({ convergedVersion: 1, driving: null });
  });

  it('when a link is added to the project', async () => {
    await a.queue.pause();
    await world.project('orders', [a], { state: 'paused' });
    await world.deps.store.markConverged('orders', 1, []);
    await a.queue.resume();
    const definition = definitionOf('orders', { links: [a.link, b.link] });
    const change = { expectedVersion: 1, added: [linkId(b.link)] };
    expect(await world.deps.store.put(definition, change, 'cli:test')).toBe(true);
    await convergeStanding(noQueue(world), 'orders', 1_000);
    expect([await a.queue.isPaused(), await b.queue.isPaused()]).toEqual([false, true]);
    expect(await project()).toMatchObject({ version: 2, convergedVersion: 2, driving: null });
  });

  it('when another link is added before the first one was seen to', async () => {
    const c = await world.link('c');
    await a.queue.pause();
    await world.project('orders', [a], { state: 'paused' });
    await world.deps.store.markConverged('orders', 1, []);
    const grown = (links: OwnedLink[], expectedVersion: number, added: OwnedLink) =>
      world.deps.store.put(
        definitionOf('orders', { links: links.map(({ link }) => link) }),
        { expectedVersion, added: [linkId(added.link)] },
        'cli:test',
      );
    await grown([a, b], 1, b);
    await grown([a, b, c], 2, c);
    await convergeStanding(noQueue(world), 'orders', 1_000);
    expect([await b.queue.isPaused(), await c.queue.isPaused()]).toEqual([true, true]);
  });

  it('and a queue that appears meanwhile stays awaited until it is seen to as well', async () => {
    const late = { queue: 'late', connection: 'default', prefix: 'bull' };
    await a.queue.pause();
    await world.project('orders', [a, { link: late }], { state: 'paused' });
    await world.deps.store.markConverged('orders', 1, [linkId(late)]);
    await world.redis.zadd('syncbot:{p:orders}:runs', Date.now() + 60_000, 'killed');
    await a.queue.resume();
    await world.deps.store.correct('orders', 1, { links: [a.link], cause: 'late_write' });
    const appeared = await world.link('late');
    await convergeStanding(noQueue(world), 'orders', 1_000);
    expect(await project()).toMatchObject({ convergedVersion: 1, awaited: [linkId(late)] });
    await observeAll({ ...noQueue(world), queue: world.deps.queue });
    await convergeStanding(noQueue(world), 'orders', 1_000);
    expect(await appeared.queue.isPaused()).toBe(true);
    expect((await project())?.awaited).toEqual([]);
  });

  it('also when a Restore is taken back in between', async () => {
    await drifted('paused', [a, b]);
    await world.redis.zadd('syncbot:{p:orders}:runs', Date.now() + 60_000, 'killed');
    await world.deps.store.correct('orders', 1, { links: [b.link], cause: 'late_write' });
    const ref = await confirmed(world, 'orders', 'restore');
    const away = { readFlags: async (links: readonly unknown[]) => links.map(() => 'unreachable' as const) };
    await execute(withDeps(noQueue(world), { links: away }), ref);
    expect(await world.deps.store.readOperation(ref)).toMatchObject({ refusal: { code: 'links_unreachable' } });
    await convergeStanding(noQueue(world), 'orders', 1_000);
    expect([await a.queue.isPaused(), await b.queue.isPaused()]).toEqual([false, true]);
  });

  it('until an operation takes the project: it sees to every link', async () => {
    await drifted('paused', [a, b]);
    await world.redis.zadd('syncbot:{p:orders}:runs', Date.now() + 60_000, 'killed');
    await world.deps.store.correct('orders', 1, { links: [b.link], cause: 'late_write' });
    expect(await carriedOut('reapply')).toMatchObject({ state: 'done', outcome: { linksDone: 2 } });
    expect([await a.queue.isPaused(), await b.queue.isPaused()]).toEqual([true, true]);
  });
});
