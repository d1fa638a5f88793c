import { describe, expect, it } from 'vitest';
import { driftOf } from '../../src/domain/drift.ts';
import { isAdoptable } from '../../src/domain/finding.ts';
import { type Findings, findingsOf } from '../../src/domain/findings.ts';
import { figuresOf, type LinkFacts, type LinkReading } from '../../src/domain/observation.ts';
import { type Project, type ProjectState, projectStates } from '../../src/domain/project.ts';
import { exampleFacts, exampleLink, exampleProject } from '../slack/examples.ts';

const now = 1_000_000;
const read = (queue: string, more: Partial<LinkFacts> = {}) => exampleFacts(queue, { now, ...more });
const away: LinkReading = { kind: 'unreachable', link: exampleLink('away') };
const gone: LinkReading = { kind: 'missing', link: exampleLink('gone') };

/** What is found in a project of these links; only the kinds that are there. */
function found(links: readonly LinkReading[], more: Partial<Project> = {}, workers: (number | null)[] = []): Findings {
  const { definition } = exampleProject();
  const project = exampleProject({
    state: 'running',
    version: 3,
    convergedVersion: 3,
    since: now - 1_000,
    definition: { ...definition, links: links.map(({ link }) => link) },
    ...more,
  });
  const all = findingsOf({ project, figures: figuresOf(links, now), workers, now });
  return Object.fromEntries(Object.entries(all).filter(([, finding]) => finding !== null));
}

const some = (...queues: string[]) => ({ total: queues.length, first: queues.map(exampleLink) });

describe('drift', () => {
  const table: Record<ProjectState, Findings> = {
    not_started: { loose: { kind: 'loose', links: some('runs'), cause: 'resumed' } },
    starting: {},
    running: { drift: { kind: 'drift', paused: some('held'), vanished: some() } },
    pausing: {},
    paused: { loose: { kind: 'loose', links: some('runs'), cause: 'resumed' } },
    restoring: {},
    failed: { loose: { kind: 'loose', links: some('runs'), cause: 'resumed' } },
  };
  const links = [read('runs'), read('held', { paused: true })];

  it.each(projectStates)('of a project that is %s', (state) => {
    const held = Object.keys(table[state]).length === 0 ? 'op1' : null;
    const seen = Object.entries(found(links, { state, holder: held, by: 'U0ALICE' }));
    expect(Object.fromEntries(seen.filter(([, finding]) => finding !== undefined))).toEqual(table[state]);
  });

  it('is not seen while converge has work left, or somebody holds the project', () => {
    const unknown = { loose: undefined, drift: undefined, appeared: undefined };
    const held = { state: 'paused', version: 1, convergedVersion: 1, holder: 'op1' } as const;
    expect(driftOf(exampleProject(held), links).loose).toEqual([]);
    expect(found(links, { state: 'paused', convergedVersion: 2 })).toStrictEqual(unknown);
    expect(found(links, { state: 'paused', holder: 'op1' })).toStrictEqual(unknown);
  });

  it('what syncbot itself could not pause for two minutes runs all the same, and that is told', () => {
    const long = { state: 'failed', by: 'U0ALICE', convergedVersion: 2, since: now - 120_001 } as const;
    expect(found(links, long).loose).toEqual({ kind: 'loose', links: some('runs'), cause: 'not_paused' });
    expect(found(links, { ...long, since: now - 120_000 }).loose).toBeUndefined();
    expect(found(links, { ...long, state: 'running' }).loose).toBeUndefined();
  });

  it('of links that nobody drives is seen also while converge sees to others', () => {
    const behind = {
      state: 'paused',
      convergedVersion: 2,
      driving: ['default/bull:held'],
      since: now - 200_000,
    } as const;
    const { loose } = found([read('runs'), read('held')], behind);
    expect(loose).toEqual({ kind: 'loose', links: some('runs'), cause: 'resumed' });
    const driven = { ...behind, driving: ['default/bull:runs'] };
    expect(found(links, driven).loose).toMatchObject({ links: some('runs'), cause: 'not_paused' });
  });

  it('what a state rules out is over at once, also while a link does not answer', () => {
    expect(found([read('held', { paused: true }), away], { state: 'paused' })).toStrictEqual({});
    expect(found([read('a'), away]).loose).toBeUndefined();
    expect(Object.keys(found([read('a'), away]))).not.toContain('loose');
  });

  it('a queue that is gone is drift, but for one that was never there', () => {
    expect(found([read('runs'), gone])).toEqual({ drift: { kind: 'drift', paused: some(), vanished: some('gone') } });
    expect(found([read('runs'), gone], { awaited: ['default/bull:gone'] })).toEqual({});
  });

  it('an awaited queue that is there has appeared, whatever its flag; a record without what is awaited tells of none', () => {
    const project = exampleProject({ state: 'paused', version: 1, convergedVersion: 1, awaited: ['default/bull:new'] });
    expect(driftOf(project, [read('new'), read('loose'), gone])).toEqual({
      loose: [exampleLink('loose')],
      appeared: [exampleLink('new')],
      pausedOutside: [],
      vanished: [exampleLink('gone')],
    });
    expect(driftOf(project, [read('new', { paused: true })]).appeared).toEqual([exampleLink('new')]);
    expect(driftOf({ ...project, awaited: null }, [gone]).vanished).toEqual([]);
  });

  it('names five links and counts the rest; every one of them makes it adoptable', () => {
    const many = Array.from({ length: 9 }, (_, index) => read(`q${index}`));
    const { loose } = found(many, { state: 'paused' });
    expect(loose?.links.total).toBe(9);
    expect(loose?.links.first).toHaveLength(5);
    const project = exampleProject({
      definition: { ...exampleProject().definition, links: many.map(({ link }) => link) },
    });
    expect([isAdoptable(project, some(...'123456789')), isAdoptable(project, some('1'))]).toEqual([true, false]);
  });

  it('is not over while a link that it names does not answer; others do not matter', () => {
    const open = (queue: string): Project['alerts'] => {
      const finding = { kind: 'loose', links: some(queue), cause: 'resumed' } as const;
      const alert = { since: 1, open: true, fading: false, finding, seq: 1, changedAt: 1, version: 3 };
      return { loose: { alert, told: null } };
    };
    const links = [read('held', { paused: true }), away];
    expect(Object.keys(found(links, { state: 'paused', alerts: open('away') }))).toContain('loose');
    expect(Object.keys(found(links, { state: 'paused', alerts: open('held') }))).not.toContain('loose');
  });
});

