import { type Figures, figuresOf, type LinkFacts } from '../../src/domain/observation.ts';
import type { Operation } from '../../src/domain/operation.ts';
import type { Link, Project } from '../../src/domain/project.ts';

export const exampleNow = 1_800_000_000_000;
const hour = 3_600_000;

export function exampleLink(queue: string): Link {
  return { queue, connection: 'default', prefix: 'bull' };
}

export function exampleFacts(queue: string, more: Partial<LinkFacts> = {}): LinkFacts {
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
    takesWhilePaused: false,
    keepsFailed: null,
    failed: 0,
    oldestRunnableAt: null,
    now: exampleNow,
    writtenBy: 'bullmq:6.7.0',
    failuresAfterWatermark: 0,
    firstFailures: [],
    newestFailed: { at: 0, taskIds: [] },
    ...more,
  };
}

/** Two links, one of them with work to do. */
export const exampleFigures: Figures = figuresOf(
  [
    exampleFacts('orders-full'),
    exampleFacts('orders-incr', { waiting: 1_204, active: 3, oldestRunnableAt: exampleNow - 5_000 }),
  ],
  exampleNow,
);

export function exampleProject(more: Partial<Project> = {}): Project {
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
      onFailure: 'pause',
      logRetention: null,
      latencyAlert: null,
      links: [exampleLink('orders-full'), exampleLink('orders-incr')],
    },
    state: 'running',
    version: 4,
    since: exampleNow - 2 * hour,
    by: 'U0BOB',
    reason: null,
    holder: null,
    convergedVersion: 4,
    watermarks: {},
    failure: null,
    draining: null,
    unfinished: null,
    lastOperation: null,
    awaited: [],
    driving: null,
    logFrom: null,
    alerts: {},
    ...more,
  };
}

export function exampleOperation(more: Partial<Operation> = {}): Operation {
  return {
    v: 1,
    id: 'op1',
    project: 'orders',
    action: 'pause',
    state: 'requested',
    origin: 'slack',
    channel: 'C0SYNC',
    by: 'U0ALICE',
    reason: 'we deploy',
    requestedAt: exampleNow - 1_000,
    expiresAt: exampleNow + 300_000,
    projectVersion: 4,
    settledAt: null,
    executeBy: null,
    startedAt: null,
    finishedAt: null,
    fromState: null,
    toState: null,
    progress: null,
    outcome: null,
    refusal: null,
    seq: 1,
    toldAt: null,
    toldSeq: 1,
    message: null,
    dialog: null,
    ...more,
  };
}

export const exampleOutcome = { linksTotal: 2, linksDone: 2, unreachable: [], missing: [], inFlight: 0, putBack: 0 };
