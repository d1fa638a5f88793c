import type { Batch, BatchItem } from '../../src/domain/batch.ts';
import { type Link, noWatermark } from '../../src/domain/link.ts';
import { type LinkStats, type ProjectStats, toProjectStats } from '../../src/domain/observation.ts';
import type { Operation } from '../../src/domain/operation.ts';
import type { Project } from '../../src/domain/project.ts';
import type { Refusal } from '../../src/domain/refusal.ts';

export const exampleNow = 1_800_000_000_000;
const hourMs = 3_600_000;

export function exampleLink(queue: string): Link {
  return { queue, connection: 'default', prefix: 'bull' };
}

export function exampleLinkStats(queue: string, overrides: Partial<LinkStats> = {}): LinkStats {
  return {
    kind: 'read',
    link: exampleLink(queue),
    paused: false,
    waiting: 0,
    prioritized: 0,
    active: 0,
    delayed: 0,
    overdue: 0,
    overdueSince: null,
    ignoresPause: false,
    failedRetention: null,
    failed: 0,
    added: 0,
    ended: 0,
    oldestRunnableAt: null,
    now: exampleNow,
    bullmqVersion: 'bullmq:6.7.0',
    failuresAfterWatermark: 0,
    oldestFailures: [],
    newestFailed: noWatermark,
    ...overrides,
  };
}

/** The stats of two links, one of them with a backlog. */
export const exampleProjectStats: ProjectStats = toProjectStats(
  [
    exampleLinkStats('orders-full'),
    exampleLinkStats('orders-incr', { waiting: 1_204, active: 3, oldestRunnableAt: exampleNow - 5_000 }),
  ],
  exampleNow,
);

export function exampleProject(overrides: Partial<Project> = {}): Project {
  return {
    id: 'orders',
    definition: {
      v: 1,
      id: 'orders',
      description: 'Orders to the warehouse',
      source: { type: 'mysql', name: 'orders-db' },
      target: { type: 'kafka', name: 'warehouse' },
      labels: ['prod'],
      channel: null,
      onCall: [],
      runbook: null,
      onFailure: 'pause',
      logRetention: null,
      latencyAlert: null,
      pausedReminder: null,
      pauseMax: null,
      links: [exampleLink('orders-full'), exampleLink('orders-incr')],
    },
    state: 'running',
    version: 4,
    since: exampleNow - 2 * hourMs,
    by: 'U0BOB',
    reason: null,
    activeOperation: null,
    reconciledVersion: 4,
    watermarks: {},
    skippedTasks: [],
    retriedTasks: [],
    failure: null,
    failureStreak: null,
    followedOperation: null,
    incompleteOperation: null,
    lastOperation: null,
    pendingLinks: [],
    linksToReconcile: null,
    oldestUnprocessedAt: null,
    keptPaused: null,
    pausedUntil: null,
    waitingPause: null,
    alerts: {},
    ...overrides,
  };
}

export function exampleOperation(overrides: Partial<Operation> = {}): Operation {
  return {
    v: 1,
    id: 'op1',
    project: 'orders',
    action: 'pause',
    state: 'requested',
    origin: 'slack',
    channel: 'C0SYNC',
    threadTs: null,
    batch: null,
    traceparent: null,
    by: 'U0ALICE',
    reason: 'we deploy',
    tasks: [],
    pauseUntil: null,
    catchUpMs: null,
    waitsUntil: null,
    waitEndedAt: null,
    waitEndedBy: null,
    waitRepliedAt: null,
    waitObservation: null,
    limitChange: null,
    timer: null,
    requestedAt: exampleNow - 1_000,
    expiresAt: exampleNow + 300_000,
    projectVersion: 4,
    resolvedAt: null,
    executeBy: null,
    claimDelayedAt: null,
    startedAt: null,
    finishedAt: null,
    fromState: null,
    toState: null,
    progress: null,
    outcome: null,
    refusal: null,
    reconciledAt: null,
    laterFailure: null,
    stateEndedAt: null,
    followUp: null,
    followEnd: null,
    seq: 1,
    notifiedAt: null,
    notifiedSeq: 1,
    message: null,
    threadMessage: null,
    dialog: null,
    ...overrides,
  };
}

export const exampleOutcome = {
  linksTotal: 2,
  linksDone: 2,
  unreconciled: [],
  missing: [],
  inFlight: 0,
  retriedTasks: 0,
};

/** A pause of a project that is Paused. */
export const exampleRefusal: Refusal = {
  code: 'not_allowed',
  action: 'pause',
  project: 'orders',
  state: 'paused',
  since: exampleNow,
  by: 'U0BOB',
};

export function exampleBatchItem(project: string): BatchItem {
  return { project, projectVersion: 1, links: 10, channel: null, pauseUntil: null };
}

/** Pauses three projects. */
export function exampleBatch(overrides: Partial<Batch> = {}): Batch {
  return {
    v: 1,
    id: 'b1',
    action: 'pause',
    by: 'U0ALICE',
    reason: 'we deploy',
    selection: 'label:prod',
    after: null,
    origin: 'slack',
    channel: 'C0SYNC',
    threadTs: null,
    items: ['carts', 'orders', 'users'].map(exampleBatchItem),
    refused: [],
    waves: null,
    state: 'confirmed',
    requestedAt: exampleNow,
    expiresAt: exampleNow + 300_000,
    resolvedAt: exampleNow,
    finishedAt: null,
    version: 2,
    notifiedVersion: 1,
    notifiedAt: null,
    unclaimed: null,
    catchUpMs: null,
    catchingUp: null,
    released: 3,
    started: 3,
    waveFrom: 0,
    waveEndedAt: null,
    stoppedBy: null,
    results: {},
    messages: {},
    dialog: null,
    ...overrides,
  };
}
