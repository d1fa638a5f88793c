import { expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import type { ClaimResult } from '../../src/application/operation-store.ts';
import type { AlertRecord } from '../../src/domain/alert.ts';
import { linkId } from '../../src/domain/link.ts';
import { createFakeContext } from '../slack/fake-context.ts';
import {
  exampleLink,
  exampleLinkStats,
  exampleNow,
  exampleOperation,
  exampleProject,
} from '../support/example-records.ts';

const ref = { project: 'orders', operation: 'op1' };

it.each<[ClaimResult, object[], object[]]>([
  [{ kind: 'unknown' }, [], []],
  [{ kind: 'finished', operation: exampleOperation({ state: 'done' }) }, [ref], []],
  [
    {
      kind: 'refused',
      operation: exampleOperation({
        state: 'refused',
        refusal: { code: 'claim_timeout', project: 'orders', action: 'pause' },
      }),
    },
    [ref],
    [
      {
        level: 'info',
        fields: { project: 'orders', operationId: 'op1', by: 'U0ALICE', code: 'claim_timeout' },
        message: 'operation refused by the worker',
      },
    ],
  ],
])(
  'After a claim with the result $kind only the message of the operation is updated.',
  async (claim, messages, lines) => {
    const { context, notified, logLines } = createFakeContext([], { operations: { claim: async () => claim } });
    await execute(context, ref);
    expect([notified, logLines]).toEqual([messages, lines]);
  },
);

it.each([
  ['before and after', { seq: 2, notifiedSeq: 1 }, [ref, ref]],
  ['after', { seq: 2, notifiedSeq: 2 }, [ref]],
])(
  'The message of a claimed operation is updated %s its execution, and the alerts at its end.',
  async (_when, notification, messages) => {
    const project = exampleProject({ state: 'pausing', activeOperation: 'op1' });
    const operation = exampleOperation({ state: 'running', startedAt: exampleNow, ...notification });
    const [ended, alerts]: [unknown[], unknown[]] = [[], []];
    const failedBefore: AlertRecord = {
      alert: {
        state: 'firing',
        condition: { kind: 'project_failed', since: 1, failure: null },
        absentOnce: false,
        since: 1,
        seq: 1,
        changedAt: 1,
        version: 3,
      },
      delivered: null,
    };
    const paused = exampleProject({ state: 'paused', alerts: { project_failed: failedBefore } });
    const { context, notified, logLines } = createFakeContext([project], {
      operations: {
        claim: async () => ({ kind: 'claimed', hasOtherExecutions: false, project, operation, now: exampleNow }),
        commit: async () => ({
          kind: 'committed',
          operation: { ...operation, state: 'done' },
          project: paused,
          operationToNotify: null,
        }),
        endExecution: async (...execution) => void ended.push(execution),
      },
      alerts: {
        save: async (_id, _version, { kind, event }) => {
          alerts.push([kind, event]);
          return { kind: 'written' };
        },
      },
    });
    const readStatuses = async () => project.definition.links.map(() => 'paused' as const);
    await execute({ ...context, links: { ...context.links, readStatuses } }, ref);
    expect(notified).toEqual(messages);
    expect(ended).toEqual([]);
    expect(alerts).toEqual([['project_failed', 'alert_resolved']]);
    expect(logLines.map(({ fields, message }) => ({ ...fields, message }))).toEqual([
      { project: 'orders', operationId: 'op1', action: 'pause', by: 'U0ALICE', message: 'operation started' },
      {
        project: 'orders',
        operationId: 'op1',
        action: 'pause',
        by: 'U0ALICE',
        state: 'done',
        message: 'operation ended',
      },
      { project: 'orders', kind: 'project_failed', message: 'alert resolved' },
    ]);
  },
);

it.each([
  ['is written', true],
  ['cannot be written', false],
])(
  'The progress of a restore keeps what its preflight counted, and its message is updated: it %s.',
  async (_how, isWritten) => {
    const links = Array.from({ length: 1_001 }, (_, index) => exampleLink(`q${index}`));
    const project = exampleProject({
      state: 'restoring',
      activeOperation: 'op1',
      definition: { ...exampleProject().definition, links },
    });
    const counted = { tasksToRetry: 5, removedTasks: 2 };
    const operation = exampleOperation({
      action: 'restore',
      state: 'running',
      startedAt: exampleNow,
      progress: { done: 0, total: 1_001, ...counted },
    });
    const [reported, outcomes]: [unknown[], unknown[]] = [[], []];
    const { context, notified, logLines } = createFakeContext([project], {
      operations: {
        claim: async () => ({ kind: 'claimed', hasOtherExecutions: false, project, operation, now: exampleNow + 1 }),
        commit: async ({ outcome }) => {
          outcomes.push(outcome);
          return { kind: 'committed', operation, project, operationToNotify: null };
        },
        endExecution: async () => {},
        setProgress: async (_ref, progress) => {
          reported.push(progress);
          if (!isWritten) throw new Error('lost');
        },
      },
      projects: { setWatermarks: async () => ({ kind: 'written' }), readVersion: async () => project.version },
    });
    let status: 'paused' | 'resumed' = 'paused';
    await execute(
      {
        ...context,
        links: {
          ...context.links,
          readStatuses: async () => links.map(() => status),
          observe: async (each) =>
            each.map(({ link }) => ({ ...exampleLinkStats(link.queue, { paused: true }), link })),
          retryFailed: async (each) => each.map(() => ({ kind: 'retried', tasks: 0 })),
          setPaused: async (each) => {
            if (each.length < 1_000) status = 'resumed';
            return each.map(() => 'applied');
          },
        },
      },
      ref,
    );
    expect(reported).toEqual([{ done: 1_000, total: 1_001, ...counted }]);
    expect(outcomes).toMatchObject([{ linksDone: 1_001, removedTasks: 2 }]);
    expect(notified).toEqual(isWritten ? [ref, ref] : [ref]);
    expect(logLines).toMatchObject([
      ...(isWritten
        ? []
        : [{ level: 'warn', fields: { project: 'orders', operationId: 'op1' }, message: 'progress not written' }]),
      { message: 'operation ended' },
    ]);
  },
);

it.each([
  ['is counted', 'retried', { retriedTasks: 2 }],
  ['is uncertain after a lost reply', 'unreachable', { retriedTasks: 3, retriedTasksUncertain: true }],
] as const)('The number of tasks that a restore retried %s.', async (_how, firstReply, expected) => {
  const project = exampleProject({ state: 'restoring', activeOperation: 'op1' });
  const outcomes: unknown[] = [];
  const paused = new Set(project.definition.links.map(linkId));
  let operation = exampleOperation({ action: 'restore', state: 'running', startedAt: exampleNow });
  let failures = 3;
  const { context } = createFakeContext([project], {
    operations: {
      claim: async () => ({ kind: 'claimed', hasOtherExecutions: false, project, operation, now: exampleNow }),
      read: async () => operation,
      passPreflight: async (_ref, { progress }) => {
        operation = { ...operation, progress };
        return { kind: 'first' };
      },
      commit: async ({ outcome }) => {
        outcomes.push(outcome);
        return { kind: 'committed', operation, project, operationToNotify: null };
      },
      endExecution: async () => {},
    },
    projects: { setWatermarks: async () => ({ kind: 'written' }), readVersion: async () => project.version },
  });
  const replies = [firstReply];
  await execute(
    {
      ...context,
      links: {
        ...context.links,
        readStatuses: async (links) => links.map((link) => (paused.has(linkId(link)) ? 'paused' : 'resumed')),
        countRemovedFailures: async () => [],
        listFailed: async () => [],
        observe: async (links) =>
          links.map(({ link }, index) => ({
            ...exampleLinkStats(link.queue, { paused: true, failuresAfterWatermark: index === 0 ? failures : 0 }),
            link,
          })),
        retryFailed: async (links) => {
          failures = 0;
          const kind = replies.shift();
          return links.map((_link, index) => ({
            kind: (index === 0 ? kind : undefined) ?? 'retried',
            tasks: kind === 'retried' && index === 0 ? 2 : 0,
          }));
        },
        setPaused: async (links) => {
          for (const link of links) paused.delete(linkId(link));
          return links.map(() => 'applied');
        },
      },
    },
    ref,
  );
  expect(outcomes).toEqual([expect.objectContaining({ linksDone: 2, ...expected })]);
  expect(outcomes[0]).toHaveProperty('retriedTasks', expected.retriedTasks);
});
