import { describe, expect, it } from 'vitest';
import { type AlertKind, alertKinds, type Condition, sampledLinks } from '../../src/domain/conditions.ts';
import {
  checkCorrection,
  groupObservations,
  helpfulOperations,
  type LinksByStatus,
} from '../../src/domain/corrections.ts';
import { deletedLinks } from '../../src/domain/drift.ts';
import type { OperationKind } from '../../src/domain/lifecycle.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import { exampleLink, exampleLinkStats, exampleProject } from '../support/example-records.ts';

const [running, paused, missing, unreachable] = ['running', 'paused', 'missing', 'unreachable'].map(exampleLink);
if (!running || !paused || !missing || !unreachable) throw new Error('no links');
const none: LinksByStatus = { resumed: [], paused: [], missing: [], unreachable: [] };

it('Links are grouped by their pause flags, also those whose numbers cannot be read.', () => {
  const stats = exampleLinkStats('paused', { paused: true });
  expect(
    groupObservations([
      exampleLinkStats('running'),
      stats,
      { ...stats, kind: 'unreadable' },
      { kind: 'missing', link: missing },
      { kind: 'unreachable', link: unreachable },
    ]),
  ).toEqual({ resumed: [running], paused: [paused, paused], missing: [missing], unreachable: [unreachable] });
});

describe('a correction of a Paused project', () => {
  const project = exampleProject({ state: 'paused' });
  const mixed: Refusal = { code: 'adopt_mixed', project: 'orders', running: [running], paused: [], missing: [] };
  const noDrift: Refusal = { code: 'no_drift', project: 'orders', state: 'paused' };
  const notReached: Refusal = { code: 'links_unreachable', project: 'orders', links: [unreachable] };
  const cases: readonly [string, Partial<LinksByStatus>, reapply: Refusal | null, adopt: Refusal | null][] = [
    ['every link runs', { resumed: [running] }, null, null],
    ['every link is paused', { paused: [paused] }, noDrift, noDrift],
    ['one link runs', { resumed: [running], paused: [paused] }, null, { ...mixed, paused: [paused] }],
    ['a queue was deleted', { missing: [missing] }, null, noDrift],
    [
      'a link runs, and a queue was deleted',
      { resumed: [running], missing: [missing] },
      null,
      { ...mixed, missing: [missing] },
    ],
    [
      'a link runs, another is paused, and a queue was deleted',
      { resumed: [running], paused: [paused], missing: [missing] },
      null,
      { ...mixed, paused: [paused], missing: [missing] },
    ],
    ['a link runs, another does not answer', { resumed: [running], unreachable: [unreachable] }, null, notReached],
    ['a link does not answer', { paused: [paused], unreachable: [unreachable] }, null, notReached],
  ];

  it.each(cases)('when %s', (_name, links, reapply, adopt) => {
    expect(checkCorrection(project, 'reapply', { ...none, ...links })).toEqual(reapply);
    expect(checkCorrection(project, 'adopt', { ...none, ...links })).toEqual(adopt);
  });

  it('does not count a queue that was missing before', () => {
    const pending = { ...project, pendingLinks: ['default/bull:missing'] };
    expect(checkCorrection(pending, 'reapply', { ...none, missing: [missing] })).toEqual(noDrift);
    expect(deletedLinks({ pendingLinks: null }, [missing])).toEqual([missing]);
  });
});

it('A Running project is corrected if links are paused.', () => {
  const project = exampleProject({ state: 'running' });
  expect(checkCorrection(project, 'adopt', { ...none, paused: [paused] })).toBeNull();
  expect(checkCorrection(project, 'adopt', { ...none, resumed: [running] })).toMatchObject({ code: 'no_drift' });
});

describe('the links and the helpful operations of an alert', () => {
  const one = { total: 1, first: [running] };
  const two = { total: 2, first: [running, paused] };
  const failure = { kind: 'task_failed', link: running, taskId: '1', reason: 'no', at: 1 } as const;
  /** The condition, the links that it names, and the operations for a project with two links. */
  const cases: {
    readonly [Kind in AlertKind]: readonly [Extract<Condition, { kind: Kind }>, object[], OperationKind[]];
  } = {
    project_failed: [{ kind: 'project_failed', since: 1, failure }, [], ['restore']],
    log_retention_50: [{ kind: 'log_retention_50', until: 1 }, [], ['restore']],
    log_retention_80: [{ kind: 'log_retention_80', until: 1 }, [], ['restore']],
    log_retention_100: [{ kind: 'log_retention_100', until: 1 }, [], ['restore']],
    pause_ending: [{ kind: 'pause_ending', until: 1, by: 'U0ALICE', setAt: 0 }, [], []],
    pause_overdue: [
      { kind: 'pause_overdue', until: 1, by: 'U0ALICE', setAt: 0, cause: { kind: 'changed', change: null } },
      [],
      ['restore'],
    ],
    paused_reminder: [{ kind: 'paused_reminder', since: 1, by: 'U0ALICE', reason: null }, [], ['restore']],
    unexpectedly_running: [{ kind: 'unexpectedly_running', links: one, cause: 'resumed' }, [running], ['reapply']],
    unexpectedly_paused: [{ kind: 'unexpectedly_paused', links: two }, [running, paused], ['reapply', 'adopt']],
    queue_missing: [{ kind: 'queue_missing', links: one }, [running], ['reapply']],
    tasks_failed: [{ kind: 'tasks_failed', count: 1, failure }, [], ['pause']],
    pause_ignored: [{ kind: 'pause_ignored', links: one }, [running], []],
    queue_created: [{ kind: 'queue_created', links: one }, [running], []],
    link_unreadable: [{ kind: 'link_unreadable', links: one }, [running], []],
    no_worker: [{ kind: 'no_worker', noWorker: one, overdue: { total: 1, first: [paused] } }, [running, paused], []],
    latency: [{ kind: 'latency', latencyMs: 2, limitMs: 1 }, [], []],
  };

  it.each(alertKinds)('%s', (kind) => {
    const [condition, links, operations] = cases[kind];
    expect(sampledLinks(condition)).toEqual(links);
    expect(helpfulOperations(condition, exampleProject())).toEqual(operations);
  });

  it('do not include Adopt in a Failed project, which does not allow it', () => {
    const condition: Condition = { kind: 'unexpectedly_running', links: two, cause: 'resumed' };
    expect(helpfulOperations(condition, exampleProject({ state: 'failed' }))).toEqual(['reapply']);
    expect(helpfulOperations(condition, exampleProject({ state: 'paused' }))).toEqual(['reapply', 'adopt']);
  });
});
