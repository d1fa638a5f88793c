import { Counter, Histogram, type Registry } from 'prom-client';
import type { OperationStore } from '../application/operation-store.ts';
import type { Stores } from '../application/stores.ts';
import { type OperationKind, operationKinds } from '../domain/lifecycle.ts';
import { isUnfinished, type Operation, type OperationRef, operationStates } from '../domain/operation.ts';

/** The states in which an operation can end. */
const finalStates = operationStates.filter((state) => !isUnfinished({ state }));

/** From request to button press; from OK to the claim; from the claim to the end; from the end to the message. */
const steps = ['confirm', 'claim', 'execute', 'notify'] as const;

const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
/** How many audit entries are read to count the dialogs that a request superseded. They are right before its own entry. */
const maxSuperseded = 50;
/** How many finished operations are remembered until their message is written. */
const maxTracked = 10_000;

/**
 * Wraps the operation store so that each end of an operation is counted once, by the process whose call ended it. A call
 * whose reply was lost is not counted. Extra reads happen in the background: no caller waits for them.
 */
export function instrumentOperations(registry: Registry): (stores: Stores) => Stores {
  const { total, timedRestores, stepDuration, duration } = createInstruments(registry);
  /** Operation id → when it finished. */
  const unnotified = new Map<string, number>();

  function count({ action, state, timer }: Operation): void {
    total.inc({ action, outcome: state });
    if (timer !== null) timedRestores.inc({ outcome: state });
  }

  function observe(step: (typeof steps)[number], action: OperationKind, from: number | null, to: number | null): void {
    if (from !== null && to !== null) stepDuration.observe({ step, action }, secondsBetween(from, to));
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

  function wrap(stores: Stores): OperationStore {
    const { operations } = stores;
    return {
      ...operations,
      async request(request) {
        const result = await operations.request(request);
        if (result.kind === 'requested') inBackground(countSuperseded(stores, result.operation));
        return result;
      },
      async resolve(step) {
        const result = await operations.resolve(step);
        if (result.kind !== 'resolved') return result;
        const { action, state, requestedAt, resolvedAt } = result.operation;
        if (!isUnfinished(result.operation)) count(result.operation);
        if (state !== 'expired') observe('confirm', action, requestedAt, resolvedAt);
        return result;
      },
      async claim(ref, executionId) {
        const result = await operations.claim(ref, executionId);
        if (result.kind === 'refused') count(result.operation);
        return result;
      },
      async commit(request) {
        const result = await operations.commit(request);
        if (result.kind !== 'committed') return result;
        const { action, state, startedAt, finishedAt } = result.operation;
        // A pause `when caught up` waits before a worker may claim it.
        const resolvedAt = result.operation.waitEndedAt ?? result.operation.resolvedAt;
        count(result.operation);
        observe('claim', action, resolvedAt, startedAt);
        observe('execute', action, startedAt, finishedAt);
        if (resolvedAt !== null && finishedAt !== null) {
          duration.observe({ action, outcome: state }, secondsBetween(resolvedAt, finishedAt));
        }
        return result;
      },
      async checkClaim(ref) {
        const result = await operations.checkClaim(ref);
        if (result.kind === 'refused') count(result.operation);
        return result;
      },
      // The notifier reads an operation before it marks it. Remembers when the operation finished.
      async read(ref) {
        const operation = await operations.read(ref);
        if (operation === null || operation.finishedAt === null || operation.notifiedAt !== null) return operation;
        if (unnotified.size >= maxTracked) unnotified.clear();
        unnotified.set(ref.operation, operation.finishedAt);
        return operation;
      },
      async markNotified(ref, notified) {
        await operations.markNotified(ref, notified);
        if (unnotified.has(ref.operation)) inBackground(observeNotified(stores, ref));
      },
    };
  }

  return (stores) => ({ ...stores, operations: wrap(stores) });
}

function createInstruments(registry: Registry) {
  const total = new Counter({
    name: 'syncbot_operations_total',
    help: 'Operations that this process ended, by outcome.',
    labelNames: ['action', 'outcome'],
    registers: [registry],
  });
  const timedRestores = new Counter({
    name: 'syncbot_timed_restores_total',
    help: 'Restores at the end of a pause that this process ended, by outcome. They are in syncbot_operations_total, too.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const stepDuration = new Histogram({
    name: 'syncbot_operation_step_seconds',
    help: 'Time of a step: confirm (request to button press), claim (OK to the claim), execute (claim to end), notify (end to message).',
    labelNames: ['step', 'action'],
    buckets: durationBuckets,
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'syncbot_operation_duration_seconds',
    help: 'Time from OK to the end of an operation that a worker executed.',
    labelNames: ['action', 'outcome'],
    buckets: durationBuckets,
    registers: [registry],
  });
  // A counter that starts at 0 lets rate() see the first increment.
  for (const action of operationKinds) for (const outcome of finalStates) total.inc({ action, outcome }, 0);
  for (const outcome of finalStates) timedRestores.inc({ outcome }, 0);
  return { total, timedRestores, stepDuration, duration };
}

/** Both times are epoch ms of the bot's Redis server. */
function secondsBetween(from: number, to: number): number {
  return Math.max(0, to - from) / 1_000;
}

/** A metric that cannot be read is left out. */
function inBackground(work: Promise<void>): void {
  work.catch(() => {});
}