describe('what else a channel is to know', () => {
  const definition = { ...exampleProject().definition, latencyAlert: 5_000 };

  it('a worker that takes tasks of a paused link', () => {
    const taken = read('old', { paused: true, takesWhilePaused: true });
    expect(found([taken], { state: 'paused' })).toEqual({ not_held: { kind: 'not_held', links: some('old') } });
    expect(found([read('old', { takesWhilePaused: true })])).toEqual({});
  });

  it('latency above its limit, only while Running', () => {
    const behind = [read('a', { waiting: 1, oldestRunnableAt: now - 5_001 })];
    const own = { definition: { ...definition, links: [exampleLink('a')] } };
    expect(found(behind, own)).toEqual({ latency: { kind: 'latency', latencyMs: 5_001, limitMs: 5_000 } });
    expect(found([read('a', { waiting: 1, oldestRunnableAt: now - 5_000 })], own)).toEqual({});
    expect(found(behind)).toEqual({});
    expect(found([read('a', { ...behind[0], paused: true })], { ...own, state: 'paused' })).toEqual({});
  });

  it('nobody at work, as far as that is known', () => {
    expect(found([read('a'), read('b')], {}, [0, 1])).toEqual({
      unattended: { kind: 'unattended', noWorker: some('a'), overdue: some() },
    });
    expect(found([read('a')], {}, [null])).toStrictEqual({ unattended: undefined });
    expect(found([read('a', { paused: true })], { state: 'paused' }, [0])).toEqual({});
    const due = (since: number) => [read('a', { delayed: 1, overdue: 1, overdueSince: since })];
    expect(found(due(now - 30_001), {}, [1])).toMatchObject({ unattended: { overdue: some('a') } });
    expect(found(due(now - 30_000), {}, [1])).toEqual({});
  });

  it('failures of a project that goes on, masked', () => {
    const failing = [
      read('a', {
        failuresAfterWatermark: 7,
        firstFailures: [{ taskId: '1', reason: 'at db.example.com:5432', at: 5 }],
      }),
    ];
    const goesOn = { definition: { ...definition, onFailure: 'continue' as const, links: [exampleLink('a')] } };
    const failure = { link: exampleLink('a'), taskId: '1', reason: 'at ‹host›', at: 5 };
    expect(found(failing, goesOn)).toEqual({ failures: { kind: 'failures', count: 7, failure } });
    expect(found(failing)).toEqual({});
  });

  it('a failure that syncbot found, not that of a pause which did not reach its links', () => {
    const failed = { state: 'failed', since: 7 } as const;
    const links = [read('a', { paused: true })];
    expect(found(links, { ...failed, by: 'syncbot' })).toEqual({ failed: { kind: 'failed', since: 7, failure: null } });
    expect(found(links, { ...failed, by: 'U0ALICE' })).toEqual({});
  });

  it.each([
    [0.49, undefined],
    [0.5, 'log_half'],
    [0.79, 'log_half'],
    [0.8, 'log_most'],
    [1, 'log_over'],
    [9, 'log_over'],
  ])('the log of its source, %d of the time over: %s', (part, kind) => {
    const stopped = {
      ...({ state: 'paused', since: now - part * 1_000, logFrom: null } as const),
      definition: { ...definition, logRetention: 1_000, links: [exampleLink('a')] },
    };
    expect(Object.keys(found([read('a', { paused: true })], stopped))).toEqual(kind === undefined ? [] : [kind]);
  });
});
