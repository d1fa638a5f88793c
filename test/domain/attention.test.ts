import { describe, expect, it } from 'vitest';
import {
  attentionCause,
  attentionCauses,
  attentionTotal,
  countProjects,
  urgencyLevels,
  urgencyOf,
} from '../../src/domain/attention.ts';
import { type AlertKind, alertKinds } from '../../src/domain/conditions.ts';
import { type ProjectState, projectStates } from '../../src/domain/project-state.ts';
import { firingAlert } from '../support/example-alerts.ts';
import { exampleProject } from '../support/example-records.ts';

const projectWith = (state: ProjectState, ...kinds: readonly AlertKind[]) =>
  exampleProject({ state, alerts: Object.fromEntries(kinds.map((kind) => [kind, firingAlert(kind)])) });

describe('a project', () => {
  it.each<[ProjectState, readonly AlertKind[], string | null]>([
    ['failed', ['project_failed', 'unexpectedly_running'], 'failed'],
    ['failed', [], 'failed'],
    ['running', ['latency', 'no_worker'], 'no_worker'],
    ['paused', ['log_retention_50'], 'log_retention_50'],
    ['paused', [], null],
    ['running', ['queue_created'], null],
    ['restoring', ['project_failed'], null],
  ])('that is %s, with the alerts %j, needs attention for: %s.', (state, kinds, cause) => {
    expect(attentionCause(projectWith(state, ...kinds))).toBe(cause);
  });

  it('needs no attention for an alert that is pending or resolved.', () => {
    const { alert } = firingAlert('no_worker');
    for (const state of ['pending', 'resolved'] as const) {
      const { since, seq, changedAt, version, condition } = alert;
      const other = {
        state,
        since,
        seq,
        changedAt,
        version,
        condition: condition ?? firingAlert('latency').alert.condition,
      };
      if (other.condition === undefined) throw new Error('no condition');
      const alerts = { no_worker: { alert: { ...other, condition: other.condition }, delivered: null } };
      expect(attentionCause({ state: 'running', alerts })).toBeNull();
    }
  });
});

it('The causes are the state Failed, then the alerts that need attention, in their order.', () => {
  const others = ['project_failed', 'queue_created', 'pause_ending'];
  const kinds = alertKinds.filter((kind) => !others.includes(kind));
  expect(attentionCauses).toEqual(['failed', ...kinds]);
});

it('A project is counted once, under its most urgent cause.', () => {
  const counts = countProjects([
    projectWith('failed', 'project_failed', 'queue_missing'),
    projectWith('running', 'no_worker', 'latency'),
    projectWith('running', 'no_worker'),
    projectWith('running'),
  ]);
  expect(counts.states).toMatchObject({ failed: 1, running: 3 });
  expect(counts.attention).toMatchObject({ failed: 1, no_worker: 2, latency: 0, queue_missing: 0 });
  expect(attentionTotal(counts.attention)).toBe(3);
});

describe('the urgency', () => {
  it('is first that of the cause, then that of the state.', () => {
    const ordered = [
      projectWith('failed'),
      projectWith('paused', 'unexpectedly_running'),
      projectWith('pausing', 'no_worker'),
      projectWith('running', 'no_worker'),
      projectWith('running', 'latency'),
      projectWith('pausing'),
      projectWith('paused'),
      projectWith('running', 'queue_created'),
      projectWith('not_started'),
    ].map(urgencyOf);
    expect(ordered).toEqual([...ordered].sort((a, b) => a - b));
    expect(new Set(ordered).size).toBe(ordered.length);
  });

  it('puts the worst of the alerts of one kind first, and keeps them in one level', () => {
    const withLinks = (total: number) => {
      const links = { total, first: [] };
      const { alert, ...rest } = firingAlert('no_worker');
      const condition = { kind: 'no_worker' as const, noWorker: links, overdue: { total: 0, first: [] } };
      return urgencyOf(exampleProject({ alerts: { no_worker: { ...rest, alert: { ...alert, condition } } } }));
    };
    const [worst = 0, bad = 0, least = 0] = [100, 2, 1].map(withLinks);
    expect([worst, bad, least]).toEqual([worst, bad, least].sort((a, b) => a - b));
    expect(new Set([worst, bad, least].map(Math.floor)).size).toBe(1);
    expect(new Set([worst, bad, least]).size).toBe(3);
  });

  it('of each cause and state is a level of its own, above all numbers of earlier versions.', () => {
    const urgencies = urgencyLevels.map(({ urgency }) => urgency);
    expect(urgencies).toEqual([...new Set(urgencies)].sort((a, b) => a - b));
    expect(Math.min(...urgencies)).toBeGreaterThan(100);
    for (const state of projectStates)
      for (const kinds of [[], ...alertKinds.map((kind) => [kind])])
        expect(urgencies).toContain(Math.floor(urgencyOf(projectWith(state, ...kinds))));
  });
});
