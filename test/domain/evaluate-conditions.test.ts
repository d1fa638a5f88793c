import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/domain/alert.ts';
import type { Condition } from '../../src/domain/conditions.ts';
import { isAdoptable } from '../../src/domain/corrections.ts';
import { detectDrift } from '../../src/domain/drift.ts';
import { evaluateObservation } from '../../src/domain/evaluate-conditions.ts';
import type { FailureCauses } from '../../src/domain/failure-causes.ts';
import type { LinkSample } from '../../src/domain/link.ts';
import { type LinkObservation, type LinkStats, toProjectStats } from '../../src/domain/observation.ts';
import type { Project } from '../../src/domain/project.ts';
import { type ProjectState, projectStates } from '../../src/domain/project-state.ts';
import { exampleLink, exampleLinkStats, exampleProject } from '../support/example-records.ts';

const now = 1_000_000;
const read = (queue: string, overrides: Partial<LinkStats> = {}) => exampleLinkStats(queue, { now, ...overrides });
const runs = read('runs');
const paused = read('paused', { paused: true });
const unreachable: LinkObservation = { kind: 'unreachable', link: exampleLink('unreachable') };
const unreadable = (overrides: Partial<LinkStats> = {}): LinkObservation => ({
  ...read('unreadable', overrides),
  kind: 'unreadable',
});
const missing: LinkObservation = { kind: 'missing', link: exampleLink('missing') };

/** The conditions of a project with these links that are present, by kind, and `unknown` for those that are unknown. */
function evaluate(
  links: readonly LinkObservation[],
  overrides: Partial<Project> = {},
  workers: (number | null)[] = [],
  causes: FailureCauses | null = null,
): Partial<Record<Condition['kind'], Condition | 'unknown'>> {
  const project = exampleProject({
    state: 'running',
    version: 3,
    reconciledVersion: 3,
    since: now - 1_000,
    definition: { ...exampleProject().definition, links: links.map(({ link }) => link) },
    ...overrides,
  });
  const stats = toProjectStats(links, now);
  const observation = { project, stats, workers, now, removedTasks: 0, causes, pausedReminderMs: 60_000 };
  const results = evaluateObservation(observation);
  return Object.fromEntries(
    Object.entries(results).flatMap(([kind, result]) =>
      result.kind === 'absent' ? [] : [[kind, result.kind === 'present' ? result.condition : result.kind]],
    ),
  );
}

const sample = (...queues: string[]) => ({ total: queues.length, first: queues.map(exampleLink) });
const resumed = (...queues: string[]) => ({
  unexpectedly_running: { kind: 'unexpectedly_running', links: sample(...queues), cause: 'resumed' },
});

