import { expect, it } from 'vitest';
import { converge } from '../../src/application/converge.ts';
import { execute } from '../../src/application/execute.ts';
import { openWorld } from '../support/world.ts';
import { andThen, confirmed, noQueue, once, withDeps } from './hands.ts';

it('a run whose operation another has ended drives nothing at a version that was read before the flags', async () => {
  await using world = await openWorld();
  const owned = await world.link('payments');
  await world.project('payments', [owned]);
  const pause = await confirmed(world, 'payments', 'pause');
  await world.deps.store.claim(pause, 'late');
  const driven: string[] = [];
  // Another run of the same operation ends it, and somebody resumes the link.
  const overtaken = once(async () => {
    await execute(noQueue(world), pause);
    await owned.queue.resume();
  });
  let looks = 0;
  const restored = async () => {
    looks += 1;
    if (looks === 3) await execute(noQueue(world), await confirmed(world, 'payments', 'restore'));
  };
  const { readFlags, drive } = world.deps.links;
  const deps = withDeps(world.deps, {
    links: {
      readFlags: andThen(readFlags, restored),
      drive: andThen(async (links, wanted, within) => {
        driven.push(`${wanted} while ${(await world.deps.store.read('payments'))?.state}`);
        return drive(links, wanted, within);
      }, overtaken),
    },
  });
  expect(await converge(deps, { project: 'payments', holder: pause.operation, tryForMs: 0 })).toMatchObject({
    kind: 'agreed',
    project: { state: 'running' },
  });
  expect(driven).toEqual(['paused while pausing']);
});
