import { describe, expect, it } from 'vitest';
import { detectDrift, isAdoptable } from '../../src/domain/drift.ts';
import { type Conditions, conditionsFromObservation } from '../../src/domain/evaluate-conditions.ts';
import { type LinkObservation, type LinkStats, toProjectStats } from '../../src/domain/observation.ts';
import type { Project } from '../../src/domain/project.ts';
import { type ProjectState, projectStates } from '../../src/domain/state.ts';
import { exampleLink, exampleLinkStats, exampleProject } from '../slack/example-records.ts';

const now = 1_000_000;
const observed = (queue: string, overrides: Partial<LinkStats> = {}) => exampleLinkStats(queue, { now, ...overrides });
const unreachable: LinkObservation = { kind: 'unreachable', link: exampleLink('away') };
const missing: LinkObservation = { kind: 'missing', link: exampleLink('gone') };

/** What is found in a project of these links; only the kinds that are there. */
function evaluateConditions(
  links: readonly LinkObservation[],
  overrides: Partial<Project> = {},
  workers: (number | null)[] = [],
): Conditions {
  const { definition } = exampleProject();
  const project = exampleProject({
    state: 'running',
    version: 3,
    syncedVersion: 3,
    since: now - 1_000,
    definition: { ...definition, links: links.map(({ link }) => link) },
    ...overrides,
  });
  const conditions = conditionsFromObservation({ project, stats: toProjectStats(links, now), workers, now });
  return Object.fromEntries(Object.entries(conditions).filter(([, finding]) => finding !== null));
}

const sample = (...queues: string[]) => ({ total: queues.length, first: queues.map(exampleLink) });

