import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toFailureCauses } from '../../src/domain/failure-causes.ts';

const groups = fc.array(
  fc.record({
    reason: fc.constantFrom('refused', 'full', 'gone', 'late', ''),
    tasks: fc.integer({ min: 1, max: 500 }),
  }),
  { minLength: 1, maxLength: 12 },
);

it('Groups of several links with one reason are one cause: that of the oldest task first, then the most frequent ones.', () => {
  fc.assert(
    fc.property(groups, fc.nat(10_000), (given, tasks) => {
      const causes = toFailureCauses(given, { tasks, since: 7 });
      const countOf = (reason: string) =>
        given.filter((group) => group.reason === reason).reduce((sum, group) => sum + group.tasks, 0);
      const [oldest = 0, ...later] = [...new Set(given.map(({ reason }) => reason))].map(countOf);
      const counts = [oldest, ...later.sort((a, b) => b - a)];
      expect(causes?.first[0]?.reason).toBe(given[0]?.reason);
      expect(causes?.causes).toBe(counts.length);
      expect(causes?.first.map((cause) => cause.tasks)).toEqual(counts.slice(0, 3));
      for (const cause of causes?.first ?? []) expect(cause.tasks).toBe(countOf(cause.reason));
      expect(causes?.grouped).toBe(counts.reduce((sum, count) => sum + count, 0));
      expect(causes?.tasks).toBe(Math.max(tasks, causes?.grouped ?? 0));
    }),
  );
});

it('Causes of the same number of tasks keep their order, the oldest first.', () => {
  const given = ['too long', 'too early', 'late'].map((reason) => ({ reason, tasks: 1 }));
  expect(toFailureCauses(given, { tasks: 3, since: 7 })?.first).toEqual(given);
});

it('Without a group the causes are not known.', () => {
  expect(toFailureCauses([], { tasks: 7, since: 7 })).toBeNull();
});
