import { afterEach, beforeEach, expect, it } from 'vitest';
import { noWatermark } from '../../src/domain/project.ts';
import { type OwnedLink, openWorld, type World } from '../support/world.ts';

let world: World;
let far: OwnedLink;
beforeEach(async () => {
  world = await openWorld({ servers: ['far'] });
  far = await world.link('far', 'far');
});
afterEach(() => world[Symbol.asyncDispose]());

const look = async () =>
  (await world.deps.links.observe([{ link: far.link, watermark: noWatermark }])).map(({ kind }) => kind);

it('a connection that was silent is looked at again as soon as it answers', async () => {
  expect(await look()).toEqual(['read']);
  world.server('far').kill('SIGSTOP');
  expect(await look()).toEqual(['unreachable']);
  expect(await look()).toEqual(['unreachable']);
  world.server('far').kill('SIGCONT');
  await far.queue.add('a task, to know that it serves again', {});
  expect(await look()).toEqual(['read']);
});

it('thousands of links are read in one look, also after a silence', async () => {
  const items = Array.from({ length: 3_000 }, (_, index) => ({
    link: { ...far.link, queue: index % 2 === 0 ? 'far' : `none-${index}` },
    watermark: noWatermark,
  }));
  world.server('far').kill('SIGSTOP');
  expect(await look()).toEqual(['unreachable']);
  world.server('far').kill('SIGCONT');
  await far.queue.add('a task, to know that it serves again', {});
  const kinds = new Set((await world.deps.links.observe(items)).map(({ kind }) => kind));
  expect(kinds).toEqual(new Set(['read', 'missing']));
});
