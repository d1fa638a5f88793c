import { Counter, Histogram, type Registry } from 'prom-client';
import type { Stores } from '../application/stores.ts';
import { type OperationKind, operationKinds } from '../domain/lifecycle.ts';
import { isOpen, type Operation, type OperationRef, operationStates } from '../domain/operation.ts';

/** How an operation can end. */
const outcomes = operationStates.filter((state) => !isOpen({ state }));

/** From the request to the press; from OK to a worker; from there to the end; from the end to people. */
const steps = ['confirm', 'claim', 'execute', 'notify'] as const;

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
/** So many entries of the history are read for the dialogs that a request superseded: they stand right before its own. */
const maxSuperseded = 50;
/** Ends that this process may be about to tell. */
const maxTracked = 10_000;

/**
 * Counts operations at the store: each end once, by the process whose call made it. A call whose reply was lost is not
 * counted. What has to be read for a figure is read aside: no caller waits for it.
 */
export function createOperationMetrics(registry: Registry): (stores: Stores) => Stores {
  const { ended: total, took: stepDuration, lasted: duration } = createInstruments(registry);
  const unnotified = new Map<string, number>();

  function count({ action, state }: Operation): void {
    total.inc({ action, outcome: state });
  }

  async function countSuperseded({ auditLog }: Stores, { project, id }: Operation): Promise<void> {
    const entries = await auditLog.read(project, { limit: maxSuperseded });
    const requested = entries.findIndex(({ event, operation }) => event === 'requested' && operation === id);
    if (requested === -1) return;
    for (const { event, action } of entries.slice(requested + 1)) {
      if (event !== 'superseded') return;
      if (action !== null) total.inc({ action, outcome: 'superseded' });
    }
  }

  async function observeNotified({ operations }: Stores, ref: OperationRef): Promise<void> {
    const operation = await operations.read(ref);
    if (operation === null || operation.notifiedAt === null || !unnotified.delete(ref.operation)) return;
    observe('notify', operation.action, operation.finishedAt, operation.notifiedAt);
  }

  function observe(step: (typeof steps)[number], action: OperationKind, from: number | null, to: number | null): void {
    if (from !== null && to !== null) stepDuration.observe({ step, action }, seconds(from, to));
  }

  return (stores) => ({
    ...stores,
    operations: {
      ...stores.operations,
      async request(asked) {
        const recorded = await stores.operations.request(asked);
        if (recorded.kind === 'requested') inBackground(countSuperseded(stores, recorded.operation));
        return recorded;
      },
      async resolve(step) {
        const settled = await stores.operations.resolve(step);
        if (settled.kind !== 'resolved') return settled;
        const { action, state, requestedAt, resolvedAt } = settled.operation;
        if (!isOpen(settled.operation)) count(settled.operation);
        if (state !== 'expired') observe('confirm', action, requestedAt, resolvedAt);
        return settled;
      },
      async claim(ref, run) {
        const claimed = await stores.operations.claim(ref, run);
        if (claimed.kind === 'refused') count(claimed.operation);
        return claimed;
      },
      async commit(ending) {
        const committed = await stores.operations.commit(ending);
        if (committed.kind !== 'committed') return committed;
        const { action, state, resolvedAt, startedAt, finishedAt } = committed.operation;
        count(committed.operation);
        observe('claim', action, resolvedAt, startedAt);
        observe('execute', action, startedAt, finishedAt);
        if (resolvedAt !== null && finishedAt !== null) {
          duration.observe({ action, outcome: state }, seconds(resolvedAt, finishedAt));
        }
        return committed;
      },
      async read(ref) {
        const operation = await stores.operations.read(ref);
        if (operation === null || operation.finishedAt === null || operation.notifiedAt !== null) return operation;
        if (unnotified.size >= maxTracked) unnotified.clear();
        unnotified.set(ref.operation, operation.finishedAt);
        return operation;
      },
      async markNotified(ref, told) {
        await stores.operations.markNotified(ref, told);
        if (unnotified.has(ref.operation)) inBackground(observeNotified(stores, ref));
      },
    },
  });
}

function createInstruments(registry: Registry) {
  const total = new Counter({
    name: 'syncbot_operations_total',
    help: 'Operations that this process brought to their end, by how they ended.',
    labelNames: ['action', 'outcome'],
    registers: [registry],
  });
  const stepDuration = new Histogram({
    name: 'syncbot_operation_step_seconds',
    help: 'Time of a step: answer (asked to OK or Cancel), claim (OK to a worker), work (to the end), tell (to people).',
    labelNames: ['step', 'action'],
    buckets,
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'syncbot_operation_duration_seconds',
    help: 'Time from OK to the end of an operation that a worker carried out.',
    labelNames: ['action', 'outcome'],
    buckets,
    registers: [registry],
  });
  // What has not happened yet is 0: a rate sees the first one.
  for (const action of operationKinds) for (const outcome of outcomes) total.inc({ action, outcome }, 0);
  return { ended: total, took: stepDuration, lasted: duration };
}

/** Both ends are ms of the bot's Redis server. */
function seconds(from: number, to: number): number {
  return Math.max(0, to - from) / 1_000;
}

/** A figure that cannot be read is left out. */
function inBackground(work: Promise<void>): void {
  work.catch(() => {});
}