describe('drift', () => {
  const expectedConditions: Readonly<Record<ProjectState, object>> = {
    not_started: resumed('runs'),
    starting: {},
    running: { unexpectedly_paused: { kind: 'unexpectedly_paused', links: sample('paused') } },
    pausing: {},
    paused: resumed('runs'),
    restoring: {},
    failed: resumed('runs'),
  };

  it.each(projectStates)('in a %s project names the links that differ from its desired state', (state) => {
    const activeOperation = Object.keys(expectedConditions[state]).length === 0 ? 'op1' : null;
    const conditions = Object.entries(evaluate([runs, paused], { state, activeOperation, by: 'U0ALICE' }));
    expect(Object.fromEntries(conditions.filter(([, condition]) => condition !== 'unknown'))).toEqual(
      expectedConditions[state],
    );
  });

  it('is unknown while the links are being reconciled', () => {
    const drift = { unexpectedly_running: 'unknown', queue_created: 'unknown', queue_missing: 'unknown' };
    expect(evaluate([runs, paused], { state: 'paused', reconciledVersion: 2 })).toEqual(drift);
    expect(evaluate([runs, paused], { state: 'paused', activeOperation: 'op1' })).toEqual(drift);
    const owned = exampleProject({ state: 'paused', version: 1, reconciledVersion: 1, activeOperation: 'op1' });
    expect(detectDrift(owned, [runs, paused]).unexpectedlyRunning).toEqual([]);
  });

  it('includes links that syncbot could not pause for two minutes', () => {
    const overdue = { state: 'failed', by: 'U0ALICE', reconciledVersion: 2, since: now - 120_001 } as const;
    const kindOf = (project: Partial<Project>) => evaluate([runs, paused], project).unexpectedly_running;
    expect(kindOf(overdue)).toEqual({ kind: 'unexpectedly_running', links: sample('runs'), cause: 'not_paused' });
    expect(kindOf({ ...overdue, since: now - 120_000 })).toBe('unknown');
    expect(kindOf({ ...overdue, state: 'running' })).toBeUndefined();
    expect(kindOf({ ...overdue, activeOperation: 'op1' })).toBe('unknown');
  });

  it('is present for a link that is not being reconciled, while another link is', () => {
    const unreconciled = { state: 'paused', reconciledVersion: 2, since: now - 200_000 } as const;
    expect(
      evaluate([runs, read('other')], { ...unreconciled, linksToReconcile: ['default/bull:other'] })
        .unexpectedly_running,
    ).toEqual(resumed('runs').unexpectedly_running);
    expect(
      evaluate([runs, paused], { ...unreconciled, linksToReconcile: ['default/bull:runs'] }).unexpectedly_running,
    ).toMatchObject({ links: sample('runs'), cause: 'not_paused' });
  });

  it('is unknown while one of the links is being reconciled', () => {
    const project = { state: 'paused', reconciledVersion: 2, linksToReconcile: ['default/bull:other'] } as const;
    expect(evaluate([paused, read('other')], project).unexpectedly_running).toBe('unknown');
  });

  it('is absent where the state cannot have it, also while a link does not answer', () => {
    expect(evaluate([paused, unreachable], { state: 'paused' })).toEqual({});
    expect(evaluate([runs, unreachable]).unexpectedly_running).toBeUndefined();
  });

  it('includes links whose numbers cannot be read, because their pause flags are read', () => {
    expect(evaluate([unreadable()], { state: 'paused' })).toMatchObject(resumed('unreadable'));
    expect(evaluate([unreadable({ paused: true })])).toMatchObject({
      unexpectedly_paused: { links: sample('unreadable') },
    });
  });

  it('includes a queue that existed at the last sync and does not exist now', () => {
    expect(evaluate([runs, missing])).toEqual({
      queue_missing: { kind: 'queue_missing', links: sample('missing') },
    });
    expect(evaluate([runs, missing], { pendingLinks: ['default/bull:missing'] })).toEqual({});
  });

  it('includes a queue that did not exist at the last sync and exists now, whatever its flag', () => {
    const project = exampleProject({
      state: 'paused',
      version: 1,
      reconciledVersion: 1,
      pendingLinks: ['default/bull:new'],
    });
    expect(detectDrift(project, [read('new'), runs, missing])).toEqual({
      unexpectedlyRunning: [exampleLink('runs')],
      unexpectedlyPaused: [],
      created: [exampleLink('new')],
      deleted: [exampleLink('missing')],
    });
    expect(detectDrift(project, [read('new', { paused: true })]).created).toEqual([exampleLink('new')]);
    expect(detectDrift({ ...project, pendingLinks: null }, [missing]).deleted).toEqual([]);
    expect(evaluate([runs], { pendingLinks: ['default/bull:runs'] })).toEqual({
      queue_created: { kind: 'queue_created', links: sample('runs') },
    });
  });

  it('of a Running project consists of its paused links', () => {
    const project = exampleProject({ state: 'running', version: 1, reconciledVersion: 1 });
    expect(detectDrift(project, [runs, paused])).toMatchObject({
      unexpectedlyRunning: [],
      unexpectedlyPaused: [exampleLink('paused')],
    });
  });

  it('names five links and counts all of them', () => {
    const { unexpectedly_running } = evaluate(
      Array.from({ length: 9 }, (_, index) => read(`q${index}`)),
      { state: 'paused' },
    );
    expect(unexpectedly_running).toMatchObject({ links: { total: 9, first: { length: 5 } } });
  });

  it('makes a project adoptable if all of its links differ', () => {
    const project = exampleProject();
    expect([isAdoptable(project, sample('1', '2')), isAdoptable(project, sample('1'))]).toEqual([true, false]);
  });
});

