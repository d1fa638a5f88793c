import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { differences } from '../../src/application/wanted.ts';
import { linkId } from '../../src/domain/project.ts';
import { openWorld, type World } from '../support/world.ts';
import { applying, done, finishOne, ghost, names, wanted } from './applying.ts';

let world: World;
let on: ReturnType<typeof applying>;
beforeEach(async () => {
  world = await openWorld();
  on = applying(world);
});
afterEach(() => world[Symbol.asyncDispose]());

const stored = (id: string) => world.deps.store.read(id);

describe('a changed project', () => {
  test('that runs takes words, but keeps its links', async () => {
    const [one, two] = [await world.link('one'), await world.link('two')];
    await on.apply(wanted('orders', [one], { adopt: true }));
    expect(await on.refused(wanted('orders', [one, two]))).toEqual(['orders links_in_use']);
    const made = await on.planned(wanted('orders', [one], { description: 'new', labels: ['prod'] }));
    expect(made.change[0]?.what).toEqual(['description', 'labels']);
    expect(await on.carryOut(made)).toEqual(done);
    expect(await stored('orders')).toMatchObject({ state: 'running', version: 2, definition: { description: 'new' } });
    expect(await one.queue.isPaused()).toBe(false);
  });

  test('that is Paused: a new link is paused too, its old failures do not count, a removed one stays paused', async () => {
    const [old, added] = [await world.link('old'), await world.link('added')];
    await old.queue.pause();
    await on.apply(wanted('orders', [old], { adopt: true }));
    await added.queue.add('row', {});
    const made = await on.planned(wanted('orders', [added]));
    expect(made.change.map(({ pauses, leftPaused }) => [names(pauses), names(leftPaused)])).toEqual([
      [['added'], ['old']],
    ]);
    expect(await on.carryOut(made)).toEqual(done);
    expect(await added.queue.isPaused()).toBe(true);
    expect(await old.queue.isPaused()).toBe(true);
    const project = await stored('orders');
    expect(project?.convergedVersion).toBe(project?.version);
    expect(Object.keys(project?.watermarks ?? {}).sort()).toEqual([linkId(added.link), linkId(old.link)].sort());
  });

  test('does not stop a new link that is in use', async () => {
    const [old, busy] = [await world.link('old'), await world.link('busy')];
    await on.apply(wanted('orders', [old]));
    await finishOne(busy, 'completed');
    expect(await on.refused(wanted('orders', [old, busy]))).toEqual(['orders added_worked_on']);
    await busy.queue.pause();
    expect(await on.apply(wanted('orders', [old, busy]))).toEqual(done);
  });

  test('waits for the end of a transition', async () => {
    const link = await world.link('orders');
    await on.apply(wanted('orders', [link], { adopt: true }));
    const ref = await world.act('orders', 'pause');
    await world.deps.store.claim(ref, 'run');
    expect(await on.refused(wanted('orders', [link], { description: 'new' }))).toEqual(['orders in_transition']);
    expect(await on.refused()).toEqual(['orders in_transition']);
  });
});

describe('a removed project', () => {
  test('must be Not Started or Paused; its queues stay paused and are named', async () => {
    const [one, two] = [await world.link('one'), await world.link('two')];
    await on.apply(wanted('runs', [one], { adopt: true }), wanted('stands', [two, ghost]));
    expect(await on.refused(wanted('stands', [two, ghost]))).toEqual(['runs not_removable']);
    const made = await on.planned(wanted('runs', [one]));
    expect(made.remove.map(({ project, leftPaused }) => [project.id, names(leftPaused)])).toEqual([
      ['stands', ['two']],
    ]);
    expect(await on.carryOut(made)).toEqual(done);
    expect(await world.deps.store.ids()).toEqual(['runs']);
    expect(await two.queue.isPaused()).toBe(true);
  });
});

test('differences between file and store are told in words', async () => {
  const link = await world.link('orders');
  await on.apply(wanted('orders', [link], { adopt: true }), wanted('old', [ghost]));
  const projects = await world.deps.store.readMany(await world.deps.store.ids());
  const file = [wanted('orders', [ghost], { labels: ['x'] }), wanted('fresh', [link])];
  expect(differences(projects, { projects: file })).toEqual([
    'orders differs from the file: labels, link ghost added, link orders removed',
    'fresh is in the file and not applied',
    'old is no longer in the file',
  ]);
  expect(differences(projects, { projects: [wanted('orders', [link]), wanted('old', [ghost])] })).toEqual([]);
});
