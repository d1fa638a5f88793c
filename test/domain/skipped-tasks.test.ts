import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hasFailedAgain,
  isKnownFailure,
  isNamed,
  maxRetriedTasks,
  rememberRetriedTasks,
  taskName,
  tasksNamed,
} from '../../src/domain/failed-tasks.ts';
import type { Watermark } from '../../src/domain/link.ts';
import { watermarkOf } from '../../src/domain/project.ts';
import { coverTasks } from '../../src/domain/skipped-tasks.ts';
import { exampleLink, exampleProject } from '../support/example-records.ts';

const link = exampleLink('orders-full');
const other = exampleLink('orders-incr');
const time = fc.integer({ min: 1, max: 6 });
const failure = fc.record({ taskId: fc.constantFrom('1', '2', '3', '4'), at: time });
const watermark: fc.Arbitrary<Watermark> = fc
  .record({ at: time, failures: fc.uniqueArray(failure, { selector: ({ taskId }) => taskId }) })
  .map(({ at, failures }) => ({ at, known: failures.filter((task) => task.at >= at), eventId: '1-0' }));

describe('a watermark that covers skipped tasks', () => {
  it('adds the skipped tasks and no other failure, and names each task once', () => {
    fc.assert(
      fc.property(watermark, fc.array(failure), failure, (before, skipped, any) => {
        // A task has one score: an older failure of a known task is over.
        const newest = (taskId: string) =>
          Math.max(0, ...[...before.known, ...skipped].filter((task) => task.taskId === taskId).map(({ at }) => at));
        fc.pre(any.at >= newest(any.taskId));
        const isSkipped = skipped.some(({ taskId, at }) => taskId === any.taskId && at === any.at);
        const covered = coverTasks(before, skipped);
        expect(isKnownFailure(covered, any)).toBe(isKnownFailure(before, any) || isSkipped);
        expect(new Set(covered.known.map(({ taskId }) => taskId)).size).toBe(covered.known.length);
        expect(covered.known.every(({ at }) => at >= covered.at)).toBe(true);
      }),
    );
  });

  it('covers the tasks of its own link only', () => {
    const skipped = { kind: 'task_failed', taskId: '1', reason: '', at: 5, skippedAt: 6, by: 'U0ALICE' } as const;
    const project = exampleProject({ skippedTasks: [{ ...skipped, link }] });
    expect(watermarkOf(project, link).known).toEqual([{ taskId: '1', at: 5 }]);
    expect(watermarkOf(project, other).known).toEqual([]);
  });
});

describe('the memory of retried tasks', () => {
  const retried = (taskId: string, at: number, runnableAt = 1) => ({ link, taskId, at, runnableAt });

  it('recognizes a later failure of the same task only', () => {
    const memory = rememberRetriedTasks([], [retried('1', 5)]);
    expect(hasFailedAgain(memory, retried('1', 6))).toBe(true);
    expect(hasFailedAgain(memory, retried('1', 5))).toBe(false);
    expect(hasFailedAgain(memory, retried('2', 6))).toBe(false);
    expect(hasFailedAgain(memory, retried('1', 6, 2))).toBe(false);
    expect(hasFailedAgain(memory, { ...retried('1', 6), link: other })).toBe(false);
  });

  it('keeps each task once, with its newest failure, and the newest of many', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.tuple(fc.nat(200), fc.nat(1_000)))), (restores) => {
        let memory = rememberRetriedTasks([], []);
        for (const tasks of restores) {
          memory = rememberRetriedTasks(
            memory,
            tasks.map(([id, at]) => retried(String(id), at)),
          );
          expect(memory.length).toBeLessThanOrEqual(maxRetriedTasks);
          expect(new Set(memory.map(({ taskId }) => taskId)).size).toBe(memory.length);
        }
      }),
    );
    const many = Array.from({ length: 150 }, (_, index) => retried(String(index), index));
    expect(rememberRetriedTasks([], many).map(({ at }) => at)).toEqual(
      Array.from({ length: maxRetriedTasks }, (_, index) => 149 - index),
    );
  });
});

it('A task is found by its id, and by the names of link and task, whatever characters they have.', () => {
  const links = fc.record({
    queue: fc.string({ minLength: 1 }),
    connection: fc.constantFrom('default', 'far'),
    prefix: fc.constant('bull'),
  });
  fc.assert(
    fc.property(links, fc.string({ minLength: 1 }), (one, taskId) => {
      for (const name of [taskId, taskName({ link: one, taskId })]) {
        expect(isNamed({ link: one, taskId }, name)).toBe(true);
        expect(tasksNamed([one], name)).toContainEqual({ link: one, taskId });
      }
    }),
  );
});