describe('the other conditions', () => {
  const definition = { ...exampleProject().definition, latencyAlert: 5_000, links: [exampleLink('a')] };

  it('pause_ignored is present while a worker takes tasks of a paused link', () => {
    const ignoresPause = read('old', { paused: true, ignoresPause: true });
    expect(evaluate([ignoresPause], { state: 'paused' })).toEqual({
      pause_ignored: { kind: 'pause_ignored', links: sample('old') },
    });
    expect(evaluate([read('old', { ignoresPause: true })])).toEqual({});
    expect(evaluate([ignoresPause]).pause_ignored).toBeUndefined();
  });

  it('latency is present while the latency of a Running project is above its limit', () => {
    const behind = (ms: number) => [read('a', { waiting: 1, oldestRunnableAt: now - ms })];
    expect(evaluate(behind(5_001), { definition })).toEqual({
      latency: { kind: 'latency', latencyMs: 5_001, limitMs: 5_000 },
    });
    expect(evaluate(behind(5_000), { definition })).toEqual({});
    expect(evaluate(behind(5_001))).toEqual({});
    const pausedBehind = [read('a', { waiting: 1, oldestRunnableAt: now - 5_001, paused: true })];
    expect(evaluate(pausedBehind, { definition, state: 'paused' })).toEqual({});
    expect(evaluate([unreachable], { definition })).toEqual({ latency: 'unknown', no_worker: 'unknown' });
  });

  it('no_worker is present while a link has no worker, or delayed tasks that were due more than 30 s ago', () => {
    expect(evaluate([read('a'), read('b')], {}, [0, 1])).toEqual({
      no_worker: { kind: 'no_worker', noWorker: sample('a'), overdue: sample() },
    });
    expect(evaluate([read('a')], {}, [null])).toEqual({ no_worker: 'unknown' });
    expect(evaluate([read('a'), unreachable], {}, [1, 1])).toEqual({ no_worker: 'unknown' });
    expect(evaluate([read('a', { paused: true })], { state: 'paused' }, [0])).toEqual({});
    const overdue = (ms: number) => [read('a', { delayed: 1, overdue: 1, overdueSince: now - ms })];
    expect(evaluate(overdue(30_001), {}, [1])).toMatchObject({ no_worker: { overdue: sample('a') } });
    expect(evaluate(overdue(30_000), {}, [1])).toEqual({});
  });

  it('tasks_failed is present while a project with onFailure: continue has failed tasks', () => {
    const task = { taskId: '1', reason: 'refused', at: 5 };
    const failing = [read('a', { failuresAfterWatermark: 7, oldestFailures: [task] })];
    const continuing = { definition: { ...exampleProject().definition, onFailure: 'continue' as const } };
    expect(evaluate(failing, continuing)).toEqual({
      tasks_failed: {
        kind: 'tasks_failed',
        count: 7,
        failure: { kind: 'task_failed', link: exampleLink('a'), ...task },
        removedTasks: 0,
      },
    });
    expect(evaluate(failing)).toEqual({});
    expect(evaluate([runs], continuing, [1])).toEqual({});
    expect(evaluate([runs, unreachable], continuing, [1, 1])).toMatchObject({ tasks_failed: 'unknown' });
  });

  it('project_failed is present if the observer made the project Failed, and absent if an operation did', () => {
    const failed = { state: 'failed', since: 7 } as const;
    expect(evaluate([paused], { ...failed, by: 'syncbot' })).toEqual({
      project_failed: { kind: 'project_failed', since: 7, failure: null },
    });
    expect(evaluate([paused], { ...failed, by: 'U0ALICE' })).toEqual({});
    expect(evaluate([paused], { state: 'paused', since: now, by: 'syncbot' })).toEqual({});
  });

  it('the causes of failed tasks have the number of connected workers, if that is known', () => {
    const causes = { tasks: 7, grouped: 7, causes: 1, first: [{ reason: 'refused', tasks: 7 }], since: 5 };
    const failing = [
      read('a', { failuresAfterWatermark: 7, oldestFailures: [{ taskId: '1', reason: 'refused', at: 5 }] }),
    ];
    const continuing = { definition: { ...exampleProject().definition, onFailure: 'continue' as const } };
    const failed = { state: 'failed', since: 7, by: 'syncbot' } as const;
    expect(evaluate(failing, continuing, [3], causes).tasks_failed).toMatchObject({
      causes: { ...causes, workers: 3 },
    });
    expect(evaluate(failing, failed, [1, 2], causes).project_failed).toMatchObject({
      causes: { ...causes, workers: 3 },
    });
    expect(evaluate(failing, failed, [1, null], causes).project_failed).toMatchObject({ causes });
    const condition = { kind: 'project_failed', since: 7, failure: null, causes } as const;
    const alert: Alert = { state: 'firing', condition, absentOnce: false, since: 1, seq: 1, changedAt: 1, version: 3 };
    const alerts = { project_failed: { alert, delivered: null } };
    expect(evaluate([unreachable], { ...failed, alerts }).project_failed).toEqual(condition);
    expect(evaluate([unreachable], { ...failed, since: 8, alerts }).project_failed).not.toHaveProperty('causes');
  });

  it('project_failed has the failures in a row', () => {
    const failureStreak = {
      count: 2,
      isSameCause: true,
      failedAt: 7,
      run: { since: 6, by: 'U0ALICE', action: 'restore' },
    } as const;
    expect(evaluate([paused], { state: 'failed', since: 7, by: 'syncbot', failureStreak }).project_failed).toEqual({
      kind: 'project_failed',
      since: 7,
      failure: null,
      streak: failureStreak,
    });
  });

  it.each([
    [0.49, []],
    [0.5, ['log_retention_50']],
    [0.79, ['log_retention_50']],
    [0.8, ['log_retention_80']],
    [1, ['log_retention_100']],
    [9, ['log_retention_100']],
  ])('after the fraction %d of the log retention the present conditions are %j', (elapsed, kinds) => {
    const stopped = {
      state: 'paused',
      since: now - elapsed * 1_000,
      oldestUnprocessedAt: null,
      definition: { ...definition, logRetention: 1_000 },
    } as const;
    expect(Object.keys(evaluate([paused], stopped))).toEqual(kinds);
  });
});

