import { expect } from 'vitest';
import { linksWanted, roads } from '../../src/domain/lifecycle.ts';
import { waitFor } from '../support/wait.ts';
import type { Story } from './checks.ts';
import type { Stage, StageLink } from './stage.ts';

/**
 * As many pauses and resumes as were asked for; more only where a command came late and was taken back: by the one that sent
 * it, which looks once more, and by a look at the links, if both see it at once.
 */
export async function expectRightEvents({ queue, redis }: StageLink, { operations, lateDrives }: Story): Promise<void> {
  const entries = await redis.xrange(`bull:${queue.name}:events`, '-', '+');
  const seen = entries.map(([, fields]) => fields[1]);
  // Before a Start or a Restore the stage itself has paused every link.
  const prepared = operations[0]?.action === 'pause' ? 0 : 1;
  const last = operations.at(-1);
  for (const event of ['paused', 'resumed'] as const) {
    const asked = operations.filter(({ action }) => linksWanted(roads[action].to) === event).length;
    const count = seen.filter((one) => one === event).length - (event === 'paused' ? prepared : 0);
    expect(count, `${event} events of ${queue.name}`).toBeGreaterThanOrEqual(asked);
    const isBack = last !== undefined && linksWanted(roads[last.action].to) === event;
    const most = asked + (isBack ? 2 * lateDrives : lateDrives);
    expect(count, `${event} events of ${queue.name}`).toBeLessThanOrEqual(most);
  }
}

const lists = ['wait', 'active', 'paused'] as const;
const sets = ['prioritized', 'delayed', 'failed', 'completed', 'waiting-children'] as const;

/** Every task is in exactly one list, what has been done was done once, and older tasks were done first. */
export async function expectNoTaskLostOrTwice(stage: Stage, link: StageLink, runs: boolean): Promise<void> {
  const { queue, redis } = link;
  const base = `bull:${queue.name}:`;
  const { length } = stage.tasks;
  if (runs) await waitFor(() => stage.done(link).length >= length, { describe: `all tasks of ${queue.name}` });
  await waitFor(async () => (await redis.llen(`${base}active`)) === 0, { describe: 'the end of the task in flight' });
  const inLists = await Promise.all(lists.map((name) => redis.lrange(`${base}${name}`, 0, -1)));
  const inSets = await Promise.all(sets.map((name) => redis.zrange(`${base}${name}`, 0, '-1')));
  const ids = [...inLists, ...inSets].flat().sort();
  expect(ids, `tasks of ${queue.name}`).toEqual(Array.from({ length }, (_, index) => `${index + 1}`));
  const done = stage.done(link);
  expect(done, `work of ${queue.name}`).toEqual(stage.tasks.slice(0, done.length));
  expect(await redis.zcard(`${base}completed`)).toBe(done.length);
}
