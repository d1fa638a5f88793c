import type { Acknowledgement } from '../../src/domain/acknowledgement.ts';
import type { AlertRecord } from '../../src/domain/alert.ts';
import type { AlertKind, Condition } from '../../src/domain/conditions.ts';
import { exampleLink, exampleNow } from './example-records.ts';

const links = { total: 10, first: [exampleLink('orders-full')] };
const failure = {
  kind: 'task_failed',
  link: exampleLink('orders-incr'),
  taskId: '7',
  reason: 'connection refused',
  at: exampleNow - 60_000,
} as const;

const conditions: { readonly [Kind in AlertKind]: Condition & { readonly kind: Kind } } = {
  project_failed: { kind: 'project_failed', since: exampleNow - 60_000, failure },
  unexpectedly_running: { kind: 'unexpectedly_running', links, cause: 'resumed' },
  unexpectedly_paused: { kind: 'unexpectedly_paused', links },
  pause_ignored: { kind: 'pause_ignored', links },
  queue_created: { kind: 'queue_created', links },
  queue_missing: { kind: 'queue_missing', links },
  link_unreadable: { kind: 'link_unreadable', links },
  no_worker: { kind: 'no_worker', noWorker: links, overdue: { total: 0, first: [] } },
  latency: { kind: 'latency', latencyMs: 360_000, limitMs: 300_000 },
  tasks_failed: { kind: 'tasks_failed', count: 7, failure },
  log_retention_50: { kind: 'log_retention_50', until: exampleNow + 3_600_000 },
  log_retention_80: { kind: 'log_retention_80', until: exampleNow + 3_600_000 },
  paused_reminder: { kind: 'paused_reminder', since: exampleNow - 86_400_000, by: 'U0ALICE', reason: 'we deploy' },
  pause_ending: { kind: 'pause_ending', until: exampleNow + 600_000, by: 'U0ALICE', setAt: exampleNow - 3_600_000 },
  pause_overdue: {
    kind: 'pause_overdue',
    until: exampleNow - 600_000,
    by: 'U0ALICE',
    setAt: exampleNow - 3_600_000,
    cause: { kind: 'not_restored', attempts: 1, nextAttemptAt: exampleNow + 60_000, code: 'links_unreachable' },
  },
  log_retention_100: { kind: 'log_retention_100', until: exampleNow - 3_600_000 },
};

export function exampleCondition<Kind extends AlertKind>(kind: Kind): Condition & { readonly kind: Kind } {
  return conditions[kind];
}

/** An alert of this kind that fires, of a project with the example's links. */
export function firingAlert(kind: AlertKind, acknowledgement?: Acknowledgement): AlertRecord {
  const times = { since: exampleNow - 60_000, changedAt: exampleNow - 50_000 };
  const alert = {
    state: 'firing',
    condition: conditions[kind],
    absentOnce: false,
    seq: 1,
    version: 4,
    ...times,
    ...(acknowledgement === undefined ? {} : { acknowledgement }),
  } as const;
  return { alert, delivered: null };
}
