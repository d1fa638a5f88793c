import { expect } from 'vitest';
import { desiredLinkState, transitions } from '../../src/domain/lifecycle.ts';
import { waitFor } from '../support/wait-for.ts';
import type { ExpectedOutcome } from './outcome-assertions.ts';
import type { FixtureLink, ProjectFixture } from './project-fixture.ts';

/**
 * As many pauses and resumes as were asked for; more only where a command came late and was taken back: by the one that sent
 * it, which looks once more, and by a look at the links, if both see it at once.
 */
export async function expectPauseEvents(
  { queue, redis }: FixtureLink,
  { operations, lateCommands }: ExpectedOutcome,
): Promise<void> {
  const entries = await redis.xrange(`bull:${queue.name}:events`, '-', '+');
  const events = entries.map(([, fields]) => fields[1]);
  // Before a Start or a Restore the stage itself has paused every link.
  const setupPauses = operations[0]?.action === 'pause' ? 0 : 1;
  const last = operations.at(-1);
  for (const event of ['paused', 'resumed'] as const) {
    const expected = operations.filter(({ action }) => desiredLinkState(transitions[action].to) === event).length;
    const count = events.filter((one) => one === event).length - (event === 'paused' ? setupPauses : 0);
    expect(count, `${event} events of ${queue.name}`).toBeGreaterThanOrEqual(expected);
    const isLastCommand = last !== undefined && desiredLinkState(transitions[last.action].to) === event;
    const max = expected + (isLastCommand ? 2 * lateCommands : lateCommands);
    expect(count, `${event} events of ${queue.name}`).toBeLessThanOrEqual(max);
  }
}

const listKeys = ['wait', 'active', 'paused'] as const;
const sortedSetKeys = ['prioritized', 'delayed', 'failed', 'completed', 'waiting-children'] as const;

/** Every task is in exactly one list, what has been done was done once, and older tasks were done first. */
export async function expectEachTaskOnce(
  fixture: ProjectFixture,
  link: FixtureLink,
  isRunning: boolean,
): Promise<void> {
  const { queue, redis } = link;
  const keyPrefix = `bull:${queue.name}:`;
  const { length } = fixture.tasks;
  if (isRunning)
    await waitFor(() => fixture.completedTasks(link).length >= length, { description: `all tasks of ${queue.name}` });
  await waitFor(async () => (await redis.llen(`${keyPrefix}active`)) === 0, {
    description: 'the end of the task in flight',
  });
  const inLists = await Promise.all(listKeys.map((name) => redis.lrange(`${keyPrefix}${name}`, 0, -1)));
  const inSets = await Promise.all(sortedSetKeys.map((name) => redis.zrange(`${keyPrefix}${name}`, 0, '-1')));
  const ids = [...inLists, ...inSets].flat().sort();
  expect(ids, `tasks of ${queue.name}`).toEqual(Array.from({ length }, (_, index) => `${index + 1}`));
  const completed = fixture.completedTasks(link);
  expect(completed, `work of ${queue.name}`).toEqual(fixture.tasks.slice(0, completed.length));
  expect(await redis.zcard(`${keyPrefix}completed`)).toBe(completed.length);
}