describe('unexpectedly_paused', () => {
  const expectedConditions: Record<ProjectState, Conditions> = {
    not_started: { unexpectedly_running: { kind: 'unexpectedly_running', links: sample('runs'), cause: 'resumed' } },
    starting: {},
    running: { unexpectedly_paused: { kind: 'unexpectedly_paused', paused: sample('held'), deleted: sample() } },
    pausing: {},
    paused: { unexpectedly_running: { kind: 'unexpectedly_running', links: sample('runs'), cause: 'resumed' } },
    restoring: {},
    failed: { unexpectedly_running: { kind: 'unexpectedly_running', links: sample('runs'), cause: 'resumed' } },
  };
  const links = [observed('runs'), observed('held', { paused: true })];

  it.each(projectStates)('of a project that is %s', (state) => {
    const activeOperation = Object.keys(expectedConditions[state]).length === 0 ? 'op1' : null;
    const conditions = Object.entries(
      evaluateConditions(links, { state, activeOperation: activeOperation, by: 'U0ALICE' }),
    );
    expect(Object.fromEntries(conditions.filter(([, finding]) => finding !== undefined))).toEqual(
      expectedConditions[state],
    );
  });

  it('is not seen while converge has work left, or somebody holds the project', () => {
    const unknownConditions = {
      unexpectedly_running: undefined,
      unexpectedly_paused: undefined,
      queue_created: undefined,
    };
    const held = { state: 'paused', version: 1, syncedVersion: 1, activeOperation: 'op1' } as const;
    expect(detectDrift(exampleProject(held), links).unexpectedlyRunning).toEqual([]);
    expect(evaluateConditions(links, { state: 'paused', syncedVersion: 2 })).toStrictEqual(unknownConditions);
    expect(evaluateConditions(links, { state: 'paused', activeOperation: 'op1' })).toStrictEqual(unknownConditions);
  });

  it('what syncbot itself could not pause for two minutes runs all the same, and that is told', () => {
    const overdueProject = { state: 'failed', by: 'U0ALICE', syncedVersion: 2, since: now - 120_001 } as const;
    expect(evaluateConditions(links, overdueProject).unexpectedly_running).toEqual({
      kind: 'unexpectedly_running',
      links: sample('runs'),
      cause: 'not_paused',
    });
    expect(evaluateConditions(links, { ...overdueProject, since: now - 120_000 }).unexpectedly_running).toBeUndefined();
    expect(evaluateConditions(links, { ...overdueProject, state: 'running' }).unexpectedly_running).toBeUndefined();
  });

  it('of links that nobody drives is seen also while converge sees to others', () => {
    const unsynced = {
      state: 'paused',
      syncedVersion: 2,
      linksToReconcile: ['default/bull:held'],
      since: now - 200_000,
    } as const;
    const { unexpectedly_running } = evaluateConditions([observed('runs'), observed('held')], unsynced);
    expect(unexpectedly_running).toEqual({ kind: 'unexpectedly_running', links: sample('runs'), cause: 'resumed' });
    const reconciling = { ...unsynced, linksToReconcile: ['default/bull:runs'] };
    expect(evaluateConditions(links, reconciling).unexpectedly_running).toMatchObject({
      links: sample('runs'),
      cause: 'not_paused',
    });
  });

  it('what a state rules out is over at once, also while a link does not answer', () => {
    expect(evaluateConditions([observed('held', { paused: true }), unreachable], { state: 'paused' })).toStrictEqual(
      {},
    );
    expect(evaluateConditions([observed('a'), unreachable]).unexpectedly_running).toBeUndefined();
    expect(Object.keys(evaluateConditions([observed('a'), unreachable]))).not.toContain('unexpectedly_running');
  });

  it('a queue that is gone is drift, but for one that was never there', () => {
    expect(evaluateConditions([observed('runs'), missing])).toEqual({
      unexpectedly_paused: { kind: 'unexpectedly_paused', paused: sample(), vanished: sample('gone') },
    });
    expect(evaluateConditions([observed('runs'), missing], { pendingLinks: ['default/bull:gone'] })).toEqual({});
  });

  it('an awaited queue that is there has appeared, whatever its flag; a record without what is awaited tells of none', () => {
    const project = exampleProject({
      state: 'paused',
      version: 1,
      syncedVersion: 1,
      pendingLinks: ['default/bull:new'],
    });
    expect(detectDrift(project, [observed('new'), observed('unexpectedly_running'), missing])).toEqual({
      unexpectedly_running: [exampleLink('unexpectedly_running')],
      queue_created: [exampleLink('new')],
      pausedOutside: [],
      vanished: [exampleLink('gone')],
    });
    expect(detectDrift(project, [observed('new', { paused: true })]).created).toEqual([exampleLink('new')]);
    expect(detectDrift({ ...project, pendingLinks: null }, [missing]).deleted).toEqual([]);
  });

  it('names five links and counts the rest; every one of them makes it adoptable', () => {
    const manyLinks = Array.from({ length: 9 }, (_, index) => observed(`q${index}`));
    const { unexpectedly_running } = evaluateConditions(manyLinks, { state: 'paused' });
    expect(unexpectedly_running?.links.total).toBe(9);
    expect(unexpectedly_running?.links.first).toHaveLength(5);
    const project = exampleProject({
      definition: { ...exampleProject().definition, links: manyLinks.map(({ link }) => link) },
    });
    expect([isAdoptable(project, sample(...'123456789')), isAdoptable(project, sample('1'))]).toEqual([true, false]);
  });

  it('is not over while a link that it names does not answer; others do not matter', () => {
    const firingAlert = (queue: string): Project['alerts'] => {
      const condition = { kind: 'unexpectedly_running', links: sample(queue), cause: 'resumed' } as const;
      const alert = { since: 1, firing: true, resolving: false, condition, seq: 1, changedAt: 1, version: 3 };
      return { unexpectedly_running: { alert, delivered: null } };
    };
    const links = [observed('held', { paused: true }), unreachable];
    expect(Object.keys(evaluateConditions(links, { state: 'paused', alerts: firingAlert('away') }))).toContain(
      'unexpectedly_running',
    );
    expect(Object.keys(evaluateConditions(links, { state: 'paused', alerts: firingAlert('held') }))).not.toContain(
      'unexpectedly_running',
    );
  });
});