describe('the reminder of a pause', () => {
  const pausedFor = (ms: number) => ({ state: 'paused', since: now - ms, by: 'U0ALICE', reason: 'we deploy' }) as const;
  const { definition } = exampleProject({
    definition: { ...exampleProject().definition, links: [exampleLink('paused')] },
  });
  const reminder = { kind: 'paused_reminder', by: 'U0ALICE', reason: 'we deploy' };

  it.each([
    [59_999, {}, false],
    [60_000, {}, true],
    [90_000, { keptPaused: { at: now - 59_999, by: 'U0BOB' } }, false],
    [90_000, { keptPaused: { at: now - 60_000, by: 'U0BOB' } }, true],
    [90_000, { definition: { ...definition, pausedReminder: 90_001 } }, false],
    [90_000, { definition: { ...definition, pausedReminder: 90_000 } }, true],
    [90_000, { definition: { ...definition, pausedReminder: 0 } }, false],
    [90_000, { state: 'failed' as const }, false],
    [90_000, { state: 'not_started' as const }, false],
  ])('of %d ms with %j is due: %s', (ms, fields, isDue) => {
    const since = now - ms;
    const expected = isDue ? { paused_reminder: { ...reminder, since } } : {};
    expect(evaluate([paused], { ...pausedFor(ms), ...fields })).toEqual(expected);
  });
});

describe('an unreadable link', () => {
  const alert = { kind: 'link_unreadable', links: sample('unreadable') };

  it.each(projectStates.filter((state) => !['starting', 'pausing', 'restoring'].includes(state)))(
    'is named in a %s project, also if another link does not answer',
    (state) => {
      const links = [unreadable({ paused: state !== 'running' }), unreachable];
      expect(evaluate(links, { state })).toMatchObject({ link_unreadable: alert });
    },
  );

  it('leaves latency and overdue tasks unknown, and its failed tasks and missing workers are noticed', () => {
    const definition = { ...exampleProject().definition, latencyAlert: 1, onFailure: 'continue' as const };
    const failed = { taskId: '1', at: 2, reason: 'no' };
    const link = unreadable({ failuresAfterWatermark: 1, oldestFailures: [failed] });
    expect(evaluate([link], { definition }, [1])).toEqual({
      link_unreadable: alert,
      latency: 'unknown',
      no_worker: 'unknown',
      tasks_failed: {
        kind: 'tasks_failed',
        count: 1,
        failure: { kind: 'task_failed', link: link.link, ...failed },
        removedTasks: 0,
      },
    });
    expect(evaluate([link], {}, [0]).no_worker).toMatchObject({ noWorker: sample('unreadable') });
  });
});

describe('it is not known whether an alert is resolved', () => {
  const conditions: readonly ((links: LinkSample) => Condition)[] = [
    (links) => ({ kind: 'unexpectedly_running', links, cause: 'resumed' }),
    (links) => ({ kind: 'unexpectedly_paused', links }),
    (links) => ({ kind: 'pause_ignored', links }),
    (links) => ({ kind: 'queue_created', links }),
    (links) => ({ kind: 'queue_missing', links }),
    (links) => ({ kind: 'link_unreadable', links }),
  ];
  const fields = { since: 1, seq: 1, changedAt: 1, version: 3 };
  const firing = (condition: Condition): Project['alerts'] => ({
    [condition.kind]: { alert: { state: 'firing', absentOnce: false, condition, ...fields }, delivered: null },
  });

  it.each(conditions.map((create) => [create(sample()).kind, create] as const))(
    'while a link that it names does not answer: %s',
    (kind, create) => {
      const state = kind === 'unexpectedly_paused' ? 'running' : 'paused';
      const links = [state === 'running' ? runs : paused, unreachable];
      const resultWith = (...queues: string[]) =>
        evaluate(links, { state, alerts: firing(create(sample(...queues))) })[kind];
      expect(resultWith('unreachable')).toBe('unknown');
      expect(resultWith('other', 'unreachable')).toBe('unknown');
      expect(resultWith('other')).toBeUndefined();
    },
  );

  it('while the numbers of a link that it names cannot be read, if it is about these numbers', () => {
    const alerts = firing({ kind: 'pause_ignored', links: sample('unreadable') });
    expect(evaluate([unreadable({ paused: true })], { state: 'paused', alerts }).pause_ignored).toBe('unknown');
  });

  it('but it is known if it is resolved already', () => {
    const alerts = { queue_missing: { alert: { state: 'resolved', ...fields }, delivered: null } } as const;
    expect(evaluate([paused, unreachable], { state: 'paused', alerts })).toEqual({});
  });
});
