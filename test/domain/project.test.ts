import { describe, expect, it } from 'vitest';
import { operationKinds } from '../../src/domain/lifecycle.ts';
import { noWatermark } from '../../src/domain/link.ts';
import { isUnfinished, operationStates, refOf } from '../../src/domain/operation.ts';
import { projectIdSchema, watermarkOf } from '../../src/domain/project.ts';
import { countStates, projectStates, totalCount, urgency } from '../../src/domain/project-state.ts';
import { logRetainedUntil, logRetentionDeadline, oldestUnprocessedAt } from '../../src/domain/source-log-retention.ts';
import { exampleLink, exampleOperation, exampleProject } from '../support/example-records.ts';

const accepts = (id: string) => projectIdSchema.safeParse(id).success;
const words =
  'help list show precheck history start pause restore resume apply doctor run because for until all page public';

describe('a project id', () => {
  it.each(['a', '0', 'orders', 'a-b_c', 'x'.repeat(63), 'starts', 'reapply'])('may be %j', (id) => {
    expect(accepts(id)).toBe(true);
  });

  it.each(['', '-a', '_a', 'A', 'aB', 'a b', 'a.b', 'ä', 'x'.repeat(64), 'orders\n', ' orders'])(
    'may not be %j',
    (id) => {
      expect(accepts(id)).toBe(false);
    },
  );

  it.each([...words.split(' '), ...projectStates])('may not be the word %s', (word) => {
    expect(accepts(word)).toBe(false);
  });
});

it('A link without a watermark has the empty one.', () => {
  const watermark = { at: 5, known: [], eventId: '5-0' };
  const project = exampleProject({ watermarks: { 'default/bull:a': watermark } });
  expect(watermarkOf(project, exampleLink('a'))).toBe(watermark);
  expect(watermarkOf(project, exampleLink('b'))).toBe(noWatermark);
  expect(noWatermark).toEqual({ at: 0, known: [], eventId: '0-0' });
});

it('Only requested, confirmed and running operations are unfinished.', () => {
  expect(operationStates.filter((state) => isUnfinished({ state }))).toEqual(['requested', 'confirmed', 'running']);
  expect(operationKinds.length).toBe(6);
  expect(refOf(exampleOperation({ id: 'op9', project: 'users' }))).toEqual({ operation: 'op9', project: 'users' });
});

it('The number of projects is counted by state.', () => {
  const projects = projectStates.flatMap((state, index) => Array.from({ length: index + 1 }, () => ({ state })));
  const counts = countStates(projects);
  expect(Object.entries(counts).sort(([, a], [, b]) => a - b)).toEqual(
    projectStates.map((state, index) => [state, index + 1]),
  );
  expect(totalCount(counts)).toBe(28);
});

it('A list has Failed projects first, then those in transition, Paused, Running and Not Started ones.', () => {
  expect([...projectStates].sort((a, b) => urgency[a] - urgency[b])).toEqual([
    'failed',
    'pausing',
    'restoring',
    'starting',
    'paused',
    'running',
    'not_started',
  ]);
});

describe('the log of the source', () => {
  it('is needed from the oldest change that is not processed, or from now if the latency is unknown', () => {
    expect(oldestUnprocessedAt({ now: 10_000, latencyMs: 3_000 })).toBe(7_000);
    expect(oldestUnprocessedAt({ now: 10_000, latencyMs: null })).toBe(10_000);
  });

  it('has no deadline if its retention is not configured', () => {
    expect(logRetainedUntil({ logRetention: null }, 7_000)).toBeNull();
    expect(logRetainedUntil({ logRetention: 500 }, 7_000)).toBe(7_500);
  });

  it.each(projectStates)('has a deadline if the project is Paused or Failed: %s', (state) => {
    const definition = { ...exampleProject().definition, logRetention: 500 };
    const project = exampleProject({ state, since: 1_000, oldestUnprocessedAt: 400, definition });
    const isStopped = state === 'paused' || state === 'failed';
    expect(logRetentionDeadline(project)).toBe(isStopped ? 900 : null);
    expect(logRetentionDeadline({ ...project, oldestUnprocessedAt: null })).toBe(isStopped ? 1_500 : null);
  });
});