describe('what else a channel is to know', () => {
  const definition = { ...exampleProject().definition, latencyAlert: 5_000 };

  it('a worker that takes tasks of a paused link', () => {
    const ignoresPause = observed('old', { paused: true, ignoresPause: true });
    expect(evaluateConditions([ignoresPause], { state: 'paused' })).toEqual({
      pause_ignored: { kind: 'pause_ignored', links: sample('old') },
    });
    expect(evaluateConditions([observed('old', { ignoresPause: true })])).toEqual({});
  });

  it('latency above its limit, only while Running', () => {
    const behind = [observed('a', { waiting: 1, oldestRunnableAt: now - 5_001 })];
    const overrides = { definition: { ...definition, links: [exampleLink('a')] } };
    expect(evaluateConditions(behind, overrides)).toEqual({
      latency: { kind: 'latency', latencyMs: 5_001, limitMs: 5_000 },
    });
    expect(evaluateConditions([observed('a', { waiting: 1, oldestRunnableAt: now - 5_000 })], overrides)).toEqual({});
    expect(evaluateConditions(behind)).toEqual({});
    expect(
      evaluateConditions([observed('a', { ...behind[0], paused: true })], { ...overrides, state: 'paused' }),
    ).toEqual({});
  });

  it('nobody at work, as far as that is known', () => {
    expect(evaluateConditions([observed('a'), observed('b')], {}, [0, 1])).toEqual({
      no_worker: { kind: 'no_worker', noWorker: sample('a'), overdue: sample() },
    });
    expect(evaluateConditions([observed('a')], {}, [null])).toStrictEqual({ no_worker: undefined });
    expect(evaluateConditions([observed('a', { paused: true })], { state: 'paused' }, [0])).toEqual({});
    const overdueLink = (since: number) => [observed('a', { delayed: 1, overdue: 1, overdueSince: since })];
    expect(evaluateConditions(overdueLink(now - 30_001), {}, [1])).toMatchObject({
      no_worker: { overdue: sample('a') },
    });
    expect(evaluateConditions(overdueLink(now - 30_000), {}, [1])).toEqual({});
  });

  it('failures of a project that goes on, masked', () => {
    const failing = [
      observed('a', {
        failuresAfterWatermark: 7,
        oldestFailures: [{ taskId: '1', reason: 'at db.example.com:5432', at: 5 }],
      }),
    ];
    const continuing = { definition: { ...definition, onFailure: 'continue' as const, links: [exampleLink('a')] } };
    const failure = { link: exampleLink('a'), taskId: '1', reason: 'at ‹host›', at: 5 };
    expect(evaluateConditions(failing, continuing)).toEqual({ failures: { kind: 'tasks_failed', count: 7, failure } });
    expect(evaluateConditions(failing)).toEqual({});
  });

  it('a failure that syncbot found, not that of a pause which did not reach its links', () => {
    const failed = { state: 'failed', since: 7 } as const;
    const links = [observed('a', { paused: true })];
    expect(evaluateConditions(links, { ...failed, by: 'syncbot' })).toEqual({
      project_failed: { kind: 'project_failed', since: 7, failure: null },
    });
    expect(evaluateConditions(links, { ...failed, by: 'U0ALICE' })).toEqual({});
  });

  it.each([
    [0.49, undefined],
    [0.5, 'log_retention_50'],
    [0.79, 'log_retention_50'],
    [0.8, 'log_retention_80'],
    [1, 'log_retention_100'],
    [9, 'log_retention_100'],
  ])('the log of its source, %d of the time over: %s', (elapsedFraction, kind) => {
    const stoppedProject = {
      ...({ state: 'paused', since: now - elapsedFraction * 1_000, oldestUnprocessedAt: null } as const),
      definition: { ...definition, logRetention: 1_000, links: [exampleLink('a')] },
    };
    expect(Object.keys(evaluateConditions([observed('a', { paused: true })], stoppedProject))).toEqual(
      kind === undefined ? [] : [kind],
    );
  });
});
