import { describe, expect, it } from 'vitest';
import { converge } from '../../src/application/converge.ts';
import type { Deps } from '../../src/application/deps.ts';
import { execute } from '../../src/application/execute.ts';
import type { Action } from '../../src/domain/project.ts';
import { openWorld, type World } from '../support/world.ts';
import { andThen, confirmed, noQueue, once, withDeps } from './hands.ts';

/** As if the process were stopped by the machine just when it has been answered, while others go on. */
function stoppedAfter<Asked extends unknown[], Answer>(
  { clock }: Deps,
  method: (...asked: Asked) => Promise<Answer>,
  meanwhile: () => Promise<unknown>,
  forMs = 1_500,
) {
  let stoppedMs = 0;
  const stopped = once(async () => {
    await meanwhile();
    stoppedMs = forMs;
  });
  const later = { now: () => clock.now() + stoppedMs, elapsed: () => clock.elapsed() + stoppedMs };
  return { method: andThen(method, stopped), clock: { ...clock, ...later } };
}

async function openPayments(): Promise<World> {
  const world = await openWorld();
  await world.project('payments', [await world.link('payments')]);
  return world;
}

async function carryOut(world: World, action: Action): Promise<void> {
  await execute(noQueue(world), await confirmed(world, 'payments', action));
}

async function flagsSet(world: World): Promise<(string | undefined)[]> {
  const events = await world.redis.xrange('bull:payments:events', '-', '+');
  return events.map(([, fields]) => fields[1]).filter((event) => event === 'paused' || event === 'resumed');
}

it('a pause whose process was stopped after it saw the version touches nothing that was restored meanwhile', async () => {
  await using world = await openPayments();
  const pause = await confirmed(world, 'payments', 'pause');
  await world.deps.store.claim(pause, 'stopped');
  const { method: version, clock } = stoppedAfter(world.deps, world.deps.store.version, async () => {
    await execute(noQueue(world), pause);
    await carryOut(world, 'restore');
  });
  const deps = { ...withDeps(world.deps, { store: { version } }), clock };
  await converge(deps, { project: 'payments', holder: pause.operation, tryForMs: 5_000 });
  expect(await flagsSet(world)).toEqual(['paused', 'resumed']);
});

it('a restore whose process was stopped after it moved the watermark resumes nothing that was paused meanwhile', async () => {
  await using world = await openPayments();
  await carryOut(world, 'pause');
  const restore = await confirmed(world, 'payments', 'restore');
  await world.deps.store.claim(restore, 'stopped');
  const { method: setWatermarks, clock } = stoppedAfter(world.deps, world.deps.store.setWatermarks, async () => {
    await execute(noQueue(world), restore);
    await carryOut(world, 'pause');
  });
  const deps = { ...withDeps(world.deps, { store: { setWatermarks } }), clock };
  await converge(deps, { project: 'payments', holder: restore.operation, tryForMs: 5_000 });
  expect(await flagsSet(world)).toEqual(['paused', 'resumed', 'paused']);
});

describe('when nobody else did anything meanwhile', () => {
  it('a pause that was stopped for minutes is carried out after all', async () => {
    await using world = await openPayments();
    const pause = await confirmed(world, 'payments', 'pause');
    const { method: version, clock } = stoppedAfter(world.deps, world.deps.store.version, async () => {}, 180_000);
    const lines: object[] = [];
    const log = { ...world.deps.log, info: (fields: object) => void lines.push(fields) };
    await execute({ ...withDeps(noQueue(world), { store: { version } }), clock, log }, pause);
    expect(await world.deps.store.readOperation(pause)).toMatchObject({ state: 'done' });
    expect(lines).toContainEqual({ project: 'payments', operationId: pause.operation, links: 1 });
    expect(await flagsSet(world)).toEqual(['paused']);
  });

  it('a restore that was stopped for minutes is carried out after all', async () => {
    await using world = await openPayments();
    await carryOut(world, 'pause');
    const restore = await confirmed(world, 'payments', 'restore');
    const { setWatermarks } = world.deps.store;
    const { method, clock } = stoppedAfter(world.deps, setWatermarks, async () => {}, 180_000);
    await execute({ ...withDeps(noQueue(world), { store: { setWatermarks: method } }), clock }, restore);
    expect(await world.deps.store.readOperation(restore)).toMatchObject({ state: 'done' });
    expect(await flagsSet(world)).toEqual(['paused', 'resumed']);
  });

  it('a restore that was stopped before it paused a link that ran says nothing of links that do not answer', async () => {
    await using world = await openWorld();
    const owned = await world.link('payments');
    await world.project('payments', [owned]);
    await carryOut(world, 'pause');
    await owned.queue.resume();
    const restore = await confirmed(world, 'payments', 'restore');
    const { method: version, clock } = stoppedAfter(world.deps, world.deps.store.version, async () => {}, 180_000);
    await execute({ ...withDeps(noQueue(world), { store: { version } }), clock }, restore);
    expect(await world.deps.store.readOperation(restore)).toMatchObject({ state: 'done', refusal: null });
    expect(await flagsSet(world)).toEqual(['paused', 'resumed', 'paused', 'resumed']);
  });

  it.each([600, 1_200, 4_500])(
    'links are driven in one attempt where Redis takes %i ms to answer',
    async (answersAfterMs) => {
      await using world = await openWorld();
      await world.project('payments', [await world.link('payments')]);
      const pause = await confirmed(world, 'payments', 'pause');
      await world.deps.store.claim(pause, 'slow');
      let waitedMs = 0;
      const version = andThen(world.deps.store.version, async () => {
        waitedMs += answersAfterMs;
      });
      const { clock } = world.deps;
      const slow = { ...clock, elapsed: () => clock.elapsed() + waitedMs };
      const deps = { ...withDeps(world.deps, { store: { version } }), clock: slow };
      expect(await converge(deps, { project: 'payments', holder: pause.operation, tryForMs: 0 })).toMatchObject({
        kind: 'agreed',
      });
    },
  );
});
