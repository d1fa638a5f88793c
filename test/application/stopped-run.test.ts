import { expect, it } from 'vitest';
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
) {
  let stoppedMs = 0;
  const stopped = once(async () => {
    await meanwhile();
    stoppedMs = 1_500;
  });
  return { method: andThen(method, stopped), clock: { ...clock, now: () => clock.now() + stoppedMs } };
}

async function carryOut(world: World, action: Action): Promise<void> {
  await execute(noQueue(world), await confirmed(world, 'payments', action));
}

async function flagsSet(world: World): Promise<(string | undefined)[]> {
  const events = await world.redis.xrange('bull:payments:events', '-', '+');
  return events.map(([, fields]) => fields[1]).filter((event) => event === 'paused' || event === 'resumed');
}

it('a pause whose process was stopped after it saw the version touches nothing that was restored meanwhile', async () => {
  await using world = await openWorld();
  await world.project('payments', [await world.link('payments')]);
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
  await using world = await openWorld();
  await world.project('payments', [await world.link('payments')]);
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
